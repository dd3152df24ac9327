"""Where the parser gets stuck, and what a person would say of it: what was written, what belongs there.

Each hint knows one kind of slip; the first one that recognizes its own speaks.
"""

from __future__ import annotations

import re

from lark.exceptions import UnexpectedInput, UnexpectedToken

from egresslang.findings import Edit, Finding, Fix, Label
from egresslang.record import record, replace
from egresslang.source import Source, Span
from egresslang.suggest import nearest
from egresslang.syntax import nodes
from egresslang.syntax.errors import (
    QUOTES,
    SHAPES,
    any_of,
    instead,
    no_value,
    odd_space,
    shown,
    syntax,
    wrong_quotes,
    yaml,
)

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
_ARROWS = re.compile(r"<[-=–—]+|[-=–—~]+ ?>|[–—→⇒⟶>]|-(?=\s)|\bto\b")
_FOREIGN = (
    (r"//|--|/\*", "a comment of another language", "a comment starts with `#`", "write `# ` before the comment"),
    (r"\\", "a `\\` at the end of a line", "an indented line goes on by itself", "remove the `\\`"),
    (
        r"&&|\|\||[;|&]",
        "shell syntax behind a statement",
        "a statement ends with its line",
        "remove it; write each statement on a line of its own",
    ),
)
"""What people carry over from other languages: how it starts, the message, the label, the help."""


@record
class _Stuck:
    """Where lark gave up: the statement, what stands before and from there on, what could have followed.

    `begin` is where the statement starts, and `start` where `before` does, which may leave some of it out.
    """

    source: Source
    begin: int
    start: int
    before: str
    rest: str
    word: str
    expected: frozenset[str]
    keys: tuple[str, ...]

    @property
    def keyword(self) -> str:
        """The word the statement starts with."""
        return (self.before + self.rest).split(None, 1)[0]

    def place(self, first: int, last: int) -> Span:
        """The span between two offsets of the statement."""
        return Span(self.source, self.start + first, self.start + last)

    def here(self, length: int | None = None) -> Span:
        """The span of the word lark gave up on, or of some characters there."""
        offset = len(self.before)
        return self.place(offset, offset + (len(self.word) if length is None else length))

    def last(self) -> tuple[str, Span]:
        """The word before the place, and its span."""
        said = self.before.rstrip()
        match = re.search(r"[^\s,{}\[\]:]*$", said)
        assert match
        return match[0], self.place(match.start(), len(said))


def explain(problem: UnexpectedInput, source: Source, start: int, end: int, keys: tuple[str, ...]) -> Finding:
    """What is wrong with the statement in `[start, end)` that lark gave up on; `keys` are all attributes there are."""
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
    expected = (
        getattr(problem, "accepts", None)
        or getattr(problem, "expected", None)
        or getattr(problem, "allowed", None)
        or set()
    )
    word = "" if at_end else _word(text, offset)
    before = _near(text[:offset])
    near = start + offset - len(before)
    at = _Stuck(source, start, near, before, text[offset : offset + _FAR], word, frozenset(expected), keys)
    return next((made for hint in _HINTS if (made := hint(at))), None) or _plain(at)


_FAR = 500
"""Characters before and behind the place that are looked at: what the hints search for takes the square of them."""


def _near(before: str) -> str:
    """The end of what stands before a place; of what is further away the keyword, and whether an arrow is there."""
    if len(before) <= _FAR:
        return before
    far, near = before[:-_FAR], before[-_FAR:]
    return f"{before[:_FAR].split(None, 1)[0]} {'a -> ' if '->' in far else ''}{near}"


def _word(text: str, offset: int) -> str:
    match = re.compile(r"\"[^\"\r\n]*\"?|[^\s,{}\[\]\":]+|.", re.DOTALL).match(text, offset)
    return match[0] if match else ""


def _space(at: _Stuck) -> Finding | None:
    """A space that is not the one of the keyboard."""
    return odd_space(at.here(1), is_sure=True) if at.rest[:1].isspace() and at.rest.strip() else None


