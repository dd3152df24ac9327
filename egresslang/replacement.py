"""Replacement: files are written whole, aside, and then take the places of what stood there.

All of them are aside, and on the disk, before the first takes its place: where that fails, or a signal ends it, nothing
has changed. What a killed run leaves aside is removed by the next one that writes in that folder.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress

from egresslang.interruption import held, placing

_is_aside = re.compile(r"\.egressc\.[0-9a-f]{16}\.tmp").fullmatch
"""What a file is called until it is whole; no two are called the same, so that runs at the same time are in nobody's way."""


class NotWritten(Exception):
    """Why no file was written, in one line."""


def replace_file(path: str, content: bytes, before: bytes | None = None) -> None:
    """Write a file of which nobody ever sees a part, as `replace_files` does."""
    replace_files({path: content}, {} if before is None else {path: before})


def replace_files(contents: Mapping[str, bytes], before: Mapping[str, bytes] | None = None) -> None:
    """Write files by their paths, all or none, with owner and permissions of those they replace; raises NotWritten.

    A link leads to the file that is replaced, and a pipe or device is written to as it is. Files of `before` must hold
    this still when the first takes its place.
    """
    places = {path: os.path.realpath(path) for path in contents}
    asides: dict[str, str] = {}
    with ExitStack() as opened:
        for folder in sorted({os.path.dirname(place) for place in places.values()}):
            opened.enter_context(_swept(folder))
        try:
            for path, place in places.items():
                with _told(path):
                    _write_aside(place, contents[path], asides)
            for path, content in (before or {}).items():
                with _told(path):
                    if _read(places[path]) != content:
                        raise NotWritten(f"`{path}` has changed while it was looked at; nothing was written")
            with placing():
                for path, place in places.items():
                    if place in asides:
                        with _told(path):
                            os.replace(asides[place], place)
        except BaseException:
            remove(asides.values())
            raise


def make_files(contents: Mapping[str, bytes]) -> None:
    """Write files that do not exist, all or none, with the folders they lie in; raises NotWritten."""
    folders: list[str] = []
    asides: dict[str, str] = {}
    try:
        for path, content in contents.items():
            with _told(path):
                make_folder(os.path.dirname(path), folders)
                _write_aside(path, content, asides)
        with placing():
            for path, aside in asides.items():
                with _told(path):
                    _take_free_place(aside, path)
    except BaseException:
        remove(asides.values(), folders)
        raise


def make_folder(folder: str, made: list[str]) -> None:
    """Make a folder, and those it lies in, where they are missing; notes each in `made` before."""
    if folder and not os.path.isdir(folder):
        make_folder(os.path.dirname(folder.rstrip(os.sep)), made)
        made.append(folder)
        with suppress(FileExistsError):
            os.mkdir(folder)


def remove(files: Iterable[str], folders: Sequence[str] = ()) -> None:
    """Remove files, and then folders from the last to the first, as far as they are there and empty."""
    with held():
        for file in files:
            with suppress(OSError):
                os.unlink(file)
        for folder in reversed(folders):
            with suppress(OSError):
                os.rmdir(folder)


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Name the file that an OSError is about as whoever asked for it does."""
    try:
        yield
    except OSError as problem:
        raise NotWritten(f"cannot write `{path}`: {problem.strerror}") from problem


def _write_aside(place: str, content: bytes, asides: dict[str, str]) -> None:
    try:
        state = os.stat(place)
    except FileNotFoundError:
        state = None
    if state is not None and not stat.S_ISREG(state.st_mode):
        with open(place, "wb") as file:
            file.write(content)
        return
    if state is not None and not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), place)
    asides[place] = aside = os.path.join(os.path.dirname(place), f".egressc.{os.urandom(8).hex()}.tmp")
    with open(aside, "xb") as file:
        if state is not None:
            _take_after(aside, state)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _take_after(aside: str, state: os.stat_result) -> None:
    """Give a file the owner, where that may be given, and the permissions of another."""
    if os.name != "nt" and os.geteuid() == 0:
        with suppress(OSError):
            os.chown(aside, state.st_uid, state.st_gid)
    os.chmod(aside, stat.S_IMODE(state.st_mode))


def _take_free_place(aside: str, path: str) -> None:
    """Rename a file to where nothing stands."""
    try:
        os.link(aside, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path) from None
        os.replace(aside, path)
    else:
        os.unlink(aside)


def _read(place: str) -> bytes | None:
    try:
        with open(place, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


@contextmanager
def _swept(folder: str) -> Iterator[None]:
    """Remove what killed runs left aside in a folder, and keep others from that while we write there.

    Whoever writes there holds a shared lock of the folder, so that an exclusive one says that nobody does.
    """
    handle = None
    with suppress(ImportError, OSError):  # Windows; a folder that cannot be read; a file system without locks
        from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock

        handle = os.open(folder, os.O_RDONLY)
        with suppress(OSError):
            flock(handle, LOCK_EX | LOCK_NB)
            remove(os.path.join(folder, name) for name in os.listdir(folder) if _is_aside(name))
        flock(handle, LOCK_SH | LOCK_NB)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)
