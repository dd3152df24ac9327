"""`egressc test`: each expectation on a line, and the same as JSON and JUnit."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from said import ROOT, Said

POLICY = """namespace recipes
allow idgen -> httpbin.org:80 http
expect idgen -> httpbin.org:80 allowed
expect orders -> httpbin.org:80 blocked
"""
FAILING = (
    POLICY + "expect orders -> httpbin.org:80 allowed\nexpect idgen ->\n    httpbin.org:80  # why\n    http blocked\n"
)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy file whose expectations are met."""
    path = tmp_path / "a.egress"
    path.write_text(POLICY)
    return path


def test_each_expectation_has_a_line_with_the_reason(egressc: type[Said], policy: Path) -> None:
    said = egressc("test", policy, "-q", "-v")
    assert said.status == 0
    said = egressc("test", policy)
    assert said.out.replace(str(policy), "F").splitlines() == [
        "ok   F:3: expect idgen -> httpbin.org:80 allowed: granted by `allow idgen -> httpbin.org:80 http` (F:2)",
        "ok   F:4: expect orders -> httpbin.org:80 blocked: nothing grants it",
        "2 met, 0 failed",
    ]


def test_a_failed_expectation_says_which_flow_and_ends_in_status_1(egressc: type[Said], policy: Path) -> None:
    policy.write_text(FAILING)
    said = egressc("test", policy, "-q")
    assert said.status == 1
    assert said.out.replace(str(policy), "F").splitlines() == [
        "FAIL F:5: expect orders -> httpbin.org:80 allowed: no rule grants `recipes/orders -> httpbin.org:80`; `allow idgen -> httpbin.org:80 http` (F:2) grants it to `recipes/idgen`",
        "FAIL F:6: expect idgen -> httpbin.org:80 http blocked: `recipes/idgen -> httpbin.org:80 http` is granted by `allow idgen -> httpbin.org:80 http` (F:2)",
        "2 met, 2 failed",
    ]  # fmt: skip
    assert len(egressc("test", policy).out.splitlines()) == 5


def test_nothing_expected(egressc: type[Said], policy: Path) -> None:
    policy.write_text("")
    assert (egressc("test", policy).status, egressc("test", policy).out) == (0, "no expectations\n")
    assert egressc("test", policy, "-q").out == ""


def test_a_policy_with_errors_is_not_tested(egressc: type[Said], policy: Path) -> None:
    policy.write_text(POLICY + "allow idgen -> httpbin.org:99999\n")
    for form in ("text", "json", "junit"):
        said = egressc("test", policy, "--format", form)
        assert (said.status, said.out) == (1, "")
        assert "EGR005" in said.err


def test_an_expired_rule_grants_nothing(egressc: type[Said], policy: Path) -> None:
    policy.write_text("allow a -> a.example.com:443 tls expires=2026-11-22\nexpect a -> a.example.com:443 allowed\n")
    assert egressc("test", policy, "--today", "2026-11-22").status == 0
    said = egressc("test", policy, "--today", "2026-11-23")
    assert said.status == 1
    assert "no rule grants `default/a -> a.example.com:443`" in said.out


def test_every_cluster_is_tested(egressc: type[Said], policy: Path, tmp_path: Path) -> None:
    policy.write_text(POLICY.replace("http\n", "http cluster=one\n", 1))
    for name in ("one", "two"):
        text = f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: {name}}}\n"
        (tmp_path / f"{name}.yaml").write_text(text)
    said = egressc("test", policy, "-p", tmp_path / "one.yaml", "-p", tmp_path / "two.yaml")
    assert said.status == 1
    assert [line[:4] for line in said.out.splitlines()] == ["ok  ", "ok  ", "FAIL", "ok  ", "3 me"]
    assert "(cluster two): no rule grants" in said.out


def test_json(egressc: type[Said], policy: Path) -> None:
    policy.write_text(FAILING)
    said = egressc("test", policy, "--format", "json", "--today", "2026-11-23")
    report = json.loads(said.out)
    jsonschema.validate(report, json.loads((ROOT / "schemas" / "expectations.schema.json").read_text()))
    assert (said.status, report["version"], report["today"]) == (1, 1, "2026-11-23")
    assert report["summary"] == {"met": 2, "failed": 2}
    assert [(each["line"], each["expected"], each["met"]) for each in report["expectations"]] == [
        (3, "allowed", True),
        (4, "blocked", True),
        (5, "allowed", False),
        (6, "blocked", False),
    ]
    assert report["expectations"][0]["rules"] == [
        {"file": str(policy), "line": 2, "text": "allow idgen -> httpbin.org:80 http"}
    ]
    assert report["expectations"][2]["flow"] == "recipes/orders -> httpbin.org:80"


def test_junit(egressc: type[Said], tmp_path: Path) -> None:
    (tmp_path / "a<&>\"'.egress").write_text(FAILING)
    (tmp_path / "b.egress").write_text("expect recipes/idgen -> httpbin.org:80 allowed\n")
    said = egressc("test", tmp_path, "--format", "junit")
    assert said.status == 1
    suites = ElementTree.fromstring(said.out)
    assert suites.tag == "testsuites"
    assert (suites.get("tests"), suites.get("failures")) == ("5", "2")
    counted = {}
    for suite in suites:
        assert suite.tag == "testsuite"
        cases = list(suite)
        assert {case.tag for case in cases} == {"testcase"}
        assert suite.get("tests") == str(len(cases))
        failures = [case[0] for case in cases if len(case)]
        assert suite.get("failures") == str(len(failures))
        for failure in failures:
            assert failure.tag == "failure"
            assert failure.get("type") == "EGR207 expectation-failed"
            assert failure.text
            assert failure.text.endswith(str(failure.get("message")))
        assert len({case.get("name") for case in cases}) == len(cases)
        counted[Path(str(suite.get("name"))).name] = (len(cases), len(failures))
    assert counted == {"a<&>\"'.egress": (4, 2), "b.egress": (1, 0)}


def test_the_language_page_is_tested_too(egressc: type[Said]) -> None:
    page = ROOT / "tests" / "fixtures" / "language"
    said = egressc("test", page / "recipes.egress", "-p", page / "profile.yaml")
    assert (said.status, said.out.splitlines()[-1]) == (0, "2 met, 0 failed")


def test_check_and_compile_fail_as_the_test_does(egressc: type[Said], policy: Path) -> None:
    policy.write_text(FAILING)
    checked = egressc("check", policy, "--format", "concise")
    assert checked.status == 1
    assert [line.partition(": ")[2] for line in checked.out.splitlines() if "note" not in line] == [
        "error[EGR207] no rule grants `recipes/orders -> httpbin.org:80`",
        "error[EGR207] `recipes/idgen -> httpbin.org:80 http` is granted",
    ]
    assert (egressc("compile", policy).status, egressc("compile", policy).out) == (1, "")


def test_expectations_are_about_the_policy_and_not_about_the_mode(
    egressc: type[Said], policy: Path, tmp_path: Path
) -> None:
    text = "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: x}\nspec: {enforcement: observe}\n"
    (tmp_path / "p.yaml").write_text(text)
    assert egressc("test", policy, "-p", tmp_path / "p.yaml").status == 0
