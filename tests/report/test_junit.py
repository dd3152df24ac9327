"""JUnit's XML, read by the parser that others read it with."""

from __future__ import annotations

from xml.etree import ElementTree

from junitparser import JUnitXml, TestCase, TestSuite
from sample import CLEAN, CONFLICT, CONTEXT, FOUND, PATH

from egresslang.report.junit import report


def suites(text: str) -> dict[str, TestSuite]:
    read = JUnitXml.fromstring(text.encode())
    found = {suite.name: suite for suite in read}
    for held in (read, *found.values()):
        written = (held.tests, held.failures, held.errors, held.skipped)
        held.update_statistics()
        assert (held.tests, held.failures, held.errors) == written[:3]
    return found


def cases(suite: TestSuite) -> list[tuple[str, str]]:
    """The name of each test case, and what became of it."""
    told = []
    for case in suite:
        assert isinstance(case, TestCase)
        assert case.classname == suite.name
        assert len(case.result) <= 1
        told.append((case.name, case.result[0].__class__.__name__ if case.result else "passed"))
    return told


def test_a_case_for_each_clean_file() -> None:
    assert {name: cases(suite) for name, suite in suites(report([], CLEAN)).items()} == {
        "clean.egress": [("no findings", "passed")]
    }


def test_a_failure_for_each_finding_and_a_skip_for_each_suppressed_one() -> None:
    assert {name: cases(suite) for name, suite in suites(report(FOUND, CONTEXT)).items()} == {
        "profile.yaml": [("1:1 EGR406 other-cluster", "Failure")],
        PATH: [
            ("4:13 EGR204 protocol-conflict (cluster recipes-us)", "Failure"),
            ("3:7 EGR501 not-enforced", "Failure"),
            ("3:16 EGR205 address-overlap", "Skipped"),
        ],
        "team/policies/clean.egress": [("no findings", "passed")],
    }


def test_nothing_is_lost_on_the_way_and_nothing_is_markup() -> None:
    (case,) = suites(report([CONFLICT], CLEAN))["/policies/a b,c:d%.egress".removeprefix("/")]
    (failure,) = case.result
    assert failure.type == "EGR204 protocol-conflict"
    assert failure.message == "`a.example:443` is 100% both,\\u000d\\u000a::error::tls & <tcp> (cluster recipes-us)"
    assert failure.text.split("\n")[1:] == [
        "policies/a b,c:d%.egress:4:13: tcp here",
        "policies/a b,c:d%.egress:3:16: tls here",
        "note: one of the two would be blocked",
        "note: \\u001b[31m\\u202e",
        "help: use tls for both",
        "fix: write tls",
    ]


def test_a_file_whose_findings_are_all_suppressed_passes() -> None:
    assert cases(suites(report([], CONTEXT))[PATH]) == [
        ("no findings", "passed"),
        ("3:16 EGR205 address-overlap", "Skipped"),
    ]


def test_elements_are_those_that_every_reader_knows() -> None:
    root = ElementTree.fromstring(report(FOUND, CONTEXT))
    assert {each.tag for each in root.iter()} == {"testsuites", "testsuite", "testcase", "failure", "skipped"}
    known = {"name", "tests", "failures", "errors", "skipped", "time", "classname", "type", "message"}
    assert {key for each in root.iter() for key in each.attrib} <= known
