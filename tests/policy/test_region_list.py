"""The list of cloud regions: its form, its script, and what it says beside the patterns for regions that it lacks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from egresslang import resources
from egresslang.findings import Severity
from egresslang.policy import regions
from egresslang.policy.regions import Regions
from egresslang.policy.resolve import resolve
from egresslang.profile.load import load
from egresslang.source import Source
from egresslang.syntax.parse import parse

TEXT = resources.text("data", "regions.txt")
HEADING = re.compile(r"# (AWS|Google Cloud|Azure|Oracle Cloud): [a-z0-9-]+ [\d.]+ \(.+\), \S+, \d{4}-\d\d-\d\d")
CLAIMS = ("us", "eu", "asia")
PLACES = {*CLAIMS, "africa", "middle-east", "north-america", "oceania", "south-america"}
PATTERNS = {
    "us": r"us-(?:gov-)?",
    "eu": r"(?:eu|europe)-",
    "asia": r"(?!ap-southeast-[246]$)(?:ap|asia)-",
    "": r"(?:ca|sa|af|me|il|mx|northamerica|southamerica|africa|australia)-",
}
UNPATTERNED = {
    "ap-southeast-2": "oceania",
    "ap-southeast-4": "oceania",
    "ap-southeast-6": "oceania",
    "cn-north-1": "asia",
    "cn-northwest-1": "asia",
    "eu-isoe-west-1": "eu",
    "eusc-de-east-1": "eu",
    "us-iso-east-1": "us",
    "us-iso-west-1": "us",
    "us-isob-east-1": "us",
    "us-isob-west-1": "us",
    "us-isof-east-1": "us",
    "us-isof-south-1": "us",
}
"""The regions of AWS and Google Cloud that no pattern fits, and where they lie."""


def listed() -> dict[str, dict[str, str]]:
    """The place of each region, by cloud."""
    found = {}
    for part in TEXT.split("\n\n")[1:]:
        heading, *lines = part.splitlines()
        match = HEADING.fullmatch(heading)
        assert match, heading
        found[match[1]] = dict(line.split(" ") for line in lines)
        assert len(found[match[1]]) == len(lines)
    return found


def test_the_list_is_dated_sorted_and_says_where_each_region_is() -> None:
    clouds = listed()
    assert list(clouds) == ["AWS", "Google Cloud", "Azure", "Oracle Cloud"]
    names = [name for found in clouds.values() for name in found]
    assert len(set(names)) == len(names)
    for found in clouds.values():
        assert list(found) == sorted(found)
        assert set(found.values()) <= PLACES


def test_each_listed_region_can_be_claimed() -> None:
    for found in listed().values():
        for name, place in found.items():
            file, told = parse(Source("p.egress", f"allow a -> b.example.com:443 region={name}"))
            assert told == []
            assert file is not None
            assert Regions({}).is_known(name)
            assert Regions({}).of_host(f"db.{name}.example.com") == name
            assert [claim for claim in CLAIMS if Regions({}).within(name, claim)] == [
                claim for claim in CLAIMS if claim == place
            ]
            assert not Regions({}).within(name, "oceania")


def test_the_list_says_what_the_patterns_say() -> None:
    clouds = listed()
    unpatterned = {}
    for name, place in (clouds["AWS"] | clouds["Google Cloud"]).items():
        said = [claim for claim, start in PATTERNS.items() if re.fullmatch(start + regions._REST, name)]
        if said:
            assert said == [place if place in CLAIMS else ""], name
        else:
            unpatterned[name] = place
    assert unpatterned == UNPATTERNED
    for name in (*clouds["Azure"], *clouds["Oracle Cloud"]):
        assert not any(re.fullmatch(start + regions._REST, name) for start in PATTERNS.values()), name


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("us-east-9", ["us"]),
        ("us-gov-south-1", ["us"]),
        ("europe-west99", ["eu"]),
        ("ap-southeast-9", ["asia"]),
        ("ca-east-1", []),
        ("us-nowhere-1", []),
        ("eu-isoe-east-1", []),
        ("eastus9", []),
        ("oceania", []),
    ],
)
def test_a_region_that_is_not_listed_is_told_by_its_name(name: str, claims: list[str]) -> None:
    assert name not in regions._places()
    assert [claim for claim in CLAIMS if Regions({}).within(name, claim)] == claims


def test_the_list_is_read_when_a_region_is_claimed() -> None:
    head = "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: prod}\nspec: {region: us-east1}\n"
    profile, _ = load(Source("profile.yaml", head), lambda path: path)
    assert profile is not None
    regions._places.cache_clear()
    for claim, reads in (("", 0), (" region=us", 1)):
        file, _ = parse(Source("p.egress", f"allow a -> s3.us-east-1.example.com:443 tls{claim}"))
        policy, told = resolve([file], profile, date(2026, 11, 26), Severity.ERROR)
        assert told == []
        assert len(policy.grants) == 1
        assert regions._places.cache_info().misses == reads


@pytest.fixture
def script() -> dict[str, Any]:
    """What the script that refreshes the list defines."""
    path = Path(__file__).parents[2] / "tools" / "refresh_regions.py"
    names: dict[str, Any] = {"__name__": "refresh", "__file__": str(path)}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
    return names


def partitions(**described: str) -> str:
    """A `partitions.json` with some regions."""
    found = {name.replace("_", "-"): {"description": text} for name, text in described.items()}
    return json.dumps({"partitions": [{"regions": found}]})


def test_the_list_can_be_refreshed(script: dict[str, Any], tmp_path: Path) -> None:
    script["main"].__globals__["FILE"] = file = tmp_path / "regions.txt"
    file.write_text(TEXT, encoding="utf-8")
    archives = {
        "botocore-9.1.0-py3-none-any.whl": (
            "botocore/data/partitions.json",
            partitions(us_east_1="US East (Ohio)", ap_x_1="Asia Pacific (New Zealand)", aws_global="aws"),
        ),
        "c7n_gcp-9.2.0-py3-none-any.whl": ("c7n_gcp/regions.json", '["me-west1", "asia-east1"]'),
        "azure-core-management-9.3.0-sources.jar": (
            "com/azure/core/management/Region.java",
            '    public static final Region UK_WEST2 = new Region("ukwest2", "UK West 2");\n',
        ),
        "oci-9.4.0-py3-none-any.whl": ("oci/regions_definitions.py", "'syd': 'ap-sydney-1', 'x': 'us-gov-luke-1'"),
    }
    for name, (member, text) in archives.items():
        with ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(member, text)
    script["main"]([str(tmp_path / name) for name in archives])
    top, *parts = file.read_text(encoding="utf-8").split("\n\n")
    assert top == TEXT.partition("\n\n")[0]
    assert [HEADING.fullmatch(part.splitlines()[0]) is not None for part in parts] == [True] * 4
    assert parts[0].startswith("# AWS: botocore 9.1.0 (Apache-2.0), partitions.json, 2")
    assert [part.splitlines()[1:] for part in parts] == [
        ["ap-x-1 oceania", "us-east-1 us"],
        ["asia-east1 asia", "me-west1 middle-east"],
        ["ukwest2 eu"],
        ["ap-sydney-1 oceania", "us-gov-luke-1 us"],
    ]


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        ("aws", partitions(ap_southeast_8="Asia Pacific (Atlantis)")),
        ("google", '["atlantis-east1"]'),
        ("azure", 'public static final Region ATLANTIS_EAST = new Region("atlantiseast", "Atlantis East");'),
        ("oracle", "'ap-atlantis-1'"),
    ],
)
def test_the_script_guesses_no_place(script: dict[str, Callable[[str], object]], reader: str, text: str) -> None:
    with pytest.raises(SystemExit, match="atlantis"):
        script[reader](text)


def test_the_script_writes_what_stands_in_the_list(script: dict[str, Any]) -> None:
    headings = [match[0].removeprefix("# ").rpartition(", ") for match in HEADING.finditer(TEXT)]
    clouds = zip([heading for heading, _, _ in headings], listed().values(), strict=True)
    assert {day for _, _, day in headings} == {headings[0][2]}
    assert script["refreshed"](TEXT, clouds, headings[0][2]) == TEXT
