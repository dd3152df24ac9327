"""EGR301 public-wildcard: a wildcard over a suffix below which anybody can register a name, such as `*.com` or `*.co.uk`.

It grants every host that anybody ever registers there: that is the internet, said by name.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.findings import Finding, finding
from egresslang.policy.policy import Below, Grant, Policy
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Span

CODE = codes.PUBLIC_WILDCARD


def check(policy: Policy, _: ClusterProfile) -> Iterator[Finding]:
    """Each wildcard over a suffix of a registry."""
    for suffix, span, grant in wildcards(policy):
        from egresslang.policy.public_suffixes import is_registry

        if is_registry(suffix):
            yield finding(
                CODE,
                span,
                f"`*.{suffix}` is every name that anybody registers below `{suffix}`",
                "a public suffix",
                notes=["whoever pays for a domain there receives what the workload sends"],
                help=f"name the hosts that are meant, or write `internet:{grant.port}` with a reason",
            )


def wildcards(policy: Policy) -> Iterator[tuple[str, Span, Grant]]:
    """Each wildcard that is granted, with the place where it is written, and one of its grants; reserved names left out."""
    seen: set[tuple[object, ...]] = set()
    for grant in policy.grants:
        if isinstance(grant.destination, Below):
            suffix = grant.destination.suffix
            mark = suffix, id(grant.span.source), grant.span.start
            if mark not in seen and not _is_reserved(suffix):
                seen.add(mark)
                yield suffix, grant.span, grant


def _is_reserved(suffix: str) -> bool:
    """Names that no registry sells: RFC 2606, 6761, 6762, 9476, and what ICANN reserved for private use."""
    labels = suffix.split(".")
    return labels[-1] in _RESERVED or (
        len(labels) > 1 and labels[-2] == "example" and labels[-1] in ("com", "net", "org")
    )


_RESERVED = {"alt", "example", "internal", "invalid", "local", "localhost", "onion", "test"}
