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
from egresslang.existing import effective_forms
from egresslang.existing.effective import Row

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


def test_what_goes_around_a_sidecar_is_open_by_accident(capsys: pytest.CaptureFixture[str]) -> None:
    assert rows(cases.read("excluded-port").path(cases.BAD), capsys)[0] == [
        "shop/idgen", "everything else", "443", "EGR509"
    ]  # fmt: skip
    assert ["shop/batch", "everything else", "", "EGR506"] in rows(cases.read("not-injected").path(cases.BAD), capsys)


def test_a_route_around_the_list_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    assert ["shop/billing", "api.example.com", "80", ""] in rows(cases.read("route-around").path(cases.GOOD), capsys)


def test_of_two_hosts_on_one_address_the_one_that_takes_it_is_reached(capsys: pytest.CaptureFixture[str]) -> None:
    assert rows(cases.read("shared-address").path(cases.BAD), capsys) == [
        ["shop/idgen", "one.example.com", "5432", "EGR632"]
    ]


SAME = "addresses: [203.0.113.9]"
"""The address of both, with HTTP on one of them."""


@pytest.mark.parametrize(
    ("change", "reached"),
    [
        ("addresses: [203.0.113.9, 203.0.113.10]", ["one.example.com", "two.example.com"]),
        (SAME, ["one.example.com", "two.example.com"]),
        ("resolution: NONE\n  addresses: [203.0.113.0/24]", ["one.example.com", "two.example.com"]),
        ("resolution: NONE\n  addresses: [203.0.113.8/31]", ["one.example.com", "two.example.com"]),
        ("resolution: NONE\n  addresses: [203.0.113.8/30]", ["one.example.com", "two.example.com"]),
        ("resolution: NONE\n  addresses: [203.0.113.9/32]", ["one.example.com"]),
    ],
)  # fmt: skip
def test_a_host_is_reached_where_any_address_leads_there(
    change: str, reached: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = cases.read("shared-address").text(cases.BAD)
    head, name, entry = text.partition("metadata: {name: two-example-com")
    entry = entry.replace("  resolution: DNS\n", "", 1) if "NONE" in change else entry
    entry = entry.replace("addresses: [203.0.113.9]", change, 1)
    entry = entry.replace("tcp-5432, protocol: TCP", "http, protocol: HTTP", 1) if change == SAME else entry
    path = tmp_path / "mesh.yaml"
    path.write_text(head + name + entry, encoding="utf-8")
    assert sorted({row[1] for row in rows(path, capsys)}) == reached


def test_a_host_with_a_dot_at_its_end_is_not_reached(capsys: pytest.CaptureFixture[str]) -> None:
    hosts = [row[1] for row in rows(cases.read("trailing-dot-in-entry").path(cases.BAD), capsys)]
    assert hosts == ["two.example.com"]


@pytest.mark.parametrize("case", cases.CASES, ids=lambda each: each.name)
def test_json_is_as_its_schema_says(case: cases.Case, capsys: pytest.CaptureFixture[str]) -> None:
    main([ANALYZE, str(case.path(cases.BAD)), "--egress", "json", "-q"])
    jsonschema.validate(json.loads(capsys.readouterr().out), SCHEMA)


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2500])
def test_many_rows_are_written_as_few_are(count: int) -> None:
    """The forms are made in parts of a thousand rows: none is lost, doubled or set apart at their borders."""
    many = [Row("shop", f"w{at}", "a.example.com", "", 443, "TLS", "registry", ()) for at in range(count)]
    text = "".join(effective_forms.json(many))
    read = json.loads(text)
    assert text == json.dumps(read, indent=2) + "\n"
    names = [each.workload for each in many]
    assert [each["workload"] for each in read["egress"]] == names
    lines = list(csv.reader(io.StringIO("".join(effective_forms.csv(many)))))
    assert [line[0] for line in lines] == ["who", *(f"shop/{name}" for name in names)]
    table = "".join(effective_forms.table(many)).splitlines()
    assert [line.split()[0] for line in table] == ["who", *(f"shop/{name}" for name in names)]


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
