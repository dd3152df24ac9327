"""Binding: what the words of a rule stand for: workloads, namespaces, labels, sets, variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from egresslang import codes
from egresslang.findings import Edit, Finding, Fix, Label, finding
from egresslang.policy.definitions import INTERNET, Definitions, wrong_kind
from egresslang.policy.inventory import Inventory, KnownWorkload
from egresslang.policy.policy import ANY, Subject
from egresslang.profile.profile import ClusterProfile, Resource
from egresslang.source import Span
from egresslang.suggest import Vocabulary, nearest
from egresslang.syntax import nodes
from egresslang.syntax.words import read_bracketed, read_target

_VARIABLE = re.compile(r"\$?\$\{([^}\s]{0,253})\}")


class Binding:
    """Every name that a policy may use, with the profile's; what is wrong with a use goes to `found`."""

    def __init__(self, files: Iterable[nodes.File], profile: ClusterProfile, found: list[Finding]) -> None:
        self.profile = profile
        self.found = found
        self.inventory = _inventory(profile)
        self._subjects: dict[tuple[str, str, str], tuple[Subject, ...]] = {}
        self._unknown_namespaces: set[str] = set()
        self._vocabularies: dict[str, Vocabulary] = {}
        if profile.namespaces is None:
            for namespace, name, span in profile.observed:
                self._workload(namespace, name, span)
        self.definitions = Definitions(files, profile, self.inventory, found)

    # Sources

    def subjects(self, members: Sequence[nodes.Member], namespace: str) -> list[Subject]:
        """Who the members are, once each, for a statement in a namespace."""
        if len(members) == 1:
            return list(self._member(members[0], namespace))
        found: dict[Subject, None] = {}
        for member in members:
            found.update(dict.fromkeys(self._member(member, namespace)))
        return list(found)

    def _member(self, member: nodes.Member, namespace: str) -> Iterable[Subject]:
        """Who a member is, once each."""
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
        definition = self.definitions.find(member.namespace, member.name, namespace)
        if definition is None:
            subject = self._workload(member.namespace or namespace, member.name, member.span)
            return (subject,) if subject else ()
        if definition.is_hosts:
            self.found.append(wrong_kind(definition, member.span))
            return ()
        found: dict[Subject, None] = {}
        for held in self.definitions.held(definition):
            assert not isinstance(held.item, nodes.Entry)
            found.update(dict.fromkeys(self._member(held.item, held.binds_in)))
        return found

    def _workload(self, namespace: str, name: str, span: Span) -> Subject | None:
        if self.profile.namespaces is None:
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
            if self.inventory.find(namespace, name) is None:
                labels = (("app", name),)
                self.inventory.add(KnownWorkload(namespace, name, labels, labels))
            return Subject(namespace, name)
        if not self.knows_namespace(namespace, span):
            return None
        if self.inventory.find(namespace, name) is not None:
            return Subject(namespace, name)
        self.definitions.unresolved(is_hosts=False)
        elsewhere = self._homes.get(name, ())
        near = self._nearest_workload(name, namespace)
        sets = self.definitions.nearest(name, is_hosts=False)
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
                guess(span.text, f"{elsewhere[0]}/{name}", span) if elsewhere else guess(name, near or sets, span),
            )
        )
        return None

    @cached_property
    def _homes(self) -> dict[str, list[str]]:
        """The namespaces of the profile that have a workload of a name, sorted."""
        found: dict[str, list[str]] = {}
        for namespace in sorted(self.inventory.namespaces):
            for name in self.inventory.namespaces[namespace]:
                found.setdefault(name, []).append(namespace)
        return found

    @cached_property
    def _namespaces(self) -> Vocabulary:
        return Vocabulary(self.inventory.namespaces)

    @cached_property
    def _services(self) -> dict[str, Resource]:
        """The Services of the profile by name, the first of each."""
        return {each.name: each for each in reversed(self.profile.resources) if each.kind == "Service"}

    def _nearest_workload(self, name: str, namespace: str) -> str:
        known = self._vocabularies.get(namespace)
        if known is None:
            known = self._vocabularies[namespace] = Vocabulary(self.inventory.namespaces[namespace])
        return known.nearest(name)

    def knows_namespace(self, namespace: str, span: Span) -> bool:
        """Whether a namespace may be named; tells when the profile's inventory lacks it."""
        if self.profile.namespaces is None or namespace in self.inventory.namespaces:
            return True
        if namespace in self._unknown_namespaces:
            return False
        near = self._namespaces.nearest(namespace)
        self.found.append(
            finding(
                codes.UNKNOWN_NAMESPACE,
                span,
                f"namespace `{namespace}` is not in the profile",
                "unknown namespace",
                help=f"write `{near}`" if near else "add it to `namespaces:` of the profile",
                fix=guess(namespace, near, span),
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
                    help=f"name the workloads, as in `{_named(member)}`, or give a profile with `-p`"
                    if _is_names(member)
                    else "give a profile with `-p`, or name the workloads",
                )
            )
            return []
        if scope != ANY and not self.knows_namespace(scope, member.span):
            return []
        namespaces = sorted(self.inventory.namespaces) if scope == ANY else [scope]
        matching = [
            Subject(workload.namespace, workload.name)
            for each in namespaces
            for workload in self.inventory.carrying(each, member.labels)
        ]
        if not matching:
            where = "of the profile" if scope == ANY else f"of namespace `{scope}`"
            named = ""
            if _is_names(member) and all(self.inventory.find(scope, key) for key, _ in member.labels):
                named = _named(member)
            self.found.append(
                finding(
                    codes.UNKNOWN_WORKLOAD,
                    member.span,
                    f"no workload {where} has these labels",
                    "matches nothing",
                    notes=["brackets hold labels of pods"] if named else (),
                    help=f"write `{named}` for the workloads" if named else "check the labels against the profile",
                    fix=Fix(f"write `{named}`", (Edit(member.span, named),)) if named else None,
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
            span = entry.span if entry.ports or len(destinations.entries) > 1 else destinations.span
            if not isinstance(entry.target, nodes.Word) or entry.target.name == INTERNET:
                yield entry.target, ports, span
            else:
                yield from self._word(entry.target, ports, namespace, named, span)

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
        definition = self.definitions.find(word.namespace, word.name, namespace)
        if definition is None:
            if named and not word.namespace:
                yield nodes.Host(word.name, word.span), ports, span
            else:
                self.found.append(self._unknown_set(word))
            return
        if not definition.is_hosts:
            self.found.append(wrong_kind(definition, word.span))
            return
        if not definition.items:
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
        for held in self.definitions.held(definition, ports):
            assert isinstance(held.item, nodes.Entry)
            target = held.item.target
            if isinstance(target, nodes.Word) and target.name != INTERNET:
                self.found.append(self._unknown_set(target))
            else:
                yield target, held.ports, span

    def _unknown_set(self, word: nodes.Word) -> Finding:
        self.definitions.unresolved(is_hosts=True)
        shown = f"{word.namespace}/{word.name}" if word.namespace else word.name
        near = self.definitions.nearest(word.name, is_hosts=True)
        service = self._services.get(word.name)
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
            codes.UNKNOWN_SET,
            word.span,
            f"`{shown}` is no set",
            "neither a set nor a name with a dot",
            help=help,
            fix=guess(word.name, near, word.span),
        )

    # Variables

    def substitute(self, text: str, span: Span, is_address: bool = False) -> str | None:
        """A text with the profile's variables in it; None after telling which is not defined.

        A variable stands for one word; where that is an address, it may hold the colons of IPv6.
        """
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
            elif bad := re.search(r"[*,\s]" if is_address else r"[*:,\s]", found):
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
        is_bracketed = target.text.startswith("[")
        text = self.substitute(target.text, target.span, is_bracketed)
        if text is None:
            return None
        made = read_bracketed(text, target.span) if is_bracketed else read_target(text, target.span)
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


def _is_names(member: nodes.Labelled) -> bool:
    """Whether brackets hold keys alone, which may be names of workloads."""
    return all(value is None for _, value in member.labels)


def _named(member: nodes.Labelled) -> str:
    """What stands in brackets as names of workloads, in its order."""
    names = [f"{member.namespace}/{name}" if member.namespace else name for name in _in_brackets(member)]
    return names[0] if len(names) == 1 else f"{{{', '.join(names)}}}"


def _in_brackets(member: nodes.Labelled) -> list[str]:
    return [name.strip() for name in member.span.text.partition("[")[2].rstrip("]").split(",")]


def guess(word: str, near: str, span: Span) -> Fix | None:
    """The change of a name to one that is known, if any: for people to choose, for it may be another's flow."""
    at = span.text.rfind(word) if near else -1
    if at < 0:
        return None
    there = Span(span.source, span.start + at, span.start + at + len(word))
    return Fix(f"write `{near}`", (Edit(there, near),))


def _inventory(profile: ClusterProfile) -> Inventory:
    return Inventory(
        {
            namespace.name: {
                w.name: KnownWorkload(w.namespace, w.name, w.labels, w.selector) for w in namespace.workloads.values()
            }
            for namespace in (profile.namespaces or {}).values()
        }
    )
