"""Suppressions: where they hold, what they need, that they are counted, and that idle ones are told."""

from __future__ import annotations

import contextlib
import io
import json
import time
from pathlib import Path
from typing import Any

import pytest

from egresslang.cli import main

WHY = "-- governed by a NetworkPolicy"
UDP = "allow idgen -> dns.example.com:53 udp"
CLEAN = "allow idgen -> api.example.com:443 tls"


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Checks a policy; gives its findings as code and underlined text, and the number that is suppressed."""
    monkeypatch.chdir(tmp_path)

    def run(text: str, *arguments: str) -> tuple[list[tuple[str, str]], int]:
        (tmp_path / "p.egress").write_text(text, encoding="utf-8", newline="")
        report = json.loads(output("check", "p.egress", "--format", "json", *arguments)[1])
        lines = text.split("\n")
        found = [
            (each["code"], lines[each["line"] - 1][each["column"] - 1 : each["endColumn"] - 1])
            for each in report["findings"]
        ]
        return found, report["summary"]["suppressed"]

    return run


def output(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(arguments)
    return status, out.getvalue(), err.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        f"{UDP}  # egressc: ignore EGR509 {WHY}\n",
        f"# egressc: ignore EGR509 {WHY}\n{UDP}\n",
        f"# egressc: ignore EGR509 {WHY}\n# and more about it\n{UDP}\n",
        f"\ufeff# egressc: ignore EGR509 {WHY}\r\n{UDP}\r\n",
        f"allow idgen ->   # egressc: ignore EGR509 {WHY}\n    dns.example.com:53 udp\n",
        f"allow idgen ->\n    # egressc: ignore EGR509 {WHY}\n    dns.example.com:53 udp\n",
        f'{UDP} reason="a \\" b"  # egressc: ignore EGR509 {WHY}\n',
        f"{UDP}  # see below # egressc: ignore EGR509 {WHY}\n",
        f"{UDP}  #egressc:ignore EGR509 {WHY}\n",
        f"{UDP}  # egressc: ignore EGR509 -- a -- b\n",
    ],
)
def test_it_holds_on_the_lines_of_the_statement_and_above(check: Any, text: str) -> None:
    assert check(text) == ([], 1)


def test_the_comma_after_the_last_member_ends_a_set(check: Any) -> None:
    assert check(f"hosts s = a.example.com\n    ,  # egressc: ignore EGR107 -- later\n{CLEAN}\n") == ([], 1)


@pytest.mark.parametrize(
    "text",
    [
        f"# egressc: ignore EGR509 {WHY}\n\n{UDP}\n",
        f"{CLEAN}  # egressc: ignore EGR509 {WHY}\n{UDP}\n",
        f"{UDP}\n# egressc: ignore EGR509 {WHY}\n",
        f"{UDP}\n# egressc: ignore EGR509 {WHY}\n{CLEAN}\n",
    ],
)
def test_it_holds_nowhere_else(check: Any, text: str) -> None:
    assert sorted(check(text)[0]) == [("EGR408", "EGR509"), ("EGR509", "53 udp")]


def test_what_only_looks_like_one_is_none(check: Any) -> None:
    quoted = '{CLEAN} reason="# egressc: ignore EGR509 -- x"\n'.replace("{CLEAN}", CLEAN)
    later = f'{CLEAN} reason="a # b # egressc: ignore EGR509 -- x" cluster=nowhere\n'
    assert check(later) == ([], 0)
    assert check(f"{quoted}# egressc is the compiler\n# see `# egressc: ignore EGR509 -- why`\n") == ([], 0)


@pytest.mark.parametrize(
    ("comment", "underlined"),
    [
        ("# egressc: ignore EGR509", "# egressc: ignore EGR509"),
        ("# egressc: ignore EGR509 --", "# egressc: ignore EGR509 --"),
        ("# egressc: ignore EGR509 - why", "-"),
        ("# egressc: ignore EGR509 — why", "—"),
        ("# egressc: ignore -- why", "# egressc: ignore -- why"),
        ("# egressc: ignore EGR999 -- why", "EGR999"),
        ("# egressc: ignore egr509 -- why", "egr509"),
        ("# egressc: ignore not-governed -- why", "not-governed"),
        ("# egressc: ignore EGR204 -- why", "EGR204"),
        ("# egressc: disable EGR509 -- why", "# egressc: disable EGR509 -- why"),
        ("# egressc ignore EGR509 -- why", "# egressc ignore EGR509 -- why"),
    ],
)
def test_a_bad_one_is_an_error(check: Any, comment: str, underlined: str) -> None:
    found, _ = check(f"{CLEAN}  {comment}\n")
    assert found == [("EGR407", underlined)]


def test_without_a_reason_only_that_is_told(check: Any) -> None:
    assert check(f"{UDP}  # egressc: ignore EGR509\n") == ([("EGR407", "# egressc: ignore EGR509")], 1)


def test_an_error_is_never_silenced(check: Any) -> None:
    text = 'allow idgen -> 0.0.0.0/0:443 tcp reason="x"  # egressc: ignore EGR305 -- why\n'
    assert check(text) == ([("EGR305", "0.0.0.0/0")], 0)


def test_an_idle_one_is_told_for_each_code(check: Any) -> None:
    assert check(f"{UDP}  # egressc: ignore EGR107, EGR509 {WHY}\n") == ([("EGR408", "EGR107")], 1)
    assert check(f"{UDP}  # egressc: ignore EGR509, EGR509 {WHY}\n") == ([("EGR408", "EGR509")], 1)
    assert check(f"{CLEAN}  # egressc: ignore EGR107, EGR408 -- for a while\n") == ([], 1)
    assert check(f"{CLEAN}  # egressc: ignore EGR408 {WHY}\n") == ([("EGR408", "EGR408")], 0)


def test_rules_that_were_not_looked_at_are_not_judged(check: Any) -> None:
    silent = f"# egressc: ignore EGR107 {WHY}"
    assert check(f"{CLEAN} cluster=elsewhere  {silent}\n") == ([], 0)
    assert check(f"mesh idgen -> otel/agent cluster=elsewhere  {silent}\n") == ([], 0)
    assert check(f"{CLEAN}  {silent}\nallow idgen -> x:443 tls\n")[0] == [("EGR102", "x")]


def test_every_summary_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.egress").write_text(f"{UDP}  # egressc: ignore EGR509 {WHY}\n")
    assert output("check")[1] == "no findings: 1 rule in 1 file (1 suppressed)\n"
    assert output("check", "--fail-on", "note")[0] == 0
    status, out, _ = output("compile", "--fail-on", "note")
    assert (status, "ServiceEntry" in out) == (0, False)
    (result,) = json.loads(output("check", "--format", "sarif")[1])["runs"][0]["results"]
    assert result["ruleId"] == "EGR509"
    assert result["suppressions"] == [{"kind": "inSource", "justification": "governed by a NetworkPolicy"}]


def test_many_cost_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stacked above one statement, and one for each statement: no square of either."""
    from egresslang.compile import read
    from egresslang.source import Source
    from egresslang.suppression import read_suppressions, suppress

    stack = f"# egressc: ignore EGR509 {WHY}\n" * 20_000 + UDP + "\n"
    each = f"{UDP}  # egressc: ignore EGR509 {WHY}\n" * 4_000
    files, _ = read([Source("a.egress", stack), Source("b.egress", each)])
    start = time.perf_counter()
    silenced, found = read_suppressions(files)
    places = {statement.span.place for file in files for statement in file.statements}
    kept, _ = suppress([], silenced, places)
    assert time.perf_counter() - start < 4
    assert (len(silenced), found, len(kept)) == (24_000, [], 24_000)


