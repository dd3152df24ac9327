"""The command line from outside: statuses, streams, files, and everything that scripts and people rely on."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import IO, Any, cast

import jsonschema
import pytest
import yaml

from egresslang.cli import main

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "schemas" / "findings.schema.json").read_text())
POLICY = "allow idgen -> httpbin.org:443 tls\nallow team-b/etl -> api.example.com:443 tls\n"
WARNS = "allow idgen -> dns.example.com:53 udp\n"
WRONG = "allow idgen -> httpbin.org:99999 http\n"


NO_PROFILE = "egressc: no profile: workloads are those the policy names, by their label app, in a stock Istio\n"


class Result:
    """What a command said, and its status; `err` is without the note that there is no profile, which `is_stock` tells."""

    def __init__(self, *arguments: object, stdin: bytes = b"") -> None:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.ExitStack() as around:
            around.enter_context(contextlib.redirect_stdout(out))
            around.enter_context(contextlib.redirect_stderr(err))
            around.enter_context(redirected_stdin(stdin))
            try:
                self.status = main([str(each) for each in arguments])
            except SystemExit as ended:
                self.status = cast("int", ended.code)
        self.out, self.err = out.getvalue(), err.getvalue().replace(NO_PROFILE, "", 1)
        self.is_stock = self.err != err.getvalue()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Result) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"status {self.status}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


@contextlib.contextmanager
def redirected_stdin(content: bytes) -> Any:
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(content))
    try:
        yield
    finally:
        sys.stdin = before


def process(
    *arguments: object, env: dict[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """The command as a program of its own."""
    return subprocess.run(
        [sys.executable, "-m", "egresslang", *map(str, arguments)],
        check=False, capture_output=True, env=environment(env), timeout=60, **options,
    )  # fmt: skip


def environment(more: dict[str, str] | None) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **(more or {})}


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder but the index."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.name != ".egressc"]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


def standing(folder: Path) -> dict[Path, tuple[int, ...]]:
    """What a change of any file or folder would change."""
    found = ((path, os.lstat(path)) for path in folder.rglob("*"))
    return {path: (stat.st_ino, stat.st_mode, stat.st_size, stat.st_mtime_ns) for path, stat in found}


def kinds(text: str) -> list[str]:
    """Kind and name of each document."""
    return [f"{each['kind']} {each['metadata']['name']}" for each in yaml.safe_load_all(text)]


def profile(name: str, spec: str = "") -> str:
    return f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with a clean policy, as the current folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "EGRESSC_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "a.egress").write_text(POLICY)
    return tmp_path


# Statuses and streams


def test_check_says_that_nothing_is_wrong(here: Path) -> None:
    checked = Result("check")
    assert (checked.status, checked.out, checked.err) == (0, "no findings: 2 rules in 1 file\n", "")
    quiet = Result("check", "-q")
    assert (quiet.status, quiet.out, quiet.err) == (0, "", "")


def test_check_writes_its_report_to_stdout(here: Path) -> None:
    (here / "a.egress").write_text(WRONG)
    for options in ((), ("-q",), ("--format", "concise"), ("--format", "json")):
        checked = Result("check", *options)
        assert checked.status == 1
        assert "EGR005" in checked.out
        assert checked.err == ""


def test_compile_writes_manifests_to_stdout_and_findings_to_stderr(here: Path) -> None:
    (here / "a.egress").write_text(POLICY + WARNS)
    compiled = Result("compile")
    assert compiled.status == 0
    assert kinds(compiled.out) == [
        "ServiceEntry httpbin-org",
        "ServiceEntry api-example-com",
        "Sidecar idgen",
        "Sidecar etl",
        "IstioOperator default",
    ]
    assert compiled.err.startswith("warning[EGR509]: ")
    assert compiled.err.endswith("1 warning in 1 file\n")


def test_compile_says_nothing_when_there_is_nothing_to_say(here: Path) -> None:
    assert Result("compile").err == ""


def test_a_compilation_with_an_error_writes_nothing(here: Path) -> None:
    (here / "a.egress").write_text(POLICY + WRONG)
    compiled = Result("compile")
    assert (compiled.status, compiled.out) == (1, "")
    assert "EGR005" in compiled.err
    assert Result("compile", "-o", "out").status == 1
    assert sorted(path.name for path in here.iterdir()) == ["a.egress"]


def test_every_problem_of_every_file_is_told_at_once(here: Path) -> None:
    (here / "b.egress").write_text(WRONG)
    (here / "c.egress").write_text("allow nobody\nallow x -> y:80\n")
    (here / "p.yaml").write_text(profile("x", "enforcment: mesh"))
    report = json.loads(Result("check", "-p", "p.yaml", "--format", "json").out)
    assert [(each["file"], each["code"]) for each in report["findings"]] == [
        ("b.egress", "EGR005"),
        ("c.egress", "EGR001"),
        ("p.yaml", "EGR510"),
    ]


# Misuse

MISUSES: dict[str, tuple[list[str], str]] = {
    "no command": ([], "the following arguments are required: COMMAND"),
    "unknown command": (["frobnicate"], "invalid choice: 'frobnicate'"),
    "unknown option": (["check", "--bogus"], "unrecognized arguments: --bogus"),
    "option before the command": (["-q", "check"], "unrecognized arguments: -q"),
    "option of another command": (["check", "-o", "out"], "unrecognized arguments: -o"),
    "no policy found": (["check", "empty"], "no .egress file found in `empty`"),
    "no policy found to compile": (["compile", "empty"], "no .egress file found in `empty`"),
    "no policy among several": (["check", "empty", "empty/sub"], "no .egress file found in `empty`, `empty/sub`"),
    "file that does not exist": (["check", "nope.egress"], "cannot read `nope.egress`: No such file or directory"),
    "folder that does not exist": (["check", "nope/"], "cannot read `nope/`: No such file or directory"),
    "one of two does not exist": (["compile", "a.egress", "nope"], "cannot read `nope`: No such file or directory"),
    "profile that does not exist": (["check", "a.egress", "-p", "nope.yaml"], "cannot read `nope.yaml`: No such file or directory"),
    "profile that is a folder": (["check", "a.egress", "-p", "empty"], "cannot read `empty`: Is a directory"),
    "broken link": (["check", "links/dangling.egress"], "cannot read `links/dangling.egress`: No such file or directory"),
    "policy that links to itself": (["check", "links/loop.egress"], "cannot read `links/loop.egress`: Too many levels of symbolic links"),
    "several profiles and one output": (["compile", "a.egress", "-p", "one.yaml", "-p", "two.yaml"], "several profiles make several outputs: give a folder with -o DIR"),
    "one profile twice": (["compile", "a.egress", "-p", "one.yaml", "-p", "one.yaml", "-o", "out"], "two profiles are called `one`: their outputs would be one"),
    "one profile twice, checked": (["check", "a.egress", "-p", "one.yaml", "-p", "./one.yaml"], "two profiles are called `one`: their outputs would be one"),
    "day that is none": (["check", "--today", "2026-02-30"], "`2026-02-30` is not a date such as 2027-06-30"),
    "day of another shape": (["check", "--today", "30.06.2027"], "`30.06.2027` is not a date such as 2027-06-30"),
    "no day": (["check", "--today", ""], "`` is not a date such as 2027-06-30"),
    "kind that is none": (["compile", "--kinds", "ServiceEntry,Foo"], "`Foo` is not a kind; choose from ServiceEntry, Sidecar"),
    "kind in lower case": (["compile", "--kinds", "sidecar"], "`sidecar` is not a kind; choose from ServiceEntry, Sidecar"),
    "format that is none": (["check", "--format", "xml"], "invalid choice: 'xml'"),
    "severity that is none": (["check", "--fail-on", "never"], "invalid choice: 'never'"),
    "installation that is none": (["compile", "--installation", "kustomize"], "invalid choice: 'kustomize'"),
    "nothing to compare with": (["compile", "--check"], "--check compares with a folder: give it with -o DIR"),
    "value that is missing": (["check", "-p"], "expected one argument"),
    "output that is a file": (["compile", "a.egress", "-o", "a.egress"], "cannot write `a.egress/.egressc`: Not a directory"),
    "output below a file": (["compile", "a.egress", "-o", "a.egress/out"], "cannot write `a.egress/out/.egressc`: Not a directory"),
    "output that is not ours": (["compile", "a.egress", "-o", "taken"], "`taken/default.yaml` was not written by egressc"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "said"), MISUSES.values(), ids=MISUSES)
def test_misuse(here: Path, arguments: list[str], said: str) -> None:
    (here / "empty" / "sub").mkdir(parents=True)
    (here / "empty" / "policy.txt").write_text(POLICY)
    (here / "links").mkdir()
    (here / "links" / "dangling.egress").symlink_to("gone")
    (here / "links" / "loop.egress").symlink_to("loop.egress")
    (here / "one.yaml").write_text(profile("one"))
    (here / "two.yaml").write_text(profile("two"))
    (here / "taken").mkdir()
    (here / "taken" / "default.yaml").write_text("mine\n")
    before = standing(here)
    done = Result(*arguments)
    assert (done.status, done.out) == (2, "")
    assert said in re.sub(r"\s+", " ", done.err)
    assert done.err.splitlines()[-1].startswith("egressc: ")
    assert "Traceback" not in done.err
    assert standing(here) == before


def test_a_policy_over_the_limit(here: Path) -> None:
    with open(here / "big.egress", "wb") as file:
        file.truncate(33 * 1024 * 1024)
    checked = Result("check", "big.egress", "--format", "concise")
    assert (checked.status, checked.err) == (1, "")
    assert checked.out == "big.egress:1:1: error[EGR008] `big.egress` is larger than 32 MiB\n"
    assert Result("compile", "big.egress", "-o", "out").status == 1
    assert not (here / "out").exists()


def test_our_bug_is_told_in_one_line(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("egresslang.compile.resolve", broken)
    done = Result("compile")
    assert (done.status, done.out) == (2, "")
    assert (
        done.err == "egressc: a bug of egressc, please report it: ZeroDivisionError: oh (EGRESSC_DEBUG=1 shows where)\n"
    )
    monkeypatch.setenv("EGRESSC_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["compile"])


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["check", "--help"], ["compile", "-h"], ["test", "-h"], ["explain", "--help"], ["--version"]],
)
def test_help_is_no_misuse(here: Path, arguments: list[str]) -> None:
    done = Result(*arguments)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(("usage: egressc", "egressc 0."))


@pytest.mark.parametrize("options", [["--kinds", ""], ["--kinds", ","], ["-o", ""]])
def test_an_empty_value_is_misuse(here: Path, options: list[str]) -> None:
    assert Result("compile", *options).status == 2


def test_a_namespace_that_nobody_knows_is_misuse(here: Path) -> None:
    done = Result("compile", "--namespace", "team-bb")
    assert (done.status, done.out) == (2, "")
    assert "team-bb" in done.err


# Files and folders


def test_folders_are_searched(here: Path) -> None:
    (here / "sub" / "deeper").mkdir(parents=True)
    (here / "sub" / "deeper" / "b.egress").write_text("allow b -> b.example.com:443\n")
    (here / "sub" / "notes.txt").write_text("not a policy")
    (here / ".hidden").mkdir()
    (here / ".hidden" / "c.egress").write_text(WRONG)
    (here / "folder.egress").mkdir()
    assert Result("check").out == "no findings: 3 rules in 2 files\n"
    assert Result("check", "sub").out == "no findings: 1 rule in 1 file\n"


def test_a_file_given_twice_counts_once(here: Path) -> None:
    (here / "link.egress").symlink_to("a.egress")
    expected = Result("compile", "a.egress")
    for paths in (["a.egress", "a.egress"], ["a.egress", "."], [".", "./a.egress", str(here)], ["link.egress"]):
        assert Result("check", *paths).out == "no findings: 2 rules in 1 file\n"
        assert Result("compile", *paths) == expected


def test_files_are_one_policy_whatever_their_order(here: Path) -> None:
    one, two = POLICY.splitlines(keepends=True)
    (here / "x.egress").write_text("namespace team-b\n" + two)
    (here / "y.egress").write_text(one)
    assert Result("compile", "x.egress", "y.egress") == Result("compile", "y.egress", "x.egress")


def test_a_namespace_line_ends_with_its_file(here: Path) -> None:
    (here / "a.egress").write_text("namespace team-a\nallow w -> a.example.com:443\n")
    (here / "b.egress").write_text("allow w -> b.example.com:443\n")
    found = [each["metadata"]["namespace"] for each in yaml.safe_load_all(Result("compile", "--kinds", "Sidecar").out)]
    assert found == ["default", "team-a"]


def test_standard_input(here: Path) -> None:
    checked = Result("check", "-", stdin=WRONG.encode())
    assert checked.status == 1
    assert checked.out.startswith("error[EGR005]: port `99999` does not exist\n  --> -:1:28\n")
    compiled = Result("compile", "-", "--kinds", "ServiceEntry", stdin=POLICY.encode())
    assert compiled.status == 0
    assert {each["metadata"]["annotations"]["egresslang.dev/source"] for each in yaml.safe_load_all(compiled.out)} == {
        "-"
    }
    assert (
        Result("check", "-", "a.egress", stdin=b"allow b -> b.example.com:443\n").out
        == "no findings: 3 rules in 2 files\n"
    )
    assert Result("check", "-", stdin=b"").out == "no findings: 0 rules in 1 file\n"
    assert Result("check", "-", stdin=b"\xff").status == 1


def test_an_empty_policy_is_a_policy(here: Path) -> None:
    (here / "a.egress").write_text("")
    compiled = Result("compile")
    assert (compiled.status, kinds(compiled.out), compiled.err) == (0, ["IstioOperator default"], "")


def test_names_of_files_never_reach_the_terminal_raw(here: Path) -> None:
    (here / "sub").mkdir()
    (here / "sub" / "x\x1b[31m\n::error::.egress").write_text(WRONG)
    for form in ("text", "concise", "json"):
        out = Result("check", "sub", "--format", form).out
        assert "\x1b" not in out
        assert "\n::error" not in out
    (here / "sub" / "\x1b]0;empty").mkdir()


def test_the_stream_may_be_applied_from_top_to_bottom(here: Path) -> None:
    """Nothing is locked before what it may reach is known: the widest Sidecar comes last, then the installation."""
    (here / "a.egress").write_text(
        "allow zoo/* -> a.example.com:443\nallow zoo/ape -> b.example.com:443\nallow ant/* -> a.example.com:443\nallow * -> c.example.com:443\n"
    )
    (here / "p.yaml").write_text(profile("x", "enforcement: mesh"))
    said = [
        (each["kind"], each["metadata"]["namespace"], each["metadata"]["name"])
        for each in yaml.safe_load_all(Result("compile", "-p", "p.yaml").out)
    ]
    assert [kind for kind, _, _ in said] == ["ServiceEntry"] * 4 + ["Sidecar"] * 4 + ["IstioOperator"]
    assert [(namespace, name) for kind, namespace, name in said if kind == "Sidecar"] == [
        ("zoo", "ape"),
        ("ant", "default"),
        ("zoo", "default"),
        ("istio-system", "default"),
    ]


# -o and --check


def test_a_folder_of_files(here: Path) -> None:
    done = Result("compile", "-o", "out")
    assert (done.status, done.out, done.err) == (0, "", "")
    files = tree(here / "out")
    assert {path: kinds(text) for path, text in files.items()} == {
        "default.yaml": ["ServiceEntry httpbin-org", "Sidecar idgen"],
        "team-b.yaml": ["ServiceEntry api-example-com", "Sidecar etl"],
        "installation/istio-operator.yaml": ["IstioOperator default"],
    }
    together = [each for text in files.values() for each in yaml.safe_load_all(text)]
    stream = list(yaml.safe_load_all(Result("compile").out))
    assert sorted(map(str, together)) == sorted(map(str, stream))


def test_compiling_twice_changes_nothing(here: Path) -> None:
    Result("compile", "-o", "out")
    before = standing(here)
    Result("compile", "-o", "out")
    assert standing(here) == before


def test_files_of_a_namespace_that_is_gone_go_too(here: Path) -> None:
    Result("compile", "-o", "out")
    (here / "out" / "mine.yaml").write_text("mine\n")
    (here / "a.egress").write_text(POLICY.splitlines()[0])
    assert Result("compile", "-o", "out").status == 0
    assert sorted(tree(here / "out")) == ["default.yaml", "installation/istio-operator.yaml", "mine.yaml"]


def test_check_tells_every_drift_and_writes_nothing(here: Path) -> None:
    assert Result("compile", "-o", "out", "--check").out == (
        "missing: out/default.yaml\nmissing: out/installation/istio-operator.yaml\nmissing: out/team-b.yaml\n"
    )
    assert not (here / "out").exists()
    Result("compile", "-o", "out")
    same = Result("compile", "-o", "out", "--check")
    assert (same.status, same.out, same.err) == (0, "", "")
    (here / "out" / "default.yaml").write_text("by hand\n")
    (here / "a.egress").write_text(POLICY.replace("team-b/", "team-c/"))
    before = standing(here)
    drift = Result("compile", "-o", "out", "--check")
    assert drift.status == 1
    assert "error[EGR901]" in drift.err
    assert drift.out == "different: out/default.yaml\nstale: out/team-b.yaml\nmissing: out/team-c.yaml\n"
    assert standing(here) == before


def test_a_drift_is_told_in_flows(here: Path) -> None:
    Result("compile", "-o", "out")
    file = here / "out" / "default.yaml"
    compiled = file.read_text()
    assert "mode: REGISTRY_ONLY" in compiled
    file.write_text(compiled.replace("mode: REGISTRY_ONLY", "mode: ALLOW_ANY"))
    opened = Result("compile", "-o", "out", "--check")
    assert (opened.status, opened.out) == (1, "different: out/default.yaml\n")
    assert opened.err.startswith("error[EGR901]: `default/")
    assert "passed-through, the client sees answer" in opened.err
    assert "through: Sidecar default/" in opened.err
    assert "out/default.yaml:" in opened.err


def test_a_drift_that_changes_no_flow_says_so(here: Path) -> None:
    Result("compile", "-o", "out")
    file = here / "out" / "default.yaml"
    file.write_text("# by hand\n" + file.read_text())
    same = Result("compile", "-o", "out", "--check")
    assert (same.status, same.out) == (1, "different: out/default.yaml\n")
    assert same.err == "egressc: what stands there means the same as the policy, as far as its flows go\n"


def test_a_killed_run_is_recognised(here: Path) -> None:
    Result("compile", "-o", "out")
    index = here / "out" / ".egressc"
    index.write_text(index.read_text().replace(" finished", " unfinished"))
    assert Result("compile", "-o", "out", "--check").out == "unfinished: out/.egressc\n"
    done = Result("compile", "-o", "out")
    assert (done.status, done.out) == (0, "")
    assert done.err == "egressc: a former run left `out` unfinished; finishing it\n"
    assert Result("compile", "-o", "out", "--check").status == 0


def test_nothing_is_written_through_a_link(here: Path) -> None:
    Result("compile", "-o", "out")
    (here / "out" / "default.yaml").unlink()
    (here / "elsewhere.yaml").write_text("mine\n")
    (here / "out" / "default.yaml").symlink_to("../elsewhere.yaml")
    done = Result("compile", "-o", "out")
    assert (done.status, done.out) == (2, "")
    assert "is a link" in done.err
    assert (here / "elsewhere.yaml").read_text() == "mine\n"


# --kinds, --namespace, --installation


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("ServiceEntry", ["ServiceEntry httpbin-org", "ServiceEntry api-example-com"]),
        ("Sidecar", ["Sidecar idgen", "Sidecar etl"]),
        ("IstioOperator", ["IstioOperator default"]),
        ("Sidecar, ServiceEntry", ["ServiceEntry httpbin-org", "ServiceEntry api-example-com", "Sidecar idgen", "Sidecar etl"]),
    ],
)  # fmt: skip
def test_only_some_kinds(here: Path, asked: str, given: list[str]) -> None:
    assert kinds(Result("compile", "--kinds", asked).out) == given


def test_a_part_of_the_policy(here: Path) -> None:
    assert kinds(Result("compile", "--namespace", "team-b").out) == ["ServiceEntry api-example-com", "Sidecar etl"]
    (here / "a.egress").write_text(POLICY + WRONG)
    broken = Result("compile", "--namespace", "team-b")
    assert (broken.status, broken.out) == (1, "")


def test_a_part_of_a_folder(here: Path) -> None:
    Result("compile", "-o", "out")
    before = tree(here / "out")
    (here / "a.egress").write_text(POLICY.replace("httpbin.org", "example.org").replace("api.example", "new.example"))
    assert Result("compile", "-o", "out", "--check", "--namespace", "team-b").out == "different: out/team-b.yaml\n"
    Result("compile", "-o", "out", "--namespace", "team-b")
    after = tree(here / "out")
    assert {path for path in after if before[path] != after[path]} == {"team-b.yaml"}
    assert Result("compile", "-o", "out", "--check", "--namespace", "team-b").status == 0
    assert Result("compile", "-o", "out", "--check").out == "different: out/default.yaml\n"


def test_a_part_never_leaves_the_folder(here: Path) -> None:
    Result("compile", "-o", "out")
    (here / "victim.yaml").write_text("mine\n")
    for namespace in ("../victim", "/etc/passwd", "installation/istio-operator", ".egressc"):
        Result("compile", "-o", "out", "--namespace", namespace)
    assert (here / "victim.yaml").read_text() == "mine\n"
    assert Result("compile", "-o", "out", "--check").status == 0


@pytest.mark.parametrize(
    ("form", "path", "kind", "where"),
    [
        ("istio", "installation/istio-operator.yaml", "IstioOperator", ("spec", "meshConfig")),
        ("helm", "installation/values.yaml", None, ("meshConfig",)),
        ("sail", "installation/istio.yaml", "Istio", ("spec", "values", "meshConfig")),
    ],
)
def test_forms_of_the_installation(here: Path, form: str, path: str, kind: str | None, where: tuple[str, ...]) -> None:
    (here / "p.yaml").write_text(profile("x", "enforcement: mesh"))
    Result("compile", "-p", "p.yaml", "--installation", form, "-o", "out")
    document = yaml.safe_load(tree(here / "out")[path])
    schema = {"istio": "istiooperator", "helm": "helm-values", "sail": "sail-istio"}[form]
    jsonschema.validate(document, json.loads((ROOT / "schemas" / f"{schema}.schema.json").read_text()))
    assert document.get("kind") == kind
    for key in where:
        document = document[key]
    assert document == {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}
    assert len([name for name in tree(here / "out") if name.startswith("installation/")]) == 1
    Result("compile", "-p", "p.yaml", "-o", "out")
    assert [name for name in tree(here / "out") if name.startswith("installation/")] == [
        "installation/istio-operator.yaml"
    ]


def test_the_installation_is_written_as_it_was_read(here: Path) -> None:
    (here / "values.yaml").write_text("meshConfig: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}\n")
    done = Result("compile", "-p", "values.yaml")
    assert done.status == 0
    assert yaml.safe_load(done.out.split("---\n")[-1]) == {
        "meshConfig": {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}
    }


# Findings


def test_fail_on(here: Path) -> None:
    (here / "a.egress").write_text(WARNS)
    assert [Result("check", "--fail-on", least).status for least in ("error", "warning", "note")] == [0, 1, 1]
    stopped = Result("compile", "--fail-on", "warning", "-o", "out")
    assert (stopped.status, stopped.out) == (1, "")
    assert not (here / "out").exists()


@pytest.mark.parametrize(
    "policy", [POLICY, WARNS, WRONG, "", "allow a -> b:1\n" * 3, "\udcff", "allow ü -> 東京:443\n"]
)
def test_json_follows_its_schema(here: Path, policy: str) -> None:
    (here / "a.egress").write_bytes(policy.encode(errors="surrogateescape"))
    (here / "one.yaml").write_text(profile("one", "region: us"))
    (here / "two.yaml").write_text(profile("two"))
    for options in ((), ("-p", "one.yaml"), ("-p", "one.yaml", "-p", "two.yaml")):
        checked = Result("check", "--format", "json", "--today", "2026-11-23", *options)
        report = json.loads(checked.out)
        jsonschema.validate(report, SCHEMA)
        assert report["today"] == "2026-11-23"
        counted = [each["severity"] for each in report["findings"]]
        assert report["summary"] == {
            "errors": counted.count("error"),
            "warnings": counted.count("warning"),
            "notes": counted.count("note"),
            "suppressed": 0,
        }
        assert checked.status == ("error" in counted)
        assert (
            json.loads(Result("compile", "--format", "json", "--today", "2026-11-23", "-o", "out", *options).err)
            == report
        )


def test_an_expired_rule(here: Path) -> None:
    (here / "a.egress").write_text(
        "allow a -> a.example.com:443 expires=2026-11-22\nallow a -> b.example.com:443 expires=2026-11-23\n"
    )
    today = ("--today", "2026-11-23", "--format", "concise", "--ignore", "expires-soon")
    checked = Result("check", *today)
    assert (checked.status, checked.out) == (1, "a.egress:1:1: error[EGR402] this rule expired on 2026-11-22\n")
    compiled = Result("compile", *today)
    assert (compiled.status, compiled.err) == (0, "a.egress:1:1: warning[EGR402] this rule expired on 2026-11-22\n")
    assert kinds(compiled.out) == ["ServiceEntry b-example-com", "Sidecar a", "IstioOperator default"]
    assert Result("compile", *today, "--fail-on", "warning").status == 1
    assert Result("check", "--today", "2026-11-22").status == 0


def test_a_lapsed_rule_locks_what_it_named(here: Path) -> None:
    (here / "a.egress").write_text("allow a -> a.example.com:443 expires=2026-11-22\n")
    (here / "p.yaml").write_text(profile("x", "enforcement: workloads"))
    compiled = Result("compile", "-p", "p.yaml", "--today", "2026-11-23", "--kinds", "ServiceEntry,Sidecar")
    (sidecar,) = yaml.safe_load_all(compiled.out)
    assert sidecar["spec"] == {
        "workloadSelector": {"labels": {"app": "a"}},
        "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
        "egress": [{"hosts": ["*/*.svc.cluster.local"]}],
    }


def test_deny_lines_are_judged(here: Path) -> None:
    (here / "a.egress").write_text(POLICY + "deny idgen -> evil.example.com:443\n")
    assert (Result("check").status, Result("check").err) == (0, "")
    (here / "a.egress").write_text(POLICY + "deny idgen -> *.org\n")
    assert Result("check").status == 1
    assert Result("compile").out == ""


def test_options_may_stand_between_paths(here: Path) -> None:
    (here / "b.egress").write_text("allow b -> b.example.com:443\n")
    (here / "p.yaml").write_text(profile("x"))
    assert Result("check", "a.egress", "-p", "p.yaml", "b.egress").out == "no findings: 3 rules in 2 files\n"


def test_a_file_that_is_no_text_counts(here: Path) -> None:
    (here / "a.egress").write_bytes(b"\xff")
    assert Result("check").out.endswith("1 error in 1 file\n")


def test_verbose_says_what_was_assumed(here: Path) -> None:
    for command in ("check", "compile"):
        said = Result(command, "-v").err
        assert "cluster: `enforcement` is workloads, as ALLOW_ANY is installed\n" in said
        assert "cluster: workloads are those the policy names, selected by the label `app`\n" in said
    assert Result("compile", "-v").out == Result("compile").out


def test_a_note_says_that_there_is_no_inventory(here: Path) -> None:
    (here / "p.yaml").write_text(profile("x"))
    for command in ("check", "compile"):
        assert Result(command).is_stock
        assert not Result(command, "-q").is_stock
        assert not Result(command, "-p", "p.yaml").is_stock


def test_colours(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "a.egress").write_text(WRONG)
    plain = Result("check").out
    assert "\x1b" not in plain
    coloured = Result("check", "--color", "always").out
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == plain != coloured
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert Result("check").out == coloured
    assert Result("check", "--color", "never").out == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in Result("check").out
    assert Result("check", "--color", "always").out == coloured


def test_colours_stay_out_of_json_and_manifests(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    (here / "a.egress").write_text(POLICY + WARNS)
    compiled = Result("compile")
    assert "\x1b" not in compiled.out
    assert "\x1b" in compiled.err
    for form in ("json", "concise"):
        assert "\x1b" not in Result("check", "--format", form, "--color", "always").out


# Several clusters


def test_a_folder_for_each_cluster(here: Path) -> None:
    (here / "dev.yaml").write_text(profile("dev", "enforcement: observe"))
    (here / "prod.yaml").write_text(profile("prod", "enforcement: mesh"))
    done = Result("compile", "-p", "dev.yaml", "-p", "prod.yaml", "-o", "out")
    assert (done.status, done.out) == (0, "")
    assert "warning[EGR501]: nothing is enforced in `dev` (cluster dev)\n" in done.err
    files = tree(here / "out")
    assert sorted(files) == [
        "dev/default.yaml",
        "dev/installation/istio-operator.yaml",
        "dev/team-b.yaml",
        "prod/default.yaml",
        "prod/installation/istio-operator.yaml",
        "prod/istio-system.yaml",
        "prod/team-b.yaml",
    ]
    assert "ALLOW_ANY" in files["dev/installation/istio-operator.yaml"]
    assert "REGISTRY_ONLY" in files["prod/installation/istio-operator.yaml"]
    assert Result("compile", "-p", "prod.yaml", "-p", "dev.yaml", "-o", "out", "--check").status == 0
    Result("compile", "-p", "prod.yaml", "-o", "alone")
    assert tree(here / "alone") == {
        path.removeprefix("prod/"): text for path, text in files.items() if path.startswith("prod/")
    }


def test_an_error_in_one_cluster_stops_all(here: Path) -> None:
    (here / "a.egress").write_text("allow a -> ${env}.example.com:443\n")
    (here / "dev.yaml").write_text(profile("dev", "variables: {env: dev}"))
    (here / "prod.yaml").write_text(profile("prod"))
    done = Result("compile", "-p", "dev.yaml", "-p", "prod.yaml", "-o", "out", "--format", "json")
    assert done.status == 1
    assert [(each["code"], each.get("cluster")) for each in json.loads(done.err)["findings"]] == [("EGR006", "prod")]
    assert not (here / "out").exists()


def test_what_all_clusters_say_is_said_once(here: Path) -> None:
    (here / "a.egress").write_text(WARNS)
    (here / "dev.yaml").write_text(profile("dev"))
    (here / "prod.yaml").write_text(profile("prod"))
    done = Result("check", "-p", "dev.yaml", "-p", "prod.yaml", "--format", "concise")
    assert done.out == "a.egress:1:32: warning[EGR509] no sidecar sees udp\n"


def test_each_cluster_takes_its_own_regions(here: Path) -> None:
    (here / "a.egress").write_text("allow a -> s3.us-east-1.example.com:443 region=us\n")
    (here / "us.yaml").write_text(profile("us", "region: us"))
    (here / "eu.yaml").write_text(profile("eu", "region: eu"))
    (here / "asia.yaml").write_text(profile("asia", "region: asia"))
    assert Result("check", "-p", "eu.yaml", "-p", "asia.yaml").out.count("EGR406") == 2
    assert Result("check", "-p", "us.yaml", "-p", "eu.yaml").out == "no findings: 1 rule in 1 file\n"


def redundant(policy: str, **clusters: str) -> list[str]:
    """The places of what is redundant in some clusters, with the name of a cluster where one is told."""
    (Path("a.egress")).write_text(policy)
    options = []
    for name, spec in clusters.items():
        Path(f"{name}.yaml").write_text(profile(name, spec))
        options += ["-p", f"{name}.yaml"]
    told = json.loads(Result("check", *options, "--format", "json").out)["findings"]
    return [f"{each['line']}:{each['column']}{each.get('cluster', '')}" for each in told if each["code"] == "EGR202"]


US, EU = "hosts: {cdn: [x.example.com, y.example.com]}", "hosts: {cdn: [y.example.com, z.example.com]}"


def test_a_rule_is_redundant_only_if_it_is_wherever_it_holds(here: Path) -> None:
    us, eu = f"region: us, {US}", f"region: eu, {EU}"
    assert redundant("allow a -> cdn:443\nallow a -> x.example.com:443\n", us=us) == ["2:1"]
    assert redundant("allow a -> cdn:443\nallow a -> x.example.com:443\n", us=us, eu=eu) == []
    assert redundant("allow a -> cdn:443\nallow a -> y.example.com:443\n", us=us, eu=eu) == ["2:1"]
    assert redundant("allow a -> cdn:443\nallow a -> x.example.com:443 region=us\n", us=us, eu=eu) == ["2:1"]
    assert redundant("allow a -> cdn:443\nallow a -> x.example.com:443 region=eu\n", us=us, eu=eu) == []


def test_a_destination_is_redundant_if_it_is_wherever_its_rule_holds(here: Path) -> None:
    rules = "allow a -> cdn:443\nallow a -> {x.example.com, y.example.com}:443\n"
    assert redundant(rules, us=US) == ["2:1"]
    assert redundant(rules, eu=EU) == ["2:28"]
    assert redundant(rules, us=US, eu=EU) == ["2:28"]


def test_a_rule_that_one_cluster_needs_is_not_removed(here: Path) -> None:
    policy = "allow a -> cdn:443 tls\nallow a -> x.example.com:443 tls\nallow a -> y.example.com:443 tls\n"
    redundant(policy, us=US, eu=EU)
    assert Result("check", "-p", "us.yaml", "-p", "eu.yaml", "--fix").status == 0
    assert (here / "a.egress").read_text() == policy.replace("allow a -> y.example.com:443 tls\n", "")


def test_nothing_is_redundant_while_a_cluster_cannot_read_the_policy(here: Path) -> None:
    rules = "allow a -> x.example.com:443\nallow a -> x.example.com:443\nallow a -> ${env}.example.com:443\n"
    assert redundant(rules, dev="variables: {env: dev}") == ["2:1"]
    assert redundant(rules, dev="variables: {env: dev}", prod="") == []


# Sources


@pytest.mark.parametrize("marker", ["egressc.toml", ".git", ""])
def test_sources_are_those_of_the_project_from_wherever_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marker: str
) -> None:
    project = tmp_path / "project"
    (project / "policies" / "deep").mkdir(parents=True)
    (project / "policies" / "a.egress").write_text("allow a -> a.example.com:443\n")
    (project / "policies" / "deep" / "b.egress").write_text("allow a -> b.example.com:443\n")
    if marker:
        (project / marker).touch()

    def compiled(folder: Path, path: str) -> str:
        monkeypatch.chdir(folder)
        done = Result("compile", path)
        assert done.status == 0
        return done.out

    text = compiled(project, ".")
    sources = [
        each["metadata"].get("annotations", {}).get("egresslang.dev/source") for each in yaml.safe_load_all(text)
    ]
    assert sources == ["policies/a.egress", "policies/deep/b.egress", "policies/a.egress, policies/deep/b.egress", None]
    assert compiled(project, "policies") == text
    assert compiled(project, str(project / "policies")) == text
    if marker:
        assert compiled(project / "policies", ".") == text
        assert compiled(project / "policies" / "deep", "..") == text


def test_the_project_is_found_from_the_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    (project / "policies").mkdir(parents=True)
    (project / ".git").touch()
    (project / "policies" / "a.egress").write_text("allow a -> a.example.com:443\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert "egresslang.dev/source: policies/a.egress\n" in Result("compile", str(project / "policies")).out


def test_the_output_knows_no_lines_and_no_times(here: Path) -> None:
    before = Result("compile").out
    (here / "a.egress").write_text("# a comment\n\n\n" + POLICY.replace("->", "  ->  "))
    assert Result("compile").out == before


# As a program


def test_the_module_is_the_command(here: Path) -> None:
    (here / "a.egress").write_text(POLICY + WARNS)
    for arguments in (["compile"], ["check"], ["check", "nope"]):
        ran, called = process(*arguments), Result(*arguments)
        stderr = ran.stderr.decode().replace(NO_PROFILE, "")
        assert (ran.returncode, ran.stdout.decode(), stderr) == (called.status, called.out, called.err)
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"egressc": "egresslang.__main__:main", "egressc-krm": "egresslang.__main__:krm"}


def test_ascii_streams(here: Path) -> None:
    (here / "bücher 東京.egress").write_text(
        "allow a -> bücher.example:443 reason=東京\nallow b -> 192.0.2.0/24:53 udp\n"
    )
    (here / "a.egress").unlink()
    plain = process("compile", env={"PYTHONIOENCODING": "utf-8"})
    narrow = process("compile", env={"PYTHONIOENCODING": "ascii"})
    assert (plain.returncode, narrow.returncode) == (0, 0)
    assert narrow.stdout == plain.stdout
    first = next(yaml.safe_load_all(plain.stdout))
    assert first["spec"]["hosts"] == ["xn--bcher-kva.example"]
    assert first["metadata"]["annotations"]["egresslang.dev/source"] == "bücher 東京.egress"
    assert b"\\xfcr" not in narrow.stderr or b"b\\xfccher" in narrow.stderr
    checked = process("check", env={"PYTHONIOENCODING": "ascii"})
    assert (checked.returncode, checked.stderr.decode()) == (0, NO_PROFILE)
    assert checked.stdout.isascii()


def test_the_locale_changes_no_byte(here: Path) -> None:
    (here / "bü.egress").write_text("allow a -> a.example.com:443\n")
    poor = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert process("compile", env=poor).stdout == process("compile", env={"PYTHONUTF8": "1"}).stdout


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_closed_pipe_ends_quietly(here: Path, unbuffered: str) -> None:
    (here / "a.egress").write_text("".join(f"allow a -> h{n}.example.com:443 tls\n" for n in range(2000)))
    with started("compile", "-q", unbuffered=unbuffered) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == b"apiVersion: networking.istio.io/v1\n"
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(60) == 130


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_ends_quietly(here: Path) -> None:
    with started("compile", "-q", "-", "-o", "out") as running:
        stdin = cast("IO[bytes]", running.stdin)
        stdin.write(b"# more than a pipe holds: once it is written, the command is reading\n" * 5000)
        stdin.flush()
        time.sleep(0.2)  # between two reads Python only takes note of a signal
        running.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(5)
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 130
        assert both(running) == (b"", b"")
    assert not (here / "out").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_pipe_among_the_files_of_a_folder_is_not_waited_for(here: Path) -> None:
    os.mkfifo(here / "b.egress")
    done = process("check", ".")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"b.egress" in done.stderr


@contextlib.contextmanager
def started(*arguments: str, unbuffered: str = "") -> Any:
    command = [sys.executable, "-m", "egresslang", *arguments]
    env = environment({"PYTHONUNBUFFERED": unbuffered})
    pipe = subprocess.PIPE
    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # tests in the background are started to ignore it
    running = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=env)
    signal.signal(signal.SIGINT, before)
    try:
        yield running
    finally:
        running.kill()
        for stream in (running.stdin, running.stdout, running.stderr):
            with contextlib.suppress(BrokenPipeError):
                cast("IO[bytes]", stream).close()
        running.wait()


def both(running: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    return cast("IO[bytes]", running.stdout).read(), cast("IO[bytes]", running.stderr).read()


@pytest.mark.parametrize(
    "line",
    [
        "compile >&-",
        "compile > /dev/full",
        "check > /dev/full",
        "check - <&-",
        "check nope 2>&-",
        "check nope 2> /dev/full",
        "--help > /dev/full",
        "check --help > /dev/full",
        "--version > /dev/full",
    ],
)
def test_streams_that_do_not_work(here: Path, line: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m egresslang {line}'], check=False, capture_output=True, env=environment(None), timeout=60
    )  # fmt: skip
    assert done.returncode == 2
    assert b"a bug of egressc" not in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no folder that is somebody's goes there")
def test_a_current_folder_that_is_gone(here: Path) -> None:
    for command in ("check", f"compile {here}/a.egress -o out", f"fmt {here}/a.egress"):
        (here / "gone").mkdir()
        line = f'cd gone && rmdir ../gone && exec "{sys.executable}" -m egresslang {command}'
        done = subprocess.run(["sh", "-c", line], check=False, capture_output=True, env=environment(None), timeout=60)
        assert (done.returncode, done.stderr) == (2, b"egressc: the current folder is gone\n")


def test_what_is_told_in_one_line_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        Result("check", "a\n::error::b").err == "egressc: cannot read `a\\u000a::error::b`: No such file or directory\n"
    )
    (tmp_path / "a.egress").write_text(POLICY)
    lines = Result("compile", "-o", "out\n::error::b", "--check").out.splitlines()
    assert lines
    assert all(line.startswith("missing: out\\u000a::error::b/") for line in lines)
