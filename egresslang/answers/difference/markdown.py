"""Changes as Markdown for a pull request: a table for each kind, the rules folded away, never longer than a comment may be.

Whatever a policy says is data here: it is written as code, so that no host, owner or reason can draw a link, a mention
or a picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from egresslang.answers.difference.comparison import OPENED, Compared
from egresslang.answers.difference.difference import CHANGED, GAINED, KINDS, LOST
from egresslang.answers.difference.lines import Line, terms_changed, terms_said, where_said, who_of
from egresslang.answers.difference.text import clusters_said, opening_said, rules_said
from egresslang.report.display import shown

LONGEST = 65_536
"""Characters that a comment of GitHub may have."""

MARK = "<!-- egressc diff -->"
"""The first line, by which a bot finds the comment that it wrote before."""

MOST = 6
"""Workloads and destinations that are told by name in one cell."""

LONGEST_CELL = 600
"""Characters of a cell; what is cut is in the JSON."""

_KEPT = 200  # characters for the last lines, which say how much was left out
_SPECIAL = re.compile(r"[`|\\]")  # what ends code or a cell, or keeps the next character from doing so
_MARKUP = re.compile(r"[^\w ,;=]", re.ASCII)
_TITLES = {GAINED: "Gained", LOST: "Lost", CHANGED: "Changed"}


def show(compared: Compared) -> str:
    """All changes that fit, those that widen first, and how many more there are."""
    if not compared.is_changed:
        return f"{MARK}\n### Egress: no access changed\n"
    parts = [f"{MARK}\n### Egress: {compared.summary}\n\nFrom {code(compared.base)} to {code(compared.head)}.\n"]
    room = LONGEST - _KEPT - len(parts[0])
    left = 0
    for block in _blocks(compared):
        for text, is_line in block:
            if left or len(text) > room:
                left += is_line
                continue
            parts.append(text)
            room -= len(text)
    if left:
        parts.append(f"\n… and {left} more; `egressc diff --format json` has all of them.\n")
    return "".join(parts)


def refused(side: str, errors: int) -> str:
    """That a side cannot be compared, and with how many errors."""
    count = f"{errors} {'error' if errors == 1 else 'errors'}"
    return f"{MARK}\n### Egress: not compared\n\n{code(side)} has {count}; the log of this run has them.\n"


def _blocks(compared: Compared) -> Iterator[Iterable[tuple[str, bool]]]:
    """The openings, and each kind's table and rules; with each piece whether it is a change of its own."""
    if compared.openings:
        yield [
            (f"\n- {'⚠️ ' if each.kind == OPENED else ''}{code(opening_said(each) + clusters_said(compared, each.clusters))}\n", True)
            for each in compared.openings
        ]  # fmt: skip
    by_kind: dict[str, list[Line]] = {kind: [] for kind in KINDS}
    for line in compared.lines:
        by_kind[line.kind].append(line)
    for kind, lines in by_kind.items():
        if lines:
            yield _kind(kind, lines, compared)


def _kind(kind: str, lines: list[Line], compared: Compared) -> Iterator[tuple[str, bool]]:
    yield f"\n#### {_TITLES[kind]}\n\n| who | where | terms | by |\n|---|---|---|---|\n", False
    for line in lines:
        yield _row(line, compared), True


def _row(line: Line, compared: Compared) -> str:
    who = code(who_of(line, MOST) + clusters_said(compared, line.clusters))
    where = code(where_said(line, MOST)) + (f"<br>{code(line.remark)}" if line.remark else "")
    if line.old is not None and line.new is not None:
        terms = "<br>".join(map(code, terms_changed(line.old, line.new)))
    else:
        terms = code(terms_said(line.new or line.old))
    rules = "<br>".join(" ".join(filter(None, [word, code(text), code(at)])) for word, text, at in rules_said(line))
    count = len(line.before) + len(line.after)
    by = f"<details><summary>{count} {'rule' if count == 1 else 'rules'}</summary>{rules}</details>"
    return f"| {who} | {where} | {terms} | {by} |\n"


def code(text: str) -> str:
    """A text as code on one line, in a cell of a table too; what Markdown would read in it is written as HTML does it."""
    cut = shown(text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…").strip()
    if not cut or not _SPECIAL.search(cut):
        return f"`{cut}`" if cut else ""
    return f"<code>{_MARKUP.sub(lambda found: f'&#{ord(found[0])};', cut)}</code>"
