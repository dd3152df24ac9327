"""Whether a document has the shape its JSON Schema describes, in plain words and at the right place.

An interpreter of the few keywords that `profile.schema.json` uses: `$ref`, `type`, `const`, `enum`, `pattern`,
`maxLength`, `minimum`, `maximum`, `required`, `properties`, `propertyNames`, `additionalProperties`, `items`, and an
`anyOf` whose branches differ in type. The `jsonschema` package knows them all, at a tenth of a second for its import.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from egresslang import codes
from egresslang.documents import Located
from egresslang.findings import Finding, finding

Schema = Mapping[str, Any]

KEYWORDS = frozenset(
    ("$ref", "type", "const", "enum", "pattern", "maxLength", "minimum", "maximum", "required", "properties")
    + ("propertyNames", "additionalProperties", "items", "anyOf", "title", "description", "$schema", "$id", "$defs")
)
"""The keywords that are understood; any other one in a schema would be ignored in silence."""

_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
_NOUNS = {
    "object": "a mapping", "array": "a list", "string": "a string", "boolean": "`true` or `false`", "integer": "a whole number",
    "number": "a number", "null": "nothing",
}  # fmt: skip
_PLURALS = {"object": "mappings", "array": "lists", "string": "strings", "integer": "whole numbers", "number": "numbers"}


def validate(document: Located, schema: Schema) -> list[Finding]:
    """A finding for every way in which a document differs from a schema; none when it is valid."""
    return list(_Validator(schema).value(document, schema, document.heading, ""))


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like this one, whatever their case; empty when none is near."""
    from difflib import get_close_matches

    by_case = {each.lower(): each for each in known}
    return next((by_case[near] for near in get_close_matches(word.lower(), list(by_case), 1, 0.6)), "")


def one_of(words: Iterable[str]) -> str:
    """`a`, `b` or `c`."""
    *others, last = [f"`{word}`" for word in words]
    return f"{', '.join(others)} or {last}" if others else last


def unknown_word(place: Located, what: str, known: Iterable[str]) -> Finding:
    """A finding about a word that is none of those known for its place; `what` says what it should have been."""
    near = nearest(str(place.value), known)
    return finding(codes.PROFILE_MISMATCH, place.span, f"unknown {what} `{place.value}`", f"expected {one_of(known)}",
                   help=f"write `{near}`" if near else f"write {one_of(known)}")  # fmt: skip


