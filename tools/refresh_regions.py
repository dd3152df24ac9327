"""Bring `egresslang/data/regions.txt` up to date: `python tools/refresh_regions.py BOTOCORE C7N_GCP AZURE OCI`.

The arguments are archives with their versions in their names, the wheels from PyPI and the jar from Maven Central:
`pip download --no-deps botocore c7n-gcp oci` and `mvn dependency:copy -DoutputDirectory=.
-Dartifact=com.azure:azure-core-management:LATEST:jar:sources`. AWS, Azure and Oracle publish the ones that name their
regions; `c7n-gcp`, of Cloud Custodian, names those of Google Cloud. A region whose place cannot be told ends the
script: the new word belongs into `PLACES`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

FILE = Path(__file__).parents[1] / "egresslang" / "data" / "regions.txt"
PLACES = {
    "us": "us gov",
    "eu": "eu eusc europe austria belgium denmark finland france germany greece italy norway poland spain sweden "
    "switzerland uk",
    "asia": "asia batam china chiyoda chuncheon cn delhi gazipur hongkong hyderabad ibaraki india indonesia jakarta japan "
    "korea kulai malaysia mumbai osaka seoul singapore suwon taipei taiwan thailand tokyo",
    "africa": "af africa southafrica",
    "middle-east": "il israel me qatar saudi uae",
    "north-america": "ca canada mexico mx northamerica",
    "oceania": "australia canberra melbourne new newzealand sydney",
    "south-america": "brazil chile sa southamerica",
}
"""The places, and the words that say that a region lies in one."""

_PLACE_OF = {word: place for place, words in PLACES.items() for word in words.split()}
_AZURE = re.compile(r'public static final Region ([A-Z]+)\w* = new Region\("([a-z0-9]+)"')


def aws(partitions: str) -> dict[str, str]:
    """The place of each region in botocore's `partitions.json`: Asia Pacific is two, which the city decides."""
    found = {}
    for partition in json.loads(partitions)["partitions"]:
        for name, region in partition["regions"].items():
            if not name.endswith("-global"):
                city = re.sub(r".*\(|[ )]", "", region["description"]).lower()
                found[name] = _place(name, city if name.startswith("ap-") else name.partition("-")[0])
    return found


def google(names: str) -> dict[str, str]:
    """The place of each region in c7n-gcp's `regions.json`: its first word."""
    return {name: _place(name, name.partition("-")[0]) for name in json.loads(names)}


def azure(source: str) -> dict[str, str]:
    """The place of each region in Azure's `Region.java`: the first word of the constant that holds it."""
    return {name: _place(name, word.lower()) for word, name in _AZURE.findall(source)}


def oracle(source: str) -> dict[str, str]:
    """The place of each region in oci's `regions_definitions.py`: its first word, and the city in Asia Pacific."""
    found = {}
    for name in re.findall(r"'([a-z]+(?:-[a-z]+)+-\d+)'", source):
        words = name.split("-")
        found[name] = _place(name, words[-2] if words[0] == "ap" else words[0])
    return found


def _place(region: str, word: str) -> str:
    """The place that a word says a region lies in."""
    if word not in _PLACE_OF:
        raise SystemExit(f"{region}: which place is `{word}`?")
    return _PLACE_OF[word]


def refreshed(text: str, clouds: Iterable[tuple[str, dict[str, str]]], day: str) -> str:
    """The text of the data file with other regions, below the source of each."""
    parts = [text.partition("\n\n")[0]]
    for source, found in clouds:
        parts.append("\n".join([f"# {source}, {day}", *(f"{name} {found[name]}" for name in sorted(found))]))
    return "\n\n".join(parts) + "\n"


def main(arguments: Sequence[str]) -> None:
    """Write the file."""
    sources = (
        ("AWS", "botocore", "Apache-2.0", "botocore/data/partitions.json", aws),
        ("Google Cloud", "c7n-gcp", "Apache-2.0", "c7n_gcp/regions.json", google),
        ("Azure", "azure-core-management", "MIT", "com/azure/core/management/Region.java", azure),
        ("Oracle Cloud", "oci", "UPL-1.0 or Apache-2.0", "oci/regions_definitions.py", oracle),
    )
    clouds = []
    for path, (cloud, package, licence, name, read) in zip(arguments, sources, strict=True):
        version = re.findall(r"-(\d[\d.]*\d)-", Path(path).name)[0]
        with ZipFile(path) as archive:
            found = read(archive.read(name).decode())
        clouds.append((f"{cloud}: {package} {version} ({licence}), {name.rpartition('/')[2]}", found))
    day = datetime.now(UTC).date().isoformat()
    FILE.write_text(refreshed(FILE.read_text(encoding="utf-8"), clouds, day), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
