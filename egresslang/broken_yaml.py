"""Why a text is not YAML, in words for its author.

PyYAML speaks of tokens and indicators, libyaml and the pure reader each in their own words. What they say is matched
here to what the author did, and the place is moved to where it was done.
"""

from __future__ import annotations

import re

import yaml

from egresslang.findings import Code, Finding, Label, finding
from egresslang.record import record
from egresslang.source import Span

_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COLUMN = "start all keys of one mapping in one column, and put a value that holds `: ` or a quote in quotes"


@record
class _Mistake:
    """What libyaml or the pure reader says (`said`), in the author's words; `{}` is the underlined text.

    `at` is where it was done: the `problem`, or the `context` in which the reader came upon it; `opens` says at the
    context what began there.
    """

    said: tuple[str, ...]
    message: str
    label: str
    help: str
    at: str = "problem"
    opens: str = ""


_TAB = _Mistake((), "a tab stands where YAML wants spaces", "a tab", "indent with spaces")
_CONTROL = _Mistake((), "a control character stands in the text", "U+{}", "remove it")
_ELSE = _Mistake((), "this is not YAML", "cannot be read from here on", "correct the line, or put the value in quotes")

_MISTAKES = (
    _Mistake(("a tab character",), _TAB.message, _TAB.label, _TAB.help),
    _Mistake(("cannot start any token",), "`{}` cannot start a value", "this character means something else in YAML", "put the value in quotes"),
    _Mistake(("undefined alias", "while scanning an alias"), "`{}` reads as an alias", "`*` starts an alias of YAML",
             'put it in quotes: `"{}"`', at="context"),
    _Mistake(("duplicate anchor", "while scanning an anchor"), "`{}` reads as an anchor", "`&` starts an anchor of YAML",
             'put it in quotes: `"{}"`', at="context"),
    _Mistake(("undefined tag handle", "while scanning a tag", "while parsing a tag"), "`{}` reads as a tag", "`!` starts a tag of YAML",
             'put it in quotes: `"{}"`', at="context"),
    _Mistake(("mapping values are not allowed",), "a key stands where none can", "this `:` makes a key of what is before it", _COLUMN),
    _Mistake(("could not find expected ':'",), "`{}` is no `key: value`", "a `:` is missing", "write `key: value`", at="context"),
    _Mistake(("sequence entries are not allowed",), "a list cannot start here", "this `-` starts a list",
             "start a list on a line of its own, below its key"),
    _Mistake(("escape character", "escape code", "escape sequence", "hexdecimal number"), "an escape that YAML does not know", "in this text",
             "put the text in single quotes", at="context"),
    _Mistake(("while scanning a quoted scalar", "while scanning a double-quoted scalar"), "a quote is never closed", "opens here",
             "close it", at="context"),
    _Mistake(("',' or ']'",), "a list is not closed", "`,` or `]` is missing before this", "close the list with `]`", opens="it starts here"),
    _Mistake(("',' or '}'",), "a mapping is not closed", "`,` or `}}` is missing before this", "close the mapping with `}}`",
             opens="it starts here"),
    _Mistake(("node content",), "a value is missing", "a value is expected here", "write the value, or remove its key"),
    _Mistake(("while parsing a block mapping",), "`{}` does not belong to the mapping above it", "neither a further key nor part of the value",
             _COLUMN, opens="the mapping starts here"),
    _Mistake(("while parsing a block collection",), "`{}` does not belong to the list above it", "the next `-` is expected here",
             "start every entry with `-` in one column", opens="the list starts here"),
    _Mistake(("<document start>",), "`{}` stands after the end of the document", "the document has ended", "remove it, or start a document with `---`"),
    _Mistake(("while scanning a block scalar",), "a block of text starts on the next line", "only `|` or `>` stands here",
             "move the text to the next line, indented"),
    _Mistake(("incompatible YAML document",), "this version of YAML is not read", "YAML 1.1 is read", "remove the directive"),
)  # fmt: skip


def explain(error: Exception, stretch: Span, code: Code) -> tuple[Finding, int]:
    """A finding of what PyYAML complained of while it read a stretch of a source, and the offset where it stopped."""
    source, base = stretch.source, stretch.start
    if not isinstance(error, yaml.MarkedYAMLError):
        unreadable = _UNREADABLE.search(source.text, base)
        start = unreadable.start() if unreadable else base
        found = finding(code, Span(source, start, start + 1), _CONTROL.message,
                        _CONTROL.label.format(f"{ord(source.text[start]):04X}"), help=_CONTROL.help)  # fmt: skip
        return found, start
    problem = base + error.problem_mark.index if error.problem_mark else base
    context = base + error.context_mark.index if error.context_mark else problem
    mistake = _mistake(f"{error.context} {error.problem}", source.text[problem : problem + 1])
    span = _word(stretch, context if mistake.at == "context" else problem)
    related = [Label(_word(stretch, context), mistake.opens)] if mistake.opens and context < span.start else ()
    message, label, help = (text.format(span.text) for text in (mistake.message, mistake.label, mistake.help))
    return finding(code, span, message, label, related, help=help), problem


def _mistake(said: str, character: str) -> _Mistake:
    if character == "\t" and "cannot start any token" in said:
        return _TAB
    return next((mistake for mistake in _MISTAKES if any(words in said for words in mistake.said)), _ELSE)


def _word(stretch: Span, offset: int) -> Span:
    """The word, bracket or tab at an offset; where none stands there, what is last before it."""
    text = stretch.source.text
    word = re.compile(r"[\t\[{]|[^\s,\]}]+|\S").match(text, offset, stretch.end)
    if word:
        return Span(stretch.source, word.start(), word.end())
    end = len(text[stretch.start : offset].rstrip()) + stretch.start
    return Span(stretch.source, max(end - 1, stretch.start), max(end, stretch.start + 1))
