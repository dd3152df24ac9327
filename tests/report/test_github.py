"""Workflow commands, read back as the runner reads them."""

from __future__ import annotations

from sample import CLEAN, CONFLICT, CONTEXT, FOUND, OPEN, PATH

from egresslang.findings import finding
from egresslang.record import replace
from egresslang.report.github import report


def read_back(line: str) -> tuple[str, dict[str, str], str]:
    """A command as ActionCommand.TryParseV2 of the runner takes it apart."""
    assert line.startswith("::")
    head, message = line[2:].split("::", 1)
    command, _, rest = head.partition(" ")
    properties = dict(each.split("=", 1) for each in rest.split(",")) if rest else {}
    order = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
    for escape, char in order:
        properties = {key: value.replace(escape, char) for key, value in properties.items()}
    for escape, char in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        message = message.replace(escape, char)
    return command, properties, message


def test_one_line_each_at_its_place() -> None:
    lines = report(FOUND, CONTEXT).split("\n")
    assert lines.pop() == ""
    commands = [read_back(line) for line in lines]
    assert [command for command, _, _ in commands] == ["error", "notice", "warning"]
    assert [properties for _, properties, _ in commands] == [
        {"title": "EGR204 protocol-conflict", "file": PATH, "line": "4", "endLine": "5"},
        {
            "title": "EGR501 not-enforced",
            "file": PATH,
            "line": "3",
            "endLine": "3",
            "col": "7",
            "endColumn": "12",
        },
        {
            "title": "EGR406 other-cluster",
            "file": "profile.yaml",
            "line": "1",
            "endLine": "1",
            "col": "1",
            "endColumn": "5",
        },
    ]


def test_the_message_has_everything_and_no_line_break_of_its_own() -> None:
    _, _, message = read_back(report([CONFLICT], CONTEXT).rstrip("\n"))
    assert message.split("\n") == [
        "`a.example:443` is 100% both,\\u000d\\u000a::error::tls & <tcp> (cluster recipes-us)",
        f"{PATH}:4:13: tcp here",
        f"{PATH}:3:16: tls here",
        "note: one of the two would be blocked",
        "note: \\u001b[31m\\u202e",
        "help: use tls for both",
        "fix: write tls",
    ]


def test_what_reads_like_an_escape_stays_what_it_is() -> None:
    told = replace(OPEN, message="100%0A::stop-commands::x %25 %2C")
    assert read_back(report([told], CONTEXT).rstrip("\n"))[2] == told.message


def test_nothing_when_clean() -> None:
    assert report([], CLEAN) == ""
    assert report([], CONTEXT) == ""


def test_a_finding_at_the_end_of_a_line_has_columns() -> None:
    empty = replace(OPEN, span=replace(OPEN.span, start=11, end=11))
    _, properties, _ = read_back(report([empty], CONTEXT).rstrip("\n"))
    assert (properties["col"], properties["endColumn"]) == ("12", "12")
    assert finding(OPEN.code, empty.span, "x").span.text == ""
