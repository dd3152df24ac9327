"""Syntax errors worth reading: what was written, what belongs there, in words of the language."""

from __future__ import annotations

import re
import unicodedata

from lark.exceptions import UnexpectedInput, UnexpectedToken

from egresslang import codes
from egresslang.findings import Edit, Finding, Fix, Label, finding
from egresslang.source import Source, Span
from egresslang.suggest import is_misspelling, nearest
from egresslang.syntax import nodes

_FRIENDLY = {
    "WORD": "a name",
    "BRACKETED": "an address in brackets",
    "PORT": "a port",
    "LABEL": "a label such as `tier=web`",
    "KEY": "an attribute such as `owner=team`",
    "VALUE": "a value",
    "STRING": "a quoted value",
    "_ARROW": "`->`",
    "_EQUAL": "`=`",
    "_COLON": "`:` and a port",
    "_COMMA": "`,`",
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "LBRACKET": "`[`",
    "RBRACKET": "`]`",
    "EXCEPT": "`except`",
    "ALLOWED": "`allowed`",
    "BLOCKED": "`blocked`",
    "$END": "the end of the statement",
}
_ARROWS = re.compile(r"=>|-->|→|⇒|⟶|>|\bto\b")
_SHAPES = {
    "namespace": "namespace recipes",
    "workloads": "workloads web-tier = frontend, mobile-bff",
    "hosts": "hosts stripe = api.stripe.com, files.stripe.com",
    "allow": "allow idgen -> httpbin.org:80 http",
    "deny": "deny * -> *.dropbox.com",
    "expect": "expect idgen -> httpbin.org:80 allowed",
    "mesh": "mesh idgen -> otel/agent",
}


def explain(problem: UnexpectedInput, source: Source, start: int, end: int) -> Finding:
    """What is wrong with the statement in `[start, end)` that lark gave up on."""
    offset = end - start
    token = problem.token if isinstance(problem, UnexpectedToken) else None
    if token is not None and token.type != "$END":
        offset = token.start_pos or 0
    elif token is None:
        offset = problem.pos_in_stream or 0
    text = source.text[start:end]
    at_end = offset >= len(text) or not text[offset:].strip()
    if at_end:
        offset = len(text.rstrip())
    length = 0 if at_end else max(1, len(_word(text, offset)))
    span = Span(source, start + offset, start + offset + length)
    expected = (
        getattr(problem, "accepts", None)
        or getattr(problem, "expected", None)
        or getattr(problem, "allowed", None)
        or set()
    )
    return _hint(text, offset, span, source, start) or _plain(text, span, set(expected))


def _word(text: str, offset: int) -> str:
    match = re.compile(r"\"[^\"\r\n]*\"?|[^\s,{}\[\]\":]+|.", re.DOTALL).match(text, offset)
    return match[0] if match else ""


