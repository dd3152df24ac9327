"""The measurements run and print their tables, and what they measure is what they say; nothing here is timed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from importlib import import_module
from typing import Any

import pytest

from egresslang.cli import main
from egresslang.findings import errors
from egresslang.source import Source

BENCH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bench")


def run(folder: object, script: str, *arguments: str) -> str:
    """What a script prints, started in another folder."""
    command = [sys.executable, os.path.join(BENCH, script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=str(folder), check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def tables(text: str) -> list[list[list[str]]]:
    """The cells of each Markdown table in a text, its headings first."""
    found: list[list[list[str]]] = []
    inside = False
    for line in text.splitlines():
        if line.startswith("|"):
            if not inside:
                found.append([])
            if not line.startswith("|--"):
                found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        inside = line.startswith("|")
    return found


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of `bench/`."""
    monkeypatch.syspath_prepend(BENCH)
    return import_module


def test_compilations_are_measured_by_stage_against_the_floors(tmp_path: object) -> None:
    times, memory, growths = tables(
        run(tmp_path, "compile.py", "--shapes", "names", "mixed", "--sizes", "10", "100", "--repeats", "1")
    )
    measured = [["names", "10"], ["names", "100"], ["mixed", "10"], ["mixed", "100"]]
    assert [row[:2] for row in times[1:]] == measured
    assert [row[:2] for row in memory[1:]] == measured
    assert times[0][2:] == [
        *("parse", "profile", "resolve", "rules", "lower", "emit", "verify", "report", "rest", "total"),
        *("verify wall", "wall", "regex", "lark", "yaml", "total ÷ lark", "wall ÷ lark wall"),
        *("× for 10 × rules", "emit ÷ yaml", "verify ÷ others"),
    ]
    growth = times[0].index("× for 10 × rules")
    assert [bool(row[growth]) for row in times[1:]] == [False, True, False, True]
    assert all(cell for table in (times, memory) for row in table for at, cell in enumerate(row) if at != growth)
    assert [row[:2] for row in growths[1:]] == [["names", "10 to 100"], ["mixed", "10 to 100"]]
    assert 0.9 < float(growths[1][3]) < 1.1, "what is written grows with the rules"


def test_the_start_is_measured_against_that_of_lark(tmp_path: object) -> None:
    commands, imports = tables(run(tmp_path, "start.py", "--runs", "1", "--imports"))
    assert [row[0] for row in commands[1:]][:12] == [
        *("python -c pass", "python -c 'import lark'", "egressc check", "egressc check -p profile.yaml"),
        *(
            "egressc fmt --check",
            "egressc compile",
            "egressc explain",
            "egressc test",
            "egressc diff",
            "egressc analyze",
        ),
        *("egressc-krm, legacy exec", "egressc-krm, ResourceList"),
    ]
    assert commands[2][-2:] == ["1.00", "1.00"]
    assert len(imports) == 41


def test_whole_commands_are_measured_from_size_to_size(tmp_path: object) -> None:
    (growth,) = tables(run(tmp_path, "commands.py", "--sizes", "20", "40", "--runs", "1"))
    assert growth[0] == ["command", "20", "40", "peak MiB", "÷ check", "exponent from 20"]
    assert {row[0].split()[0] for row in growth[1:]} == {
        *("check", "fmt", "compile", "explain", "test", "diff", "analyze", "import", "graph", "alerts", "profile"),
        *("audit", "learn"),
    }
    assert all(cell for row in growth for cell in row)


def test_what_is_much_compiles_and_clusters_are_told_apart(bench: Any) -> None:
    commands, children = bench("commands"), bench("children")
    egressc = [sys.executable, "-m", "egresslang"]
    assert [row[:2] for row in commands.many(egressc, (20, 40)).rows] == [
        [shape, command]
        for shape in ("many-workloads", "many-namespaces", "many-stars")
        for command in ("check", "fmt", "compile")
    ]
    with pytest.raises(children.Failed, match="ended with 2"):
        children.cost([*egressc, "check", "--format", "none"])
    with pytest.raises(children.Late):
        children.cost([sys.executable, "-c", "import time; time.sleep(60)"], limit=0.2)
    assert [row[2] for row in commands.profiles(egressc, 10, 3).rows] == ["3", "3"]


