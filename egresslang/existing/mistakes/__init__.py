"""Mistakes: one module for each, with its `CODE` and a generator `find`. A module that stands here is asked.

What follows from a mistake that was told is not told again: an entry that nobody imports because its host is misspelt in
a Sidecar is one finding. So the one that looks for what is left over comes last, and is given what was found.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from egresslang.existing.inspected import Inspected
from egresslang.existing.mistakes import unused_entry
from egresslang.findings import Finding


def modules() -> list[ModuleType]:
    """Every mistake in the order of the codes; some codes have several."""
    found = [import_module(f"{__name__}.{each.name}") for each in iter_modules(__path__)]
    return sorted((each for each in found if hasattr(each, "CODE")), key=lambda each: (each.CODE.id, each.__name__))


def mistakes(inspected: Inspected) -> list[Finding]:
    """What all of them find."""
    found = [each for module in modules() if module is not unused_entry for each in module.find(inspected)]
    return [*found, *unused_entry.find(inspected, found)]
