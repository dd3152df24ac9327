"""Intents: what policies that are no part of a mesh let pods reach, as grants; what a policy cannot say of them is told.

Kinds that hold pods back one by one add up: a pod that any of them holds reaches what one of those that select it lets it
reach, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from egresslang.documents import Located
from egresslang.existing.importing.population import Key
from egresslang.existing.importing.reaches import Reach
from egresslang.existing.importing.unkept import Unkept
from egresslang.existing.workloads import Runs
from egresslang.policy.policy import Addresses, Destination, Grant, Rule, Subject
from egresslang.ranges import merge, parse_cidr, show, somebodys, subtract
from egresslang.record import record

SPOKEN = {80: "http", 443: "tls"}
"""What is taken to be spoken to a name on a port, where nothing but the port is said."""

Way = tuple[Destination, int, str]
"""A destination, a port and a protocol."""


@record
class Intent:
    """What one policy lets the pods reach that it selects, by their namespace and labels, once it `holds` them.

    `invented` is a workload for pods that it selects and nobody knows; `unkept` is what it says besides. One that `denies`
    takes from others what is not known: its pods are granted nothing. `owner` is who answers for it, where that is said.
    """

    document: Located
    selects: Callable[[str, Mapping[str, str]], bool]
    holds: bool
    ways: tuple[Way, ...]
    unkept: tuple[Unkept, ...] = ()
    invented: tuple[Runs, ...] = ()
    denies: bool = False
    owner: str = ""


def name_of(document: Located) -> str:
    """The kind, namespace and name of a document in words."""
    value = mapping(document.value)
    metadata = mapping(value.get("metadata"))
    namespace = metadata.get("namespace")
    return f"{value.get('kind')} {f'{namespace}/' if namespace else ''}{metadata.get('name', '')}"


def reaches_of(
    intents: Sequence[Intent], labels: Mapping[Key, Mapping[str, str]], families: Sequence[int]
) -> dict[Key, Reach]:
    """What everybody reaches by some intents, in a cluster with these IP versions."""
    found = {}
    for key, carried in labels.items():
        mine = [each for each in intents if each.selects(key[0], carried)]
        is_open = not any(each.holds for each in mine)
        is_granted = not is_open and not any(each.denies for each in mine)
        found[key] = Reach(
            is_open, [grant for each in mine for grant in _grants(each, key, families)] if is_granted else []
        )
    return found


def _grants(intent: Intent, key: Key, families: Sequence[int]) -> Iterable[Grant]:
    name = intent.document.get("metadata", "name") or intent.document
    rule = Rule(str(name.value) if isinstance(name.value, str) else "", name.span, owner=intent.owner)
    for destination, port, protocol in intent.ways:
        if not isinstance(destination, Addresses) or destination.version in families:
            yield Grant(Subject(*key), destination, port, protocol, protocol, (), rule, rule.span)


def network(cidr: str, holes: Iterable[str]) -> Addresses | None:
    """The addresses of a network less some, and those that no host has; None where one of them is none."""
    try:
        version, whole = parse_cidr(cidr)
        cut = merge(range for each in holes for of, range in [parse_cidr(each)] if of == version)
    except ValueError:
        return None
    ranges = somebodys(version, subtract([whole], list(cut)))
    first, last = whole
    length = (32 if version == 4 else 128) - (last - first).bit_length()
    return Addresses(version, tuple(ranges), "", show(version, first, length)) if ranges else None


def beyond(intents: Sequence[Intent], families: Sequence[int]) -> list[Unkept]:
    """The networks of IP versions that a cluster has not, but for what stands for every address."""
    found = {}
    for each in intents:
        for where, _, _ in each.ways:
            if isinstance(where, Addresses) and where.version not in families and where.label != "::/0":
                said = f"{name_of(each.document)} lets pods reach {where}"
                found[said] = Unkept(
                    said, f"the cluster has no IPv{where.version} that the manifests tell of", each.document.heading
                )
    return list(found.values())


def namespace_of(document: Located, default: str) -> str:
    """The namespace that a document stands in."""
    return str(mapping(mapping(document.value).get("metadata")).get("namespace") or default)


def mapping(value: object) -> Mapping[str, object]:
    """A mapping, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def listing(value: object) -> list[object]:
    """A list, an empty one for anything else."""
    return value if isinstance(value, list) else []
