"""The output folder: files put there whole, found again, and taken away when they are no longer wanted.

An index, `.egressc`, names every file that is ours, with its SHA-256, and the cluster they are for. All files, and the
index last, are written aside before the first takes its place: a full disk or a signal changes nothing. The first aside
is an unfinished index, which names everything that may stand there while we work; it is in force from before the first
rename until after the last, and a signal waits for that. So a run that was killed is recognised, what it left is still
known to be ours, and nothing else is ever changed or removed. What is ours is generated: a file that was edited is
written again, and removed when it is no longer wanted.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress

from egresslang.interruption import placing
from egresslang.record import record
from egresslang.replacement import make_folder, remove

INDEX = ".egressc"
"""The index: `egressc 1 finished for CLUSTER` or `egressc 1 unfinished for CLUSTER` (without `for` when no cluster is
known), then `<sha256>  <path>` a line, as sha256sum has it."""

_VERSION = 1
_PATH = r"(?:installation/)?[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\.yaml"
_is_path = re.compile(_PATH).fullmatch
_is_index = re.compile(
    rf"egressc {_VERSION} (finished|unfinished)(?: for (\S+))?\n((?:[0-9a-f]{{64}}  {_PATH}\n)*)"
).fullmatch
_is_any_index = re.compile(r"egressc ([0-9]+) ").match


class OutputRefused(Exception):
    """What was asked would touch what is not ours, or lead out of the folder; nothing was changed.

    `message` is one clause, `help` the way out.
    """

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.message = message
        self.help = help


@record
class Drift:
    """A file that is not as it should be: `kind` is missing, different, stale or, for the index alone, unfinished.

    `old` is the text that stands there, `new` the one that should; empty where there is none.
    """

    path: str
    kind: str
    old: str
    new: str


@record
class Plan:
    """What a compilation changes in a folder, checked to touch only what is ours; paths are below the folder.

    `index` is the one that stands there, `unfinished` that while we write, `finished` that afterwards;
    `interrupted` says that a former run was not finished, `asides` what it may have left: files written aside.
    """

    directory: str
    replaced: Mapping[str, bytes]
    removed: tuple[str, ...]
    index: bytes | None
    unfinished: bytes
    finished: bytes
    interrupted: bool
    asides: frozenset[str]

    @property
    def changes(self) -> bool:
        """Whether anything is to be written or removed."""
        return bool(self.replaced or self.removed) or self.index != self.finished


def below(directory: str, cluster: str) -> str:
    """The folder for one of several clusters below an output folder; refused where it is a link, which could lead out."""
    folder = os.path.join(directory, cluster)
    _stands(folder, stat.S_ISDIR, "a folder")
    return folder


def plan(directory: str, files: Mapping[str, str], part: Collection[str] | None = None, cluster: str = "") -> Plan:
    """How to bring a folder to these files of a cluster, text by path; nothing is written yet.

    With `part` only those paths are this run's business, and others of ours stay as they are.
    Raises OutputRefused where a file is not ours or of another cluster, or a link is in the way, OSError where the
    folder cannot be read or could not be written.
    """
    directory = directory or "."
    found = _look(directory, files, part, cluster)
    if part is not None and not found.before.finished:
        raise OutputRefused(
            f"a former run left `{directory}` unfinished", "compile all namespaces into it before a part of them"
        )
    replaced = {path: new for path, new in found.wanted.items() if found.standing.get(path) != new}
    for path in replaced:
        if path in found.standing and path not in found.before.files:
            raise OutputRefused(
                f"`{_join(directory, path)}` was not written by egressc", "move it away, or write to another folder"
            )
    before, after = found.before.files, found.after.files
    between = {path: before.get(path, frozenset()) | after.get(path, frozenset()) for path in {**before, **after}}
    planned = Plan(
        directory,
        replaced,
        found.stale,
        found.index,
        unfinished=_index_bytes(_Index(between, cluster, finished=False)),
        finished=_index_bytes(found.after),
        interrupted=not found.before.finished,
        asides=_asides(before) | _asides(_left_aside(directory)),
    )
    if planned.changes:
        for folder in sorted({directory, *(_folder(directory, path) for path in (*replaced, *found.stale))}):
            _must_be_writable(folder)
    return planned


def write(*plans: Plan) -> None:
    """Carry out plans: what all of them want is written aside, then renamed; what stands there already is left.

    Where that fails before the first rename, or a signal ends it, nothing has changed. A run that is killed, or fails
    later, leaves only whole files and an index that says unfinished.
    Raises OutputRefused when another run is writing there, or was since a plan was made; OSError.
    """
    folders: list[str] = []
    asides: list[str] = []
    with ExitStack() as opened:
        try:
            for planned in plans:
                make_folder(planned.directory, folders)
                opened.enter_context(_alone(planned.directory))
                if _read(planned.directory, INDEX) != planned.index:
                    raise OutputRefused(f"another run has written to `{planned.directory}` meanwhile", "run again")
                _remove_asides(planned.directory, planned.asides)
            changing = [(planned, _steps(planned)) for planned in plans if planned.changes]
            for _, steps in changing:
                for step in steps:
                    make_folder(step.folder, folders)
                    _write_aside(planned.directory, step, asides)
            if changing:
                with placing():
                    for planned, steps in changing:
                        _take_places(planned, steps)
        except BaseException:
            remove(reversed(asides), folders)
            raise


@record
class _Step:
    """A content that is written aside in a folder, and the name it takes there."""

    folder: str
    aside: str
    name: str
    content: bytes

    @property
    def place(self) -> str:
        """Where it belongs."""
        return os.path.join(self.folder, self.name)


def _steps(planned: Plan) -> list[_Step]:
    """What is renamed in this order: the unfinished index, where a file changes, the files, and the finished index."""
    directory = planned.directory
    steps = [
        _Step(
            _folder(directory, path),
            os.path.basename(_aside(path, _sha256(content))),
            os.path.basename(path),
            content,
        )
        for path, content in planned.replaced.items()
    ]
    if steps or planned.removed:
        steps.insert(0, _Step(directory, _UNFINISHED_ASIDE, INDEX, planned.unfinished))
    return [*steps, _Step(directory, _FINISHED_ASIDE, INDEX, planned.finished)]


def _write_aside(directory: str, step: _Step, begun: list[str]) -> None:
    """Write a content aside, unless something that is not ours stands there."""
    aside = os.path.join(step.folder, step.aside)
    if os.path.lexists(aside):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), aside)
    begun.append(aside)
    with _held(directory, step.folder, step.place) as held:
        name = step.aside if held is not None else aside
        with open(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=held), "wb") as file:
            file.write(step.content)
            file.flush()
            os.fsync(file.fileno())


def _rename(directory: str, step: _Step) -> None:
    """Let what is aside take its place."""
    with _held(directory, step.folder, step.place) as held:
        within = "" if held is not None else step.folder
        aside, place = (os.path.join(within, name) for name in (step.aside, step.name))
        os.replace(aside, place, src_dir_fd=held, dst_dir_fd=held)


def _take_away(directory: str, path: str) -> None:
    """Remove a file of ours."""
    folder, place = _folder(directory, path), _join(directory, path)
    with _held(directory, folder, place) as held, suppress(FileNotFoundError):
        os.unlink(os.path.basename(place) if held is not None else place, dir_fd=held)


_HOLDS = os.rename in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")


@contextmanager
def _held(directory: str, folder: str, place: str) -> Iterator[int | None]:
    """A folder kept open, that what is done in it is done there whatever takes its place; None where no system lets one.

    Only the output folder itself may be a link. An OSError within is one about `place`.
    """
    handle = None
    try:
        if _HOLDS:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | (os.O_NOFOLLOW if folder != directory else 0))
        yield handle
    except OSError as problem:
        if problem.errno is not None:
            problem.filename, problem.filename2 = place, None
        raise
    finally:
        if handle is not None:
            os.close(handle)


def _take_places(planned: Plan, steps: list[_Step]) -> None:
    """Rename what is aside, and remove what is no longer wanted, so that a power cut finds the index say unfinished."""
    directory = planned.directory
    folders = sorted({_folder(directory, path) for path in (*planned.replaced, *planned.removed)})
    for step in steps[:-1]:
        _rename(directory, step)
        if step is steps[0]:
            _sync(directory)
    for path in planned.removed:
        _take_away(directory, path)
    for folder in folders:
        _sync(folder)
        if folder != directory and not os.listdir(folder):
            os.rmdir(folder)
    _rename(directory, steps[-1])
    _sync(directory)


def compare(
    directory: str, files: Mapping[str, str], part: Collection[str] | None = None, cluster: str = ""
) -> list[Drift]:
    """How what stands in a folder differs from these files of a cluster, by path; empty when nothing does.

    The index is told when a former run was not finished, and else only when nothing but it is not as it should be.
    Raises OutputRefused for an index that is not ours or of another cluster and for links, OSError where the folder
    cannot be read.
    """
    found = _look(directory, files, part, cluster)
    drifts = [
        Drift(path, "different" if path in found.standing else "missing", _text(found.standing.get(path)), _text(new))
        for path, new in found.wanted.items()
        if found.standing.get(path) != new
    ]
    drifts += [Drift(path, "stale", _text(found.standing[path]), "") for path in found.stale]
    index = _index_bytes(found.after)
    if not found.before.finished:
        drifts.append(Drift(INDEX, "unfinished", _text(found.index), _text(index)))
    elif not drifts and found.index != index:
        kind = "missing" if found.index is None else "different"
        drifts.append(Drift(INDEX, kind, _text(found.index), _text(index)))
    return sorted(drifts, key=lambda drift: drift.path)


def known(directory: str) -> frozenset[str]:
    """The files of a folder that are ours, by path, as its index has them; raises OutputRefused."""
    index = _read(directory, INDEX)
    return frozenset() if index is None else frozenset(_parse_index(directory, index).files)


@record
class _Index:
    """The files that are ours, and the hashes that each may have: exactly one when `finished`."""

    files: Mapping[str, frozenset[str]]
    cluster: str = ""
    finished: bool = True


@record
class _Found:
    """What stands in a folder and what is wanted there, before anybody judges the difference.

    `index` is the index as it stands, `before` what it says, `after` what it will; `standing` has the bytes of
    whatever exists of the wanted files and of the `stale` ones, which are ours, exist and are no longer wanted.
    """

    index: bytes | None
    before: _Index
    after: _Index
    wanted: Mapping[str, bytes]
    stale: tuple[str, ...]
    standing: Mapping[str, bytes]


def _look(directory: str, files: Mapping[str, str], part: Collection[str] | None, cluster: str) -> _Found:
    for path in files:
        if not _is_path(path):
            raise OutputRefused(f"`{path}` cannot be the file of a namespace", "use a name that Kubernetes accepts")
    index = _read(directory, INDEX)
    before = _Index({}) if index is None else _parse_index(directory, index)
    if before.cluster not in ("", cluster):
        raise OutputRefused(
            f"`{directory}` holds what cluster `{before.cluster}` is given",
            "write to a folder for each cluster, give all profiles in one run, or delete that folder",
        )
    wanted = {path: files[path].encode() for path in sorted(files)}
    dropped = [path for path in sorted(before.files) if path not in wanted and (part is None or path in part)]
    kept = {path: hashes for path, hashes in before.files.items() if path not in dropped}
    after = _Index(kept | {path: frozenset({_sha256(content)}) for path, content in wanted.items()}, cluster)
    standing = {path: content for path in (*wanted, *dropped) if (content := _read(directory, path)) is not None}
    stale = tuple(path for path in dropped if path in standing)
    return _Found(index, before, after, wanted, stale, standing)


def _index_bytes(index: _Index) -> bytes:
    state = "finished" if index.finished else "unfinished"
    state += f" for {index.cluster}" if index.cluster else ""
    entries = [f"{digest}  {path}\n" for path in sorted(index.files) for digest in sorted(index.files[path])]
    return "".join([f"egressc {_VERSION} {state}\n", *entries]).encode()


def _parse_index(directory: str, content: bytes) -> _Index:
    """The index as we write it; it says what may be removed, so anything else is refused."""
    text = _text(content)
    parsed = _is_index(text)
    if parsed is None:
        place = _join(directory, INDEX)
        version = _is_any_index(text)
        if version and int(version[1]) > _VERSION:
            raise OutputRefused(f"`{place}` was written by a newer egressc", "use that version, or another folder")
        raise OutputRefused(
            f"`{place}` is not as egressc wrote it",
            "restore it, or delete it together with the generated files beside it",
        )
    files: dict[str, frozenset[str]] = {}
    for line in parsed[3].splitlines():
        digest, path = line.split("  ")
        files[path] = files.get(path, frozenset()) | {digest}
    return _Index(files, parsed[2] or "", parsed[1] == "finished")


def _read(directory: str, path: str) -> bytes | None:
    """What a file below a folder holds, None if there is none; refused when it or a folder on the way is a link."""
    folder, place = _folder(directory, path), _join(directory, path)
    if folder != directory and not _stands(folder, stat.S_ISDIR, "a folder"):
        return None
    if not _stands(place, stat.S_ISREG, "a file"):
        return None
    with open(place, "rb", opener=_not_through_a_link) as file:
        return file.read()


def _not_through_a_link(place: str, flags: int) -> int:
    return os.open(place, flags | getattr(os, "O_NOFOLLOW", 0))


def _stands(place: str, is_kind: Callable[[int], bool], kind: str) -> bool:
    """Whether anything stands at a place; refused unless it is of that kind."""
    try:
        mode = os.lstat(place).st_mode
    except FileNotFoundError:
        return False
    if is_kind(mode):
        return True
    what = "is a link, and nothing is written through one" if stat.S_ISLNK(mode) else f"is not {kind}"
    raise OutputRefused(f"`{place}` {what}", "remove it, or write to another folder")


_UNFINISHED_ASIDE, _FINISHED_ASIDE = f"{INDEX}.tmp", f"{INDEX}.finished.tmp"
"""What the two indexes are called until they are whole; the unfinished one is the first file aside, the other the last."""


def _aside(path: str, digest: str) -> str:
    """Where a file is until it is whole: named by its hash, which the unfinished index has, so that it is known as ours."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{INDEX}.{name}.{digest}.tmp"


