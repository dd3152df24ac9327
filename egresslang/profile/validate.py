"""Whether a document has the shape its JSON Schema describes, in plain words and at the right place.

An interpreter of the few keywords that `profile.schema.json` uses: `$ref`, `type`, `const`, `enum`, `pattern`,
`maxLength`, `minimum`, `maximum`, `required`, `properties`, `propertyNames`, `additionalProperties`, `items`, a `minItems`
of 1, and an `anyOf` whose branches differ in type. The `jsonschema` package knows them all, at a tenth of a second for its import.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from egresslang import codes
from egresslang.findings import Code, Finding, finding
from egresslang.source import Span
from egresslang.suggest import nearest, one_of, unknown_word

if TYPE_CHECKING:
    from egresslang.documents import Located

Schema = Mapping[str, Any]

KEYWORDS = frozenset(
    ("$ref", "type", "const", "enum", "pattern", "maxLength", "minimum", "maximum", "required", "properties")
    + (
        "propertyNames",
        "additionalProperties",
        "items",
        "minItems",
        "anyOf",
        "title",
        "description",
        "$schema",
        "$id",
        "$defs",
    )
)
"""The keywords that are understood; any other one in a schema would be ignored in silence."""

_CLASSES: dict[str, type] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": float,
    "null": type(None),
}
_NOUNS = {
    "object": "a mapping", "array": "a list", "string": "a string", "boolean": "`true` or `false`", "integer": "a whole number", "number": "a number",
}  # fmt: skip
_FOUND = {
    dict: "a mapping", list: "a list", str: "a string", bool: "a boolean", int: "a number", float: "a number", type(None): "nothing",
}  # fmt: skip


def validate(document: Located, schema: Schema, code: Code = codes.BAD_PROFILE) -> list[Finding]:
    """A finding of `code` for every way in which a document differs from a schema; none when it is valid."""
    validator = _Validator(schema, code)
    if isinstance(document.value, dict):
        validator.mapping(document, _Shape(schema), "")
        return validator.findings
    return [finding(code, document.span, f"the document is no {schema['title']}", f"expected a mapping, found {_FOUND[document.value.__class__]}",
                    help="write `key: value` lines")]  # fmt: skip


class _Shape:
    """One schema, made ready: the Python types that fit it, and what further is asked of a value of them."""

    __slots__ = ("closed", "length", "matches", "names", "others", "properties", "required", "schema", "types", "words")

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.words = schema.get("enum", [schema["const"]] if "const" in schema else [])
        self.types: frozenset[type] = frozenset(_CLASSES[each] for each in _types(schema))
        pattern = schema.get("pattern", "")
        # As ECMAScript matches: `$` is the very end, not before a last line feed.
        self.matches = re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern).search
        self.length = schema.get("maxLength", 1 << 32)
        self.properties: Schema = schema.get("properties", {})
        self.others = schema.get("additionalProperties", True)
        self.names = schema.get("propertyNames")
        self.required = schema.get("required", ())

    def fits(self, value: Any) -> bool:
        """Whether a value has a type that is asked for; an integer is a number, and 3.0 is an integer."""
        kind = value.__class__
        if kind in self.types:
            return True
        if kind is int:
            return float in self.types
        return kind is float and int in self.types and value.is_integer()

    def objection(self, word: str) -> str:
        """Why a word is not what is asked for; empty when it is."""
        if self.words and word not in self.words:
            return f"expected {one_of(self.words)}"
        if not self.matches(word):
            return f"expected {_lower(self.schema['description'])}"
        return "" if len(word) <= self.length else f"{len(word)} characters, at most {self.length} are possible"


class _Validator:
    """Walks a document along a schema and collects what does not agree."""

    def __init__(self, schema: Schema, code: Code) -> None:
        self.findings: list[Finding] = []
        self._code = code
        self._definitions = {f"#/$defs/{name}": definition for name, definition in schema.get("$defs", {}).items()}
        self._shapes: dict[int, list[_Shape]] = {}

    def shapes(self, schema: Schema) -> list[_Shape]:
        """The shapes of a schema, one for each branch of an `anyOf`."""
        found = self._shapes.get(id(schema))
        if found is None:
            resolved = self._definitions[schema["$ref"]] if "$ref" in schema else schema
            found = (
                [shape for branch in resolved["anyOf"] for shape in self.shapes(branch)]
                if "anyOf" in resolved
                else [_Shape(resolved)]
            )
            self._shapes[id(schema)] = found
        return found

    def value(self, value: Any, schema: Schema, parent: Located, at: str | int, name: str) -> None:
        """Check what stands in a container at a key or an index; `name` is the key, with `[]` after it for an entry."""
        shapes = self.shapes(schema)
        shape = next((shape for shape in shapes if shape.fits(value)), None)
        if shape is None:
            self.findings.append(self._wrong_type(parent[at], shapes, name))
        elif value.__class__ is dict:
            self.mapping(parent[at], shape, name)
        elif value.__class__ is list:
            self.entries(parent[at], shape, name)
        elif value.__class__ is str:
            if objection := shape.objection(value):
                self.findings.append(_bad_word(parent[at].span, value, shape, name, objection, self._code))
        elif "minimum" in shape.schema and not shape.schema["minimum"] <= value <= shape.schema["maximum"]:
            bounds = f"a number from {shape.schema['minimum']} to {shape.schema['maximum']}"
            self._tell(parent[at].span, f"`{name}` is {parent[at].text}", f"expected {bounds}", f"write {bounds}")

    def entries(self, place: Located, shape: _Shape, name: str) -> None:
        if not place.value and shape.schema.get("minItems"):
            self._tell(place.heading, f"`{name}` is empty", "holds nothing", f"write an entry, or remove `{name}`")
        if "items" in shape.schema:
            for index, entry in enumerate(place.value):
                self.value(entry, shape.schema["items"], place, index, f"{name}[]")

    def mapping(self, place: Located, shape: _Shape, name: str) -> None:
        properties, others = shape.properties, shape.others
        names = self.shapes(shape.names)[0] if shape.names else None
        for key, value in place.value.items():
            if names is not None and (objection := names.objection(key)):
                self.findings.append(_bad_word(place[key].key_span, key, names, key, objection, self._code))
            if key in properties:
                self.value(value, properties[key], place, key, key)
            elif others is False:
                self._unknown_key(
                    place[key].key_span,
                    key,
                    properties,
                    name.removesuffix("[]") or shape.schema.get("title", "an empty name"),
                )
            elif others is not True:
                self.value(value, others, place, key, key)
        for key in shape.required:
            if key not in place.value:
                self._tell(place.heading, f"`{key}` is missing", f"`{name.removesuffix('[]')}` has none" if name else "the document has none",
                           f"add `{key} = …`" if place.source.name.endswith(".toml") else f"add `{key}:`")  # fmt: skip

    def _tell(self, span: Span, message: str, label: str, help: str) -> None:
        self.findings.append(finding(self._code, span, message, label, help=help))

    def _unknown_key(self, span: Span, key: str, known: Iterable[str], owner: str) -> None:
        near = nearest(key, known)
        self._tell(
            span,
            f"unknown key `{key}`",
            f"not a key of `{owner}`",
            f"write `{near}`" if near else f"write {one_of(known)}, or remove it",
        )

    def _wrong_type(self, place: Located, shapes: list[_Shape], name: str) -> Finding:
        expected = " or ".join(dict.fromkeys(self._noun(shape) for shape in shapes))
        subject = f"an entry of `{name[:-2]}`" if name.endswith("[]") else f"`{name}`" if name else "the document"
        schema = shapes[0].schema
        span, help = place.span, f"write {expected}"
        if isinstance(place.value, dict | list):
            span = place.heading
        elif expected.startswith("a list") and place.value is not None:
            help = f"write `[{place.text}]`"
        elif str in shapes[0].types and place.value is not None and not shapes[0].objection(place.text):
            help = f'quote it: `"{place.text}"`'
        elif "description" in schema and "pattern" in schema:
            help = f"write {_lower(schema['description'])}"
        return finding(self._code, span, f"{subject} is not {expected}", f"expected {expected}, found {_FOUND.get(place.value.__class__, 'a date')}",
                       help=help)  # fmt: skip

    def _noun(self, shape: _Shape) -> str:
        """What a shape asks for: `a list of strings`."""
        if shape.words:
            return one_of(shape.words)
        types = [each for each in _types(shape.schema) if each != "null"]
        if types == ["array"] and "items" in shape.schema:
            kinds = {kind for items in self.shapes(shape.schema["items"]) for kind in items.types}
            return "a list of strings" if kinds == {str} else "a list of mappings" if kinds == {dict} else "a list"
        return " or ".join(_NOUNS[each] for each in types)


def _types(schema: Schema) -> list[str]:
    if "enum" in schema or "const" in schema:
        return ["string"]
    types = schema.get("type", list(_CLASSES))
    return [types] if isinstance(types, str) else list(types)


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:].removesuffix(".")


def _bad_word(span: Span, word: str, shape: _Shape, name: str, objection: str, code: Code) -> Finding:
    if shape.words:
        what = "entry" if name.endswith("[]") else f"`{name}`"
        return unknown_word(
            span, word, what, shape.words, codes.BAD_CONFIG if code is codes.BAD_CONFIG else codes.PROFILE_MISMATCH
        )
    likely = re.sub(r"[\s_]+", "-", word.strip().lower())
    help = f"write {_lower(shape.schema['description'])}"
    if len(word) > shape.length:
        help = "shorten it"
    elif not shape.objection(likely):
        help = f"write `{likely}`"
    return finding(code, span, f"`{word}` is not {shape.schema['title']}", objection, help=help)
