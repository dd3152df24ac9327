"""Manifests: the files in which commands look for what a cluster is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from egresslang.files import (
    STANDARD_INPUT,
    OverLimit,
    Total,
    Unreadable,
    decode,
    find_manifests,
    read_bytes,
    read_input,
)
from egresslang.findings import Finding
from egresslang.source import Source


def below(folder: str) -> Iterator[tuple[str, bytes | None]]:
    """The files below a folder that may hold manifests, and what is in them, None where that cannot be read.

    What a former compilation wrote is left out.
    """
    from egresslang.existing.cluster import MANIFEST

    for path in find_manifests(folder):
        if _is_compiled(path):
            continue
        try:
            content = read_bytes(path)
        except Unreadable:
            yield path, None
            continue
        if MANIFEST.search(content):
            yield path, content


def read_manifests(paths: Iterable[str], stdin: BinaryIO | None) -> tuple[list[Source], list[Finding]]:
    """The manifests at or below the paths, each once, and findings for what is not UTF-8 or more than a limit; raises Unreadable."""
    sources: list[Source] = []
    found: list[Finding] = []
    seen: set[str] = set()
    total = Total()
    try:
        for path, content in _contents(paths, stdin):
            real = path if path == STANDARD_INPUT else os.path.realpath(path)
            if real not in seen:
                seen.add(real)
                total.add(path, content)
                source, problems = decode(path, content)
                found += problems
                sources += [] if problems else [source]
    except OverLimit as stopped:
        found.append(stopped.finding)
    return sources, found


def _contents(paths: Iterable[str], stdin: BinaryIO | None) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        if path == STANDARD_INPUT:
            yield path, read_input(stdin)
        elif os.path.isdir(path):
            for name, content in below(path):
                yield name, read_bytes(name) if content is None else content
        else:
            yield path, read_bytes(path)


def _is_compiled(path: str) -> bool:
    from egresslang.directory import INDEX

    above = os.path.dirname(path)
    return any(os.path.exists(os.path.join(each, INDEX)) for each in (above, os.path.dirname(above)))