def _asides(files: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Where files that an index names may have been aside."""
    return frozenset(_aside(path, digest) for path, hashes in files.items() for digest in hashes)


def _left_aside(directory: str) -> Mapping[str, frozenset[str]]:
    """What the unfinished index names that a run left aside which was killed before anything changed."""
    place = _join(directory, _UNFINISHED_ASIDE)
    if not _is_ours(place):
        return {}
    with open(place, "rb") as file:
        content = file.read()
    return _parse_index(directory, content).files if _is_index(_text(content)) else {}


def _remove_asides(directory: str, ours: Collection[str]) -> None:
    """Remove what a killed run had written aside, and nothing that only looks like it."""
    folder = _join(directory, "installation")
    names = set(os.listdir(directory))
    if os.path.isdir(folder) and not os.path.islink(folder):
        names.update(f"installation/{name}" for name in os.listdir(folder))
    for path in sorted(names.intersection(ours)):
        os.unlink(_join(directory, path))
    for path in (_FINISHED_ASIDE, _UNFINISHED_ASIDE):  # which of the files are ours is known to the last
        if _is_ours(_join(directory, path)):
            os.unlink(_join(directory, path))


def _is_ours(place: str) -> bool:
    """Whether a file is an index, as far as it was written."""
    try:
        if not stat.S_ISREG(os.lstat(place).st_mode):
            return False
    except FileNotFoundError:
        return False
    head = f"egressc {_VERSION} ".encode()
    with open(place, "rb") as file:
        start = file.read(len(head))
    return head.startswith(start)


def _must_be_writable(folder: str) -> None:
    """Raise the OSError that writing into a folder, or making it, would end in, as far as that can be told."""
    while not os.path.exists(folder):
        folder = os.path.dirname(folder) or "."
    if not os.path.isdir(folder):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder)


@contextmanager
def _alone(directory: str) -> Iterator[None]:
    """Keep other runs out of a folder, where the system can lock one; a killed run leaves no lock behind."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:  # Windows
        yield
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        try:
            flock(handle, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise OutputRefused(f"another run is writing to `{directory}`", "wait for its end and run again") from None
        except OSError:
            pass  # a file system without locks
        yield
    finally:
        os.close(handle)


def _sync(folder: str) -> None:
    """Make the renames in a folder outlast a power cut, where the system lets a folder be opened."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _folder(directory: str, path: str) -> str:
    return _join(directory, path.rpartition("/")[0]) if "/" in path else directory


def _join(directory: str, path: str) -> str:
    return os.path.join(directory, *path.split("/"))


def _sha256(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()


def _text(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "replace")