def _arrow(at: _Stuck) -> Finding | None:
    """The arrow: written otherwise, left out, or with nothing before it."""
    if "->" in at.before or at.keyword not in ("allow", "deny", "expect", "mesh"):
        return None
    if made := _swapped(at):
        return made
    if not at.rest.startswith("->") and (match := _ARROWS.match(at.rest)):
        there = at.here(match.end())
        fix = Fix("write `->`", (Edit(there, "->"),), safe="<" not in match[0])
        help = "write who first, then `->` and where to" if "<" in match[0] else "write `->`"
        return syntax(there, f"`{match[0]}` where `->` belongs", "the arrow is `->`", help, fix)
    if at.rest.startswith("->") and at.before.strip() == at.keyword:
        help = "write a workload, `namespace/*`, a label in brackets or `*` before `->`"
        return syntax(at.here(), f"`{at.keyword}` says not who", "the source is missing here", help)
    if at.rest.startswith(","):
        return syntax(at.here(), "several sources without braces", "a list starts here", "write them as `{a, b}`")
    name, there = at.last()
    if at.rest.startswith("=") and re.match(r"=[^\s=]", at.rest) and name:
        label = name + at.word
        return syntax(
            there.to(at.here()), f"the label `{label}` without brackets", "not a workload", f"write `[{label}]`"
        )
    if (
        "_ARROW" in at.expected
        and re.match(r"[^\s=/]+[.:*]", at.rest)
        and "->" not in at.rest
        and at.word[0] not in ".:"
    ):
        return syntax(
            at.here(), f"no `->` before `{shown(at.word)}`", "the destination", f"write `-> {shown(at.word)}`"
        )
    return None


def _swapped(at: _Stuck) -> Finding | None:
    """Who and where to in the wrong order, or the arrow behind both."""
    text = at.before + at.rest
    place = r"(?P<where>[^\s{}]*\.[^\s{}:]*:\S+|\[[^\]\s]*:[^\]\s]*\]:\S+)"
    if match := re.match(rf"\w+\s+{place}\s*->\s*(?P<who>[a-z0-9*][a-z0-9/*-]*)(?=\s|$)(?P<rest>[^\r\n]*)", text):
        protocol = match["rest"].split(None, 1)[:1]
        there = " ".join([match["where"], *(word for word in protocol if word in nodes.PROTOCOLS)])
        message, label = "the destination stands before the arrow", "where to"
    elif match := re.match(rf"\w+\s+(?P<who>[^\s{{}}:]+)\s+{place}(?P<rest>\s+[a-z0-9]+)?\s*->\s*$", text):
        there = " ".join([match["where"], *(match["rest"] or "").split()])
        message, label = "the arrow stands behind the destination", "where to"
    else:
        return None
    help = f"write who first: `{at.keyword} {shown(match['who'])} -> {shown(there)}`"
    return syntax(at.place(*match.span("where")), message, label, help)


def _source(at: _Stuck) -> Finding | None:
    """What stands before the arrow: words of a sentence, a brace too many, exceptions from nothing."""
    if "->" in at.before or at.keyword not in ("allow", "deny", "expect", "mesh"):
        return None
    name, there = at.last()
    is_first = at.before.split() == [at.keyword, name]
    if is_first and name == "from":
        help = f"write `{at.keyword} {shown(at.word)} -> …`: who, `->`, and where to"
        return syntax(there, "`from` before the source", "the arrow says it", help)
    if is_first and name == "except":
        if at.keyword in ("allow", "mesh"):
            return syntax(there, f"`except` on the left side of `{at.keyword}`", "only `deny` cuts workloads out",
                          "name the workloads that may")  # fmt: skip
        help = f"write `{at.keyword} * except …` for everyone else, or name the sources before it"
        return syntax(there, "`except` without what it is cut out of", "the source is missing", help)
    if at.rest.startswith("}") and at.before.count("{") <= at.before.count("}"):
        return syntax(
            at.here(1), "a `}` that closes nothing", "no `{` before it", "remove it, or write `{` before the list"
        )
    return None


def _url(at: _Stuck) -> Finding | None:
    match = re.search(r"(?<![A-Za-z])[a-z0-9]+://", at.before + at.rest)
    if not match:
        return None
    return syntax(
        at.place(*match.span()),
        "a URL is not a destination",
        "host and port are needed here",
        "write the host and its port, as in `example.com:443 tls`",
    )


