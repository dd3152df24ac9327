"""NetworkPolicy: what the egress rules of networking.k8s.io/v1 let pods reach by address.

Selected pods are held back where the policy is about egress: it says so, or has egress rules. Its rules add up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from egresslang.documents import Located
from egresslang.existing.importing.intents import (
    Intent,
    Way,
    listing,
    mapping,
    name_of,
    named,
    namespace_of,
    network,
    nobody,
)
from egresslang.existing.importing.ports import numbers
from egresslang.existing.importing.reasons import reason_of_rule
from egresslang.existing.importing.selectors import alternatives, takes, words
from egresslang.existing.importing.unkept import Unkept
from egresslang.policy.policy import Destination

VERSION = "networking.k8s.io/v1"


def is_network_policy(document: Located) -> bool:
    """Whether a document is a NetworkPolicy of Kubernetes."""
    value = document.value
    return isinstance(value, dict) and (value.get("apiVersion"), value.get("kind")) == (VERSION, "NetworkPolicy")


def intent(document: Located, default: str) -> Intent:
    """What a NetworkPolicy means; one that names no namespace is for the default one."""
    value = mapping(document.value)
    metadata, spec = mapping(value.get("metadata")), mapping(value.get("spec"))
    namespace = namespace_of(document, default)
    selector = mapping(spec.get("podSelector"))
    types = listing(spec.get("policyTypes"))
    ways: list[Way] = []
    unkept: list[Unkept] = []
    for number, _ in enumerate(listing(spec.get("egress"))):
        rules = document["spec"]["egress"]
        reason = reason_of_rule(rules, rules[number])
        for each in _of_rule(rules[number], name_of(document)):
            if isinstance(each, Unkept):
                unkept.append(each)
            else:
                ways.append((*each, reason))
    found = alternatives(selector)
    name = str(metadata.get("name"))
    invented = None if found is None else tuple(named(name, namespace, each, found) for each in found)
    holds = "Egress" in types if types else "egress" in spec
    if not holds:
        return Intent(document, nobody, False, ())

    def selects(where: str, carried: Mapping[str, str], is_whole: bool = True, /) -> bool | None:
        return where == namespace and takes(selector, carried, is_whole)

    said = f"pods of {namespace} by `{words(selector)}`"
    return Intent(
        document,
        selects,
        True,
        tuple(ways),
        tuple(dict.fromkeys(unkept)),
        invented,
        selected=said,
        namespaces=(namespace,),
    )


def _of_rule(place: Located, name: str) -> Iterator[tuple[Destination, int, str] | Unkept]:
    """The ways of an egress rule; without peers it is for every address, without ports for every port."""
    rule = mapping(place.value)
    peers = listing(rule.get("to"))
    ports, others = numbers(place, listing(rule.get("ports")), name)
    yield from others
    if not peers:
        if not rule.get("ports"):
            yield Unkept(f"{name} lets pods reach everything", "write `allow … -> *` if that is meant", place.span)
            return
        for port in ports:
            for cidr in ("0.0.0.0/0", "::/0"):
                if found := network(cidr, ()):
                    yield found, port, "tcp"
    for each in map(mapping, peers):
        block = mapping(each.get("ipBlock"))
        if not block:
            yield Unkept(f"{name} lets pods reach other pods", "a policy is about what leaves the cluster", place.span)
            continue
        cidr, holes = str(block.get("cidr")), list(map(str, listing(block.get("except"))))
        found = network(cidr, holes)
        if found is None:
            yield Unkept(f"{name} has the network {cidr}", "it is none, or nothing is left of it", place.span)
        elif not rule.get("ports"):
            yield Unkept(f"{name} lets pods reach {cidr} on every port", "a policy names ports", place.span)
        else:
            for port in ports:
                yield found, port, "tcp"
