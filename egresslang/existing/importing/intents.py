"""Intents: what policies that are no part of a mesh let pods reach, as grants; what a policy cannot say of them is told.

Kinds that hold pods back one by one add up: a pod that any of them holds reaches what one of those that select it lets it
reach, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from egresslang.documents import Located
from egresslang.existing.importing.population import Key
from egresslang.existing.importing.reaches import Reach
from egresslang.existing.importing.unkept import Unkept
from egresslang.existing.workloads import Runs
from egresslang.mesh.addresses import parse_address
from egresslang.mesh.resources import Labels
from egresslang.policy.policy import Addresses, Destination, Grant, Rule, Subject
from egresslang.ranges import BITS, merge, parse_cidr, show, somebodys, subtract
from egresslang.record import record, replace

SPOKEN = {80: "http", 443: "tls"}
"""What is taken to be spoken to a name on a port, where nothing but the port is said."""

LONGEST_NAME = 63
"""Characters of the name of a workload."""

Way = tuple[Destination, int, str, str]
"""A destination, a port and a protocol, and why."""


class Selects(Protocol):
    """Whether pods of a namespace with some labels are selected: None where labels decide that nobody knows.

    With `is_whole` the pods carry no other labels.
    """

    def __call__(self, namespace: str, labels: Mapping[str, str], is_whole: bool = True, /) -> bool | None:
        """The answer for pods of a namespace with these labels."""


def nobody(namespace: str, labels: Mapping[str, str], is_whole: bool = True, /) -> bool:
    """Selects no pod."""
    return False


@record
class Intent:
    """What one policy lets the pods reach that it selects, once it `holds` them.

    `selected` are its pods in words. Where labels alone tell them, `invented` are workloads for those that nobody knows, one
    for each combination of labels; else it is None. `namespaces` are those that it names; `unkept` is what it says besides.
    One that `denies` takes from others what is not known: its pods are granted nothing. `owner` is who answers for it, where
    that is said.
    """

    document: Located
    selects: Selects
    holds: bool
    ways: tuple[Way, ...]
    unkept: tuple[Unkept, ...] = ()
    invented: tuple[Runs, ...] | None = None
    denies: bool = False
    owner: str = ""
    selected: str = ""
    namespaces: tuple[str, ...] = ()


def name_of(document: Located) -> str:
    """The kind, namespace and name of a document in words."""
    value = mapping(document.value)
    metadata = mapping(value.get("metadata"))
    namespace = metadata.get("namespace")
    return f"{value.get('kind')} {f'{namespace}/' if namespace else ''}{metadata.get('name', '')}"


def invent(intents: Iterable[Intent], workloads: Sequence[Runs]) -> Iterator[Runs]:
    """Workloads for pods that are selected and that nobody knows, each with a name of its own."""
    seen: set[tuple[str, Labels]] = set()
    taken = {(each.namespace, each.name) for each in workloads}
    for each in intents:
        for run in each.invented or ():
            known = (dict(one.labels).items() for one in workloads if one.namespace == run.namespace)
            if (run.namespace, run.selector) in seen or any(dict(run.selector).items() <= labels for labels in known):
                continue
            seen.add((run.namespace, run.selector))
            names = (run.name, *(f"{run.name[:58]}-{number}" for number in range(2, len(taken) + 3)))
            name = next(name for name in names if (run.namespace, name) not in taken)
            taken.add((run.namespace, name))
            yield replace(run, name=name)


def named(policy: str, namespace: str, labels: Labels, of: Sequence[Labels]) -> Runs:
    """A workload for the pods with one of some combinations of labels that a policy selects."""
    shared = set(labels).intersection(*of)
    text = "-".join([policy, *(value for key, value in labels if (key, value) not in shared)])
    name = re.sub(r"[^a-z0-9]+", "-", text.lower())[:LONGEST_NAME].strip("-")
    return Runs(namespace, name or "unnamed", labels, labels, "")


def in_doubt(intents: Iterable[Intent], workloads: Sequence[Runs], strangers: Iterable[Key]) -> list[Intent]:
    """The intents that may select pods which nobody knows, so that they cannot be said.

    Where a selector asks for labels and pods with them are known, these are all there are.
    """
    spaces = [namespace for namespace, _ in strangers]
    return [each for each in intents if _is_in_doubt(each, workloads, spaces)]


def _is_in_doubt(intent: Intent, workloads: Sequence[Runs], spaces: Sequence[str]) -> bool:
    verdicts = [intent.selects(run.namespace, dict(run.labels)) for run in workloads]
    takes_unlabelled = any(intent.selects(space, {}) for space in spaces)
    is_known = not takes_unlabelled and (intent.invented is not None or True in verdicts)
    return None in verdicts or (not is_known and any(intent.selects(space, {}, False) is None for space in spaces))


def told_of(doubts: Iterable[Intent], labels: Mapping[Key, Mapping[str, str]]) -> Iterator[Unkept]:
    """What is not kept of intents that are in doubt."""
    for each in doubts:
        is_held = each.holds and any(each.selects(namespace, carried) for (namespace, _), carried in labels.items())
        what = "who is not known is held back, and granted nothing for it" if is_held else "nothing holds them back"
        why = f"which pods these are is not known: {what}; import it with the workloads, and their labels"
        yield Unkept(f"{name_of(each.document)} selects {each.selected}", why, each.document.heading, is_flow=True)


def reaches_of(
    intents: Sequence[Intent],
    labels: Mapping[Key, Mapping[str, str]],
    whole: Container[Key],
    doubts: Container[Intent],
    families: Sequence[int],
) -> dict[Key, Reach]:
    """What everybody reaches by some intents, in a cluster with these IP versions.

    All labels are known of those who are `whole`; others are granted only what they have whatever else they carry, and are
    held back as if they carried nothing else.
    """
    found = {}
    for key, carried in labels.items():
        is_open = not any(each.holds and each.selects(key[0], carried) for each in intents)
        verdicts = [(each, each.selects(key[0], carried, key in whole)) for each in intents]
        is_denied = any(each.denies and (verdict or (verdict is None and each in doubts)) for each, verdict in verdicts)
        mine = [each for each, verdict in verdicts if verdict] if not is_open and not is_denied else []
        found[key] = Reach(is_open, [grant for each in mine for grant in _grants(each, key, families)])
    return found


def _grants(intent: Intent, key: Key, families: Sequence[int]) -> Iterable[Grant]:
    name = intent.document.get("metadata", "name") or intent.document
    rule = Rule(str(name.value) if isinstance(name.value, str) else "", name.span, owner=intent.owner)
    for destination, port, protocol, reason in intent.ways:
        if not isinstance(destination, Addresses) or destination.version in families:
            why = replace(rule, reason=reason) if reason else rule
            yield Grant(Subject(*key), destination, port, protocol, protocol, (), why, rule.span)


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


def literal(text: str) -> Addresses | None:
    """The address that a text is; None where it is a name."""
    bare = text.removeprefix("[").removesuffix("]")
    found = parse_address(bare)
    return None if found is None else network(f"{bare}/{BITS[found[0]]}", ())


def beyond(intents: Sequence[Intent], families: Sequence[int]) -> list[Unkept]:
    """The networks of IP versions that a cluster has not, but for what stands for every address."""
    found = {}
    for each in intents:
        for where, *_ in each.ways:
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