def test_a_peer_that_is_missing_fails_or_never_ends_is_said_in_the_table(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    peers = bench("peers")
    python = [sys.executable, "-c"]
    monkeypatch.setattr(peers, "program", lambda name: "" if name == "missing" else name)
    monkeypatch.setattr(peers, "CHECKS", {
        "fine": ("", lambda *_: [*python, ""]),
        "missing": ("missing", lambda *_: [*python, ""]),
        "fails": ("fails", lambda *_: [*python, "import sys; sys.exit(3)"]),
        "late": ("late", lambda *_: [*python, "import time; time.sleep(60)"]),
    })  # fmt: skip
    fine, *others = peers.shade([], (10, 100), 0.5).rows
    assert float(fine[1]) >= 0
    assert others == [
        ["missing", "not installed", "not installed", ""],
        ["fails", "fails", "not tried", ""],
        ["late", "more than 0", "not tried", ""],
    ]


def test_a_quick_run_keeps_nothing(bench: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    everything, children = bench("run"), bench("children")
    monkeypatch.setattr(everything, "RESULTS", str(tmp_path / "results.json"))
    monkeypatch.setattr(everything, "tables", lambda *_: iter([children.Table("A", "said", ["x", "y"], [["1", "2"]])]))
    monkeypatch.setattr(everything.peers, "install", lambda: None)
    monkeypatch.setattr(everything, "installed", lambda: nullcontext([]))
    everything.main(["--quick"])
    assert not os.listdir(tmp_path)
    everything.main([])
    kept = json.loads((tmp_path / "results.json").read_text())
    assert kept["tables"] == [{"title": "A", "said": "said", "headings": ["x", "y"], "rows": [["1", "2"]]}]
    assert {"processor", "python", "lark", "istioctl", "aerleon"} <= set(kept["facts"])


def test_formatting_is_measured_against_parsing(tmp_path: object) -> None:
    (times,) = tables(run(tmp_path, "format.py", "--quick", "--repeats", "1"))
    assert times[0] == ["shape", "rules", "parse", "print", "format", "format ÷ parse"]
    assert {row[1] for row in times[1:]} == {"100", "1,000"}
    assert all(cell for row in times for cell in row)


def test_what_the_tests_install_is_not_measured(bench: Any) -> None:
    """`interegular` makes every start slower by its presence; lark looks for it in any case."""
    start = bench("start")
    with bench("environment").installed() as egressc:
        (listed,) = tables(start.imports(start.commands(egressc)["egressc check -p profile.yaml"], most=10_000))
    names = {row[0] for row in listed}
    assert "lark.lexer" in names
    assert "interegular.fsm" not in names


def test_growth_is_measured(tmp_path: object) -> None:
    (shapes,) = tables(run(tmp_path, "adversarial.py", "--quick", "refused-everywhere", "one-label-for-all"))
    assert [row[:2] for row in shapes[1:]] == [["refused-everywhere", "40"], ["one-label-for-all", "400"]]
    assert shapes[1][shapes[0].index("findings")] == "4 EGR308 4 EGR503"


def test_every_measured_shape_compiles(bench: Any) -> None:
    stages, shapes = bench("stages"), bench("shapes")
    for name, shape in shapes.SHAPES.items():
        policy, profile = shape(30)
        text, _, found = stages.compile_measured(Source("p", policy), Source("y", profile), stages.Stopwatch())
        assert (name, errors(found), bool(text)) == (name, [], True)


@pytest.mark.parametrize(
    "name",
    [
        *("one-host-many-ports", "one-host-many-http-ports", "unknown-workloads", "unknown-sets"),
        *("regions-in-regions", "region-of-all"),
        *("denied-all", "denied-networks", "denied-to-others"),
        "networks-beside-a-service",
    ],
)
def test_twice_as_much_takes_twice_the_calls(bench: Any, name: str) -> None:
    """What is counted is every call of a function, of Python's own too: the same number on every machine."""
    stages, adversarial = bench("stages"), bench("adversarial")
    shape, _ = adversarial.SHAPES[name]

    def calls(size: int) -> int:
        policy, profile = shape(size)
        count = 0

        def counted(frame: object, event: str, argument: object) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        sys.setprofile(counted)
        try:
            stages.compile_measured(Source("p", policy), Source("y", profile), stages.Stopwatch())
        finally:
            sys.setprofile(None)
        return count

    calls(20)  # what is loaded once
    assert calls(800) / calls(400) < 2.4


def test_processes_that_work_is_shared_out_among_are_counted(bench: Any) -> None:
    stages = bench("stages")
    watch = stages.Stopwatch()
    with watch("shared"):
        subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.2: pass"], check=True)
    assert watch.cpu["shared"] > 0.2


def test_what_is_measured_is_what_the_command_line_writes(
    bench: Any, tmp_path: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stages, shapes, children = bench("stages"), bench("shapes"), bench("children")
    paths = children.write_case(str(tmp_path), *shapes.mixed(60))
    monkeypatch.chdir(tmp_path)
    status = main(["compile", "policy.egress", "-p", "profile.yaml", "--today", str(stages.TODAY)])
    written = capsys.readouterr().out
    policy, profile = map(stages.read_source, paths)
    watch = stages.Stopwatch()
    text, _, _ = stages.compile_measured(Source("policy.egress", policy.text), profile, watch)
    assert (status, text) == (0, written)
    assert set(watch.cpu) == {*stages.STAGES, "total"}


def test_analyze_is_measured_beside_istioctl_and_neither_finds_anything(bench: Any, tmp_path: Any) -> None:
    (measured,) = tables(run(tmp_path, "analyze.py", "--sizes", "20", "--runs", "1"))
    assert measured[0][0] == "command"
    assert measured[1][:2] == ["egressc analyze", "20"]
    path = tmp_path / "mesh.yaml"
    path.write_text(bench("analyze").mesh(200))
    assert main(["analyze", str(path), "--fail-on", "note", "-q"]) == 0


def test_a_diff_is_measured_against_a_compilation(tmp_path: object) -> None:
    (rows,) = tables(run(tmp_path, "diff.py", "--quick", "--shapes", "mixed", "--sizes", "100"))
    assert rows[0] == ["shape", "rules", "changed", "changes", "parse", "resolve", "compare", "tell", "diff", "compile", "diff ÷ compile"]  # fmt: skip
    assert [row[:3] for row in rows[1:]] == [["mixed", "100", "some"], ["mixed", "100", "all"]]
    assert all(int(row[3]) > 0 for row in rows[1:])


def test_profiles_are_measured_beside_reading_yaml(tmp_path: object) -> None:
    (table,) = tables(run(tmp_path, "manifests.py", "--sizes", "10", "20"))
    assert [row[:2] for row in table[1:]] == [
        [shape, size] for shape in ("deployments", "one-namespace", "alike", "pods") for size in ("10", "20")
    ]
    assert table[0][-2:] == ["made ×", "updated ×"]
