"""Flow: one concrete request, what becomes of it in the mesh as it stands, and both in words for a finding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from egresslang.existing.inspected import Inspected
from egresslang.mesh.addresses import Address, parse_network
from egresslang.mesh.outbound import Request, Verdict
from egresslang.mesh.protocols import HTTP, TLS
from egresslang.mesh.resources import Port, ServiceEntry, Sidecar
from egresslang.record import record

FRESH = "any-other-host.example"
"""A name that no manifest registers."""


@record
class Flow:
    """A request by a pod, and its verdict; `who` says whose pod it is."""

    who: str
    request: Request
    verdict: Verdict

    @property
    def notes(self) -> tuple[str, ...]:
        """What was asked and what was answered."""
        from egresslang.verify.tell import described, outcome, reached

        answer = outcome(self.verdict)
        if self.verdict.reaches and self.verdict.dials:
            answer += f", at {reached(self.request, self.verdict)}"
        return f"asked: {described(self.request)}, by {self.who}", f"answered: {answer}"


def flow(
    inspected: Inspected,
    namespace: str,
    labels: Mapping[str, str],
    protocol: str,
    name: str,
    port: int,
    address: Address | None = None,
) -> Flow:
    """What becomes of a request by pods of a namespace with some labels, dialled at an address nothing mentions if none is said."""
    proxy = inspected.proxy(namespace, labels)
    dialled = address or inspected.asked.unmentioned[proxy.pod.families[0]]
    request = Request(protocol, "" if protocol == "tcp" else name, dialled, port)
    return Flow(_who(inspected, namespace, labels), request, proxy.ask(request))


def by_pods_of(
    inspected: Inspected, sidecar: Sidecar, protocol: str, name: str, port: int, address: Address | None = None
) -> Flow:
    """What becomes of a request by the pods that a Sidecar is for: a workload it selects if one is known."""
    namespace, labels = whose(inspected, sidecar)
    return flow(inspected, namespace, labels, protocol, name, port, address)


def whose(inspected: Inspected, sidecar: Sidecar) -> tuple[str, Mapping[str, str]]:
    """Namespace and labels of a pod that a Sidecar is for."""
    namespace = sidecar.origin.namespace
    if sidecar.selector is None and namespace == inspected.config.root_namespace:
        return _other_namespace(inspected), {}
    for client in inspected.held(sidecar) if sidecar.selector else ():
        return namespace, client.pod.labels
    return namespace, dict(sidecar.selector or ())


def _other_namespace(inspected: Inspected) -> str:
    """A namespace whose pods the default Sidecar of the root namespace holds."""
    known = [*inspected.clients_of, *sorted(inspected.namespaces)]
    root = inspected.config.root_namespace
    own = (each for each in known if each not in inspected.imports.with_defaults and each != root)
    return next(own, "any-other-namespace")


def to_port(
    inspected: Inspected, namespace: str, labels: Mapping[str, str], entry: ServiceEntry, host: str, port: Port
) -> Flow:
    """What becomes of what a client says to a port of an entry."""
    return flow(
        inspected, namespace, labels, spoken(port.protocol), below(host), port.number, _address(entry.addresses)
    )


def by_reader(inspected: Inspected, entry: ServiceEntry, host: str, port: Port) -> Flow:
    """What becomes of what a client of an entry says to a port of it: one whose Sidecar imports it, if there is any."""
    return to_port(inspected, *reader(inspected, entry), entry, host, port)


def reader(inspected: Inspected, entry: ServiceEntry) -> tuple[str, Mapping[str, str]]:
    """Namespace and labels of a pod that imports an entry: by its name before by a wildcard; else of any other of the namespace."""
    own = entry.origin.namespace
    for host in entry.hosts:
        for each in inspected.imports.of(host, own):
            pod = whose(inspected, each.sidecar)
            if inspected.sees(pod[0], entry):
                return pod
    return own, {}


def asking(inspected: Inspected, namespace: str, host: str) -> tuple[str, Mapping[str, str]]:
    """A pod of a namespace to ask about a host by: one that imports its entry, if it has one there."""
    for entry in inspected.entries_of.get(host, ()):
        pod = reader(inspected, entry)
        if pod[0] == namespace:
            return pod
    return namespace, {}


def spoken(protocol: str) -> str:
    """What a client says to a port of a protocol."""
    if protocol in ("HTTP2", "GRPC"):
        return "http2"
    return "http" if protocol in HTTP else "tls" if protocol in TLS else "tcp"


def below(host: str) -> str:
    """A name that a client of a host says: itself, or one below a wildcard, without a dot at its end."""
    host = host.rstrip(".")
    return f"any{host[1:]}" if host.startswith("*") else host


def _address(addresses: Iterable[str]) -> Address | None:
    for text in addresses:
        network = parse_network(text)
        if network is not None:
            return network[0], network[1] + (1 if "/" in text and network[2] < 31 else 0)
    return None


def _who(inspected: Inspected, namespace: str, labels: Mapping[str, str]) -> str:
    client = inspected.client_with(namespace, labels) if labels else None
    if client is not None:
        return f"`{client}`"
    if namespace == "any-other-namespace":
        return "a pod of any other namespace"
    if not labels:
        return f"any other pod of `{namespace}`"
    return f"a pod of `{namespace}` with {', '.join(f'`{key}: {value}`' for key, value in labels.items())}"
