"""YAML out: plain documents as block-style YAML that every reader takes for the same thing.

General emitters write `region: no`, `010` or `1e3` bare where their own YAML version reads a string;
Kubernetes reads YAML 1.1 through Go and takes them for a boolean and numbers. Here a string is written
bare only if it is a plain word in YAML 1.1, in YAML 1.2 and to Go; every other one is double-quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

Value: TypeAlias = "str | int | bool | Sequence[Value] | Mapping[str, Value]"
"""What a document is made of; there is no null, no float and no date in what we emit."""

Document: TypeAlias = Mapping[str, Value]
"""A YAML document: a map, whose keys keep their order."""


class Shared(dict[str, Value]):
    """A map that stands in many documents and never changes: its text is made once for each place it has in them.

    It is remembered as the object that it is; equal ones are written one by one.
    """

    __hash__ = object.__hash__  # type: ignore[assignment]


# Letters and digits in pieces joined by `-`, `.`, `_` or `/`, the first a letter: no reader takes such a word for a
# number, a date or syntax, and these are the words that some reader takes for a boolean or null.
_PLAIN = re.compile(r"[A-Za-z](?:[-._/A-Za-z0-9]*[A-Za-z0-9])?").fullmatch
_RESERVED = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})

_MAPS = (dict, Mapping)  # what is a dict is known at once

_SAFE = re.compile(r"[ !$-\[\]-~]*").fullmatch  # of most strings, nothing is escaped
_UNSAFE = re.compile(r'["\\]|[^ -~]|(?<=#)#')  # `##[…]` is a command to runners of CI, wherever it stands in a line
_ESCAPES = {'"': r"\"", "\\": r"\\", "\n": r"\n", "\t": r"\t", "\r": r"\r"}


def emit(documents: Iterable[Document]) -> str:
    """The text of documents, `---` between them; the same documents give the same bytes.

    Maps and lists are in block style with two spaces a level, as kubectl prints them; nothing is folded.
    Keys are Kubernetes names and so below the 1,024 characters that YAML allows a key.
    Raises ValueError for a lone surrogate, which no YAML can carry.
    """
    scalars = _Scalars()
    texts: list[str] = []
    for document in documents:
        lines: list[str] = []
        _emit_map(document, "", "", lines, scalars)
        texts.append("".join(lines) or "{}\n")
    return "---\n".join(texts)


class _Scalars(dict[str, str]):
    """The written form of each string, made once: the strings of a policy's manifests repeat.

    `shared` has the text of each shared map behind each lead.
    """

    def __init__(self) -> None:
        self.shared: dict[tuple[Shared, str], str] = {}

    def __missing__(self, value: str) -> str:
        if _PLAIN(value) and value.lower() not in _RESERVED:
            text = value
        else:
            text = f'"{value if _SAFE(value) else _UNSAFE.sub(_escape, value)}"'
        self[value] = text
        return text


def _escape(match: re.Match[str]) -> str:
    """The YAML escape of a character; only ASCII leaves, so that no hidden or turned text does."""
    character = match[0]
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"a lone surrogate U+{code:04X} cannot be written as YAML")
    if character in _ESCAPES:
        return _ESCAPES[character]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _emit_map(node: Mapping[str, Value], lead: str, indent: str, lines: list[str], scalars: _Scalars) -> None:
    """Write a map; `lead` stands before its first key, which may follow a dash, `indent` before the others."""
    if type(node) is Shared:
        lines.append(_shared(node, lead, indent, scalars))
        return
    for key, value in node.items():
        if type(value) is str:
            lines.append(f"{lead}{scalars[key]}: {scalars[value]}\n")
        elif type(value) is int:
            lines.append(f"{lead}{scalars[key]}: {value}\n")
        else:
            _emit_below(f"{lead}{scalars[key]}:", value, indent, lines, scalars)
        lead = indent


def _shared(node: Shared, lead: str, indent: str, scalars: _Scalars) -> str:
    """The text of a shared map."""
    text = scalars.shared.get((node, lead))
    if text is None:
        lines: list[str] = []
        _emit_map(dict(node), lead, indent, lines, scalars)
        text = scalars.shared[node, lead] = "".join(lines)
    return text


def _emit_below(head: str, value: Value, indent: str, lines: list[str], scalars: _Scalars) -> None:
    """Write what stands below a key, or behind it when it is empty or a boolean."""
    if isinstance(value, (list, tuple)):
        if value:
            lines.append(f"{head}\n")
            _emit_list(value, indent, indent, lines, scalars)
        else:
            lines.append(f"{head} []\n")
    elif isinstance(value, _MAPS):
        if value:
            lines.append(f"{head}\n")
            indent += "  "
            _emit_map(value, indent, indent, lines, scalars)
        else:
            lines.append(f"{head} {{}}\n")
    else:
        lines.append(f"{head} {_scalar(value, scalars)}\n")


def _emit_list(items: Sequence[Value], lead: str, indent: str, lines: list[str], scalars: _Scalars) -> None:
    """Write a list; `lead` stands before its first dash, which may follow another, `indent` before the others."""
    for item in items:
        if type(item) is str:
            lines.append(f"{lead}- {scalars[item]}\n")
        elif isinstance(item, _MAPS) and item:
            _emit_map(item, f"{lead}- ", indent + "  ", lines, scalars)
        elif isinstance(item, (list, tuple)) and item:
            _emit_list(item, f"{lead}- ", indent + "  ", lines, scalars)
        else:
            lines.append(f"{lead}- {_scalar(item, scalars)}\n")
        lead = indent


def _scalar(value: Value, scalars: _Scalars) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return scalars[value]
        case int():
            return str(value)
        case Mapping():
            return "{}"
        case list() | tuple():
            return "[]"
    raise TypeError(f"{value!r} has no place in a manifest")