def _set_name(at: _Stuck) -> Finding | None:
    if at.keyword not in ("hosts", "workloads") or not at.rest.startswith("=") or at.before.strip() != at.keyword:
        return None
    return syntax(
        at.here(),
        f"a set of {at.keyword} without a name",
        "the name is missing",
        f"write it as in `{SHAPES[at.keyword]}`",
    )


def _outcome(at: _Stuck) -> Finding | None:
    """The last word of an `expect`, which is read as the protocol when it is no outcome."""
    if at.keyword != "expect" or at.rest.strip() or "->" not in at.before:
        return None
    word, there = at.last()
    said = at.before.rstrip()
    if match := re.search(r":\s*(?:allowed|blocked)?$", said):
        return syntax(
            at.place(match.start(), match.start() + 1),
            "a `:` without a port",
            "the port is missing",
            "write the port after the `:`",
        )
    if match := re.search(r"(?<=[0-9])(?:allowed|blocked)$", word):
        help = f"write a space before `{match[0]}`"
        return syntax(there, f"no space before `{match[0]}`", "a port and an outcome", help)
    if word in ("allowed", "blocked") or not word.isalpha() or word in nodes.PROTOCOLS or said.endswith("->"):
        return None
    near = nearest(word, ("allowed", "blocked"))
    return syntax(
        there,
        f"`{word}` is not an outcome",
        "how the flow should be",
        f"write `{near}`" if near else "write `allowed` or `blocked`",
        instead(word, near, there),
    )


def _quote(at: _Stuck) -> Finding | None:
    if match := re.search(rf"=[{QUOTES}][^{QUOTES}\r\n]*$", at.before):
        start = match.start() + 1
        whole = re.match(rf"[{QUOTES}][^{QUOTES}\r\n]*[{QUOTES}](?=\s|$)", (at.before + at.rest)[start:])
        end = start + len(whole[0]) if whole else len(at.before.rstrip())
        there = at.place(start, end)
        return wrong_quotes(there.text, there)
    if at.rest.startswith('"') and not re.match(r'"(?:[^"\\\r\n]|\\.)*"', at.rest):
        line_end = re.search(r"[\r\n]|$", at.rest)
        return syntax(
            at.here(line_end.start() if line_end else 1),
            "a quote that does not close",
            "it opens here",
            'close it with `"` on the same line; write `\\"` for a quote inside',
        )
    return None


def _comment(at: _Stuck) -> Finding | None:
    if at.rest.startswith("#"):
        return syntax(
            at.here(),
            "`#` in the middle of a word",
            "a comment starts after a space",
            'put a space before the comment, or the value in `"…"`',
        )
    return next(
        (syntax(at.here(), message, label, help) for mark, message, label, help in _FOREIGN if re.match(mark, at.rest)),
        None,
    )


def _second(at: _Stuck) -> Finding | None:
    """A statement that starts in the middle of another one."""
    if at.word not in SHAPES or "$END" not in at.expected:
        return None
    return syntax(
        at.here(),
        f"`{at.word}` in the middle of a statement",
        "a statement starts in column one",
        f"write `{at.word}` at the start of a line of its own",
    )


