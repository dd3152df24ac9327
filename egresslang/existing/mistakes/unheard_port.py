"""EGR624 unheard-port: a listener of a Sidecar for a port that nothing it lists has: it opens nothing."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import below, by_pods_of, spoken
from egresslang.existing.inspected import Inspected, listed, place
from egresslang.findings import Finding, finding
from egresslang.suggest import one_of

CODE = codes.UNHEARD_PORT


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each listener of a port whose hosts are declared, on other ports alone."""
    for sidecar in inspected.resources.sidecars:
        for at, egress in enumerate(sidecar.egress):
            port = egress.port
            if port is None or not port.number or port.protocol == "HTTP_PROXY":
                continue
            hosts = [host for where, _, _, host in listed(sidecar) if where == at]
            entries = [each for host in hosts for each in inspected.entries_of.get(host, ())]
            numbers = {each.number for entry in entries for each in entry.ports}
            if not numbers or port.number in numbers or any(host not in inspected.entries_of for host in hosts):
                continue
            asked = by_pods_of(inspected, sidecar, spoken(port.protocol), below(entries[0].hosts[0]), port.number)
            yield finding(
                CODE, place(sidecar.origin, "spec", "egress", at, "port", "number"), f"nothing that is listed has port {port.number}",
                f"`{entries[0].hosts[0]}` has {one_of(map(str, sorted(numbers)))}", notes=asked.notes,
                help="write the port that its ServiceEntry has, or leave `port` out",
            )  # fmt: skip
