"""EGR624 unheard-port: a Sidecar lists a host for a port that it does not have, and nowhere for one that it has."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import below, by_pods_of, spoken, whose
from egresslang.existing.inspected import Inspected, place
from egresslang.existing.known import in_cluster
from egresslang.findings import Finding, finding
from egresslang.mesh.registry import Registered, is_subset
from egresslang.mesh.resources import Sidecar
from egresslang.suggest import one_of

CODE = codes.UNHEARD_PORT


def find(inspected: Inspected) -> Iterator[Finding]:
    """The first such host of each listener of a port, whatever else is listed there."""
    for sidecar in inspected.resources.sidecars:
        for at, egress in enumerate(sidecar.egress):
            port = egress.port
            if port is None or not port.number or port.protocol == "HTTP_PROXY":
                continue
            for text in egress.hosts:
                numbers = _unheard(inspected, sidecar, at, text)
                if not numbers:
                    continue
                host = text.partition("/")[2]
                asked = by_pods_of(inspected, sidecar, spoken(port.protocol), below(host), port.number)
                yield finding(
                    CODE, place(sidecar.origin, "spec", "egress", at, "port", "number"), f"`{host}` is listed for port {port.number} and does not have it",
                    f"it has {one_of(map(str, numbers))}", notes=asked.notes,
                    help="write the port that its ServiceEntry has, or leave `port` out",
                )  # fmt: skip
                break


def _unheard(inspected: Inspected, sidecar: Sidecar, at: int, text: str) -> list[int]:
    """The ports of what a listener of a port lists in vain; none where some of it has the port, or is listed for one that it has.

    Of the cluster's own Services some may not be known: what lists them all is never in vain.
    """
    listener = sidecar.egress[at]
    host = text.partition("/")[2]
    if host.startswith("*") and (host == "*" or in_cluster(inspected, host)):
        return []
    own = whose(inspected, sidecar)[0]
    registry = inspected.mesh.registry()
    sees = registry.view(own).sees
    meant = [each for each in registry.matching(host) if _is_listed(text, own, each) and sees(each)]
    assert listener.port is not None
    for each in meant:
        numbers = {port.number for port in each.ports}
        if listener.port.number in numbers or any(
            (other.port is None or other.port.number in numbers)
            and any(_is_listed(listed, own, each) for listed in other.hosts)
            for other in sidecar.egress
        ):
            return []
    return sorted({port.number for each in meant for port in each.ports})


def _is_listed(text: str, own: str, service: Registered) -> bool:
    """Whether what a Sidecar for pods of a namespace lists means a service."""
    where, _, host = text.partition("/")
    return (own if where == "." else where) in ("*", service.namespace) and is_subset(service.host, host)
