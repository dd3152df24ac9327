"""Write `egressc.pyz`, the whole of egressc in one file that any Python from 3.11 on runs.

python tools/pyz.py --packages FOLDER [-o dist/egressc.pyz]

FOLDER holds what egressc needs as `pip install --target` lays it out; `make zipapp` fills it from
`tools/requirements.lock`. The same sources, packages and minor version of Python give the same bytes wherever and
whenever it is made: names are sorted, every file has one date and mode, nothing is compressed, and no path of this
machine is in it.

Beside each `.py` lies its bytecode, which is never compared with the source. Another minor version of Python leaves it
aside and compiles the source at each start. Shared libraries stay out: nothing loads one from a zip, so that YAML is
read by Python and not by libyaml.
"""

from __future__ import annotations

import argparse
import importlib.util
import marshal
import os
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

ROOT = Path(__file__).resolve().parents[1]
RUNTIME = ("idna", "lark", "publicsuffixlist", "PyYAML")
"""The packages that egressc needs; a test holds them against `pyproject.toml`."""

DATA = ("completions", "grammar", "schemas")
"""Folders at the top that an installed package holds inside itself."""

MAIN = '''"""Where the zip starts."""

import sys

if sys.version_info < (3, 11):
    sys.exit("egressc: Python 3.11 or newer is needed, this is %d.%d" % sys.version_info[:2])

from egresslang.__main__ import main

sys.exit(main())
'''
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The date of every file: the first that a zip can say."""

LEFT_OUT = (".so", ".pyd", ".pyx", ".pyc")
UNCHECKED = b"\x01\x00\x00\x00"
"""The flags of bytecode that goes by the hash of its source and is not compared with it (PEP 552)."""


def contents(packages: Path) -> dict[str, bytes]:
    """Every file of the zip by its name."""
    files = {"__main__.py": MAIN.encode(), "LICENSE": (ROOT / "LICENSE").read_bytes()}
    files |= _below(ROOT / "egresslang", "egresslang")
    for folder in DATA:
        files |= _below(ROOT / folder, f"egresslang/{folder}")
    found = {_plain(each.name): each for each in distributions(path=[str(packages)])}
    for name in RUNTIME:
        if _plain(name) not in found:
            raise SystemExit(f"{name} is not in {packages}")
        files |= _files(found[_plain(name)])
    return files | {f"{name}c": _bytecode(name, source) for name, source in files.items() if name.endswith(".py")}


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def _below(folder: Path, name: str) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(LEFT_OUT))
    return {f"{name}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in paths}


def _files(distribution: Distribution) -> dict[str, bytes]:
    """The modules, data and licences of a package."""
    return {
        path.as_posix(): Path(str(path.locate())).read_bytes()
        for path in distribution.files or ()
        if _is_kept(path.as_posix())
    }


def _is_kept(name: str) -> bool:
    first, _, rest = name.partition("/")
    if first.endswith(".dist-info"):
        return rest == "METADATA" or "LICENSE" in rest.upper() or "NOTICE" in rest.upper()
    return first not in ("..", "bin", "__pycache__", "_yaml") and not name.endswith(LEFT_OUT)


def _bytecode(name: str, source: bytes) -> bytes:
    """A module as it is kept compiled; its errors name the file as the zip does."""
    code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    return importlib.util.MAGIC_NUMBER + UNCHECKED + importlib.util.source_hash(source) + marshal.dumps(code)


def write(files: dict[str, bytes], path: Path) -> None:
    """Write the files as an executable zip, whole or not at all."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(aside, "xb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with ZipFile(file, "w", ZIP_STORED) as archive:
            for name, content in sorted(files.items()):
                archive.writestr(_entry(name), content)
    aside.chmod(0o755)
    aside.replace(path)


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, EARLIEST)
    entry.create_system = 3  # what the mode means
    entry.external_attr = 0o100644 << 16
    return entry


def main() -> None:
    """Write the zip."""
    parser = argparse.ArgumentParser(description="Write egressc as one file.")
    parser.add_argument("--packages", type=Path, required=True, help="the folder of the packages that egressc needs")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "dist" / "egressc.pyz")
    options = parser.parse_args()
    write(contents(options.packages), options.output)
    sys.stderr.write(f"{options.output}: {options.output.stat().st_size >> 10} KiB\n")


if __name__ == "__main__":
    main()
