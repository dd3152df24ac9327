"""Settings: what a project asks for, and what that makes of a finding."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from egresslang import codes
from egresslang.findings import Finding, Severity, finding
from egresslang.record import record, replace
from egresslang.source import Span


@record
class Override:
    """What holds below some paths, patterns relative to the folder of the file: codes to ignore, severities by code."""

    paths: tuple[str, ...]
    ignore: frozenset[str]
    severity: Mapping[str, Severity]


@record
class Settings:
    """A configuration file. Paths are as they are written from the current folder; codes are whole, prefixes expanded.

    `select` is None when all is told; `output` and `fail_on` are empty when they are not said. `places` has where each
    path is written.
    """

    folder: str = ""
    policies: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    output: str = ""
    fail_on: str = ""
    select: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()
    severity: Mapping[str, Severity] | None = None
    overrides: tuple[Override, ...] = ()
    places: Mapping[str, Span] | None = None


def codes_of(word: str) -> frozenset[str]:
    """The codes that a word stands for: a code, its name, or the start of some, as `EGR3`; none when it is neither."""
    upper, lower = word.upper(), word.lower()
    if re.fullmatch(r"EGR\d{0,3}", upper):
        return frozenset(code.id for code in codes.ALL if code.id.startswith(upper))
    return frozenset(code.id for code in codes.ALL if code.name == lower)


def silenceable(chosen: Iterable[str]) -> bool:
    """Whether any of some codes is of warnings or notes: an error cannot be ignored."""
    return any(code.is_silenceable for code in codes.ALL if code.id in frozenset(chosen))


def suggestion(word: str) -> str:
    """The code or name that a word most likely means; empty when none is near."""
    from egresslang.suggest import nearest

    name = nearest(word, [code.name for code in codes.ALL])
    if name and not word.upper().startswith("EGR"):
        return name
    return nearest(word, [code.id for code in codes.ALL])


def missing(paths: Iterable[str], settings: Settings) -> list[Finding]:
    """A finding for each path of the configuration that leads nowhere."""
    return [
        finding(codes.BAD_CONFIG, settings.places[path], f"`{path}` does not exist", "leads nowhere",
                help="correct the path: it is relative to this file")
        for path in paths if settings.places and path in settings.places and not os.path.exists(path)
    ]  # fmt: skip


def settle(found: Iterable[Finding], settings: Settings) -> tuple[list[Finding], int]:
    """The findings that are told, as severe as the project says, and how many are hidden. An error stays an error."""
    told: list[Finding] = []
    hidden = 0
    for each in found:
        if each.severity is Severity.ERROR:
            told.append(each)
            continue
        severity = (settings.severity or {}).get(each.code.id, each.severity)
        is_hidden = each.code.id in settings.ignore or each.code.id not in (settings.select or {each.code.id})
        for override in settings.overrides if not is_hidden else ():
            if _is_below(each.span.source.name, override.paths, settings.folder):
                severity = override.severity.get(each.code.id, severity)
                is_hidden = is_hidden or each.code.id in override.ignore
        if is_hidden:
            hidden += 1
        else:
            told.append(each if severity is each.severity else replace(each, severity=severity))
    return told, hidden


def _is_below(name: str, patterns: Iterable[str], folder: str) -> bool:
    """Whether a file matches one of the patterns, or lies below a folder that does."""
    path = os.path.relpath(os.path.realpath(name), folder).replace(os.sep, "/")
    return any(_pattern(each).fullmatch(path) for each in patterns)


def _pattern(glob: str) -> re.Pattern[str]:
    """`*` and `?` stay within a folder, `**` crosses any number; a pattern that matches a folder holds below it."""
    words = {"**/": "(?:[^/]+/)*", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.findall(r"\*\*/|/\*\*$|\*\*|\*|\?|[^*?/]+|/", glob.removeprefix("./").rstrip("/"))
    return re.compile("".join(words.get(part, re.escape(part)) for part in parts) + "(?:/.*)?")
