"""Written: a rule in its own words, on one line, with the place it stands at."""

from __future__ import annotations

from functools import lru_cache

from egresslang.policy.policy import Rule
from egresslang.source import Source, Span

STATEMENTS = frozenset({"allow", "deny", "expect", "mesh"})
"""The kinds of rules that are statements of a policy; any other is a resource of manifests, by its name."""

IN_NO_FILE = Span(Source("", ""), 0, 0)
"""Where what is in no file stands, such as Istio's defaults."""


def words(rule: Rule) -> str:
    """A statement as it is written; one of several lines in its canonical form on one. A resource by what it is called."""
    if rule.kind not in STATEMENTS:
        return rule.kind
    span = rule.span
    return _one_line(span.source.name, span.start, span.text)


def place(rule: Rule) -> str:
    """File and line of a rule; empty for what is in no file."""
    name, line, _ = rule.span.place
    return f"{name}:{line}" if name else ""


@lru_cache(maxsize=65536)
def _one_line(name: str, start: int, text: str) -> str:
    if "\n" not in text:
        return text
    from egresslang.source import Source
    from egresslang.syntax.parse import parse
    from egresslang.syntax.print import show_statement

    file, _ = parse(Source(name, text))
    return show_statement(file.statements[0]) if file.statements else " ".join(text.split())
