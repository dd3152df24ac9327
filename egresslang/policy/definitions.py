"""Definitions: the named sets of a policy and its profile, and what stands in them, sets inside sets included."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.policy.inventory import Inventory
from egresslang.profile.profile import ClusterProfile, Member
from egresslang.record import record
from egresslang.source import Span
from egresslang.suggest import Vocabulary
from egresslang.syntax import nodes
from egresslang.syntax.words import port_node, read_bracketed, read_network, read_target

INTERNET = "internet"
"""The word for every globally routable address; no set may take it."""

Item = nodes.Member | nodes.Entry
"""What a set holds: sources, or destinations with or without ports."""

_ENTRY = re.compile(r"(?P<host>\[[^\]]*\]|[^:\s]+)(?::(?P<port>\S+)(?:\s+(?P<protocol>\S+))?)?")


@record
class Definition:
    """A named set. `namespace` is where it belongs, empty for everyone; its items are looked up in `binds_in`."""

    namespace: str
    name: str
    items: tuple[Item, ...]
    is_hosts: bool
    binds_in: str
    span: Span

    @property
    def kind(self) -> str:
        """The word that defines such a set."""
        return "hosts" if self.is_hosts else "workloads"


@record
class Held:
    """What a set holds in the end: an item that names no set, where it binds, and the ports it has from its set."""

    item: Item
    binds_in: str
    ports: tuple[nodes.Port, ...]


class Definitions:
    """Every named set; what is wrong with a definition or within one goes to `found`."""

    def __init__(
        self, files: Iterable[nodes.File], profile: ClusterProfile, inventory: Inventory, found: list[Finding]
    ) -> None:
        self.profile = profile
        self.found = found
        self._by_name: dict[tuple[str, str], Definition] = {}
        self._used: dict[tuple[str, str], None] = {}
        self._unresolved: set[bool] = set()
        for definition in _of_profile(profile, found):
            self._define(definition, inventory)
        for file in files:
            for definition in _of_file(file, profile.default_namespace):
                self._define(definition, inventory)
        found.extend(self._cycles())

    def find(self, namespace: str, name: str, here: str) -> Definition | None:
        """The set that a word names in the namespace `here`, from now on used; None when it names none."""
        found = self._named(namespace, name, here)
        if found is not None:
            self._used[found.namespace, found.name] = None
        return found

    def _named(self, namespace: str, name: str, here: str) -> Definition | None:
        if namespace:
            return self._by_name.get((namespace, name))
        return self._by_name.get((here, name)) or self._by_name.get(("", name))

    def called(self, name: str) -> list[Definition]:
        """The sets of a name, in whatever namespaces."""
        return [each for each in self._by_name.values() if each.name == name]

    def nearest(self, name: str, is_hosts: bool) -> str:
        """The name of a set of a kind that is most like another name, empty when none is near."""
        return self._vocabularies[is_hosts].nearest(name)

    @cached_property
    def _vocabularies(self) -> tuple[Vocabulary, Vocabulary]:
        """The names that stand for workloads, and those that stand for hosts."""
        of_kind = [[each.name for each in self._by_name.values() if each.is_hosts is kind] for kind in (False, True)]
        return Vocabulary(of_kind[False]), Vocabulary([*of_kind[True], INTERNET])

    def unresolved(self, is_hosts: bool) -> None:
        """Note that a word which could be a slip for a set of this kind names nothing."""
        self._unresolved.add(is_hosts)

    def held(self, definition: Definition, ports: tuple[nodes.Port, ...] = ()) -> Iterator[Held]:
        """All that a set holds, once; `ports` are those it is used with. Sets of the wrong kind are told."""
        seen: set[tuple[str, str, tuple[nodes.Port, ...]]] = set()
        waiting: list[tuple[Definition, Iterator[Item], tuple[nodes.Port, ...]]] = []

        def enter(entered: Definition, inherited: tuple[nodes.Port, ...]) -> None:
            key = entered.namespace, entered.name, inherited
            if key not in seen:
                seen.add(key)
                waiting.append((entered, iter(entered.items), inherited))

        enter(definition, ports)
        while waiting:
            current, items, inherited = waiting[-1]
            item = next(items, None)
            if item is None:
                waiting.pop()
                continue
            own = item.ports if isinstance(item, nodes.Entry) else ()
            if own and inherited:
                self.found.append(_ports_twice(definition if inherited == ports else current, inherited, item.span))
                continue
            word = _word(item)
            inner = self.find(*word, current.binds_in) if word else None
            if inner is None:
                yield Held(item, current.binds_in, own or inherited)
            elif inner.is_hosts is not definition.is_hosts:
                self.found.append(wrong_kind(inner, item.span))
            else:
                enter(inner, own or inherited)

    def _cycles(self) -> Iterator[Finding]:
        """Each place where a set leads back to itself, whether or not anything uses the set."""
        begun: set[int] = set()
        for definition in self._by_name.values():
            path = {}
            waiting = [(definition, iter(definition.items))] if id(definition) not in begun else []
            while waiting:
                current, items = waiting[-1]
                begun.add(id(current))
                path[id(current)] = current
                for item in items:
                    word = _word(item)
                    inner = self._named(*word, current.binds_in) if word else None
                    if inner is None or inner.is_hosts is not current.is_hosts:
                        continue
                    if id(inner) in path:
                        yield _cycle(inner, item.span)
                    elif id(inner) not in begun:
                        waiting.append((inner, iter(inner.items)))
                        break
                else:
                    waiting.pop()
                    del path[id(current)]

    def use(self, statement: nodes.Allow | nodes.Deny | nodes.Expect | nodes.Mesh, namespace: str) -> None:
        """Count the sets of a statement that holds elsewhere as used, without resolving it."""
        words: list[nodes.Member | nodes.Target] = [*statement.sources.members, *statement.sources.excepted]
        if not isinstance(statement, nodes.Mesh):
            words += [entry.target for entry in statement.destinations.entries]
            words += statement.destinations.holes
        for word in words:
            if isinstance(word, nodes.WorkloadName | nodes.Word):
                self.find(word.namespace, word.name, namespace)

    def unused(self) -> Iterator[Finding]:
        """A warning for each set of the policy that nothing uses, not even a set that is used.

        None of a kind of which a word is unresolved: that may have meant the set.
        """
        waiting = list(self._used)
        while waiting:
            definition = self._by_name[waiting.pop()]
            for item in definition.items:
                before = len(self._used)
                if word := _word(item):
                    self.find(*word, definition.binds_in)
                if len(self._used) > before:
                    waiting.append(next(reversed(self._used)))
        for key, definition in self._by_name.items():
            is_idle = key not in self._used and definition.is_hosts not in self._unresolved
            if is_idle and definition.span.source is not self.profile.span.source:
                yield finding(
                    codes.UNUSED_SET,
                    definition.span,
                    f"nothing uses `{definition.name}`",
                    "this set",
                    help="remove it, or use it in a rule",
                )

    def _define(self, definition: Definition, inventory: Inventory) -> None:
        problem = self._clash(definition, inventory)
        if problem is not None:
            self.found.append(problem)
            return
        if (mixed := _mixed(definition)) is not None:
            self.found.append(mixed)
        self._by_name[definition.namespace, definition.name] = definition

    def _clash(self, definition: Definition, inventory: Inventory) -> Finding | None:
        """Why a set cannot have its name."""
        name, span = definition.name, definition.span
        if name == INTERNET:
            return finding(
                codes.DEFINED_TWICE,
                span,
                "`internet` is a word of the language",
                "not a name for a set",
                help="choose another name",
            )
        if other := self._by_name.get((definition.namespace, name)):
            return finding(
                codes.DEFINED_TWICE,
                span,
                f"`{name}` is defined twice",
                "again here",
                [Label(other.span, "first here")],
                help="rename one of the sets, or write one set of both",
            )
        namespaces = [definition.namespace] if definition.namespace else sorted(inventory.namespaces)
        workload = next((each for each in namespaces if inventory.find(each, name)), None)
        if workload is None:
            return None
        return finding(
            codes.DEFINED_TWICE,
            span,
            f"`{name}` is also a workload of `{workload}`",
            "a set here",
            help="rename the set",
        )


def wrong_kind(definition: Definition, use: Span) -> Finding:
    """A set of sources where destinations are needed, or the other way round."""
    wanted = "workloads" if definition.is_hosts else "hosts"
    return finding(
        codes.UNKNOWN_SET,
        use,
        f"`{definition.name}` is a set of {definition.kind}",
        f"a set of {wanted} is needed here",
        [Label(definition.span, "defined here")],
        help=f"use a set of {wanted}",
    )


def _word(item: Item) -> tuple[str, str] | None:
    """The namespace and name of an item that may be a set."""
    if isinstance(item, nodes.WorkloadName):
        return item.namespace, item.name
    if isinstance(item, nodes.Entry) and isinstance(item.target, nodes.Word) and item.target.name != INTERNET:
        return item.target.namespace, item.target.name
    return None


def _of_file(file: nodes.File, default: str) -> Iterator[Definition]:
    namespace = ""
    for statement in file.statements:
        if isinstance(statement, nodes.NamespaceLine):
            namespace = statement.name
        elif isinstance(statement, nodes.WorkloadSet):
            binds_in = namespace or default
            yield Definition(namespace, statement.name, statement.members, False, binds_in, statement.name_span)
        elif isinstance(statement, nodes.HostSet):
            yield Definition(namespace, statement.name, statement.entries, True, namespace, statement.name_span)


def _of_profile(profile: ClusterProfile, found: list[Finding]) -> Iterator[Definition]:
    for name, members in profile.hosts.items():
        entries = [entry for member in members if (entry := _profile_entry(member, found)) is not None]
        span = members[0].span if members else profile.span
        yield Definition("", name, tuple(entries), True, "", span)


def _profile_entry(member: Member, found: list[Finding]) -> nodes.Entry | None:
    text, span = member.text.strip(), member.span
    ports: tuple[nodes.Port, ...] = ()
    match = _ENTRY.fullmatch(text)
    if "://" in text or match is None or text.count(":") < 2 or text.startswith("["):
        host = match["host"] if match else text
        target = read_bracketed(host, span) if host.startswith("[") else read_target(host, span)
        if match and match["port"]:
            port = port_node(match["port"], match["protocol"] or "", span, span)
            if isinstance(port, Finding):
                found.append(port)
                return None
            ports = (port,)
    else:
        target = read_network(text, span)
    if isinstance(target, Finding):
        found.append(target)
        return None
    return nodes.Entry(target, ports, span)


def _mixed(definition: Definition) -> Finding | None:
    """A set where only some entries have ports: it could be used neither with nor without one."""
    entries = [item for item in definition.items if isinstance(item, nodes.Entry)]
    ported = next((entry for entry in entries if entry.ports), None)
    bare = next((entry for entry in entries if not entry.ports and not isinstance(entry.target, nodes.Word)), None)
    if ported is None or bare is None:
        return None
    return finding(
        codes.SYNTAX,
        bare.span,
        f"some entries of `{definition.name}` have a port, and some have none",
        "no port here",
        [Label(ported.span, "a port here")],
        help="write the port of every entry, or of none",
    )


def _ports_twice(definition: Definition, ports: tuple[nodes.Port, ...], entry: Span) -> Finding:
    return finding(
        codes.SYNTAX,
        ports[0].span,
        f"`{definition.name}` is used with a port, and its entries have their own",
        "a port here",
        [Label(entry, "and here")],
        help=f"write `{definition.name}` without a port",
    )


def _cycle(definition: Definition, use: Span) -> Finding:
    return finding(
        codes.UNKNOWN_SET,
        use,
        f"`{definition.name}` contains itself",
        "leads back to the set",
        [Label(definition.span, "defined here")],
        help="take one of the sets out of the other",
    )
