"""Binding: what the names of a policy stand for: sets, workloads, namespaces, labels, variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.policy.policy import ANY, KnownWorkload, Subject
from egresslang.profile.profile import ClusterProfile, Member
from egresslang.record import record
from egresslang.source import Span
from egresslang.suggest import nearest
from egresslang.syntax import nodes
from egresslang.syntax.words import port_node, read_bracketed, read_network, read_target

INTERNET = "internet"
"""The word for every globally routable address; no set may take it."""

_VARIABLE = re.compile(r"\$?\$\{([^}\s]*)\}")
_ENTRY = re.compile(r"(?P<host>\[[^\]]*\]|[^:\s]+)(?::(?P<port>\S+)(?:\s+(?P<protocol>\S+))?)?")


@record
class Definition:
    """A named set: its members, and the namespace they bind in; `namespace` is where it belongs, empty for everyone."""

    namespace: str
    name: str
    members: tuple[nodes.Member, ...]
    entries: tuple[nodes.Entry, ...]
    is_hosts: bool
    span: Span


class Binding:
    """Every name that a policy may use, with the profile's; what is wrong with a use goes to `found`."""

    def __init__(self, files: Iterable[nodes.File], profile: ClusterProfile, found: list[Finding]) -> None:
        self.profile = profile
        self.found = found
        self.workloads: dict[str, dict[str, KnownWorkload]] = _inventory(profile)
        self.definitions: dict[tuple[str, str], Definition] = {}
        self.used: set[tuple[str, str]] = set()
        self._subjects: dict[tuple[str, str, str], tuple[Subject, ...]] = {}
        self._unknown_namespaces: set[str] = set()
        if profile.namespaces is None:
            for namespace, name, span in profile.observed:
                self._workload(namespace, name, span)
        for definition in _profile_sets(profile, found):
            self._define(definition)
        for file in files:
            for definition in _definitions(file, profile.default_namespace):
                self._define(definition)

    def _define(self, definition: Definition) -> None:
        key = definition.namespace, definition.name
        if definition.name == INTERNET:
            self.found.append(
                finding(
                    codes.DEFINED_TWICE,
                    definition.span,
                    "`internet` is a word of the language",
                    "not a name for a set",
                    help="choose another name",
                )
            )
        elif other := self.definitions.get(key):
            self.found.append(
                finding(
                    codes.DEFINED_TWICE,
                    definition.span,
                    f"`{definition.name}` is defined twice",
                    "again here",
                    [Label(other.span, "first here")],
                    help="rename one of the sets, or write one set of both",
                )
            )
        elif (namespace := self._namespace_of(definition)) is not None:
            self.found.append(
                finding(
                    codes.DEFINED_TWICE,
                    definition.span,
                    f"`{definition.name}` is also a workload of `{namespace}`",
                    "a set here",
                    help="rename the set",
                )
            )
        else:
            self._check_ports(definition)
            self.definitions[key] = definition

    def _namespace_of(self, definition: Definition) -> str | None:
        """The namespace with a workload that a set could be mistaken for."""
        namespaces = [definition.namespace] if definition.namespace else sorted(self.workloads)
        return next((each for each in namespaces if definition.name in self.workloads.get(each, {})), None)

    def _check_ports(self, definition: Definition) -> None:
        """Tell of a set where only some entries have ports: it could be used neither with nor without one."""
        ported = next((entry for entry in definition.entries if entry.ports), None)
        bare = next((e for e in definition.entries if not e.ports and not isinstance(e.target, nodes.Word)), None)
        if ported is not None and bare is not None:
            self.found.append(
                finding(
                    codes.SYNTAX,
                    bare.span,
                    f"some entries of `{definition.name}` have a port, and some have none",
                    "no port here",
                    [Label(ported.span, "a port here")],
                    help="write the port of every entry, or of none",
                )
            )

    def unused(self) -> Iterator[Finding]:
        """A warning for each set of the policy that nothing uses."""
        self._use_transitively()
        for key, definition in self.definitions.items():
            if key not in self.used and definition.span.source is not self.profile.span.source:
                yield finding(
                    codes.UNUSED_SET,
                    definition.span,
                    f"nothing uses `{definition.name}`",
                    "this set",
                    help="remove it, or use it in a rule",
                )

    def use(self, statement: nodes.Allow | nodes.Deny | nodes.Expect | nodes.Mesh, namespace: str) -> None:
        """Count the sets of a statement that holds elsewhere as used, without resolving it."""
        for member in (*statement.sources.members, *statement.sources.excepted):
            if isinstance(member, nodes.WorkloadName):
                self._definition(member.namespace, member.name, namespace)
        if not isinstance(statement, nodes.Mesh):
            destinations = statement.destinations
            for target in (*(entry.target for entry in destinations.entries), *destinations.holes):
                if isinstance(target, nodes.Word):
                    self._definition(target.namespace, target.name, namespace)

    def _use_transitively(self) -> None:
        waiting = list(self.used)
        while waiting:
            definition = self.definitions[waiting.pop()]
            before = set(self.used)
            bound = definition.namespace or ("" if definition.is_hosts else self.profile.default_namespace)
            for word in (*definition.members, *(entry.target for entry in definition.entries)):
                if isinstance(word, nodes.WorkloadName | nodes.Word):
                    self._definition(word.namespace, word.name, bound)
            waiting.extend(self.used - before)

    # Sources

    def subjects(self, members: Iterable[nodes.Member], namespace: str) -> list[Subject]:
        """Who the members are, once each, for a statement in a namespace."""
        found: dict[Subject, None] = {}
        for member in members:
            found.update(dict.fromkeys(self._member(member, namespace)))
        return list(found)

    def _member(self, member: nodes.Member, namespace: str) -> Iterable[Subject]:
        if isinstance(member, nodes.AllWorkloads):
            if member.namespace != ANY and not self.knows_namespace(member.namespace, member.span):
                return ()
            return (Subject(member.namespace, ANY),)
        if isinstance(member, nodes.Labelled):
            return self._labelled(member, namespace)
        key = member.namespace, member.name, namespace
        if key not in self._subjects:
            before = len(self.found)
            subjects = tuple(self._name(member, namespace))
            if len(self.found) > before:
                return subjects
            self._subjects[key] = subjects
        return self._subjects[key]

    def _name(self, member: nodes.WorkloadName, namespace: str) -> Iterable[Subject]:
        definition = self._definition(member.namespace, member.name, namespace)
        if definition is None:
            subject = self._workload(member.namespace or namespace, member.name, member.span)
            return (subject,) if subject else ()
        if definition.is_hosts:
            self.found.append(_wrong_kind(member.name, "hosts", "workloads", member.span, definition))
            return ()
        found: dict[Subject, None] = {}
        for inner, bound in self._expand(definition, member.span):
            found.update(dict.fromkeys(self._member(inner, bound)))
        return found

    def _expand(self, definition: Definition, use: Span) -> Iterator[tuple[nodes.Member, str]]:
        """The members of a set of workloads, those of sets inside it included, each with the namespace it binds in."""
        path: dict[tuple[str, str], None] = {}
        waiting: list[tuple[Definition, Iterator[nodes.Member]]] = []
        seen: set[tuple[str, str]] = set()
        self._enter(definition, use, path, seen, waiting, iter(definition.members))
        while waiting:
            current, members = waiting[-1]
            member = next(members, None)
            if member is None:
                waiting.pop()
                path.pop((current.namespace, current.name), None)
                continue
            bound = current.namespace or self.profile.default_namespace
            inner = None
            if isinstance(member, nodes.WorkloadName):
                inner = self._definition(member.namespace, member.name, bound)
            if inner is None:
                yield member, bound
            elif inner.is_hosts:
                self.found.append(_wrong_kind(inner.name, "hosts", "workloads", member.span, inner))
            else:
                self._enter(inner, member.span, path, seen, waiting, iter(inner.members))

    def _enter(
        self,
        definition: Definition,
        use: Span,
        path: dict[tuple[str, str], None],
        seen: set[tuple[str, str]],
        waiting: list[tuple[Definition, Iterator[nodes.Member]]],
        members: Iterator[nodes.Member],
    ) -> None:
        key = definition.namespace, definition.name
        if key in path:
            self.found.append(_cycle(definition, use))
        elif key not in seen:
            seen.add(key)
            path[key] = None
            waiting.append((definition, members))

    def _definition(self, namespace: str, name: str, here: str) -> Definition | None:
        key = (namespace, name) if namespace else (here, name)
        found = self.definitions.get(key)
        if found is None and not namespace:
            key = ("", name)
            found = self.definitions.get(key)
        if found is not None:
            self.used.add(key)
        return found

    def _workload(self, namespace: str, name: str, span: Span) -> Subject | None:
        if self.profile.namespaces is None:
            known = self.workloads.setdefault(namespace, {})
            if len(name) > 63:
                self.found.append(
                    finding(
                        codes.UNKNOWN_WORKLOAD,
                        span,
                        f"`{name[:20]}…` is too long for the label `app`",
                        f"{len(name)} characters, a label has at most 63",
                        help="give a profile with `-p` that says how the workload is selected",
                    )
                )
                return None
            if name not in known:
                labels = (("app", name),)
                known[name] = KnownWorkload(namespace, name, labels, labels)
            return Subject(namespace, name)
        if not self.knows_namespace(namespace, span):
            return None
        workloads = self.workloads[namespace]
        if name in workloads:
            return Subject(namespace, name)
        elsewhere = sorted(other for other, members in self.workloads.items() if name in members)
        near = nearest(name, workloads)
        sets = nearest(name, [d.name for d in self.definitions.values() if not d.is_hosts])
        if elsewhere:
            help = f"write `{elsewhere[0]}/{name}`"
        elif near or sets:
            help = f"write `{near or sets}`"
        else:
            help = f"add `{name}` to the workloads of `{namespace}` in the profile"
        self.found.append(
            finding(
                codes.UNKNOWN_WORKLOAD,
                span,
                f"`{name}` is no workload of namespace `{namespace}`",
                "not in the profile",
                [],
                [f"namespace `{n}` has a workload of this name" for n in elsewhere[:1]],
                help,
            )
        )
        return None

    def knows_namespace(self, namespace: str, span: Span) -> bool:
        """Whether a namespace may be named; tells when the profile's inventory lacks it."""
        if self.profile.namespaces is None or namespace in self.workloads:
            return True
        if namespace in self._unknown_namespaces:
            return False
        near = nearest(namespace, self.workloads)
        self.found.append(
            finding(
                codes.UNKNOWN_NAMESPACE,
                span,
                f"namespace `{namespace}` is not in the profile",
                "unknown namespace",
                help=f"write `{near}`" if near else "add it to `namespaces:` of the profile",
            )
        )
        return False

    def enter(self, line: nodes.NamespaceLine) -> None:
        """Check the namespace of a `namespace` line; an unknown one is told there and not again below it."""
        if not self.knows_namespace(line.name, line.span):
            self._unknown_namespaces.add(line.name)

    def _labelled(self, member: nodes.Labelled, namespace: str) -> list[Subject]:
        scope = member.namespace or namespace
        if self.profile.namespaces is None:
            self.found.append(
                finding(
                    codes.UNKNOWN_WORKLOAD,
                    member.span,
                    "labels need the workloads of a profile",
                    "selects by label",
                    help="give a profile with `-p`, or name the workloads",
                )
            )
            return []
        if scope != ANY and not self.knows_namespace(scope, member.span):
            return []
        namespaces = sorted(self.workloads) if scope == ANY else [scope]
        matching = [
            Subject(workload.namespace, workload.name)
            for name in namespaces
            for workload in self.workloads[name].values()
            if _carries(workload, member.labels)
        ]
        if not matching:
            where = "of the profile" if scope == ANY else f"of namespace `{scope}`"
            self.found.append(
                finding(
                    codes.UNKNOWN_WORKLOAD,
                    member.span,
                    f"no workload {where} has these labels",
                    "matches nothing",
                    help="check the labels against the profile",
                )
            )
        return matching

    # Destinations

    def entries(
        self, destinations: nodes.Destinations, namespace: str, named: bool
    ) -> Iterator[tuple[nodes.Target, tuple[nodes.Port, ...], Span]]:
        """Each target with its ports, sets expanded; with `named` a word that is no set is a name with an address."""
        for entry in destinations.entries:
            ports = entry.ports or destinations.ports
            if not isinstance(entry.target, nodes.Word) or entry.target.name == INTERNET:
                yield (
                    entry.target,
                    ports,
                    entry.span if entry.ports or len(destinations.entries) > 1 else destinations.span,
                )
                continue
            yield from self._word(entry.target, ports, namespace, named, destinations.span)

    def holes(self, holes: Iterable[nodes.Target], namespace: str) -> Iterator[nodes.Target]:
        """Each hole, sets expanded."""
        for hole in holes:
            if isinstance(hole, nodes.Word) and hole.name != INTERNET:
                for target, _, _ in self._word(hole, (), namespace, False, hole.span):
                    yield target
            else:
                yield hole

    def _word(
        self, word: nodes.Word, ports: tuple[nodes.Port, ...], namespace: str, named: bool, span: Span
    ) -> Iterator[tuple[nodes.Target, tuple[nodes.Port, ...], Span]]:
        definition = self._definition(word.namespace, word.name, namespace)
        if definition is None:
            if named and not word.namespace:
                yield nodes.Host(word.name, word.span), ports, span
            else:
                self.found.append(self._unknown_set(word))
            return
        if not definition.is_hosts:
            self.found.append(_wrong_kind(word.name, "workloads", "hosts", word.span, definition))
            return
        if not definition.entries:
            self.found.append(
                finding(
                    codes.UNKNOWN_SET,
                    word.span,
                    f"set `{word.name}` is empty",
                    "grants nothing",
                    [Label(definition.span, "defined here")],
                    help="write its hosts, or remove it",
                )
            )
        path: dict[tuple[str, str], None] = {(definition.namespace, definition.name): None}
        seen = set(path)
        waiting = [(definition, iter(definition.entries))]
        while waiting:
            current, entries = waiting[-1]
            entry = next(entries, None)
            if entry is None:
                waiting.pop()
                path.pop((current.namespace, current.name), None)
                continue
            if entry.ports and ports:
                self.found.append(
                    finding(
                        codes.SYNTAX,
                        span,
                        f"`{word.name}` is used with a port, and its entries have their own",
                        "a port here",
                        [Label(entry.span, "and here")],
                        help=f"write `{word.name}` without a port",
                    )
                )
                return
            if not isinstance(entry.target, nodes.Word) or entry.target.name == INTERNET:
                yield entry.target, entry.ports or ports, span
                continue
            inner = self._definition(entry.target.namespace, entry.target.name, current.namespace)
            if inner is None:
                self.found.append(self._unknown_set(entry.target))
            elif not inner.is_hosts:
                self.found.append(_wrong_kind(inner.name, "workloads", "hosts", entry.target.span, inner))
            elif (inner.namespace, inner.name) in path:
                self.found.append(_cycle(inner, entry.target.span))
            elif (inner.namespace, inner.name) not in seen:
                seen.add((inner.namespace, inner.name))
                path[inner.namespace, inner.name] = None
                waiting.append((inner, iter(inner.entries)))

    def _unknown_set(self, word: nodes.Word) -> Finding:
        shown = f"{word.namespace}/{word.name}" if word.namespace else word.name
        near = nearest(word.name, [d.name for d in self.definitions.values() if d.is_hosts] + [INTERNET])
        service = next((r for r in self.profile.resources if r.kind == "Service" and r.name == word.name), None)
        if service is not None:
            return finding(
                codes.IN_MESH_DESTINATION,
                word.span,
                f"`{shown}` is a Service of the mesh",
                f"lives in namespace `{service.namespace}`",
                help="remove the rule: egress is about what leaves the mesh; `mesh` says what stays reachable in it",
            )
        help = (
            f"write `{near}`"
            if near
            else f"define it with `hosts {word.name} = …`, write the whole host name, or give its `address=`"
        )
        return finding(
            codes.UNKNOWN_SET, word.span, f"`{shown}` is no set", "neither a set nor a name with a dot", help=help
        )

    # Variables

    def substitute(self, text: str, span: Span) -> str | None:
        """A text with the profile's variables in it; None after telling which is not defined."""
        problems: list[Finding] = []

        def value(match: re.Match[str]) -> str:
            if match[0].startswith("$$"):
                return match[0][1:]
            name = match[1]
            found = self.profile.variables.get(name)
            if found is None:
                near = nearest(name, self.profile.variables)
                problems.append(
                    finding(
                        codes.BAD_VALUE,
                        span,
                        f"variable `{name}` is not defined",
                        "used here",
                        help=f"write `${{{near}}}`" if near else f"add `{name}` to `variables:` of the profile",
                    )
                )
            elif bad := re.search(r"[*:,\s]", found):
                problems.append(
                    finding(
                        codes.BAD_VALUE,
                        span,
                        f"variable `{name}` holds `{bad[0]}`",
                        f"`{found}` is not one host, address or value",
                        help="let a variable stand for one word",
                    )
                )
            return found or ""

        result = _VARIABLE.sub(value, text)
        self.found.extend(problems)
        return None if problems else result

    def target(self, target: nodes.Target) -> nodes.Target | None:
        """A target without variables; None after telling what is wrong."""
        if not isinstance(target, nodes.Template):
            return target
        text = self.substitute(target.text, target.span)
        if text is None:
            return None
        made = read_bracketed(text, target.span) if text.startswith("[") else read_target(text, target.span)
        if isinstance(made, nodes.Word | nodes.Anything | nodes.Template):
            made = finding(
                codes.BAD_HOST,
                target.span,
                f"`{text}` is not a host or address",
                f"what `{target.text}` stands for",
                help="let the variables leave one host or address",
            )
        if isinstance(made, Finding):
            self.found.append(made)
            return None
        return made


