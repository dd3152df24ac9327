"""Install: put the plugin where kustomize looks for legacy exec plugins."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping

from egresslang.interruption import placing
from egresslang.replacement import remove

PLACE = os.path.join("egresslang.dev", "v1", "egresspolicy", "EgressPolicy")
"""Where in its plugin home kustomize looks for the plugin of an EgressPolicy."""

PROGRAM = "egressc-krm"
"""The executable of the plugin."""


class NotInstalled(Exception):
    """Why the plugin was not installed, in one line."""


def plugin_home(environment: Mapping[str, str]) -> str:
    """The folder in which kustomize looks for plugins, as `DefaultAbsPluginHome` of kustomize's api finds it."""
    if home := environment.get("KUSTOMIZE_PLUGIN_HOME"):
        return home
    above = environment.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(above, "kustomize", "plugin")


def install(home: str) -> str:
    """Link the plugin into a plugin home; the path of the link. Raises NotInstalled and OSError."""
    program = _program()
    path = os.path.join(os.path.abspath(home), PLACE)
    if os.path.lexists(path) and not os.path.islink(path):
        raise NotInstalled(f"`{path}` is in the way, and no link")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    aside = f"{path}.{os.urandom(8).hex()}"
    try:
        os.symlink(program, aside)
        with placing():
            os.replace(aside, path)
    except BaseException:
        remove([aside])
        raise
    return path


def _program() -> str:
    """The executable that was installed with this package: beside the interpreter, beside the command, or on PATH."""
    folders = [os.path.dirname(sys.executable), os.path.dirname(os.path.abspath(sys.argv[0]))]
    found = next((path for folder in folders if (path := shutil.which(PROGRAM, path=folder))), shutil.which(PROGRAM))
    if found is None:
        raise NotInstalled(f"{PROGRAM} is neither beside this Python nor on PATH: install egresslang with pip or pipx")
    return os.path.abspath(found)
