"""Trial: which of the rules to propose compile beside the policy, and grant what was seen and nothing else.

Whatever is wrong with one is no reason against another: only those are refused that a finding is about, or, where
nothing says which, those that halving finds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence

from egresslang.findings import Finding, errors
from egresslang.mesh.addresses import parse_address
from egresslang.policy.policy import PROTOCOL_CLASS, Addresses, Grant, Subject
from egresslang.record import record
from egresslang.source import Source, Span
from egresslang.syntax import nodes
from egresslang.syntax.format import show_file
from egresslang.syntax.parse import parse
from egresslang.traffic.audit import Traffic

PROPOSED = "(proposed)"
"""What the proposal is called where something is wrong with it: no path of a policy file."""

MOST = 64
"""Compilations of one trial: what nobody could tell apart until then is refused."""


@record
class Rule:
    """A rule to propose, without attributes, and what was seen of it; `where` is a name, a wildcard or an address."""

    namespace: str
    workload: str
    where: str
    port: int
    protocol: str
    evidence: tuple[Traffic, ...]

    @property
    def text(self) -> str:
        """The rule as the language writes it, below its namespace."""
        return f"allow {self.workload} -> {self.where}:{self.port} {self.protocol}"


Refused = list[tuple[Rule, str]]
"""Rules, each with what is wrong with it."""

Check = Callable[[Source], tuple[Iterable[Finding], Iterable[Grant]]]
"""What is wrong with a proposal beside the policy that stands, and what both grant."""

Write = Callable[[Sequence[Rule]], str]
"""The text of a proposal of some rules."""


def formatted(text: str) -> str:
    """A proposal as `egressc fmt` writes it."""
    return show_file(parse(Source(PROPOSED, text))[0])


def stand(rules: Iterable[Rule], write: Write, check: Check) -> tuple[list[Rule], Refused]:
    """The rules that can be proposed together, in their order, and the others."""
    read: list[Rule] = []
    refused: Refused = []
    for rule in rules:
        why = _unreadable(rule, write)
        if why:
            refused.append((rule, why))
        else:
            read.append(rule)
    kept, others = _Trial(write, check).fit([], read)
    return kept, refused + others


def _unreadable(rule: Rule, write: Write) -> str:
    """Why a rule alone is not one statement; empty where it is: what does not parse is in no file."""
    file, problems = parse(Source(PROPOSED, write([rule])))
    if errors(problems):
        return _told(errors(problems)[0])
    is_one = [type(each) for each in file.statements] == [nodes.NamespaceLine, nodes.Allow]
    return "" if is_one else "no rule can say it"


def _told(problem: Finding) -> str:
    return f"{problem.code.id} {problem.message}"


class _Trial:
    def __init__(self, write: Write, check: Check) -> None:
        self.write, self.check = write, check
        self.left = MOST

    def fit(self, kept: list[Rule], some: Sequence[Rule]) -> tuple[list[Rule], Refused]:
        """Rules that go together, and as many more as go with them; and the others of those."""
        refused: Refused = []
        while some:
            blamed, untold = self._wrong([*kept, *some])
            if not blamed and not untold:
                return [*kept, *some], refused
            if not self.left:
                return kept, [*refused, *((rule, untold or "it does not compile beside the others") for rule in some)]
            before = {id(rule) for rule in kept}
            mine = {id(rule): (rule, why) for rule, why in blamed if id(rule) not in before}
            if not mine and len(some) > 1:
                middle = len(some) // 2
                kept, first = self.fit(kept, some[:middle])
                kept, second = self.fit(kept, some[middle:])
                return kept, [*refused, *first, *second]
            mine = mine or {id(some[0]): (some[0], untold or blamed[0][1])}
            refused += mine.values()
            some = [rule for rule in some if id(rule) not in mine]
        return kept, refused

    def _wrong(self, rules: Sequence[Rule]) -> tuple[Refused, str]:
        """The rules that something is wrong with; or what is, where nothing says with which."""
        self.left -= 1
        source = Source(PROPOSED, formatted(self.write(rules)))
        places = _Places(parse(source)[0])
        found, grants = self.check(source)
        problems = errors(found)
        if not problems:
            return _widened(rules, places, grants), ""
        taken: dict[int, str] = {}
        for problem in problems:
            for at in _blamed(problem, places):
                taken.setdefault(at, _told(problem))
        return [(rules[at], why) for at, why in sorted(taken.items())], "" if taken else _told(problems[0])


class _Places:
    """Where the rules of a proposal stand in its text: a `namespace` has all that follow."""

    def __init__(self, file: nodes.File) -> None:
        self.starts: list[int] = []
        self.spans: list[Span] = []
        self.rules: list[list[int]] = []
        below: list[int] = []
        number = 0
        for statement in file.statements:
            if isinstance(statement, nodes.NamespaceLine):
                below = of = []
            else:
                of = [number]
                below.append(number)
                number += 1
            self.starts.append(statement.span.start)
            self.spans.append(statement.span)
            self.rules.append(of)

    def at(self, span: Span) -> list[int]:
        """The positions of the rules that a span is about."""
        found = bisect_right(self.starts, span.start) - 1
        is_there = span.source.name == PROPOSED and found >= 0 and span.start < self.spans[found].end
        return self.rules[found] if is_there else []


def _blamed(problem: Finding, places: _Places) -> Iterator[int]:
    """The rules that an error is about: where it is told, else those that it names beside what stands."""
    if problem.span.source.name == PROPOSED:
        yield from places.at(problem.span)
        return
    for label in problem.related:
        yield from places.at(label.span)


def _widened(rules: Sequence[Rule], places: _Places, grants: Iterable[Grant]) -> Refused:
    """The rules that grant anything but what they were made of: a workload's name may be that of a set."""
    held: list[list[Grant]] = [[] for _ in rules]
    for grant in grants:
        for at in places.at(grant.rule.span):
            held[at].append(grant)
    return [
        (rule, "it would grant nothing here" if not some else "it would grant something else here")
        for rule, some in zip(rules, held, strict=True)
        if not (len(some) == 1 and _is_just(rule, some[0]))
    ]


def _is_just(rule: Rule, grant: Grant) -> bool:
    """Whether a grant is what was seen: one workload, one destination, one port."""
    protocol = PROTOCOL_CLASS.get(rule.protocol, rule.protocol)
    who = Subject(rule.namespace, rule.workload)
    return (grant.subject, grant.port, grant.protocol) == (who, rule.port, protocol) and _is_there(rule, grant)


def _is_there(rule: Rule, grant: Grant) -> bool:
    where = grant.destination
    if not isinstance(where, Addresses):
        return str(where) == rule.where
    address = parse_address(rule.where.removeprefix("[").removesuffix("]"))
    return address is not None and (where.version, where.ranges) == (address[0], ((address[1], address[1]),))
