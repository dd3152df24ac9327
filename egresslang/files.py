"""Policy files and manifests: found below the paths a user gives, read as text, named as people and as the project know them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from egresslang import codes, limits
from egresslang.findings import Finding, finding
from egresslang.limits import Limit
from egresslang.source import Source, Span

SUFFIX = ".egress"
MANIFESTS = (".yaml", ".yml", ".json")
"""How files of manifests end."""

STANDARD_INPUT = "-"


class Unreadable(Exception):
    """A file that cannot be read, or none found: misuse, told in one line."""


class OverLimit(Unreadable):
    """A file or folder that is more than a limit; `finding` tells of it where findings are told."""

    def __init__(self, path: str, limit: Limit) -> None:
        super().__init__(f"cannot read `{path}`: {limit.words}")
        self.finding = limits.over_as_a_whole(limit, path)


def read_policies(paths: Iterable[str], stdin: BinaryIO | None) -> tuple[list[Source], list[Finding]]:
    """The policy files at or below the paths, each once; findings for what is not UTF-8 or more than a limit.

    Raises Unreadable for a path that does not exist or holds no policy at all.
    """
    paths = list(paths)
    root = _project(_folder(paths[0])) or os.path.realpath(os.getcwd())
    sources, found = _read(_find(paths), stdin, lambda real: _below(root, real))
    if not sources and not found:
        raise Unreadable(f"no {SUFFIX} file found in {', '.join(f'`{path}`' for path in paths)}")
    return sources, found


def read_manifests(paths: Iterable[str], stdin: BinaryIO | None) -> tuple[list[Source], list[Finding]]:
    """The files of manifests at or below the paths, each once; findings for what is not UTF-8 or more than a limit.

    Raises Unreadable for a path that does not exist or holds none.
    """
    paths = list(paths)
    sources, found = _read(_find(paths, MANIFESTS), stdin, lambda real: "")
    if not sources and not found:
        raise Unreadable(f"no manifest found in {', '.join(f'`{path}`' for path in paths)}")
    return sources, found


def _read(
    paths: Iterator[str], stdin: BinaryIO | None, project: Callable[[str], str]
) -> tuple[list[Source], list[Finding]]:
    """The files, each once, with their paths in the project, up to the first of which all are more than a limit."""
    sources: list[Source] = []
    found: list[Finding] = []
    seen: set[str] = set()
    total = Total()
    try:
        for path in paths:
            real = path if path == STANDARD_INPUT else os.path.realpath(path)
            if real in seen:
                continue
            seen.add(real)
            content = read_input(stdin) if path == STANDARD_INPUT else read_bytes(path)
            total.add(path, content)
            source, problem = decode(path, content, path if path == STANDARD_INPUT else project(real))
            sources.append(source)
            found.extend(problem)
    except OverLimit as stopped:
        sources.append(stopped.finding.span.source)
        found.append(stopped.finding)
    return sources, found


class Total:
    """How much has been read together."""

    def __init__(self) -> None:
        self._size = 0

    def add(self, path: str, content: bytes) -> None:
        """Count what a file held; raises OverLimit where that is too much."""
        self._size += len(content)
        if self._size > limits.TOTAL_SIZE.now:
            raise OverLimit(path, limits.TOTAL_SIZE)


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


def read_source(name: str) -> tuple[Source, list[Finding]]:
    """The text of a file, and what is wrong with it as a text; empty where it is over a limit. Raises Unreadable."""
    try:
        return decode(name, read_bytes(name))
    except OverLimit as problem:
        return problem.finding.span.source, [problem.finding]


def read_bytes(path: str, limit: Limit = limits.FILE_SIZE) -> bytes:
    """The content of a file; raises Unreadable."""
    try:
        return _content(path, limit, takes_pipes=True)
    except _TooLarge:
        raise OverLimit(path, limit) from None
    except OSError as problem:
        raise Unreadable(f"cannot read `{path}`: {problem.strerror}") from problem


def read_input(stdin: BinaryIO | None) -> bytes:
    """All of standard input; raises Unreadable."""
    if stdin is None:
        raise Unreadable("standard input is closed")
    content = stdin.read(limits.FILE_SIZE.now + 1)
    if len(content) > limits.FILE_SIZE.now:
        raise OverLimit(STANDARD_INPUT, limits.FILE_SIZE)
    return content


def open_stream(path: str) -> BinaryIO:
    """A file or pipe to read from; raises OSError, also for a device, which may never end."""
    file = open(path, "rb")  # noqa: SIM115 -- whoever asks closes it
    mode = os.fstat(file.fileno()).st_mode
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file", path)
    return file


def bounded_lines(log: BinaryIO) -> Iterator[bytes]:
    """The lines of a log or of questions; of one that is too long only so much that its reader sees it is."""
    longest = limits.LINE_SIZE.now
    while line := log.readline(longest + 1):
        yield line
        while len(line) > longest and not line.endswith(b"\n"):
            line = log.readline(longest + 1)


class _TooLarge(OSError):
    """A file that is more than a limit."""


def _content(path: str, limit: Limit, takes_pipes: bool) -> bytes:
    """What a file holds, or a pipe; raises OSError for a device, which may never end, and for what is too large to be ours."""
    if not takes_pipes and stat.S_ISFIFO(os.stat(path).st_mode):  # to open one is to wait for who writes it
        raise OSError(errno.EINVAL, "not a regular file", path)
    with open_stream(path) as file:
        state = os.fstat(file.fileno())
        content = b"" if state.st_size > limit.now else file.read(limit.now + 1)
        if state.st_size > limit.now or len(content) > limit.now:
            raise _TooLarge(errno.EFBIG, limit.words, path)
        return content


def _folder(path: str) -> str:
    if path == STANDARD_INPUT:
        return os.getcwd()
    return os.path.abspath(path) if os.path.isdir(path) else os.path.dirname(os.path.abspath(path))


def _below(root: str, path: str) -> str:
    """A path relative to the project, the same text under every locale."""
    relative = os.fsencode(os.path.relpath(path, root)).decode("utf-8", "backslashreplace")
    return relative.replace(os.sep, "/")


def read_text(path: str) -> str:
    """The text of a file that a profile names; raises OSError, also for a pipe and for what is not UTF-8."""
    try:
        return _content(path, limits.FILE_SIZE, takes_pipes=False).decode()
    except UnicodeDecodeError as problem:
        raise OSError(0, "not UTF-8", path) from problem


def _find(paths: Iterable[str], suffixes: str | tuple[str, ...] = SUFFIX) -> Iterator[str]:
    files = folders = 0
    for path in paths:
        if path == STANDARD_INPUT or not os.path.isdir(path):
            yield path
            continue
        home = _project(_folder(path)) or os.path.realpath(path)
        for folder, below, names in os.walk(path, onerror=_refuse):
            folders += 1
            if folders > limits.FOLDERS.now:
                raise OverLimit(path, limits.FOLDERS)
            below[:] = sorted(name for name in below if not name.startswith("."))
            for name in sorted(names):
                if name.endswith(suffixes):
                    files += 1
                    if files > limits.FILES.now:
                        raise OverLimit(path, limits.FILES)
                    found = os.path.normpath(os.path.join(folder, name))
                    _refuse_unless_ours(found, home)
                    yield found


def _refuse_unless_ours(path: str, home: str) -> None:
    """Raise Unreadable for what was found and not named, where to read it is to wait for ever or to leave its home."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise Unreadable(f"`{path}` is not a regular file")
    if os.path.islink(path) and not is_below(path, home):
        raise Unreadable(
            f"`{path}` is a link that leads out of the project: give the file that it leads to as a path itself"
        )


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies below it, links followed."""
    root = os.path.realpath(folder)
    return os.path.commonpath([root, os.path.realpath(path)]) == root


def _refuse(problem: OSError) -> None:
    raise Unreadable(f"cannot read `{problem.filename}`: {problem.strerror}")


def _project(folder: str) -> str:
    """The folder of `egressc.toml` upward from a folder, else of `.git`; empty where there is neither."""
    for marker in ("egressc.toml", ".git"):
        at = folder
        while True:
            if os.path.exists(os.path.join(at, marker)):
                return os.path.realpath(at)
            above = os.path.dirname(at)
            if above == at:
                break
            at = above
    return ""
