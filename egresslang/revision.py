"""Revision: the files of a git revision, read from the objects of the repository: no work tree is touched.

A path is one of the work tree, as people write it from the current folder; it stands for the file that was there.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property

from egresslang import limits
from egresslang.files import Unreadable

RANGE = "..."
"""Between two revisions: the last one that both come from. Nothing behind it is the current one."""

MODULE = "commit"
"""The kind of an entry that is a commit of another repository: a submodule."""

LINK, LINKED = "120000", 32
"""The mode of a link, and how many are followed one after another."""

OURS = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"})
"""What a hook says of its own repository, and is not true of a submodule."""

_SHALLOW = "the clone is shallow: fetch the history, in GitHub Actions with `fetch-depth: 0`"


class Revision:
    """A revision of the repository that a folder lies in; raises Unreadable when there is none.

    Leaving it (`with`) ends the git that hands out its contents.
    """

    def __init__(self, name: str, folder: str, hidden: frozenset[str] = frozenset()) -> None:
        self.name = name
        self._hidden = hidden
        while not os.path.isdir(folder):
            folder = os.path.dirname(os.path.abspath(folder))
        self._folder = folder
        top = self._git("rev-parse", "--show-toplevel")
        if top is None:
            raise Unreadable(f"`{name}` is no file or folder, and `{self._folder}` is in no git repository")
        self.root = os.path.realpath(top)
        self._tree = self._found(name)
        self._contents: dict[str, bytes] = {}
        self._modules: dict[str, Revision] = {}
        self._elsewhere: dict[str, Revision] = {}
        self._missing: dict[str, str] = {}

    def _found(self, name: str) -> str:
        """The tree of the revision."""
        if RANGE in name:
            ours, _, theirs = name.partition(RANGE)
            name = self._parted(ours or "HEAD", theirs or "HEAD")
        tree = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{tree}}")
        if tree is None:
            raise Unreadable(self._unknown(name))
        return tree

    def _parted(self, ours: str, theirs: str) -> str:
        """The last revision that two come from."""
        for each in (ours, theirs):
            if self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{each}^{{commit}}") is None:
                raise Unreadable(self._unknown(each))
        found = self._git("merge-base", "--", ours, theirs)
        if found is None:
            why = _SHALLOW if self._is_shallow else "they have no history in common"
            raise Unreadable(f"no revision is known that both `{ours}` and `{theirs}` come from; {why}")
        return found

    def _unknown(self, name: str) -> str:
        why = _SHALLOW if self._is_shallow else "fetch it, or correct the name"
        return f"`{name}` is no file or folder, and no revision of this repository; {why}"

    @cached_property
    def _is_shallow(self) -> bool:
        return self._git("rev-parse", "--is-shallow-repository") == "true"

    def _git(self, *arguments: str) -> str | None:
        """What git says in one line; None where it says no."""
        with self._started(*arguments) as process:
            out, err = process.communicate()
        if b"dubious ownership" in err:
            raise Unreadable(err.decode(errors="replace").splitlines()[0].removeprefix("fatal: "))
        return out.decode("utf-8", "surrogateescape").strip() or None if process.returncode == 0 else None

    def _started(self, *arguments: str, stdin: int | None = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        command = ["git", "-C", self._folder, *arguments]
        env = {key: value for key, value in os.environ.items() if key not in self._hidden}
        env |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C"}
        try:
            return subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
        except FileNotFoundError:
            raise Unreadable(
                f"`{self.name}` is no file or folder, and a revision needs git, which is not on PATH"
            ) from None

    # Paths

    @cached_property
    def _entries(self) -> dict[str, tuple[str, str]]:
        """Mode and object of every file, by its path below the root, those of submodules included."""
        with self._started("ls-tree", "-r", "-z", "--full-tree", self._tree) as process:
            out, _ = process.communicate()
        found = {}
        for line in out.split(b"\0"):
            about, _, path = line.partition(b"\t")
            if path:
                mode, kind, object_name = about.decode().split(" ")
                if kind == "blob":
                    found[os.fsdecode(path)] = mode, object_name
                elif kind == MODULE:
                    found |= self._of_module(os.fsdecode(path), object_name)
        return found

    def _of_module(self, path: str, commit: str) -> dict[str, tuple[str, str]]:
        """The files of a submodule at the commit that the revision has of it."""
        folder = os.path.join(self.root, path)
        try:
            module = Revision(commit, folder, OURS) if os.path.isdir(folder) else None
        except Unreadable:
            module = None
        if module is None or module.root != os.path.realpath(folder):
            self._missing[path] = commit
            return {}
        self._modules[path] = module
        entries = module._entries
        self._elsewhere |= {name: module for _, name in entries.values()}
        self._missing |= {f"{path}/{below}": missing for below, missing in module._missing.items()}
        return {f"{path}/{below}": entry for below, entry in entries.items()}

    def _refuse_missing(self, inside: str | None, is_folder: bool = False) -> None:
        """Raise Unreadable where a path lies in a submodule whose commit is not here, or a folder holds one with files now."""
        for path, commit in self._missing.items() if inside is not None else ():
            within = f"{inside}/".startswith(f"{path}/")
            holds = is_folder and (not inside or path.startswith(f"{inside}/"))
            folder = os.path.join(self.root, path)
            if within or (holds and os.path.isdir(folder) and os.listdir(folder)):
                raise Unreadable(
                    f"`{self.outside(path)}` is a submodule, and its commit {commit[:12]} of `{self.name}` is not here; "
                    "fetch it with `git submodule update --init`, or compare within the submodule"
                )

    @cached_property
    def _folders(self) -> set[str]:
        found = {""}
        for path in self._entries:
            while (path := os.path.dirname(path)) not in found:
                found.add(path)
        return found

    def inside(self, path: str) -> str | None:
        """A path below the root of the repository, links followed as they were; None where it leads out of it."""
        here = os.path.join(
            os.path.realpath(os.path.dirname(os.path.abspath(path))), os.path.basename(os.path.abspath(path))
        )
        below = os.path.relpath(here, self.root)
        below = "" if below == os.curdir else below
        for _ in range(LINKED):
            if below == os.pardir or below.startswith(os.pardir + os.sep):
                return None
            link = next((each for each in _steps(below) if self._entries.get(each, ("",))[0] == LINK), None)
            if link is None:
                return below
            target = os.fsdecode(self._object(self._entries[link][1]))
            rest = below[len(link) + 1 :]
            below = os.path.normpath(os.path.join(os.path.dirname(link), target, rest))
        return None

    def is_file(self, path: str) -> bool:
        """Whether a path was a file."""
        inside = self.inside(path)
        if inside not in self._entries:
            self._refuse_missing(inside)
        return inside in self._entries

    def is_folder(self, path: str) -> bool:
        """Whether a path was a folder with files."""
        return self.inside(path) in self._folders

    def below(self, folder: str, suffixes: str | tuple[str, ...]) -> Iterator[str]:
        """The files below a folder that end so, as paths from the current folder; those of hidden folders are not."""
        inside = self.inside(folder)
        entries = sorted(self._entries)
        self._refuse_missing(inside, is_folder=True)
        for path in entries if inside is not None else ():
            relative = os.path.relpath(path, inside or os.curdir) if inside else path
            hidden = any(part.startswith(".") for part in relative.split(os.sep)[:-1])
            if path.endswith(suffixes) and not hidden and (not inside or path.startswith(inside + os.sep)):
                yield self.outside(path)

    def outside(self, path: str) -> str:
        """A path below the root as it is written from the current folder."""
        return os.path.relpath(os.path.join(self.root, path))

    # Contents

    def read(self, path: str) -> bytes:
        """What a file held; raises OSError."""
        inside = self.inside(path)
        if inside is None or inside not in self._entries:
            raise FileNotFoundError(2, f"not in {self.name}", path)
        return self._object(self._entries[inside][1])

    def text(self, path: str) -> str:
        """The text of a file, as what a profile names is read; raises OSError, also for what is not UTF-8."""
        try:
            return self.read(path).decode()
        except UnicodeDecodeError as problem:
            raise OSError(0, "not UTF-8", path) from problem

    def _object(self, name: str) -> bytes:
        if (module := self._elsewhere.get(name)) is not None:
            return module._object(name)
        found = self._contents.get(name)
        if found is None:
            found = self._contents[name] = self._asked(name)
        return found

    @cached_property
    def _batch(self) -> subprocess.Popen[bytes]:
        return self._started("cat-file", "--batch", stdin=subprocess.PIPE)

    def _asked(self, name: str) -> bytes:
        """An object from the one git that hands out all of them."""
        asked, given = self._batch.stdin, self._batch.stdout
        assert asked is not None
        assert given is not None
        asked.write(f"{name}\n".encode())
        asked.flush()
        about = given.readline().split()
        if len(about) != 3:
            raise OSError(0, "its content is not in this clone", name)
        size = int(about[2])
        if size > limits.FILE_SIZE.now:
            raise OSError(0, limits.FILE_SIZE.words, name)
        content = given.read(size)
        given.read(1)
        return content

    def __enter__(self) -> Revision:
        return self

    def __exit__(self, *_: object) -> None:
        for module in self._modules.values():
            module.__exit__()
        if "_batch" in self.__dict__:
            with suppress(OSError):
                self._batch.communicate()


def _steps(path: str) -> Iterator[str]:
    """A path and the folders it lies in, the outermost first."""
    parts = path.split(os.sep)
    for at in range(1, len(parts) + 1):
        yield os.sep.join(parts[:at])