def _attribute(at: _Stuck) -> Finding | None:
    """The `=` of an attribute: beside a space, left out, or with a value of several words."""
    key = at.last()[0]
    if (match := re.search(r"([A-Za-z]+)=([A-Za-z]+)=\s*$", at.before)) and {match[1], match[2]} <= set(at.keys):
        return no_value(match[1], at.place(match.start(), match.end(1) + 1))
    if re.match(r"[A-Za-z][\w.-]*\s*=(?:\s|$)|[A-Za-z][\w.-]*\s+=", at.rest) or (
        at.rest.startswith("=") and nearest(key, at.keys)
    ):
        return syntax(
            at.here(), "a space beside `=`", "`key=value` is written without spaces", "remove the spaces round `=`"
        )
    if "KEY" not in at.expected:
        return None
    if match := re.match(rf"({'|'.join(at.keys)})(?![A-Za-z]*=)", at.rest):
        shape = f"{match[1]}=…"
        return syntax(at.here(), f"`{match[1]}` without `=`", "an attribute needs its `=`", f"write `{shape}`")
    if match := re.search(r"([A-Za-z]+)=([^\s\",{}\[\]#=]+)[ \t]+$", at.before):
        more = re.match(r"[^\s=\"#,{}\[\]]+(?:[ \t]+[^\s=\"#,{}\[\]]+(?![^\s]*=))*", at.rest)
        port = re.search(r":[ \t]*([0-9]+)[ \t]+[A-Za-z]+=[^:]*$", at.before)
        if port and at.word in nodes.PROTOCOLS:
            return syntax(
                at.here(),
                f"the protocol `{at.word}` after an attribute",
                "it belongs to the port",
                f"write it right after the port, as in `:{port[1]} {at.word}`",
            )
        if more and more[0][0].isalnum():
            return syntax(
                at.here(),
                "a value of several words without quotes",
                f"the value of `{match[1]}=` ends before it",
                f'write `{match[1]}="{shown(match[2] + " " + more[0])}"`, or remove `{shown(at.word)}`',
            )
    if at.rest.startswith(",") and (match := re.search(r"([A-Za-z]+)=[^\s{}]+$", at.before)):
        return syntax(
            at.here(), "several values without braces", "a list starts here", f"write them as `{match[1]}={{a, b}}`"
        )
    return None


def _list(at: _Stuck) -> Finding | None:
    """A list of destinations or ports without braces, or in the wrong brackets."""
    in_set = at.keyword in ("hosts", "workloads")
    example = "a, b" if in_set else "{a, b}"
    if (
        re.match(r"[{\[(][^{}\[\]()]*[}\])]", at.rest)
        and not at.before.rstrip().endswith(("}", "]"))
        and (in_set or at.rest[0] != "{")
    ):
        return syntax(
            at.here(1), f"a list in `{at.rest[0]}`", "not how a list starts here", f"write the list as `{example}`"
        )
    if in_set or at.keyword == "mesh" or not at.rest.startswith(",") or not re.search(r"->\s*[^{]*$", at.before):
        return None
    if at.rest[1:].strip() and not re.match(r",\s*\w+=", at.rest):
        after = at.rest[1:].strip()
        what, shape = ("ports", "{80 http, 443 tls}") if after[0].isdigit() else ("destinations", "{a, b}")
        return syntax(at.here(), f"several {what} without braces", "a list starts here", f"write them as `{shape}`")
    return syntax(at.here(), "a `,` where no list is", "nothing is listed here", "remove the `,`")


def _torn(at: _Stuck) -> Finding | None:
    """A host that a space, a missing `:` or the braces of a shell tear apart."""
    name, there = at.last()
    if at.rest.startswith("{") and name.endswith("$"):
        if match := re.match(r"\{[^}\s]*\}", at.rest):
            there = at.place(len(at.before) - 1, len(at.before) + match.end())
            return syntax(there, "a variable in the place of a port", "read in hosts only", "write the port itself")
        return syntax(
            at.place(len(at.before) - 1, len(at.before) + 1),
            "a `${` that does not close",
            "opened here",
            "close it with `}` behind the name of the variable, as in `${env}`",
        )
    if at.rest.startswith("}") and (match := re.search(r"\$\w+$", at.before)):
        return syntax(
            at.place(match.start(), len(at.before) + 1),
            "a `}` that closes nothing",
            "a variable has two braces",
            f"write `${{{match[0][1:]}}}`",
        )
    if at.rest.startswith(".") and at.before.endswith("}"):
        return syntax(
            at.here(), f"`{at.word}` behind a list", "a list is not part of a name", "write every host whole, in braces"
        )
    spaced = at.before[-1:].isspace() and "\n" not in at.before[len(at.before.rstrip()) :]
    if spaced and (name.endswith(".") or at.rest.startswith(".")) and at.word != ".":
        whole = there.to(at.here())
        return syntax(
            whole, f"a space in `{shown(name + at.word)}`", "a name has no spaces", f"write `{shown(name + at.word)}`"
        )
    if "_COLON" not in at.expected or at.keyword in ("hosts", "workloads") or "->" not in at.before:
        return None
    if re.fullmatch(r"[0-9]+", at.word):
        return syntax(
            at.here(), f"no `:` before port `{shown(at.word)}`", "not a port like this", f"write `{name}:{at.word}`"
        )
    if at.word in nodes.PROTOCOLS and (match := re.fullmatch(r"(.*\.[A-Za-z]+)([0-9]+)", name)):
        return syntax(there, f"no `:` before port `{match[2]}`", "a host and a port", f"write `{match[1]}:{match[2]}`")
    if at.word in nodes.PROTOCOLS:
        return _no_port(at, name, there)
    return None


