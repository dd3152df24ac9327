"""Who reaches what by existing manifests, through what, and what is open by accident."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import jsonschema
import pytest

from egresslang.cli import main

sys.path.insert(0, str(Path(__file__).parent))

import cases

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "effective.schema.json").read_text(encoding="utf-8"))

ANALYZE = "analyze"


def rows(path: Path, capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """Who, host, port and accidents of each row."""
    main([ANALYZE, str(path), "--egress", "csv", "-q"])
    read = csv.reader(io.StringIO(capsys.readouterr().out))
    return [[row[0], row[1], row[3], row[7]] for row in list(read)[1:]]


def test_each_workload_and_any_other_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert rows(cases.read("imports-everything").path(cases.GOOD), capsys) == [
        ["shop/billing", "bank.example.com", "443", ""],
        ["shop/idgen", "api.example.com", "443", ""],
    ]


def test_what_is_open_by_accident_has_the_code_of_the_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert rows(cases.read("imports-everything").path(cases.BAD), capsys) == [
        ["shop/billing", "bank.example.com", "443", ""],
        ["shop/idgen", "api.example.com", "443", "EGR611"],
        ["shop/idgen", "bank.example.com", "443", "EGR611"],
    ]


def test_everything_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert rows(cases.read("list-not-enforced").path(cases.BAD), capsys) == [
        ["shop/idgen", "api.example.com", "443", ""],
        ["shop/idgen", "everything else", "", "EGR625"],
        ["shop/*", "api.example.com", "443", ""],
        ["shop/*", "everything else", "", ""],
        ["any other namespace", "everything else", "", ""],
    ]


def test_a_workload_without_a_sidecar_reaches_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert rows(cases.read("host-network").path(cases.BAD), capsys) == [["shop/idgen", "everything else", "", "EGR506"]]


def test_a_route_around_the_list_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    assert ["shop/billing", "api.example.com", "80", ""] in rows(cases.read("route-around").path(cases.GOOD), capsys)


@pytest.mark.parametrize("case", cases.CASES, ids=lambda each: each.name)
def test_json_is_as_its_schema_says(case: cases.Case, capsys: pytest.CaptureFixture[str]) -> None:
    main([ANALYZE, str(case.path(cases.BAD)), "--egress", "json", "-q"])
    jsonschema.validate(json.loads(capsys.readouterr().out), SCHEMA)


def test_the_table_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    path = cases.read("wide-network").path(cases.BAD)
    assert main([ANALYZE, str(path), "--egress", "table"]) == 0
    said = capsys.readouterr()
    heading, line = said.out.splitlines()
    assert heading.split() == [
        "who",
        "host",
        "address",
        "port",
        "protocol",
        "dials",
        "through",
        "open",
        "by",
        "accident",
    ]
    assert line.split()[:6] == ["shop/idgen", "partner.example.com", "198.51.0.0/16", "9000", "TCP", "client"]
    assert line.split()[-1] == "EGR304"
    assert "warning[EGR304]" in said.err


def test_the_command_tells_findings_as_every_report(capsys: pytest.CaptureFixture[str]) -> None:
    path = cases.read("several-defaults").path(cases.BAD)
    assert main([ANALYZE, str(path), "--format", "json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert (found["code"], found["file"], found["line"]) == ("EGR619", str(path), 42)
    assert main([ANALYZE, str(path.with_name("good.yaml"))]) == 0
    assert "not looked at" not in capsys.readouterr().err


def test_a_profile_says_what_the_manifests_do_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With DNS capture a host of TCP has an address of its own, and takes nothing from others."""
    path = str(cases.read("captured-port-resolved").path(cases.BAD))
    profile = tmp_path / "profile.yaml"
    profile.write_text(
        "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: prod}\n"
        "spec: {istio: {version: '1.31', outboundTrafficPolicy: REGISTRY_ONLY, dnsCapture: true}}\n"
    )
    assert main([ANALYZE, path]) == 1
    assert main([ANALYZE, path, "-p", str(profile)]) == 0
    assert main([ANALYZE, path, "-p", str(profile), "-p", str(profile)]) == 2
    profile.write_text("kind: ClusterProfile\nspec: {dnsCaptur: true}\n")
    assert main([ANALYZE, path, "-p", str(profile)]) == 1
