"""Script: permits as the text of a policy: by namespace, what belongs together in one rule, sets for what repeats."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from egresslang.existing.importing.permits import Permit
from egresslang.policy.policy import ANY, Subject
from egresslang.record import record, replace
from egresslang.source import Source
from egresslang.syntax.format import show_file
from egresslang.syntax.nodes import DEFAULT_PROTOCOLS
from egresslang.syntax.parse import parse

Port = tuple[int, str]
"""Port and protocol; 0 and empty for everything."""

_Said = tuple[tuple[str, ...], tuple[Port, ...], tuple[str, ...], str, tuple[str, ...], str]
"""What a rule says of its destinations: targets, ports, addresses, reason, holes and owner."""

_T = TypeVar("_T")

LEAST_REPEATED, LEAST_MEMBERS = 2, 2
"""How often a list stands in rules, and how many members it has, before it becomes a set."""


@record
class MeshLine:
    """What some workloads of a namespace keep of the mesh itself: services as a policy writes them."""

    subject: Subject
    services: tuple[str, ...]
    reason: str = ""


@record
class _Rule:
    """An `allow` of workloads of one namespace."""

    subjects: tuple[Subject, ...]
    targets: tuple[str, ...]
    ports: tuple[Port, ...]
    addresses: tuple[str, ...]
    reason: str
    holes: tuple[str, ...] = ()
    owner: str = ""

    @property
    def namespace(self) -> str:
        """The namespace of its workloads, `*` for all."""
        return self.subjects[0].namespace


def line_of(permit: Permit) -> str:
    """A permit as a rule by itself, on one line."""
    rule = _Rule((permit.subject,), *_said(permit))
    return f"allow {_who(rule.subjects, qualified=True)} -> {_where(rule, {})}{_attributes(rule)}"


def mesh_line_of(line: MeshLine) -> str:
    """A `mesh` statement by itself, on one line."""
    return f"mesh {_who((line.subject,), qualified=True)} -> {', '.join(line.services)}{_quoted('reason', line.reason)}"


def script(head: Iterable[str], permits: Iterable[Permit], meshes: Iterable[MeshLine], tail: Iterable[str]) -> str:
    """The canonical text of a policy of some permits, with comments before and after it."""
    rules = _rules(permits)
    sets = _Sets(rules)
    lines = [*map(_comment, head), "", *sets.lines(ANY)]
    lines += [sets.show(rule) for rule in rules if rule.namespace == ANY]
    kept: dict[str, dict[tuple[tuple[str, ...], str], list[Subject]]] = {}
    for mesh in meshes:
        kept.setdefault(mesh.subject.namespace, {}).setdefault((mesh.services, mesh.reason), []).append(mesh.subject)
    for namespace in sorted({rule.namespace for rule in rules} | {*kept} - {ANY}):
        if namespace == ANY:
            continue
        lines += ["", f"namespace {namespace}", "", *sets.lines(namespace)]
        lines += [sets.show(rule) for rule in rules if rule.namespace == namespace]
        for (services, reason), subjects in kept.get(namespace, {}).items():
            lines.append(f"mesh {_who(subjects)} -> {', '.join(services)}{_quoted('reason', reason)}")
    lines += ["", *map(_comment, tail)]
    file, _ = parse(Source("import", "\n".join(lines) + "\n"))
    return show_file(file)


def _comment(text: str) -> str:
    return f"# {''.join(each for each in text if each.isprintable())}".rstrip()


def _rules(permits: Iterable[Permit]) -> list[_Rule]:
    """Permits put together: workloads with the same permit, then its ports, then destinations of the same workloads."""
    subjects: dict[_Rule, dict[Subject, None]] = {}
    for each in permits:
        where = _Rule((Subject(each.subject.namespace, ANY),), *_said(each))
        subjects.setdefault(where, {})[each.subject] = None
    ports: dict[_Rule, list[Port]] = {}
    for where, who in subjects.items():
        alike = replace(where, subjects=tuple(sorted(who, key=str)), ports=())
        ports.setdefault(alike, []).extend(where.ports)
    targets: dict[_Rule, list[str]] = {}
    for where, some in ports.items():
        is_alone = where.addresses or where.holes
        alike = replace(where, ports=tuple(sorted(some)), targets=where.targets if is_alone else ())
        targets.setdefault(alike, []).extend(where.targets)
    found = [replace(rule, targets=tuple(sorted(set(some), key=_by_domain))) for rule, some in targets.items()]
    return sorted(found, key=lambda rule: (rule.namespace != ANY, rule.namespace, _order(rule)))


def _said(permit: Permit) -> _Said:
    ports = ((permit.port, permit.protocol),)
    return permit.targets, ports, permit.addresses, permit.reason, permit.holes, permit.owner


def _order(rule: _Rule) -> tuple[object, ...]:
    is_all = any(each.workload == ANY for each in rule.subjects)
    return not is_all, tuple(map(str, rule.subjects)), tuple(map(_by_domain, rule.targets)), rule.ports


def _by_domain(target: str) -> tuple[object, ...]:
    return tuple(reversed(target.split("."))) if re.search(r"[a-z]", target) else (), target


class _Sets:
    """The sets of a script: lists of destinations, and of workloads, that stand in several rules."""

    def __init__(self, rules: Sequence[_Rule]) -> None:
        self._taken = {each.workload for rule in rules for each in rule.subjects} | {"internet"}
        self._names: dict[tuple[str, ...], str] = {}
        self._lines: dict[str, list[str]] = {}
        self._workloads: dict[tuple[Subject, ...], str] = {}
        for targets in _repeated([rule.targets for rule in rules if not rule.addresses]):
            spaces = {rule.namespace for rule in rules if rule.targets == targets and not rule.addresses}
            name = self._named(_called(targets) or "destinations")
            self._names[targets] = name
            self._lines.setdefault(spaces.pop() if len(spaces) == 1 else ANY, []).append(f"hosts {name} = {', '.join(targets)}")  # fmt: skip
        for subjects in _repeated([rule.subjects for rule in rules]):
            name = self._workloads[subjects] = self._named("workloads")
            members = ", ".join(each.workload for each in subjects)
            self._lines.setdefault(subjects[0].namespace, []).append(f"workloads {name} = {members}")

    def lines(self, namespace: str) -> list[str]:
        """The definitions that stand in a namespace, `*` for those above all."""
        found = self._lines.get(namespace, [])
        return [*found, ""] if found else []

    def show(self, rule: _Rule) -> str:
        """A rule that uses the sets, below the line of its namespace."""
        who = self._workloads.get(rule.subjects) or _who(rule.subjects)
        return f"allow {who} -> {_where(rule, self._names)}{_attributes(rule)}"

    def _named(self, stem: str) -> str:
        name, number = stem, 1
        while name in self._taken or (number == 1 and stem in ("destinations", "workloads")):
            name = f"{stem}-{number}"
            number += 1
        self._taken.add(name)
        return name


def _repeated(lists: Sequence[tuple[_T, ...]]) -> list[tuple[_T, ...]]:
    counted = Counter(lists)
    return [each for each, many in counted.items() if many >= LEAST_REPEATED and len(each) >= LEAST_MEMBERS]


def _called(targets: Sequence[str]) -> str:
    """What hosts of one domain are called: its label."""
    domains = {tuple(target.split(".")[-2:]) for target in targets}
    label = next(iter(domains))[0] if len(domains) == 1 else ""
    return label if re.fullmatch(r"[a-z][a-z0-9-]{0,40}[a-z0-9]", label) else ""


def _who(subjects: Sequence[Subject], qualified: bool = False) -> str:
    words = [_member(each, qualified) for each in subjects]
    return words[0] if len(words) == 1 else f"{{{', '.join(words)}}}"


def _member(subject: Subject, qualified: bool) -> str:
    if subject.namespace == ANY:
        return ANY
    return str(subject) if qualified or subject.workload == ANY else subject.workload


def _where(rule: _Rule, names: Mapping[tuple[str, ...], str]) -> str:
    set_name = "" if rule.addresses else names.get(rule.targets, "")
    targets = set_name or (rule.targets[0] if len(rule.targets) == 1 else f"{{{', '.join(rule.targets)}}}")
    if rule.ports == ((0, ""),):
        return targets
    holes = (
        f" except {rule.holes[0] if len(rule.holes) == 1 else '{' + ', '.join(rule.holes) + '}'}" if rule.holes else ""
    )
    ports = [
        str(port) if DEFAULT_PROTOCOLS.get(port) == protocol else f"{port} {protocol}" for port, protocol in rule.ports
    ]
    return f"{targets}:{ports[0] if len(ports) == 1 else '{' + ', '.join(ports) + '}'}{holes}"


def _attributes(rule: _Rule) -> str:
    addresses = rule.addresses
    said = ""
    if addresses:
        said = f" address={addresses[0] if len(addresses) == 1 else '{' + ', '.join(addresses) + '}'}"
    return said + _quoted("owner", rule.owner) + _quoted("reason", rule.reason)


def _quoted(key: str, value: str) -> str:
    if not value:
        return ""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${")
    return f' {key}="{escaped}"'
