"""EGR202 redundant: a rule, or a destination or source of one, that adds no flow: other rules grant all of it.

Whoever reads it believes that it is what grants the flow, and whoever removes it believes that the flow is gone. What
covers it must hold in the same clusters and as long; who owns a rule, and why it is there, makes no difference to flows.
Of two equal rules the one stays that says more, such as what the profile's `lint.require` asks for; one that alone says
that the server speaks first says more than its flows, and stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from egresslang import codes
from egresslang.findings import Edit, Finding, Fix, Label, finding
from egresslang.policy.parts import Glance, Part, parts_of, split
from egresslang.policy.policy import ANY, SERVER_FIRST, AllowLine, Policy, Subject
from egresslang.profile.profile import ClusterProfile
from egresslang.rules.braces import without
from egresslang.rules.contradicts_itself import contradictions
from egresslang.source import Span

if TYPE_CHECKING:
    from egresslang.policy.redundancy import Covered

CODE = codes.REDUNDANT


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """Each rule that adds no flow, else each of its destinations that adds none, else each of its sources."""
    if len(policy.grants) < 2:
        return
    parts = parts_of(policy)
    glance = Glance(parts)
    found = _covered(glance, glance.candidates(), policy, profile)
    gone = {covered.part.number for covered in found}
    left = [part for part in parts if part.number not in gone]
    has_shares = any(map(glance.may_split, left))
    if not found and not has_shares:
        return
    named = _named(policy)
    yield from _parts(found, parts, named, profile)
    if has_shares:
        yield from _shares(left, named, policy, profile)


def _parts(
    found: list[Covered], parts: list[Part], named: Counter[Subject], profile: ClusterProfile
) -> Iterator[Finding]:
    """Each rule that adds no flow, the last first, else each of its destinations that adds none."""
    total = Counter(id(part.line) for part in parts)
    by_line: dict[int, list[Covered]] = {}
    for covered in found:
        by_line.setdefault(id(covered.part.line), []).append(covered)
    for line, some in reversed(by_line.items()):
        if len(some) < total[line]:
            yield from map(_part, some)
            continue
        rule = some[0].part.line
        who = {g.subject for covered in some for g in covered.part.grants if g.subject.workload != ANY}
        is_named = all(named[subject] > 1 for subject in who)
        if is_named or profile.enforcement.level != "workloads":
            named.subtract(who)
            yield _rule(rule, some, is_named and _says_no_more(rule, some, profile.lint.require))


def _shares(left: list[Part], named: Counter[Subject], policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """Each source in the braces of a rule that adds no flow to the parts that are left, the last first."""
    parts, members = split(left)
    glance = Glance(parts)
    count = Counter(id(part.line) for part in parts)
    for covered in reversed(_covered(glance, members.keys() & glance.candidates(), policy, profile)):
        line = id(covered.part.line)
        who = {grant.subject for grant in covered.part.grants if grant.subject.workload != ANY}
        is_named = all(named[subject] > 1 for subject in who)
        if count[line] > 1 and (is_named or profile.enforcement.level != "workloads"):
            count[line] -= 1
            named.subtract(who)
            is_safe = is_named and _says_no_more(covered.part.line, [covered], profile.lint.require)
            yield _source(covered, members[covered.part.number], is_safe)


def _covered(glance: Glance, numbers: Collection[int], policy: Policy, profile: ClusterProfile) -> list[Covered]:
    """The redundant ones of some parts, by their numbers, of rules that contradict none."""
    if not numbers:
        return []  # most policies: nothing more is loaded for them
    from egresslang.policy.redundancy import redundant

    required = profile.lint.require
    found = redundant(glance, numbers, required)
    if found:
        contradicting = {id(grant.rule) for pair in contradictions(policy, profile) for grant in pair}
        judged = {number for number in numbers if id(glance.parts[number].line.rule) not in contradicting}
        found = redundant(glance, judged, required) if len(judged) < len(numbers) else found
    return [covered for covered in found if not _speaks_first(covered)]


def _speaks_first(covered: Covered) -> bool:
    """Whether a part alone says that the server speaks first: its flows are granted, and what it says of them is not."""
    return _waits([covered.part]) and any(not _waits([part]) for part in covered.by if part.grants[0].protocol)


def _is_across(some: list[Covered]) -> bool:
    """Whether parts are covered by some that say that the server speaks first, which they do not say themselves."""
    return any(_waits(covered.by) and not _waits([covered.part]) for covered in some)


def _waits(parts: Iterable[Part]) -> bool:
    return any(grant.spelled in SERVER_FIRST for part in parts for grant in part.grants)


def _named(policy: Policy) -> Counter[Subject]:
    """How many rules name a workload: under `enforcement: workloads` the first one locks it."""
    by_rule = {(id(grant.rule), grant.subject) for grant in policy.grants if grant.subject.workload != ANY}
    return Counter([*(subject for _, subject in by_rule), *policy.mesh])


def _says_no_more(line: AllowLine, some: list[Covered], required: Collection[str]) -> bool:
    """Whether each rule that covers another has the attributes of it that the profile requires."""
    said = _required(line, required)
    return all(said <= _required(part.line, required) for covered in some for part in covered.by)


def _required(line: AllowLine, required: Collection[str]) -> set[str]:
    return {attribute.key for attribute in line.statement.attributes if attribute.key in required}


def _rule(line: AllowLine, some: list[Covered], is_safe: bool) -> Finding:
    statement = line.statement
    flows = f"{statement.sources.span.text} -> {statement.destinations.span.text}"
    words = "the rule" if len(" ".join(flows.split())) > 120 else f"`{' '.join(flows.split())}`"
    return finding(
        CODE,
        Span(line.rule.span.source, line.rule.span.start, statement.destinations.span.end),
        f"{words} adds no flow" if words == "the rule" else f"{words} is granted already",
        "adds no flow",
        _covering(some),
        _notes(some),
        "remove the rule",
        None if _is_across(some) else Fix("remove the rule", (Edit(_lines(line.rule.span), ""),), is_safe),
    )


def _part(covered: Covered) -> Finding:
    destinations = covered.part.line.statement.destinations
    entries = [entry.span for entry in destinations.entries]
    fix = None
    if len(entries) > 1 and covered.part.span in entries and not destinations.holes:
        edits = without(entries, entries.index(covered.part.span), destinations.span)
        fix = Fix("remove it from the rule", edits, safe=True)
    return finding(
        CODE,
        covered.part.span,
        f"`{' '.join(covered.part.span.text.split())}` is granted already",
        "adds no flow",
        _covering([covered]),
        _notes([covered]),
        "remove it from the rule",
        fix,
    )


def _source(covered: Covered, number: int, is_safe: bool) -> Finding:
    sources = covered.part.line.statement.sources
    members = [member.span for member in sources.members]
    return finding(
        CODE,
        members[number],
        f"what the rule grants to `{members[number].text}` is granted already",
        "adds no flow",
        _covering([covered]),
        _notes([covered]),
        "remove it from the rule",
        Fix("remove it from the rule", without(members, number, sources.span), is_safe),
    )


def _covering(some: list[Covered]) -> list[Label]:
    by = {part.number: part for covered in some for part in covered.by}
    words = "grants it" if len(by) == 1 else "grants part of it"
    return [
        Label(part.span, f"{words} to `{part.grants[0].subject}`" if _is_one(part.grants) else words)
        for _, part in sorted(by.items())
    ]


def _is_one(grants: tuple[object, ...]) -> bool:
    return len({getattr(grant, "subject", None) for grant in grants}) == 1


def _notes(some: list[Covered]) -> list[str]:
    if any(covered.more for covered in some):
        return ["these and other rules together grant all of it"]
    several = len({part.number for covered in some for part in covered.by}) > 1
    return ["together they grant all of it"] if several else []


def _lines(span: Span) -> Span:
    """A statement with the rest of its last line."""
    text, end = span.source.text, span.end
    stop = text.find("\n", end)
    stop = len(text) if stop < 0 else stop + 1
    rest = text[end:stop].strip()
    return Span(span.source, span.start, stop if not rest or rest.startswith("#") else end)
