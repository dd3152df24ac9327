"""An audit as tables of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from egresslang.answers.dialling import literal
from egresslang.answers.written import place, words
from egresslang.record import record
from egresslang.report.color import Paint
from egresslang.report.display import columns, shown
from egresslang.traffic.audit import OUT_OF_REGION, OUTSIDE, UNKNOWN, UNUSED, USED, Audit, Traffic, Use
from egresslang.traffic.flow import ALLOWED, BLOCKED, LOST, PASSED, REQUESTS, Flow
from egresslang.traffic.ready import ENFORCED, NOT_KNOWN, NOT_READY, READY, Readiness
from egresslang.traffic.window import Moment, show_duration, show_moment, show_time

_LONGEST = 120
"""The longest cell: a Host header may have kilobytes."""

_SHOWN_UNOBSERVED = 5

_NONE = "-"
_WORDS = {READY: "ready", NOT_READY: "not ready", NOT_KNOWN: "not known", ENFORCED: "enforced"}


@record
class _Table:
    title: str
    style: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def show(made: Audit, paint: Paint, quiet: bool) -> str:
    """The tables of an audit that have rows; without those of what is in order where `quiet`."""
    tables = [each for each in _tables(made) if each.rows and not (quiet and each.title == USED)]
    if quiet and not tables and not made.observed.remarks:
        return ""
    return "\n".join([_heading(made, paint), *(_shown(each, paint) for each in tables), *_ending(made, paint)])


def show_ready(made: Audit, found: Sequence[Readiness], following: str, paint: Paint, quiet: bool) -> str:
    """A line for each namespace, below it what would be blocked, and what `enforcement` may become (`following`)."""
    if quiet and all(each.state in (READY, ENFORCED) for each in found) and not made.observed.remarks:
        return ""
    lines = [_heading(made, paint)]
    for each in found:
        style = "strong" if each.state in (READY, ENFORCED) else "error" if each.state == NOT_READY else "warning"
        later = f"; ready on {show_time(each.on)} if nothing more comes" if each.on is not None else ""
        lines.append(f"{paint(style, _WORDS[each.state])}: {shown(each.namespace)}: {each.why}{later}\n")
        lines += [
            f"    {' '.join(filter(None, row[:4]))}, last seen {row[5]}, {row[4]}\n"
            for row in map(_against, each.against)
        ]
    if not found:
        lines.append("no namespace was seen, and none is known\n")
    if following:
        lines.append(f"next: `enforcement: {shown(following)}` in the profile\n")
    return "".join(lines) + "".join(_ending(made, paint))


def _against(each: Traffic) -> tuple[str, ...]:
    flow = each.flow
    return shown(flow.who), "->", destination(flow), "", _count(each), show_moment(each.seen.last)


def _heading(made: Audit, paint: Paint) -> str:
    observed = made.observed
    known = "nothing was observed" if observed.since is None else f"known since {show_time(observed.since)}"
    length = show_duration((observed.end - observed.start) // 60 * 60)
    text = f"{shown(made.cluster)}: {show_time(observed.start)} to {show_time(observed.end)} UTC, {length}; {known}"
    if not observed.end:  # a log without a line is of no time
        text = f"{shown(made.cluster)}: {known}"
    return f"{paint('strong', text)}\n"


def _tables(made: Audit) -> Iterator[_Table]:
    yield _Table(
        USED, "strong", ("requests", "connections", "last seen", "workloads", "rule"),
        tuple(
            (_number(use.requests), _number(use.connections), _last(use.last), _some(use.workloads), _rule(use))
            for use in made.uses if use.state == USED
        ),
    )  # fmt: skip
    yield _Table(
        UNUSED, "warning", ("known since", "rule"),
        tuple((_NONE if use.since is None else show_time(use.since), _rule(use)) for use in made.uses if use.state == UNUSED),
    )  # fmt: skip
    for title, kind, style in (
        ("attempted and blocked", BLOCKED, "error"),
        ("passed through", PASSED, "warning"),
        ("led nowhere", LOST, "error"),
        ("allowed outside of the policy", OUTSIDE, "warning"),
        ("out of region", OUT_OF_REGION, "error"),
    ):
        rows = tuple(_row(each, kind) for each in made.of(kind) if not each.flow.is_nameless)
        yield _Table(title, style, ("seen", "last seen", "workload", "destination", "policy"), rows)
    yield _Table(
        "cannot be known", "warning", ("seen", "last seen", "what"),
        (
            *(_nameless(each) for each in made.traffic if each.flow.is_nameless),
            *((_NONE, _NONE, f"{_rule(use)}: {use.why}") for use in made.uses if use.state == UNKNOWN),
        ),
    )  # fmt: skip


def _row(each: Traffic, kind: str) -> tuple[str, ...]:
    to = destination(each.flow)
    if kind == OUT_OF_REGION:
        to += f" in {shown(each.region)}"
    return _count(each), show_moment(each.seen.last), _cut(each.flow.who), to, _policy(each)


def _policy(each: Traffic) -> str:
    if each.expired:
        rule = each.expired[0].rule
        return f"granted by {place(rule)}, which expired on {rule.expires}"
    if not each.grants:
        return "no rule grants it"
    said = f"{place(each.grants[0].rule)} grants it"
    return f"{said}: is it applied?" if each.flow.verdict in (BLOCKED, LOST) else said


def _nameless(each: Traffic) -> tuple[str, ...]:
    verdict = (
        "were blocked"
        if each.flow.verdict == BLOCKED
        else "passed through"
        if each.flow.verdict == PASSED
        else "were allowed"
        if each.flow.verdict == ALLOWED
        else "led nowhere"
    )
    what = f"{each.flow.kind} of {_cut(each.flow.who)} that {verdict}: metrics do not say where to, its access log does"
    return _count(each), show_moment(each.seen.last), what


def destination(flow: Flow) -> str:
    """Where a flow goes, as far as it is known: host or address, port, protocol, and what it is worth."""
    said = "" if flow.is_registered else " (as the client says)" if flow.host else ""
    protocol = f" {flow.protocol}" if flow.protocol else ""
    return f"{where(flow)}{protocol}{said}"


def where(flow: Flow) -> str:
    """Host or address and port on one line, escaped and of a bounded length: a host may be text that anybody chose."""
    port = f":{flow.port}" if flow.port else ""
    known = flow.host or ("" if flow.address is None else literal(flow.address))
    return f"{_cut(known or 'unknown')}{port}"


def _count(each: Traffic) -> str:
    unit = "request" if each.flow.kind == REQUESTS else "connection"
    number = _number(each.seen.count)
    return f"{number} {unit}{'' if number == '1' else 's'}"


def _number(count: float) -> str:
    return str(max(1, round(count))) if count else _NONE


def _last(moment: Moment | None) -> str:
    return _NONE if moment is None else show_moment(moment)


def _some(names: Sequence[str]) -> str:
    return _cut(", ".join(names)) if len(names) < 4 else f"{len(names)} workloads"


def _rule(use: Use) -> str:
    return f"{shown(place(use.line.rule))}  {_cut(words(use.line.rule))}"


def _cut(text: str) -> str:
    text = shown(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _shown(table: _Table, paint: Paint) -> str:
    widths = [max(columns(row[at]) for row in (table.head, *table.rows)) for at in range(len(table.head))]

    def line(row: Iterable[str]) -> str:
        cells = [cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True)]
        return "  " + "  ".join(cells).rstrip()

    lines = [paint(table.style, f"{table.title}: {len(table.rows)}"), paint("gutter", line(table.head))]
    return "\n".join([*lines, *map(line, table.rows), ""])


def _ending(made: Audit, paint: Paint) -> list[str]:
    remarks = "".join(f"{paint('warning', 'incomplete')}: {_cut(each)}\n" for each in made.observed.remarks)
    names = [f"{namespace}/{workload}" for namespace, workload in made.knowledge.unobserved()]
    more = f" and {len(names) - _SHOWN_UNOBSERVED} more" if len(names) > _SHOWN_UNOBSERVED else ""
    unobserved = f"not observed: {_cut(', '.join(names[:_SHOWN_UNOBSERVED]))}{more}\n" if names else ""
    return [each for each in (remarks, unobserved) if each]
