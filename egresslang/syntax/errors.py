"""Syntax errors worth reading: what was written, what belongs there, in words of the language."""

from __future__ import annotations

import re
import unicodedata

from egresslang import codes
from egresslang.findings import Edit, Finding, Fix, Label, finding
from egresslang.source import Span
from egresslang.suggest import is_misspelling, nearest
from egresslang.syntax import nodes

YAML = r"---(?=\s|$)|-[ \t]+(?!(?:namespace|workloads|hosts|allow|deny|expect|mesh)\s)|[A-Za-z][\w./-]*:(?=\s|$)"
_PASTED = (
    (
        r"<{7}|={7}|>{7}|\|{7}",
        "a merge that is not finished",
        "a mark of the conflict",
        "keep what is right of both sides, and remove the marks",
    ),
    (
        r"[-+*](?=\s*(?:namespace|workloads|hosts|allow|deny|expect|mesh)\s)",
        "a mark before a statement",
        "a statement starts in column one",
        "remove the mark: statements are not items of a list",
    ),
    (
        r"//|--(?!-)|/\*|;",
        "a comment of another language",
        "a comment starts with `#`",
        "write `# ` before the comment",
    ),
)
"""What stands in column one of other files: how it starts, the message, the label, the help."""
QUOTES = "'‘’“”"
"""The quotes that people and their programs write instead of `"`."""
_EACH_QUOTE = tuple(QUOTES)
SHAPES = {
    "namespace": "namespace recipes",
    "workloads": "workloads web-tier = frontend, mobile-bff",
    "hosts": "hosts stripe = api.stripe.com, files.stripe.com",
    "allow": "allow idgen -> httpbin.org:80 http",
    "deny": "deny * -> *.dropbox.com",
    "expect": "expect idgen -> httpbin.org:80 allowed",
    "mesh": "mesh idgen -> otel/agent",
}


def syntax(span: Span, message: str, label: str, help: str, fix: Fix | None = None) -> Finding:
    """A finding that a statement is not written as the language wants it."""
    return finding(codes.SYNTAX, span, message, label, help=help, fix=fix)


