"""Policies drawn at random: statements as trees, and texts that say them with any white space, comments and line ends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from random import Random

from hypothesis import strategies as st

from egresslang.source import Source, Span
from egresslang.syntax import nodes
from egresslang.syntax.parse import ATTRIBUTES
from egresslang.syntax.print import Listing, Part, parts

NOWHERE = Span(Source("", ""), 0, 0)

_label = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
_name = _label.filter(lambda text: not text.isdigit())
_host = st.lists(_name, min_size=2, max_size=4).map(".".join)
_span = st.just(NOWHERE)
_member = st.one_of(
    st.builds(nodes.WorkloadName, st.one_of(st.just(""), _label), _label, _span),
    st.builds(nodes.AllWorkloads, st.one_of(st.just("*"), _label), _span),
    st.builds(
        nodes.Labelled,
        st.one_of(st.just(""), st.just("*"), _label),
        st.dictionaries(_label, st.one_of(st.none(), _label, st.just("")), min_size=1, max_size=3).map(
            lambda d: tuple(sorted(d.items()))
        ),
        _span,
    ),
)
_members = st.lists(_member, min_size=1, max_size=3).map(tuple)
_sources = st.builds(nodes.Sources, _members, st.one_of(st.just(()), _members), _span)
_v4 = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(
    lambda n: nodes.Network(4, n[0] >> (32 - n[1]) << (32 - n[1]), n[1], NOWHERE)
)
_v6 = st.tuples(st.integers(0, 2**128 - 1), st.integers(0, 128)).map(
    lambda n: nodes.Network(6, n[0] >> (128 - n[1]) << (128 - n[1]), n[1], NOWHERE)
)
_target = st.one_of(
    st.builds(nodes.Host, _host, _span),
    st.builds(nodes.Wildcard, _host, _span),
    _v4,
    _v6,
    st.builds(nodes.Word, st.one_of(st.just(""), _name), _name, _span),
    st.just(nodes.Anything(NOWHERE)),
    st.builds(nodes.Template, _label.map(lambda text: f"x.${{{text}}}.com"), _span),
)
_port = st.builds(
    nodes.Port,
    st.integers(1, 65535).filter(lambda port: port not in (15001, 15006, 15021, 15090)),
    st.one_of(st.just(""), st.sampled_from(nodes.PROTOCOLS)),
    _span,
)
_ports = st.lists(_port, min_size=1, max_size=3).map(tuple)
_plain = st.lists(st.builds(nodes.Entry, _target, st.just(()), _span), min_size=1, max_size=3).map(tuple)
_ported = st.lists(st.builds(nodes.Entry, _target, _ports, _span), min_size=1, max_size=3).map(tuple)
_holes = st.one_of(st.just(()), st.lists(_target, min_size=1, max_size=3).map(tuple))
_destinations = st.one_of(
    st.builds(nodes.Destinations, _plain, st.one_of(st.just(()), _ports), _holes, _span),
    st.builds(nodes.Destinations, _ported, st.just(()), _holes, _span),
)
_text = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp")), max_size=12)
_value = st.builds(nodes.Value, st.one_of(_label, _text), _span)


def _attributes(statement: str) -> st.SearchStrategy[tuple[nodes.Attribute, ...]]:
    keys = st.lists(st.sampled_from(ATTRIBUTES[statement]), unique=True, max_size=3)
    values = st.lists(_value, min_size=1, max_size=3).map(tuple)
    return keys.flatmap(
        lambda names: st.tuples(*[st.builds(nodes.Attribute, st.just(name), values, _span) for name in names])
    )


statements = st.one_of(
    st.builds(nodes.NamespaceLine, _label, _span),
    st.builds(nodes.WorkloadSet, _label, _members, _span, _span),
    st.builds(nodes.HostSet, _label, st.one_of(_plain, _ported), _span, _span),
    st.builds(nodes.Allow, _sources, _destinations, _attributes("allow"), _span),
    st.builds(nodes.Deny, _sources, _destinations, _attributes("deny"), _span),
    st.builds(
        nodes.Expect, _sources, _destinations, _attributes("expect"), st.sampled_from(["allowed", "blocked"]), _span
    ),
    st.builds(
        nodes.Mesh,
        _sources,
        st.lists(
            st.one_of(
                st.builds(nodes.Service, st.one_of(st.just(""), _label), _label, _span),
                st.builds(nodes.Service, _label, st.just("*"), _span),
            ),
            min_size=1,
            max_size=3,
        ).map(tuple),
        _attributes("mesh"),
        _span,
    ),
)
"""Any statement that parses, as a tree."""


# Layouts

COMMENTS = (
    "#", "# why", "#\ta -> b", '# "', "# {", "# }, ${", "# ,", "# = owner=x", "#allow a -> b.com:80 http", "#x#y  z",
    "# Ünïcode \u3000 \U0001f680", "##", '#"x" # y',
)  # fmt: skip
"""What comments may say."""

_TOKEN = re.compile(r"\[[^\]\s]*:[^\]\s]*\]|->|(?:\$?\$\{[^}\s]*\}|(?!->)[^\s,{}\[\]:])+|[,{}\[\]:]")


def _tokens(part: Part, is_value: bool = False) -> Iterator[str]:
    """The words and the punctuation of a part; `?` where a comma may stand."""
    if isinstance(part, Listing):
        yield from _tokens(part.opening)
        for at, item in enumerate(part.items):
            yield from _tokens(item, is_value=part.opening.text.endswith("={"))
            yield "," if at < len(part.items) - 1 else "?"
        if part.closing is not None:
            yield from _tokens(part.closing)
    elif is_value or re.match(r"[a-z]+=[^{]", part.text):
        yield part.text
    else:
        yield from _TOKEN.findall(part.text)


class _Layout:
    """White space as it comes, and comments where there are any to choose from."""

    def __init__(self, random: Random, comments: Sequence[str]) -> None:
        self.random = random
        self.comments = comments
        self.written: list[str] = []

    def own_lines(self) -> str:
        """Lines that hold nothing, or a comment."""
        lines = [self.random.choice(["", " ", "\t", "   "]) + self.comment() for _ in range(self.random.randint(0, 2))]
        return "".join(f"{line}{self.random.choice(['', ' '])}\n" for line in lines)

    def comment(self) -> str:
        """A comment, or none."""
        if not self.comments or self.random.random() < 0.5:
            return ""
        self.written.append(self.random.choice(self.comments))
        return self.written[-1]

    def space(self) -> str:
        """White space between two words of a line."""
        return self.random.choice([" ", " ", "  ", "\t"])

    def line_end(self) -> str:
        """The end of a line that holds something."""
        return f"{self.space()}{self.comment()}\n" if self.random.random() < 0.5 else "\n"

    def gap(self) -> str:
        """What may stand between two words of a statement."""
        if self.random.random() < 0.85:
            return self.space()
        return f"{self.line_end()}{self.own_lines()}{self.random.choice([' ', '    ', chr(9)])}"

    def statement(self, statement: nodes.Statement) -> str:
        """The text of a statement."""
        head, rest = parts(statement)
        if isinstance(statement, nodes.Expect):  # the outcome may stand before the attributes
            at = self.random.randrange(len(rest))
            rest = [*rest[:at], rest[-1], *rest[at:-1]]
        tokens = [token for part in [*head, *rest] for token in _tokens(part)]
        said = before = ""
        for at, token in enumerate(tokens):
            if token == "?" and self.random.random() < 0.6:
                continue
            is_loose = at > 1 and (before in tuple(",{}[]:") or token in (*",{}[]:?", "->"))
            said += "" if not said or (is_loose and self.random.random() < 0.5) else self.gap()
            before = "," if token == "?" else token
            said += before
        return said


@st.composite
def texts(
    draw: st.DrawFn,
    trees: Sequence[nodes.Statement],
    comments: Sequence[str] = COMMENTS,
) -> tuple[str, list[str]]:
    """A file that says the statements, and its comments in their order."""
    random = Random(draw(st.integers(0, 2**32)))
    layout = _Layout(random, comments)
    text = layout.own_lines()
    for statement in trees:
        text += layout.statement(statement) + layout.line_end() + layout.own_lines()
    if random.random() < 0.3:
        text = text.removesuffix("\n")
    if random.random() < 0.2:
        text = text.replace("\n", "\r\n")
    bom = "\ufeff" if random.random() < 0.1 else ""
    return bom + text, layout.written