def _no_port(at: _Stuck, name: str, there: Span) -> Finding | None:
    """A protocol behind a destination whose host, port or `:` is missing."""
    if name.isdigit():
        help = f"write the host before it, as in `example.com:{name} {at.word}`"
        return syntax(there, f"no host before port `{name}`", "the host is missing", help)
    if match := re.fullmatch(r"([a-z0-9-]*[a-z-])([0-9]{2,5})", name):
        help = f"write `{match[1]}:{match[2]}`, or the port behind `{name}`"
        return syntax(there, f"no `:` before port `{match[2]}`", "a name and a port", help)
    help = f"write the port before it, as in `{shown(name)}:443 {at.word}`"
    return syntax(at.here(), f"no port before `{at.word}`", "a protocol belongs to a port", help) if name else None


def _bracket(at: _Stuck) -> Finding | None:
    if at.rest.startswith(":") and re.search(r"[0-9a-fA-F]*:[0-9a-fA-F:]*$", at.before):
        return syntax(at.here(), "an IPv6 address without brackets", "a second `:`", "write it as `[2001:db8::1]:443`")
    if at.before.count("{") > at.before.count("}") and (not at.rest.strip() or at.rest.startswith("->")):
        first = at.before.rindex("{")
        return syntax(
            at.place(first, first + 1),
            "a `{` that does not close",
            "opened here",
            "close it with `}`; indent the lines that go on"
            if not at.rest.strip()
            else "close it with `}` before `->`",
        )
    return None


def _yaml_inside(at: _Stuck) -> Finding | None:
    """Indented lines of YAML, which go on with the statement above."""
    line = re.match(r"(?:-[ \t]+\S|[A-Za-z][\w.-]*:(?:\s|$))[^\r\n]*", at.rest)
    if not line or at.before.rpartition("\n")[2].strip() or "\n" not in at.before:
        return None
    return yaml(at.here(len(line[0].rstrip())))


_HINTS = (
    _space,
    _source,
    _arrow,
    _comment,
    _url,
    _set_name,
    _outcome,
    _quote,
    _second,
    _attribute,
    _torn,
    _list,
    _bracket,
    _yaml_inside,
)
"""The mistakes people make often, each with its own way out; the first that fits is told."""


def _plain(at: _Stuck) -> Finding:
    is_only_deny = "->" not in at.before and at.keyword in ("allow", "mesh")
    refused = {"$END", "EXCEPT"} if is_only_deny else {"$END"}
    wanted = [_FRIENDLY[name] for name in _FRIENDLY if name in at.expected and name not in refused]
    shape = f"write it as in `{SHAPES[at.keyword]}`"
    help = f"write {any_of(wanted)}" if 0 < len(wanted) <= 4 and at.keyword != "namespace" else shape
    span = at.here()
    if span.start == span.end:
        end = at.start + len(at.before + at.rest)
        following = _word(at.source.text, end)
        return syntax(
            span,
            f"the `{at.keyword}` statement ends too early",
            f"{any_of(wanted[:4])} is missing" if wanted else "something is missing",
            f"{help}; indent a line that goes on" if following and following not in SHAPES else help,
        )
    if "$END" in at.expected:
        help = f"remove it, or {help}"
    made = syntax(
        span,
        f"`{shown(span.text)}` is not expected here",
        f"expected {any_of(wanted[:5])}" if wanted else "nothing more is expected",
        help,
    )
    line = at.before.rpartition("\n")
    if not line[1] or line[2].strip():
        return made
    keyword = Span(at.source, at.begin, at.begin + len(at.keyword))
    return replace(made, related=(Label(keyword, "an indented line goes on with this statement"),))