LAN = "allow idgen -> 192.168.1.31:554 tcp"
AGAIN = "allow idgen -> 192.168.1.31:80 tcp"
PLAIN = "allow idgen -> a.example.com:80 http"
PLAIN_TOO = "allow etl -> a.example.com:80 http"


@pytest.mark.parametrize(
    ("code", "first", "second", "place"),
    [("EGR306", LAN, AGAIN, "192.168.1.31:80 tcp"), ("EGR308", PLAIN, PLAIN_TOO, "a.example.com:80 http")],
)
def test_what_is_told_once_is_told_where_it_is_not_suppressed(
    check: Any, code: str, first: str, second: str, place: str
) -> None:
    ignore = f"  # egressc: ignore {code} -- mine"
    assert [each for each in check(f"{first}\n{second}\n")[0] if each[0] == code] == [(code, first.split("-> ")[1])]
    assert check(f"{first}{ignore}\n{second}\n") == ([(code, place)], 1)
    assert check(f"{first}\n{second}{ignore}\n") == ([(code, first.split("-> ")[1])], 1)
    assert check(f"{first}{ignore}\n{second}{ignore}\n") == ([], 2)
    assert check(f"{first}{ignore}\n{second}{ignore}\n{CLEAN}{ignore}\n") == ([("EGR408", code)], 2)


def test_what_is_told_once_is_told_in_the_file_that_does_not_ignore_it(check: Any, tmp_path: Path) -> None:
    (tmp_path / "a.egress").write_text(f"{PLAIN}\n")
    (tmp_path / "egressc.toml").write_text('[[overrides]]\npaths = ["a.egress"]\nignore = ["EGR308"]\n')
    assert check(f"{PLAIN_TOO}\n", "a.egress") == ([("EGR308", "a.example.com:80 http")], 0)
    (tmp_path / "egressc.toml").write_text('[[overrides]]\npaths = ["*.egress"]\nignore = ["EGR308"]\n')
    assert check(f"{PLAIN_TOO}\n", "a.egress") == ([], 0)


def test_a_finding_of_several_clusters_has_the_places_of_all(check: Any, tmp_path: Path) -> None:
    profiles = []
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(
            f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: {name}}}\n"
            "spec: {namespaces: {default: {workloads: {idgen: {labels: {app: idgen}}, etl: {labels: {app: etl}}}}}}\n"
        )
        profiles += ["-p", f"{name}.yaml"]
    ignore = "  # egressc: ignore EGR308 -- mine"
    text = f"{PLAIN}{ignore}\n{PLAIN_TOO} cluster=two{ignore}\n"
    found = [each for each in check(text, *profiles)[0] if each[0] in ("EGR308", "EGR408")]
    assert found == []


def test_what_only_traffic_tells_is_not_idle(check: Any) -> None:
    assert check(f"{CLEAN}  # egressc: ignore EGR701 -- a yearly report\n") == ([], 0)
