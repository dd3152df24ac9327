"""Dialling: the address a client connects to where a question does not say it."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang.answers.asked_mesh import AskedMesh, Client, some_address, within
from egresslang.answers.question import Question, Unanswerable
from egresslang.mesh.addresses import Address, parse_address, parse_network
from egresslang.mesh.listeners import addresses_for
from egresslang.mesh.mesh import Proxy
from egresslang.mesh.registry import NOWHERE, Registered
from egresslang.policy import sets
from egresslang.policy.flows import Box, Destinations
from egresslang.policy.granted import GOVERNED
from egresslang.policy.policy import Addresses
from egresslang.ranges import BITS, show
from egresslang.record import record

ALIASES = 4
"""ExternalName Services that are followed one after another."""


@record
class Dialled:
    """An address, and whose it is in words; `by_dns` is the name that the sidecar's own DNS gave it for."""

    address: Address
    words: str
    by_dns: str = ""

    def __str__(self) -> str:
        return literal(self.address)


def literal(address: Address) -> str:
    """An address as it stands in a Host header: IPv6 in brackets."""
    version, number = address
    text = show(version, number, BITS[version])
    return f"[{text}]" if version == 6 else text


def dial(asked: AskedMesh, question: Question, client: Client, proxy: Proxy) -> Dialled | Unanswerable:
    """What a client dials: what the question says, else what it would resolve the name to."""
    if question.destination is not None:
        return Dialled(question.destination, "the destination")
    if question.dialled is not None:
        return Dialled(question.dialled, "as asked")
    return _resolved(asked, question, client, proxy)


def _resolved(asked: AskedMesh, question: Question, client: Client, proxy: Proxy) -> Dialled | Unanswerable:
    name = question.host
    service = in_mesh(asked, name, client)
    for each in (name, *(() if service is None else (service.host,))):
        virtual = proxy.resolve(each)
        if virtual is not None:
            return Dialled(virtual, "what the sidecar's DNS answers", each)
    for _ in range(ALIASES):
        if service is None:
            break
        address = _address_of(service, proxy)
        if address is not None:
            return address
        name, service = service.alias_of or name, in_mesh(asked, service.alias_of, client)
    for address_of_name in _fixed(asked, question, name, client, proxy):
        if address_of_name[0] in client.pod.families:
            return Dialled(address_of_name, f"one that is known for `{name}`")
    if "." not in name:
        return Unanswerable(
            f"`{name}` is neither a Service of the mesh nor a name with a dot; sets cannot be asked about"
        )
    return Dialled(asked.unmentioned[client.pod.families[0]], "an address that nothing mentions")


def _fixed(asked: AskedMesh, question: Question, name: str, client: Client, proxy: Proxy) -> Iterator[Address]:
    """The addresses that a name goes by: as the workload is granted it or imports it, then as anybody does."""
    if asked.granted is not None:
        who, where = sets.workload(client.namespace, client.name), Destinations(names=sets.host(name))
        for grant in asked.granted.to(Box(who, where, sets.ports(question.port), GOVERNED)):
            if isinstance(grant.destination, Addresses):
                yield some_address(grant.destination)
    imported = proxy.scope.services.get(name)
    if imported is not None and imported.resolution == "NONE" and imported.address != NOWHERE:
        network = parse_network(imported.address)
        if network is not None:
            yield within(network)
    yield from asked.addresses_of_names.get(name, ())


def in_mesh(asked: AskedMesh, name: str, client: Client) -> Registered | None:
    """The Kubernetes Service that a pod means by a name, as its DNS search list completes it."""
    domain = asked.mesh.config.cluster_domain
    by_host = asked.mesh.registry().by_host
    for host in (name, f"{name}.{client.namespace}.svc.{domain}", f"{name}.svc.{domain}", f"{name}.{domain}"):
        for service in by_host.get(host, {}).values():
            if service.kubernetes:
                return service
    return None


def _address_of(service: Registered, proxy: Proxy) -> Dialled | None:
    """Its cluster IP, or a pod behind it where it has none."""
    if service.alias_of:
        return None
    for text in addresses_for(service, proxy.pod):
        address = parse_address(text)
        if address is not None and text != NOWHERE:
            return Dialled(address, f"the cluster IP of {service.origin}")
    for text in proxy.mesh.registry().pods(service.namespace, service.name):
        address = parse_address(text)
        if address is not None:
            return Dialled(address, f"a pod behind {service.origin}")
    return None
