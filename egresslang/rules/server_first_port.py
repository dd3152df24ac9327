"""EGR206 server-first-port: a server-first protocol on a port that another rule makes Envoy sniff.

Envoy waits for the client's first bytes on a port with HTTP or TLS hosts, and a server that speaks first waits for
nobody: the connection hangs. A single address has a listener of its own and works.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.policy.policy import ANY, SERVER_FIRST, Addresses, Grant, Policy, Subject
from egresslang.profile.profile import ClusterProfile

CODE = codes.SERVER_FIRST_PORT


def check(policy: Policy, _: ClusterProfile) -> Iterator[Finding]:
    """Each network spoken to by a server-first protocol whose workload also has HTTP or TLS on the port."""
    sniffed: dict[int, dict[Subject, Grant]] = {}
    hanging: list[Grant] = []
    for grant in policy.grants:
        if grant.spelled in SERVER_FIRST and _is_network(grant):
            hanging.append(grant)
        elif grant.protocol not in ("tcp", ""):
            sniffed.setdefault(grant.port, {}).setdefault(grant.subject, grant)
    for grant in hanging:
        others = sniffed.get(grant.port, {})
        other = next((others[subject] for subject in _meeting(grant.subject, others)), None)
        if other is not None:
            yield finding(
                CODE,
                grant.span,
                f"{grant.spelled} on port {grant.port} would hang",
                "the server speaks first",
                [Label(other.span, f"{other.spelled} here makes the sidecar wait for the client")],
                ["the sidecar looks at the client's first bytes to tell hosts apart; a server-first client sends none"],
                "give the server's single address, or move one of the two to another port",
            )


def _is_network(grant: Grant) -> bool:
    destination = grant.destination
    return isinstance(destination, Addresses) and any(first != last for first, last in destination.ranges)


def _meeting(subject: Subject, others: dict[Subject, Grant]) -> Iterator[Subject]:
    """The subjects that share a proxy with this one."""
    if subject.workload != ANY:
        candidates = (subject, Subject(subject.namespace, ANY), Subject(ANY, ANY))
        return (other for other in candidates if other in others)
    return (
        other for other in others if ANY in (subject.namespace, other.namespace) or other.namespace == subject.namespace
    )
