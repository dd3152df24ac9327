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
    """What holds below some paths, patterns relative to the folder of the file: codes to ignore, severities by code.

    `places` are where the patterns are written.
    """

    paths: tuple[str, ...]
    ignore: frozenset[str]
    severity: Mapping[str, Severity]
    places: tuple[Span, ...] = ()


@record
class Settings:
    """A configuration file. Paths are as they are written from the current folder; codes are whole, prefixes expanded.

    `select` is None when all is told; `output` and `fail_on` are empty when they are not said. `places` has where each
    path is written, `limits` those that are not to have their defaults.
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
    limits: Mapping[str, int] | None = None


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


def idle(files: Iterable[str], settings: Settings) -> list[Finding]:
    """A warning for each pattern of the overrides that none of all files of the project matches."""
    names = list(files)
    return [
        finding(codes.BAD_CONFIG, place, f"no file matches `{pattern}`", "changes nothing",
                help="correct the pattern: it is relative to this file, and a folder holds for all below it", severity=Severity.WARNING)
        for override in settings.overrides for pattern, place in zip(override.paths, override.places, strict=False)
        if not any(_is_below(name, [pattern], settings.folder) for name in names)
    ]  # fmt: skip


def settle(found: Iterable[Finding], settings: Settings) -> tuple[list[Finding], int]:
    """The findings that are told, as severe as the project says, and how many are hidden. An error stays an error."""
    told: list[Finding] = []
    hidden = 0
    for each in found:
        files = dict.fromkeys(place.source.name for place in (each.span, *each.elsewhere))
        weights = {file: _weight(each, file, settings) for file in files}
        left = [place for place in (each.span, *each.elsewhere) if weights[place.source.name] is not None]
        if not left:
            hidden += 1
            continue
        severity = weights[left[0].source.name] or each.severity
        kept = each if len(left) == len(each.elsewhere) + 1 else each.at(left)
        told.append(kept if severity is each.severity else replace(kept, severity=severity))
    return told, hidden


def _weight(each: Finding, file: str, settings: Settings) -> Severity | None:
    """How severe the project says that a finding is in a file; None where it is hidden."""
    if each.severity is Severity.ERROR:
        return each.severity
    severity = (settings.severity or {}).get(each.code.id, each.severity)
    if each.code.id in settings.ignore or each.code.id not in (settings.select or {each.code.id}):
        return None
    for override in settings.overrides:
        if _is_below(file, override.paths, settings.folder):
            severity = override.severity.get(each.code.id, severity)
            if each.code.id in override.ignore:
                return None
    return severity


def _is_below(name: str, patterns: Iterable[str], folder: str) -> bool:
    """Whether a file matches one of the patterns, or lies below a folder that does."""
    path = os.path.relpath(os.path.realpath(name), folder).replace(os.sep, "/")
    return any(_pattern(each).fullmatch(path) for each in patterns)


def _pattern(glob: str) -> re.Pattern[str]:
    """`*` and `?` stay within a folder, `**` crosses any number; a pattern that matches a folder holds below it."""
    words = {"**/": "(?:[^/]+/)*", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.findall(r"\*\*/|/\*\*$|\*\*|\*|\?|[^*?/]+|/", glob.removeprefix("./").rstrip("/"))
    return re.compile("".join(words.get(part, re.escape(part)) for part in parts) + "(?:/.*)?")
