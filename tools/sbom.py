"""Write the software bill of materials of egressc, CycloneDX in JSON: what the zipapp and the image hold.

python tools/sbom.py --packages FOLDER [-o dist/egressc.cdx.json]

FOLDER holds what egressc needs as `pip install --target` lays it out; `make release` fills it from
`tools/requirements.lock`. From the lock are versions, hashes and who needs whom, from the packages their licences. The
same lock gives the same bytes: there is no time in it, and its serial number is made from its content.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import OutputFormat, make_outputter
from cyclonedx.schema import SchemaVersion
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "tools" / "requirements.lock"
SCHEMA = SchemaVersion.V1_6

_PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+) \\\n((?: .*\n)+)", re.MULTILINE)
_ROOT = re.compile(r"# via egresslang\b", re.MULTILINE)
_LICENCES = {"MIT License": "MIT"}
"""What older metadata says in words of its own."""


def bill(lock: str, packages: Path) -> str:
    """The bill of what a lock names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    licences = {_plain(each.name): _licence(each) for each in distributions(path=[str(packages)])}
    egressc = _component(project["name"], project["version"], project["license"], ComponentType.APPLICATION)
    egressc.description = project["description"]
    bom = Bom()
    bom.metadata.component = egressc
    needed = []
    for name, version, about in _PINNED.findall(lock):
        if not _ROOT.search(about):
            raise SystemExit(f"{name} is needed by something else than egresslang: say in the bill by what")
        component = _component(name, version, licences[_plain(name)], ComponentType.LIBRARY)
        component.external_references.update(_distributions(name, about))
        bom.components.add(component)
        needed.append(component)
    bom.register_dependency(egressc, needed)
    bom.metadata.timestamp = None  # type: ignore[assignment]
    bom.serial_number = uuid5(NAMESPACE_URL, f"{egressc.purl}\n{lock}")
    return str(make_outputter(bom, OutputFormat.JSON, SCHEMA).output_as_string(indent=2)) + "\n"


def _component(name: str, version: str, licence: str, kind: ComponentType) -> Component:
    purl = PackageURL("pypi", None, _plain(name), version)
    known = [LicenseFactory().make_from_string(licence)]
    return Component(name=name, version=version, type=kind, purl=purl, bom_ref=str(purl), licenses=known)


def _distributions(name: str, about: str) -> Iterator[ExternalReference]:
    """The files of a package that may be installed, by their hashes."""
    for digest in sorted(re.findall(r"--hash=sha256:([0-9a-f]{64})", about)):
        yield ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION,
            url=XsUri(f"https://pypi.org/simple/{_plain(name)}/"),
            comment="a file of this release",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
        )


def _licence(package: Distribution) -> str:
    about = package.metadata
    said = about.get("License-Expression") or about.get("License") or ""
    return _LICENCES.get(said, said)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Write the bill."""
    parser = argparse.ArgumentParser(description="Write the software bill of materials.")
    parser.add_argument("--packages", type=Path, required=True, help="the folder of the packages that egressc needs")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "dist" / "egressc.cdx.json")
    options = parser.parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(bill(LOCK.read_text(encoding="utf-8"), options.packages), encoding="utf-8", newline="\n")
    sys.stderr.write(f"{options.output}\n")


if __name__ == "__main__":
    main()
