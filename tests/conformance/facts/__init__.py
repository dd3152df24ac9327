"""What istiod does, where the lowering and the model lean on it: small meshes written by hand.

Each fact is one mesh; the judge and the model are held to the same ones. The modules are those of an outbound
request: the policy for what nobody registered, which Sidecar applies and what it imports, ports, ServiceEntries,
Services, virtual addresses, VirtualServices, and DestinationRules.
"""

from __future__ import annotations

from facts.decisions import DECISIONS
from facts.entries import ENTRIES
from facts.exports import EXPORTS
from facts.fact import Fact, worded
from facts.ports import PORTS
from facts.routes import ROUTES
from facts.rules import RULES
from facts.services import SERVICES
from facts.sidecars import RECIPE, WHICH_SIDECAR
from facts.unregistered import UNREGISTERED
from facts.virtual import VIRTUAL
from facts.wildcards import WILDCARDS

FACTS = [
    *DECISIONS,
    *UNREGISTERED,
    *WHICH_SIDECAR,
    *RECIPE,
    *WILDCARDS,
    *PORTS,
    *ENTRIES,
    *EXPORTS,
    *VIRTUAL,
    *SERVICES,
    *ROUTES,
    *RULES,
]

__all__ = ["FACTS", "Fact", "worded"]
