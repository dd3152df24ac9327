"""Reaches: what each workload reaches by manifests as they stand, and by what its ServiceEntries name."""

from __future__ import annotations

from collections.abc import Mapping

from egresslang.answers.access import Key as FlowKey
from egresslang.answers.access import key_of
from egresslang.answers.asked_mesh import AskedMesh
from egresslang.answers.effective import effective
from egresslang.existing.importing.population import Key, Population, populate
from egresslang.mesh.mesh import Mesh
from egresslang.mesh.resources import OutboundPolicy, Resources
from egresslang.policy.policy import Everything, Grant
from egresslang.record import record, replace

_CLOSED = OutboundPolicy("REGISTRY_ONLY")

Flow = tuple[object, ...]
"""What a grant is filed under, but for who has it: destination, port, protocol."""


@record
class Reach:
    """What one workload reaches: `is_open` when that is everything; then `flows` are what has a name there."""

    is_open: bool
    flows: Mapping[Flow, Grant]


def reaches(asked: AskedMesh, everybody: Population) -> dict[Key, Reach]:
    """What everybody reaches in a mesh."""
    clients = populate(asked, everybody)
    closed: AskedMesh | None = None
    found: dict[Key, Reach] = {}
    for key, client in clients.items():
        grants = list(effective(asked, [client]))
        is_open = any(isinstance(each.destination, Everything) for each in grants)
        if is_open:
            if closed is None:
                closed = _closed(asked, everybody)
            grants = list(effective(closed, [closed.clients[key]]))
        found[key] = Reach(is_open, {flow_of(each): each for each in grants})
    return found


def flow_of(grant: Grant) -> Flow:
    """What a grant is filed under, but for who has it."""
    key: FlowKey = key_of(grant)
    return key[2:]


def _closed(asked: AskedMesh, everybody: Population) -> AskedMesh:
    """The same mesh with nothing let through that is not registered."""
    resources: Resources = asked.mesh.resources
    sidecars = tuple(replace(each, policy=None) for each in resources.sidecars)
    mesh = Mesh(replace(resources, sidecars=sidecars), replace(asked.mesh.config, policy=_CLOSED))
    made = AskedMesh(
        mesh,
        asked.clients.values(),
        default_namespace=asked.default_namespace,
        stranger=asked.stranger,
        is_complete=True,
        capture=asked.capture,
    )
    populate(made, everybody)
    return made
