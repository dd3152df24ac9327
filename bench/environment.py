"""An environment as people have it: egressc and what it needs, compiled to bytecode, and nothing else."""

from __future__ import annotations

import compileall
import importlib.util
import os
import shutil
import subprocess
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from children import ROOT

RUNTIME = ("lark", "yaml", "_yaml", "idna", "publicsuffixlist")
"""The packages that egressc is installed with."""

SCRIPT = """\
import re
import sys
from egresslang.__main__ import main
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
    sys.exit(main())
"""
"""What pip writes as the console script of an installed package."""


@contextmanager
def installed() -> Iterator[list[str]]:
    """The command `egressc` in an environment of its own, which is gone afterwards."""
    with TemporaryDirectory() as folder:
        python = _install(folder)
        yield [python, os.path.join(os.path.dirname(python), "egressc")]


def _install(folder: str) -> str:
    """Make the virtual environment; returns its Python."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = os.path.join(folder, "bin", "python")
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    for package in RUNTIME:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise SystemExit(f"{package} is not installed here")
        shutil.copytree(spec.submodule_search_locations[0], os.path.join(site, package))
    installed = os.path.join(site, "egresslang")
    shutil.copytree(os.path.join(ROOT, "egresslang"), installed, ignore=shutil.ignore_patterns("__pycache__"))
    for data in ("grammar", "schemas"):
        shutil.copytree(os.path.join(ROOT, data), os.path.join(installed, data))
    compileall.compile_dir(site, quiet=2, invalidation_mode=None)
    with open(os.path.join(folder, "bin", "egressc"), "w", encoding="utf-8") as file:
        file.write(SCRIPT)
    return python
