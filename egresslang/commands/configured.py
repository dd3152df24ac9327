"""What `egressc.toml` fills in where the command line says nothing."""

from __future__ import annotations

import os
from typing import Any

from egresslang import limits
from egresslang.config.find import find
from egresslang.files import STANDARD_INPUT


def configure(options: Any) -> None:
    """Fill in the options of a command that takes a policy, and profiles or none, from the configuration of its project.

    `options.config` is the file, empty where there is none, `options.settings` what it asks for, `options.problems` what
    is wrong with it. A PATH that is the folder of the file stands for the project: for the policies that it names.
    """
    from egresslang.config.settings import Settings

    first = options.paths[0] if options.paths else STANDARD_INPUT
    path = find("." if first == STANDARD_INPUT else first)
    options.settings, options.problems, options.config = Settings(), [], path
    if path:
        from egresslang.config.load import load

        options.settings, options.problems = load(path)
        limits.change(dict(getattr(options, "limits", ())), options.settings.limits or {})
    settings = options.settings
    takes_profiles = hasattr(options, "profiles")
    asks_manifests = bool(getattr(options, "manifests", None))
    is_project = bool(path) and bool(settings.policies) and _is_folder_of(path, options.paths)
    if path and not asks_manifests:
        from egresslang.config.settings import missing

        used = [] if options.paths and not is_project else [*settings.policies]
        if takes_profiles and not options.profiles:
            used += settings.profiles
        options.problems += missing(used, settings)
    if is_project:
        options.paths = list(settings.policies)
    if takes_profiles:
        options.profiles = options.profiles or ([] if asks_manifests else list(settings.profiles))
    if hasattr(options, "fail_on"):
        options.fail_on = options.fail_on or settings.fail_on or "error"
        options.settings = _chosen(options, settings)
    if hasattr(options, "output"):
        is_part = options.kinds or options.namespace or options.installation
        if options.output is None and (options.check or not is_part):
            options.output = settings.output or None
        elif options.output == STANDARD_INPUT:
            options.output = None


def _is_folder_of(config: str, paths: list[str]) -> bool:
    return len(paths) == 1 and os.path.realpath(paths[0]) == os.path.realpath(os.path.dirname(config))


def _chosen(options: Any, settings: Any) -> Any:
    """The settings with what `--select` says instead, and `--ignore` on top."""
    from egresslang.record import replace

    select = settings.select if options.select is None else frozenset().union(*options.select)
    ignore = settings.ignore.union(*options.ignore or ())
    return replace(settings, select=select, ignore=ignore)