def _hint(text: str, offset: int, span: Span, source: Source, start: int) -> Finding | None:
    """The mistakes people make often, each with its own way out."""
    rest, before = text[offset:], text[:offset]
    keyword = text.split(None, 1)[0]
    arrow = "->" in before
    if not arrow and keyword in ("allow", "deny", "expect", "mesh"):
        if match := _ARROWS.match(rest):
            there = Span(source, span.start, span.start + match.end())
            return _syntax(
                there,
                f"`{match[0]}` where `->` belongs",
                "the arrow is `->`",
                "write `->`",
                Fix("write `->`", (Edit(there, "->"),), safe=True),
            )
        if rest.startswith(","):
            return _syntax(span, "several sources without braces", "a list starts here", "write them as `{a, b}`")
    if match := re.search(r"(?<![A-Za-z])[a-z0-9]+://", text):
        there = Span(source, start + match.start(), start + match.end())
        return _syntax(
            there,
            "a URL is not a destination",
            "host and port are needed here",
            "write the host and its port, as in `example.com:443 tls`",
        )
    if keyword in ("hosts", "workloads") and rest.startswith("=") and before.strip() == keyword:
        return _syntax(
            span, f"a set of {keyword} without a name", "the name is missing", f"write it as in `{_SHAPES[keyword]}`"
        )
    if keyword == "expect" and not rest.strip():
        word = before.split()[-1]
        if near := nearest(word, ("allowed", "blocked")):
            end = start + len(before.rstrip())
            there = Span(source, end - len(word), end)
            return _syntax(
                there,
                f"`{word}` is not an outcome",
                "how the flow should be",
                f"write `{near}`",
                instead(word, near, there),
            )
    if match := re.search(r"='[^'\r\n]*$", before):
        there = Span(source, start + match.start() + 1, start + len(before.rstrip()))
        return _syntax(there, "a value in single quotes", "not a quote here", 'use double quotes: `"…"`')
    if rest.startswith('"') and not re.match(r'"(?:[^"\\\r\n]|\\.)*"', rest):
        line_end = re.search(r"[\r\n]|$", rest)
        there = Span(source, span.start, span.start + (line_end.start() if line_end else 1))
        return _syntax(
            there,
            "a quote that does not close",
            "it opens here",
            'close it with `"` on the same line; write `\\"` for a quote inside',
        )
    if rest.startswith("#"):
        return _syntax(
            span,
            "`#` in the middle of a word",
            "a comment starts after a space",
            'put a space before the comment, or the value in `"…"`',
        )
    if (
        re.match(r"[A-Za-z][\w.-]*\s*=(?:\s|$)|[A-Za-z][\w.-]*\s+=", rest)
        or re.match(r"=\s", rest)
        or (rest.startswith("=") and re.search(r"\s$", before))
    ):
        return _syntax(
            span, "a space beside `=`", "`key=value` is written without spaces", "remove the spaces round `=`"
        )
    if rest.startswith(":") and re.search(r"[0-9a-fA-F]*:[0-9a-fA-F:]*$", before):
        return _syntax(span, "an IPv6 address without brackets", "a second `:`", "write it as `[2001:db8::1]:443`")
    if before.count("{") > before.count("}") and not rest.strip():
        at = start + before.rindex("{")
        return _syntax(
            Span(source, at, at + 1),
            "a `{` that does not close",
            "opened here",
            "close it with `}`; indent the lines that go on",
        )
    return None


def _plain(text: str, span: Span, expected: set[str]) -> Finding:
    keyword = text.split(None, 1)[0]
    wanted = [_FRIENDLY[name] for name in _FRIENDLY if name in expected]
    help = f"write {_any(wanted)}" if 0 < len(wanted) <= 4 else f"write it as in `{_SHAPES[keyword]}`"
    if span.start == span.end:
        return _syntax(
            span,
            f"the `{keyword}` statement ends too early",
            f"{_any(wanted[:4])} is missing" if wanted else "something is missing",
            help,
        )
    return _syntax(
        span,
        f"`{_shown(span.text)}` is not expected here",
        f"expected {_any(wanted[:5])}" if wanted else "not expected",
        help,
    )


def _syntax(span: Span, message: str, label: str, help: str, fix: Fix | None = None) -> Finding:
    return finding(codes.SYNTAX, span, message, label, help=help, fix=fix)