def any_of(words: list[str]) -> str:
    """What may stand at a place, as one says it."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def shown(text: str) -> str:
    """A word as it is told, cut where it is very long."""
    return text if len(text) <= 60 else text[:59] + "…"


def character(char: str) -> str:
    """A character that cannot be seen, in words: U+202E RIGHT-TO-LEFT OVERRIDE."""
    name = {"\0": "NULL", "\f": "FORM FEED", "\r": "CARRIAGE RETURN", "\x1b": "ESCAPE"}.get(char, "control character")
    return f"U+{ord(char):04X} {unicodedata.name(char, name)}"


def odd_space(span: Span, is_sure: bool) -> Finding:
    """A space that looks like the plain one; a change of it is sure where it can only separate two words."""
    return syntax(
        span,
        f"{character(span.text)} where a plain space belongs",
        "looks like a space, and is none here",
        "write a space of the keyboard",
        Fix("write a space", (Edit(span, " "),), safe=is_sure),
    )


def indented(span: Span) -> Finding:
    """A first line that is indented: it goes on with nothing."""
    return syntax(
        span,
        "an indented line without a statement above it",
        "goes on with nothing",
        "start the statement in column one",
    )


def stray(span: Span, line: str) -> Finding:
    """A line that starts with punctuation or a number in column one."""
    if span.text.isspace():
        return odd_space(span, is_sure=False)
    for mark, message, label, help in _PASTED:
        if match := re.match(mark, line):
            return syntax(Span(span.source, span.start, span.start + len(match[0].rstrip())), message, label, help)
    return syntax(
        span,
        f"`{shown(span.text)}` does not start a statement",
        "a statement starts in column one",
        "indent the line if it belongs to the statement above; write `# ` before a comment",
    )


def is_yaml(line: str) -> bool:
    """Whether a line in column one is one of YAML: a key, an item, the start of a document."""
    return bool(re.match(YAML, line))


def yaml(span: Span) -> Finding:
    """The first of several lines of YAML."""
    return syntax(
        span,
        "YAML in a policy",
        "not a statement",
        f"write statements, as in `{SHAPES['allow']}`; a profile or a manifest is a file of its own",
    )


def not_indented(span: Span) -> Finding:
    """An attribute in column one."""
    return finding(
        codes.UNKNOWN_WORD,
        span,
        f"`{span.text}` is not a statement",
        "an attribute in column one",
        help="indent the line: it goes on with the statement above",
    )


def no_space(keyword: str, span: Span) -> Finding:
    """A keyword and the next word in one."""
    there = Span(span.source, span.start, span.start + len(keyword))
    return finding(
        codes.UNKNOWN_WORD,
        span,
        f"no space after `{keyword}`",
        "a statement starts here",
        help=f"write `{keyword} {shown(span.text[len(keyword) :])}`",
        fix=Fix(f"write a space after `{keyword}`", (Edit(there, f"{keyword} "),)),
    )


def no_value(key: str, span: Span) -> Finding:
    """A key whose value is missing, so that the next attribute stands in its place."""
    return finding(
        codes.BAD_VALUE,
        span,
        f"`{key}=` has no value",
        "the next attribute follows",
        help=f"write the value behind `{key}=`, or remove it",
    )


def shell(word: str, span: Span) -> Finding | None:
    """A host with a variable or a command of a shell in it, if it is one."""
    if match := re.search(r"\$(?:([A-Za-z_]\w*)|\([^)]*\)?)|`[^`]*`?", word):
        name = match[1]
        return syntax(
            span,
            f"`{match[0].strip('`')}` is syntax of a shell",
            "nothing is run or replaced here",
            f"write `${{{name}}}`, and define `{name}` under `variables:` of the profile"
            if name
            else "write the name itself, or a variable of the profile as in `${env}`",
        )
    return None


def quoted(word: str, span: Span) -> Finding | None:
    """A name in quotes, if it is one."""
    if match := re.fullmatch(rf"[{QUOTES}](.*)[{QUOTES}]", word):
        fix = Fix(f"write `{match[1]}`", (Edit(span, match[1]),))
        return syntax(span, "a name in quotes", "names have no quotes", f"write `{shown(match[1])}`", fix)
    return None


def after_keyword(span: Span, rest: str) -> Finding:
    """A keyword that is not followed by a space: `allow: x`."""
    mark = rest[:1]
    there = Span(span.source, span.end, span.end + 1)
    return syntax(there, f"`{mark}` after `{span.text}`", "not expected here", f"write it as in `{SHAPES[span.text]}`")


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
    return syntax(
        span,
        f"`{name}` is not the name of a namespace",
        "lower-case letters, digits and `-`, at most 63",
        "write the namespace's own name",
    )


def not_a_set_name(name: str, span: Span) -> Finding:
    """A set whose name is not an RFC 1123 label."""
    return syntax(
        span,
        f"`{name}` is not a name for a set",
        "lower-case letters, digits and `-`, at most 63",
        "choose another name",
    )


def not_a_label(text: str, span: Span) -> Finding:
    """A label that Kubernetes would not take."""
    return syntax(span, f"`{shown(text)}` is not a label", "a label of a pod", "write `key=value`, or a key alone")


def not_a_service(text: str, span: Span) -> Finding:
    """A word of a mesh line that names no Service."""
    return syntax(
        span,
        f"`{shown(text)}` is not a Service of the mesh",
        "a Service by its short name",
        "write `service`, `namespace/service` or `namespace/*`",
    )


def wrong_quotes(value: str, span: Span) -> Finding | None:
    """A value in quotes that are letters like any other here, single or curly ones, if it is one."""
    if not value.startswith(_EACH_QUOTE):
        return None
    kind = "single" if value[0] in "'‘’" else "curly"
    inner = match[1] if (match := re.fullmatch(rf"[{QUOTES}]([^{QUOTES}\"\\\r\n]*)[{QUOTES}]", value)) else None
    fix = None if inner is None else Fix("write straight double quotes", (Edit(span, f'"{inner}"'),), safe=True)
    return finding(
        codes.BAD_VALUE, span, f"a value in {kind} quotes", "not a quote here", help='use double quotes: `"…"`', fix=fix
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
