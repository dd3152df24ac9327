"""Standing: what a folder has already that a first file could take the place of, or that one must agree with."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator

from egresslang.config.find import NAME, find
from egresslang.config.load import load
from egresslang.config.settings import Settings
from egresslang.files import Unreadable, decode, find_policies, read_bytes, read_text
from egresslang.findings import errors
from egresslang.record import record
from egresslang.source import Source

PROFILE, OTHER_PROFILE, CONFIGURATION = "cluster.yaml", "egress-cluster.yaml", NAME


@record
class Standing:
    """A folder, and what its project has; paths are relative to the folder.

    `configuration` is the file that configures egressc, empty where there is none, and `settings` what it asks for, those
    of an empty one else; `policies` are the policy files of the project, `homes` the paths that take them in and nothing of
    another project; `profiles` are those that a check reads, or would read once first files stand.
    """

    folder: str
    configuration: str
    settings: Settings
    policies: tuple[Source, ...]
    homes: tuple[str, ...]
    profiles: tuple[Source, ...]

    def relative(self, path: str) -> str:
        """A path of the settings, which is one from the current folder, as one from this folder."""
        return _below(self.folder, path)

    def has(self, path: str) -> bool:
        """Whether anything stands at a path."""
        return os.path.lexists(os.path.join(self.folder, path))

    def has_folder(self, path: str) -> bool:
        """Whether a folder stands at a path."""
        return os.path.isdir(os.path.join(self.folder, path))

    def says(self, path: str, word: str) -> bool:
        """Whether a file stands at a path and has a word in it."""
        try:
            return word in read_text(os.path.join(self.folder, path))
        except OSError:
            return False


def read_standing(folder: str) -> Standing:
    """What stands in a folder; raises Unreadable where that cannot be told."""
    configuration, settings = _configuration(folder)
    named = [_below(folder, each) for each in settings.policies]
    if named:
        homes = [each for each in named if _policies(folder, each)]
        paths = [path for home in homes for path in _policies(folder, home)]
    else:
        every = _policies(folder, ".")
        paths = [path for path in every if not _is_foreign(folder, path)]
        homes = list(_homes("", paths, set(every).difference(paths)))
    return Standing(
        folder,
        configuration,
        settings,
        tuple(_source(folder, path) for path in dict.fromkeys(paths)),
        tuple(homes),
        tuple(_source(folder, path) for path in _profiles(folder, configuration, settings)),
    )


def _configuration(folder: str) -> tuple[str, Settings]:
    found = find(folder)
    if not found or os.path.dirname(found) != os.path.abspath(folder):
        return "", Settings()
    settings, problems = load(found)
    if errors(problems):
        raise Unreadable(f"`{os.path.relpath(found)}` is wrong: `egressc check` says where; nothing was written")
    return os.path.basename(found), settings


def _below(folder: str, path: str) -> str:
    return os.path.relpath(path, folder).replace(os.sep, "/")


def _policies(folder: str, path: str) -> list[str]:
    place = os.path.join(folder, path)
    return [path] if os.path.isfile(place) else [_below(folder, each) for each in find_policies(place)]


def _is_foreign(folder: str, path: str) -> bool:
    """Whether a file below a folder has a configuration that is below it, too."""
    nearest = find(os.path.join(folder, path))
    place = _below(folder, os.path.dirname(nearest)) if nearest else "."
    return place != "." and not place.startswith("..")


def _homes(folder: str, mine: Collection[str], others: Collection[str]) -> Iterator[str]:
    """The paths that take in the files of mine below a folder and none of the others, each as far up as it can be.

    The folder of the project itself, which is empty, is one only where a file lies in it.
    """
    inside = [path for path in mine if os.path.dirname(path) == folder]
    if not others and (folder or inside):
        yield folder or "."
        return
    yield from inside
    depth = len(folder) + 1 if folder else 0
    for below in dict.fromkeys(path[: path.index("/", depth)] for path in mine if path not in inside):
        yield from _homes(below, *([path for path in some if path.startswith(f"{below}/")] for some in (mine, others)))


def _profiles(folder: str, configuration: str, settings: Settings) -> list[str]:
    """The profiles that the configuration names, or that a first one would."""
    if configuration:
        return [
            path for each in settings.profiles if os.path.isfile(os.path.join(folder, path := _below(folder, each)))
        ]
    for path in (PROFILE, OTHER_PROFILE):
        place = os.path.join(folder, path)
        if os.path.isfile(place) and b"ClusterProfile" in read_bytes(place):
            return [path]
    return []


def _source(folder: str, path: str) -> Source:
    return decode(path, read_bytes(os.path.join(folder, path)))[0]