def _any(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _shown(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def character(char: str) -> str:
    """A character that cannot be seen, in words: U+202E RIGHT-TO-LEFT OVERRIDE."""
    return f"U+{ord(char):04X} {unicodedata.name(char, 'control character')}"


def indented(span: Span) -> Finding:
    """A first line that is indented: it goes on with nothing."""
    return _syntax(
        span,
        "an indented line without a statement above it",
        "goes on with nothing",
        "start the statement in column one",
    )


def stray(span: Span) -> Finding:
    """A line that starts with punctuation or a number in column one."""
    return _syntax(
        span,
        f"`{_shown(span.text)}` does not start a statement",
        "a statement starts in column one",
        "indent the line if it belongs to the statement above; write `# ` before a comment",
    )


def after_keyword(span: Span, rest: str) -> Finding:
    """A keyword that is not followed by a space: `allow: x`."""
    mark = rest[:1]
    there = Span(span.source, span.end, span.end + 1)
    return _syntax(
        there, f"`{mark}` after `{span.text}`", "not expected here", f"write it as in `{_SHAPES[span.text]}`"
    )


def unknown_protocol(protocol: str, span: Span) -> Finding:
    """A word after a port that is no protocol."""
    same = {"ssl": "tls", "postgresql": "postgres", "mongodb": "mongo", "h2": "http2"}.get(protocol.lower(), "")
    near = same or nearest(protocol.lower(), nodes.PROTOCOLS)
    fix = instead(protocol, near, span, is_sure=bool(same))
    return finding(
        codes.UNKNOWN_WORD,
        span,
        f"`{protocol}` is not a protocol",
        "the protocol of the port",
        help=f"write `{near}`" if near else f"write one of {', '.join(nodes.PROTOCOLS)}",
        fix=fix,
    )


def unknown_attribute(attribute: nodes.Attribute, statement: str, known: dict[str, tuple[str, ...]]) -> Finding:
    """A key that the statement does not take."""
    span = Span(attribute.span.source, attribute.span.start, attribute.span.start + len(attribute.key))
    near = nearest(attribute.key.lower(), known[statement])
    if attribute.key in known["allow"]:
        message, near = f"`{statement}` takes no `{attribute.key}=`", ""
    else:
        message = f"`{attribute.key}` is not an attribute"
    fix = instead(attribute.key, near, span)
    return finding(
        codes.UNKNOWN_WORD,
        span,
        message,
        f"of `{statement}`",
        help=f"write `{near}=`" if near else f"use one of {', '.join(known[statement])}",
        fix=fix,
    )


def instead(word: str, near: str, span: Span, is_sure: bool = False) -> Fix | None:
    """The change of a word to the one nearest to it, if any; safe when it can be nothing else."""
    if not near:
        return None
    return Fix(f"write `{near}`", (Edit(span, near),), safe=is_sure or is_misspelling(word, near))


def ports_twice(entry: Span, ports: Span) -> Finding:
    """An entry with ports of its own in a list that has ports too."""
    return finding(
        codes.SYNTAX,
        ports,
        "ports both inside and after the braces",
        "ports of the whole list",
        [Label(entry, "this entry has its own")],
        help="write the ports of every entry, or of the list",
    )


def not_a_namespace(name: str, span: Span) -> Finding:
    """A namespace that is not an RFC 1123 label."""
    return _syntax(
        span,
        f"`{name}` is not the name of a namespace",
        "lower-case letters, digits and `-`, at most 63",
        "write the namespace's own name",
    )


def not_a_set_name(name: str, span: Span) -> Finding:
    """A set whose name is not an RFC 1123 label."""
    return _syntax(
        span,
        f"`{name}` is not a name for a set",
        "lower-case letters, digits and `-`, at most 63",
        "choose another name",
    )


def not_a_label(text: str, span: Span) -> Finding:
    """A label that Kubernetes would not take."""
    return _syntax(span, f"`{_shown(text)}` is not a label", "a label of a pod", "write `key=value`, or a key alone")


def not_a_service(text: str, span: Span) -> Finding:
    """A word of a mesh line that names no Service."""
    return _syntax(
        span,
        f"`{_shown(text)}` is not a Service of the mesh",
        "a Service by its short name",
        "write `service`, `namespace/service` or `namespace/*`",
    )


def single_quotes(span: Span) -> Finding:
    """A value that starts with a single quote, which is a letter like any other."""
    return finding(
        codes.BAD_VALUE, span, "a value in single quotes", "not a quote here", help='use double quotes: `"…"`'
    )


def bad_escape(escape: str, span: Span) -> Finding:
    """A backslash in a quoted value that escapes nothing."""
    return finding(
        codes.BAD_VALUE,
        span,
        f"`{escape}` means nothing in a quoted value",
        'a backslash escapes `"` and `\\` only',
        help="write `\\\\` for a backslash",
    )
