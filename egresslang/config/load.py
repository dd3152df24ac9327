"""From a configuration file to Settings; what is wrong with it is told at its place."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from egresslang import codes, limits
from egresslang.config.find import SHARED, TABLE
from egresslang.config.settings import Override, Settings, codes_of, silenceable, suggestion
from egresslang.config.toml import read
from egresslang.documents import Located
from egresslang.files import OverLimit, decode, read_bytes
from egresslang.findings import Edit, Finding, Fix, Severity, errors, finding
from egresslang.profile.validate import validate
from egresslang.resources import text
from egresslang.source import Span


def load(path: str, content: bytes | None = None) -> tuple[Settings, list[Finding]]:
    """The settings of a file, those of an empty one when a finding is an error; raises files.Unreadable.

    `content` is what the file holds, where that is not read from it.
    """
    try:
        content = read_bytes(path, limits.CONFIG_SIZE) if content is None else content
    except OverLimit as problem:
        return Settings(), [problem.finding]
    if len(content) > limits.CONFIG_SIZE.now:
        return Settings(), [limits.over_as_a_whole(limits.CONFIG_SIZE, os.path.relpath(path))]
    source, found = decode(os.path.relpath(path), content)
    if found:
        return Settings(), [_as_config(each) for each in found]
    document, found = read(source)
    if document is None:
        return Settings(), found
    if os.path.basename(path) == SHARED:
        document = document[TABLE[0]][TABLE[1]]
        if not isinstance(document.value, dict):
            return Settings(), [_no_table(document)]
    found = validate(document, json.loads(text("schemas", "config.schema.json")), codes.BAD_CONFIG)
    if errors(found):
        return Settings(), found
    folder = os.path.realpath(os.path.dirname(path))
    settings = _settings(document, os.path.dirname(path), folder, found)
    return (Settings() if errors(found) else settings), found


def _no_table(document: Located) -> Finding:
    name = ".".join(TABLE)
    return finding(
        codes.BAD_CONFIG,
        document.span,
        f"`{name}` is no table",
        "expected a table",
        help=f"write the settings below `[{name}]`",
    )


def _as_config(each: Finding) -> Finding:
    return finding(codes.BAD_CONFIG, each.span, each.message, each.label, help=each.help)


def _settings(document: Located, written: str, folder: str, found: list[Finding]) -> Settings:
    selected = document.get("select")
    fail_on, output = document.get("fail-on"), document.get("output")
    policies, profiles = (dict(_paths(document.get(key), written)) for key in ("policies", "profiles"))
    return Settings(
        folder,
        tuple(policies),
        tuple(profiles),
        os.path.relpath(os.path.join(written, output.value)) if output is not None else "",
        fail_on.value if fail_on is not None else "",
        None if selected is None else _codes(selected, found),
        _codes(document.get("ignore"), found, is_ignored=True),
        _severities(document.get("severity"), found),
        tuple(
            Override(
                tuple(entry["paths"].value),
                _codes(entry.get("ignore"), found, is_ignored=True),
                _severities(entry.get("severity"), found),
                tuple(path.span for path in entry["paths"].entries()),
            )
            for entry in _entries(document.get("overrides"))
        ),
        policies | profiles,
        dict(_limits(document.get("limits"), found)),
    )


def _limits(table: Located | None, found: list[Finding]) -> Iterator[tuple[str, int]]:
    for name, place in table.items() if table is not None else ():
        try:
            yield name, limits.parse(name, str(place.value))
        except limits.BadLimit as problem:
            span = place.span if name in limits.ALL else place.key_span
            found.append(
                finding(
                    codes.BAD_CONFIG,
                    span,
                    str(problem),
                    "cannot hold",
                    help='write `values = 200000`, or `file-size = "64MiB"`',
                )
            )


def _entries(listed: Located | None) -> Iterator[Located]:
    yield from listed.entries() if listed is not None else ()


def _paths(listed: Located | None, written: str) -> Iterator[tuple[str, Span]]:
    for entry in _entries(listed):
        yield os.path.relpath(os.path.join(written, entry.value)), entry.span


def _codes(listed: Located | None, found: list[Finding], is_ignored: bool = False) -> frozenset[str]:
    chosen: frozenset[str] = frozenset()
    for entry in _entries(listed):
        chosen |= _chosen(entry, entry.value, found, is_ignored)
    return chosen


def _chosen(place: Located, word: str, found: list[Finding], is_ignored: bool) -> frozenset[str]:
    """The codes of a word; tells of one that is none, and of an error that cannot be ignored."""
    span = place.span if place.value == word else place.key_span
    codes_here = codes_of(word)
    if not codes_here:
        near = suggestion(word)
        fix = Fix(f"write `{near}`", (Edit(span, f'"{near}"'),)) if near and span.text.startswith('"') else None
        found.append(
            finding(codes.BAD_CONFIG, span, f"`{word}` is no code of a finding", "unknown code",
                    help=f"write `{near}`" if near else "`egressc explain CODE` prints what a code is about", fix=fix)
        )  # fmt: skip
    elif is_ignored and not silenceable(codes_here):
        found.append(
            finding(codes.BAD_CONFIG, span, f"`{word}` is an error, which nothing silences", "only warnings and notes are",
                    help="mend what it finds, and remove this")
        )  # fmt: skip
    return codes_here


def _severities(table: Located | None, found: list[Finding]) -> dict[str, Severity]:
    made: dict[str, Severity] = {}
    items = list(table.items()) if table is not None else []
    for word, place in sorted(items, key=lambda item: len(item[0])):  # a whole code counts more than the start of some
        made |= dict.fromkeys(_chosen(place, word, found, is_ignored=True), Severity[place.value.upper()])
    return made
