"""Reasons: why something may be reached, as the comments and annotations of a manifest say it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from egresslang.documents import Located
from egresslang.source import Source

LONGEST = 300
"""Characters of a reason."""

_TOLD = frozenset(("description", "reason", "purpose"))
"""Annotations that say what a resource is for, by the end of their names."""

_OF_TOOLS = re.compile(r"(?i)source:|yaml-language-server|yamllint|prettier|generated|do not edit|code generated|\W*$")


def reason_of(manifest: Located, host: str = "") -> str:
    """Why a manifest stands there: its annotations, the comments above it, and the one behind a host of its list."""
    words = [*_annotated(manifest), *_above(manifest), *_behind(manifest, host)]
    text = " ".join(" ".join(dict.fromkeys(words)).split())
    text = "".join(each for each in text if each.isprintable())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3].rstrip()}..."


def _annotated(manifest: Located) -> Iterator[str]:
    place = manifest.get("metadata", "annotations")
    if place is None or not isinstance(place.value, dict):
        return
    for key, value in place.value.items():
        if str(key).rpartition("/")[2].lower() in _TOLD and isinstance(value, str):
            yield value


def _above(manifest: Located) -> list[str]:
    """The comment lines right above a document."""
    source = manifest.source
    line, _ = source.position(manifest.span.start)
    found: list[str] = []
    while line > 1:
        line -= 1
        text = source.line(line).strip()
        if not text.startswith("#"):
            break
        found.insert(0, text)
    return [word for word in (each.lstrip("#").strip() for each in found) if not _OF_TOOLS.match(word)]


def _behind(manifest: Located, host: str) -> Iterator[str]:
    """The comment behind a host where it is listed."""
    hosts = manifest.get("spec", "hosts")
    if hosts is None or not isinstance(hosts.value, list):
        return
    for each in hosts.entries():
        if each.value == host and (word := _comment_after(each.source, each.span.end)):
            yield word


def _comment_after(source: Source, end: int) -> str:
    found = re.compile(r"[\"']?[^\S\n]+#(.*)").match(source.text, end)
    return found[1].strip() if found else ""
