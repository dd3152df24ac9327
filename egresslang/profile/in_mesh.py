"""What every Sidecar keeps reachable inside the mesh: entries `namespace/host` of `egress.hosts`.

`namespace` is that of the Service, `*` or `.`; `host` is exact, `*.suffix` or `*`. A bare `*` imports every
ServiceEntry of the namespace too, so that entries meant for one workload would open to all (istiod was asked).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from egresslang import codes
from egresslang.findings import Finding, finding

if TYPE_CHECKING:
    from egresslang.documents import Located

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_ENTRY = rf"(?:\*|\.|{_LABEL})/(?:\*\.)?{_LABEL}(?:\.{_LABEL})*"


def read_in_mesh(entries: Located, cluster_domain: str) -> tuple[tuple[str, ...], list[Finding]]:
    """The entries of a profile's list, and what is wrong with them; `~/*` alone is an empty list, as in a Sidecar."""
    if entries.value == ["~/*"]:
        return (), []
    found = [_complaint(entry, cluster_domain) for entry in entries.entries()]
    return tuple(dict.fromkeys(entries.value)), [each for each in found if each is not None]


def _complaint(entry: Located, domain: str) -> Finding | None:
    text = entry.value
    if re.fullmatch(_ENTRY, text):
        return None
    namespace, slash, host = text.partition("/")
    if namespace == "~":
        return _finding(
            entry,
            f"`{text}` stands beside other entries",
            "means that nothing is reachable",
            "write it alone, or remove it",
        )
    if slash and host == "*":
        services = f"*.svc.{domain}" if namespace in ("*", ".") else f"*.{namespace}.svc.{domain}"
        return _finding(entry, f"`{text}` is more than the mesh", "every ServiceEntry of the namespace, whoever it is meant for",
                        f'write `"{namespace}/{services}"`')  # fmt: skip
    if text.lower() != text and re.fullmatch(_ENTRY, text.lower()):
        return _finding(
            entry,
            f"`{text}` matches nothing",
            "Istio compares host names as they are written",
            f'write `"{text.lower()}"`',
        )
    if not slash and re.fullmatch(_ENTRY, f"*/{text}"):
        return _finding(
            entry,
            f"`{text}` names no namespace",
            "expected `namespace/host`",
            f'write `"*/{text}"`, or the namespace of the Service for `*`',
        )
    return _finding(
        entry,
        f"`{text}` is not an entry of a Sidecar",
        "expected `namespace/host`",
        f'write such as `"otel/agent.otel.svc.{domain}"`',
    )


def _finding(entry: Located, message: str, label: str, help: str) -> Finding:
    return finding(codes.PROFILE_MISMATCH, entry.span, message, label, help=help)
