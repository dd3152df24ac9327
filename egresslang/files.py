"""Policy files and manifests: found below the paths a user gives, read as text, named as people and as the project know them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator

from egresslang import codes
from egresslang.findings import Finding, finding
from egresslang.source import Source, Span

SUFFIX = ".egress"
MANIFESTS = (".yaml", ".yml", ".json")
"""How files of manifests end."""

STANDARD_INPUT = "-"

LARGEST = 128 * 1024 * 1024
"""Bytes of the largest file that is read at all: as many as the code points of the largest policy can have."""


class Unreadable(Exception):
    """A file that cannot be read, or none found: misuse, told in one line."""


def read_policies(paths: Iterable[str], stdin: Iterable[bytes] | None) -> tuple[list[Source], list[Finding]]:
    """The policy files at or below the paths, each once; findings for what is not UTF-8.

    Raises Unreadable for a path that does not exist or holds no policy at all.
    """
    sources: list[Source] = []
    found: list[Finding] = []
    paths = list(paths)
    root = _project(_folder(paths[0]))
    seen: set[str] = set()
    for path in _find(paths):
        real = os.path.realpath(path)
        if path != STANDARD_INPUT and real in seen:
            continue
        seen.add(real)
        if path == STANDARD_INPUT and stdin is None:
            raise Unreadable("standard input is closed")
        content = b"".join(stdin or ()) if path == STANDARD_INPUT else read_bytes(path)
        source, problem = decode(path, content, path if path == STANDARD_INPUT else _below(root, real))
        sources.append(source)
        found.extend(problem)
    if not sources:
        raise Unreadable(f"no {SUFFIX} file found in {', '.join(f'`{path}`' for path in paths)}")
    return sources, found


def read_manifests(paths: Iterable[str], stdin: Iterable[bytes] | None) -> tuple[list[Source], list[Finding]]:
    """The files of manifests at or below the paths, each once; findings for what is not UTF-8.

    Raises Unreadable for a path that does not exist or holds none.
    """
    sources: list[Source] = []
    found: list[Finding] = []
    seen: set[str] = set()
    paths = list(paths)
    for path in _find(paths, MANIFESTS):
        real = path if path == STANDARD_INPUT else os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        if path == STANDARD_INPUT and stdin is None:
            raise Unreadable("standard input is closed")
        content = b"".join(stdin or ()) if path == STANDARD_INPUT else read_bytes(path)
        source, problem = decode(path, content)
        sources.append(source)
        found.extend(problem)
    if not sources:
        raise Unreadable(f"no manifest found in {', '.join(f'`{path}`' for path in paths)}")
    return sources, found


def find_manifests(folder: str) -> list[str]:
    """The files of manifests below a folder; raises Unreadable for what is no file, and for a folder that cannot be read."""
    return list(_find([folder], MANIFESTS)) if os.path.isdir(folder) else []


def find_policies(folder: str) -> list[str]:
    """The policy files below a folder; raises Unreadable as `find_manifests` does."""
    return list(_find([folder])) if os.path.isdir(folder) else []


def decode(name: str, content: bytes, path: str = "") -> tuple[Source, list[Finding]]:
    """A file's text, and a finding at the first byte that is not UTF-8."""
    try:
        return Source(name, content.decode(), path), []
    except UnicodeDecodeError as problem:
        source = Source(name, content.decode(errors="replace"), path)
        start = len(content[: problem.start].decode())
        wrong = finding(
            codes.HOSTILE_TEXT,
            Span(source, start, start + 1),
            f"`{name}` is not UTF-8",
            "this byte is no character",
            help="save the file as UTF-8",
        )
        return source, [wrong]


def read_bytes(path: str) -> bytes:
    """The content of a file; raises Unreadable."""
    try:
        return _content(path)
    except OSError as problem:
        raise Unreadable(f"cannot read `{path}`: {problem.strerror}") from problem


def _content(path: str) -> bytes:
    """What a file or pipe holds; raises OSError for a device, which may never end, and for what is too large to be ours."""
    with open(path, "rb") as file:
        state = os.fstat(file.fileno())
        if stat.S_ISCHR(state.st_mode) or stat.S_ISBLK(state.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        if state.st_size > LARGEST:
            raise OSError(errno.EFBIG, f"larger than {LARGEST >> 20} MiB", path)
        return file.read()


def _folder(path: str) -> str:
    if path == STANDARD_INPUT:
        return os.getcwd()
    return os.path.abspath(path) if os.path.isdir(path) else os.path.dirname(os.path.abspath(path))


def _below(root: str, path: str) -> str:
    """A path relative to the project, the same text under every locale."""
    relative = os.fsencode(os.path.relpath(path, root)).decode("utf-8", "backslashreplace")
    return relative.replace(os.sep, "/")


def read_text(path: str) -> str:
    """The text of a file that a profile names; raises OSError, also for what is not UTF-8."""
    try:
        return _content(path).decode()
    except UnicodeDecodeError as problem:
        raise OSError(0, "not UTF-8", path) from problem


def _find(paths: Iterable[str], suffixes: str | tuple[str, ...] = SUFFIX) -> Iterator[str]:
    for path in paths:
        if path == STANDARD_INPUT or not os.path.isdir(path):
            yield path
            continue
        for folder, folders, names in os.walk(path, onerror=_refuse):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if name.endswith(suffixes):
                    found = os.path.normpath(os.path.join(folder, name))
                    if os.path.exists(found) and not os.path.isfile(found):  # a pipe would wait for ever
                        raise Unreadable(f"`{found}` is not a regular file")
                    yield found


def _refuse(problem: OSError) -> None:
    raise Unreadable(f"cannot read `{problem.filename}`: {problem.strerror}")


def _project(folder: str) -> str:
    """The folder of `egressc.toml` upward from a folder, else of `.git`, else the current one."""
    for marker in ("egressc.toml", ".git"):
        at = folder
        while True:
            if os.path.exists(os.path.join(at, marker)):
                return os.path.realpath(at)
            above = os.path.dirname(at)
            if above == at:
                break
            at = above
    return os.path.realpath(os.getcwd())