class _Validator:
    def __init__(self, schema: Schema) -> None:
        self._definitions = {f"#/$defs/{name}": definition for name, definition in schema.get("$defs", {}).items()}

    def value(self, place: Located, schema: Schema, parent: Any, name: str) -> Iterator[Finding]:
        """What is wrong with a value; `name` is its key, with `[]` after it for an entry of that list."""
        schema = self._resolved(schema)
        value = place.value
        if "anyOf" in schema:
            branches = [branch for branch in map(self._resolved, schema["anyOf"]) if _fits(value, _types(branch))]
            if not branches:
                yield self._wrong_type(place, schema, name)
                return
            schema = branches[0]
        if not _fits(value, _types(schema)):
            yield self._wrong_type(place, schema, name)
        elif value.__class__ is dict:
            yield from self._mapping(place, schema, name)
        elif value.__class__ is list:
            if "items" in schema:
                for entry in place.entries():
                    yield from self.value(entry, schema["items"], place, f"{name}[]")
        elif value.__class__ is str:
            yield from self._string(place, value, schema, name)
        elif not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            low, high = schema.get("minimum", "any"), schema.get("maximum", "any")
            yield finding(codes.BAD_PROFILE, place.span, f"`{name}` is {place.text}", f"from {low} to {high} is possible",
                          help=f"write a number from {low} to {high}")  # fmt: skip

    def _resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        return schema if reference is None else self._definitions[reference]

    def _mapping(self, place: Located, schema: Schema, name: str) -> Iterator[Finding]:
        properties, others, names = schema.get("properties", {}), schema.get("additionalProperties", True), schema.get("propertyNames")
        names = names and self._resolved(names)
        for key, child in place.items():
            if names is not None:
                yield from self._string(Located(child.source, key, child.key_place), key, names, key)
            if key in properties:
                yield from self.value(child, properties[key], place, key)
            elif others is False:
                yield _unknown_key(child, key, properties, name or schema.get("title", "document"))
            elif others is not True:
                yield from self.value(child, others, place, key)
        for key in schema.get("required", ()):
            if key not in place.value:
                yield finding(codes.BAD_PROFILE, place.heading, f"`{key}` is missing", f"`{name}` has none" if name else "the document has none",
                              help=f"add `{key}:`")  # fmt: skip

    def _string(self, place: Located, value: str, schema: Schema, name: str) -> Iterator[Finding]:
        if "enum" in schema or "const" in schema:
            known = schema["enum"] if "enum" in schema else [schema["const"]]
            if value not in known:
                yield unknown_word(place, f"`{name.removesuffix('[]')}`", known)
        elif "pattern" in schema and not _matches(schema["pattern"], value):
            yield _bad_word(place, schema, schema["description"])
        elif len(value) > schema.get("maxLength", len(value)):
            yield _bad_word(place, schema, f"{len(value)} characters, at most {schema['maxLength']} are possible")

    def _wrong_type(self, place: Located, schema: Schema, name: str) -> Finding:
        expected = self._noun(schema)
        entry = name.endswith("[]")
        subject = f"an entry of `{name[:-2]}`" if entry else f"`{name}`" if name else "the document"
        found = _NOUNS[_TYPES[place.value.__class__]].replace("`true` or `false`", "a boolean").replace("a whole number", "a number")
        help = f"write {expected}"
        if isinstance(place.value, bool | int | float) and "a string" in expected:
            help = f'quote it: `"{place.text}"`'
        elif place.value is None:
            help = f"write {expected}, or remove it"
        elif expected.startswith("a list") and not isinstance(place.value, dict):
            help = f"write `[{place.text}]`"
        return finding(codes.BAD_PROFILE, place.span if not isinstance(place.value, dict | list) else place.heading,
                       f"{subject} is not {expected}", f"expected {expected}, found {found}", help=help)  # fmt: skip

    def _noun(self, schema: Schema) -> str:
        """What a schema asks for: `a list of strings`."""
        schema = self._resolved(schema)
        if "anyOf" in schema:
            return " or ".join(dict.fromkeys(self._noun(branch) for branch in schema["anyOf"]))
        if "enum" in schema:
            return one_of(schema["enum"])
        types = [each for each in _types(schema) if each != "null"]
        if types == ["array"] and "items" in schema:
            items = self._resolved(schema["items"])
            kinds = _types(items)
            return f"a list of {_PLURALS[kinds[0]]}" if len(kinds) == 1 and "anyOf" not in items else "a list"
        return " or ".join(_NOUNS[each] for each in types)


def _types(schema: Schema) -> list[str]:
    if "enum" in schema or "const" in schema:
        return ["string"]
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else list(types)


def _fits(value: Any, types: list[str]) -> bool:
    if not types:
        return True
    kind = _TYPES[value.__class__]
    if kind in types:
        return True
    if kind == "integer":
        return "number" in types
    return kind == "number" and "integer" in types and value.is_integer()


def _matches(pattern: str, value: str) -> bool:
    """As ECMAScript matches: `$` is the very end, not before a last line feed."""
    return bool(re.search(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern, value))


def _bad_word(place: Located, schema: Schema, why: str) -> Finding:
    expected = schema["title"]
    return finding(codes.BAD_PROFILE, place.span, f"`{place.value}` is not {expected}", why[0].lower() + why[1:].removesuffix("."),
                   help=f"write {expected}")  # fmt: skip


def _unknown_key(place: Located, key: str, known: Iterable[str], owner: str) -> Finding:
    near = nearest(key, known)
    return finding(codes.BAD_PROFILE, place.key_span, f"unknown key `{key}`", f"not a key of `{owner.removesuffix('[]')}`",
                   help=f"write `{near}`" if near else f"write {one_of(known)}, or remove it")  # fmt: skip