def _inventory(profile: ClusterProfile) -> dict[str, dict[str, KnownWorkload]]:
    return {
        namespace.name: {
            w.name: KnownWorkload(w.namespace, w.name, w.labels, w.selector) for w in namespace.workloads.values()
        }
        for namespace in (profile.namespaces or {}).values()
    }


def _definitions(file: nodes.File, default: str) -> Iterator[Definition]:
    namespace = ""
    for statement in file.statements:
        if isinstance(statement, nodes.NamespaceLine):
            namespace = statement.name
        elif isinstance(statement, nodes.WorkloadSet):
            yield Definition(namespace, statement.name, statement.members, (), False, statement.name_span)
        elif isinstance(statement, nodes.HostSet):
            yield Definition(namespace, statement.name, (), statement.entries, True, statement.name_span)


def _profile_sets(profile: ClusterProfile, found: list[Finding]) -> Iterator[Definition]:
    for name, members in profile.hosts.items():
        entries = [entry for member in members if (entry := _profile_entry(member, found)) is not None]
        span = members[0].span if members else profile.span
        yield Definition("", name, (), tuple(entries), True, span)


def _profile_entry(member: Member, found: list[Finding]) -> nodes.Entry | None:
    text, span = member.text.strip(), member.span
    if text.count(":") > 1 and not text.startswith("["):
        target: nodes.Target | Finding = read_network(text, span)
        ports: tuple[nodes.Port, ...] = ()
    else:
        match = _ENTRY.fullmatch(text)
        host = match["host"] if match else text
        target = read_bracketed(host, span) if host.startswith("[") else read_target(host, span)
        ports = ()
        if match and match["port"]:
            port = port_node(match["port"], match["protocol"] or "", span, span)
            if isinstance(port, Finding):
                found.append(port)
                return None
            ports = (port,)
    if isinstance(target, Finding):
        found.append(target)
        return None
    return nodes.Entry(target, ports, span)


def _carries(workload: KnownWorkload, wanted: tuple[tuple[str, str | None], ...]) -> bool:
    labels: Mapping[str, str] = dict(workload.labels)
    return all(key in labels and (value is None or labels[key] == value) for key, value in wanted)


def _wrong_kind(name: str, is_a: str, wanted: str, span: Span, definition: Definition) -> Finding:
    return finding(
        codes.UNKNOWN_SET,
        span,
        f"`{name}` is a set of {is_a}",
        f"a set of {wanted} is needed here",
        [Label(definition.span, "defined here")],
        help=f"use a set of {wanted}",
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
