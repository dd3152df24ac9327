"""The configuration: found, read, told at its place where it is wrong, and what it makes of a run."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from egresslang.cli import main
from egresslang.config.find import find
from egresslang.config.settings import Override, Settings, settle
from egresslang.config.toml import read
from egresslang.documents import Located
from egresslang.source import Source

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "schemas" / "config.schema.json").read_text())
UDP = "allow idgen -> dns.example.com:53 udp\n"
CLEAN = "allow idgen -> api.example.com:443 tls\n"
NO_PROFILE = "egressc: no profile: workloads are those the policy names, by their label app, in a stock Istio\n"
PROFILE = "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: {}}}\nspec: {{istio: {{outboundTrafficPolicy: REGISTRY_ONLY}}}}\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project: policies in a folder, a profile, a folder to work in."""
    monkeypatch.chdir(tmp_path)
    for folder in ("policies/legacy", "work"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "policies/a.egress").write_text(CLEAN)
    (tmp_path / "policies/legacy/b.egress").write_text(UDP)
    (tmp_path / "us.yaml").write_text(PROFILE.format("us"))
    return tmp_path


def run(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(arguments)
        except SystemExit as ended:
            status = int(str(ended.code))
    return status, out.getvalue(), err.getvalue().replace(NO_PROFILE, "")


def told(*arguments: str) -> list[tuple[str, str, str, str]]:
    """Code, severity, place and underlined text of each finding of `check`."""
    report = json.loads(run("check", "--format", "json", *arguments)[1])
    found = []
    for each in report["findings"]:
        line = Path(each["file"]).read_text().split("\n")[each["line"] - 1]
        text = line[each["column"] - 1 : each["endColumn"] - 1]
        found.append((each["code"], each["severity"], f"{each['file']}:{each['line']}", text))
    return found


# Finding the file


def test_it_is_found_upward_from_the_first_path(here: Path) -> None:
    (here / "egressc.toml").write_text('policies = ["policies"]\nprofiles = ["us.yaml"]\n')
    assert run("check") == (0, run("check", "policies", "-p", "us.yaml")[1], "")
    os.chdir(here / "work")
    assert run("check")[1].endswith("1 warning in 2 files\n")
    assert told() == [("EGR509", "warning", "../policies/legacy/b.egress:1", "53 udp")]
    os.chdir("/")
    assert run("check", str(here / "policies/a.egress")) == (0, "no findings: 1 rule in 1 file\n", "")


def test_the_nearest_one_holds(here: Path) -> None:
    (here / "egressc.toml").write_text('ignore = ["EGR509"]\n')
    (here / "policies/pyproject.toml").write_text('[project]\nname = "egressc-user"\n')
    assert find("policies") == str(here / "egressc.toml")
    (here / "policies/pyproject.toml").write_text('[tool.egressc]\nfail-on = "warning"\n')
    assert find("policies/legacy/b.egress") == str(here / "policies/pyproject.toml")
    assert run("check", "policies")[0] == 1
    (here / "policies/egressc.toml").write_text("")
    assert find("policies") == str(here / "policies/egressc.toml")
    assert run("check", "policies")[0] == 0


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("[tool.egressc]\n", True),
        ("[tool.egressc.severity]\n", True),
        ("[ tool . 'egressc' ]\n", True),
        ("[tool]\negressc = {}\n", True),
        ("tool.egressc.select = []\n", True),
        ("[tool.other]\negressc = 1\n", False),
        ("[project.scripts]\negressc = 'x'\n", False),
        ("[tool]\nother = 1\n", False),
        ("tool = 7\n", False),
        ("tool = 7 # tool.egressc\n", False),
        ("tool = 'egressc' # tool.egressc\n", False),
        ("\ufeff[tool.egressc]\n", True),
        ("\ufeff[tool.egresscnamespace]\n", False),
        ("[tool.egressc]\nselect = [\n", True),
        ("[tool.black]\nline = [\n", False),
    ],
)
def test_a_pyproject_counts_when_it_has_the_table(here: Path, text: str, holds: bool) -> None:
    (here / "pyproject.toml").write_text(text)
    assert bool(find(".")) is holds


def test_no_file_loads_no_toml(here: Path) -> None:
    import subprocess
    import sys

    code = "import sys; from egresslang.cli import main; main(['check', 'policies', '-q']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert not {"tomllib", "egresslang.config.load", "egresslang.suppression"} & set(done.stdout.split())


# Projects below


@pytest.fixture
def teams(here: Path) -> Path:
    """Two projects in folders, and policies of none beside them."""
    for team in ("a", "b"):
        (here / team / "policies").mkdir(parents=True)
        (here / team / "policies/x.egress").write_text(CLEAN)
        (here / team / "draft.egress").write_text("allow\n")
        (here / team / "egressc.toml").write_text('policies = ["policies"]\n')
    return here


def test_the_folder_of_a_project_stands_for_it(teams: Path) -> None:
    for path in ("a", "a/", "./a", str(teams / "a")):
        assert run("check", path) == (0, "no findings: 1 rule in 1 file\n", "")
    assert run("check", "a/draft.egress")[0] == 1
    assert run("check", "a", "a/draft.egress")[0] == 1
    (teams / "a/egressc.toml").write_text('policies = ["nowhere"]\n')
    assert told_codes("a") == ["EGR511"]
    (teams / "a/egressc.toml").write_text("")
    assert run("check", "a")[0] == 1, "all below it, where the file names no policies"


def told_codes(*arguments: str) -> list[str]:
    return [each["code"] for each in json.loads(run("check", "--format", "json", *arguments)[1])["findings"]]


def test_a_run_that_takes_in_another_project_is_refused(teams: Path) -> None:
    refused = (
        "egressc: a run obeys one configuration, and there is another in `a`, `b`: give one such folder as PATH, or, "
        "where all of it is one policy, name the folders as `policies` in an egressc.toml above them\n"
    )
    assert run("check") == run("check", ".") == (2, "", refused)
    for command in ("compile", "test", "explain"):
        flow = ("idgen -> api.example.com:443 tls",) if command == "explain" else ()
        assert run(command, *flow) == (2, "", refused)
    assert "another in `b`:" in run("check", "a", "b")[2]
    (teams / "egressc.toml").write_text("")
    assert run("check") == (2, "", refused)
    for more in ("c", "d"):
        (teams / more).mkdir()
        (teams / more / "x.egress").write_text(CLEAN)
        (teams / more / "pyproject.toml").write_text("[tool.egressc]\n")
    assert "another in `a`, `b`, `c` and 1 more:" in run("check")[2]


def test_what_the_configuration_names_is_taken_in(teams: Path) -> None:
    (teams / "egressc.toml").write_text('policies = ["a/policies", "b/policies"]\n')
    for paths in ((), (".",)):
        status, out, _ = run("check", *paths)
        assert (status, out.splitlines()[-1]) == (0, "1 warning in 2 files")
    os.chdir(teams / "b")
    assert run("check") == (0, "no findings: 1 rule in 1 file\n", "")


# What it makes of a run


def test_the_command_line_goes_before_it(here: Path) -> None:
    (here / "egressc.toml").write_text('policies = ["policies/legacy"]\nfail-on = "warning"\nselect = ["EGR1"]\n')
    assert run("check") == (0, "no findings: 1 rule in 1 file (1 hidden)\n", "")
    assert run("check", "--select", "EGR5,EGR3")[0] == 1
    assert run("check", "--select", "not-governed", "--fail-on", "error")[0] == 0
    assert run("check", "--select", "egr509", "--ignore", "EGR509") == (
        0, "no findings: 1 rule in 1 file (1 hidden)\n", "",
    )  # fmt: skip
    assert run("check", "policies/a.egress")[1] == "no findings: 1 rule in 1 file\n"


def test_severities_and_overrides(here: Path) -> None:
    (here / "policies/a.egress").write_text(UDP)
    (here / "egressc.toml").write_text('[severity]\nEGR5 = "note"\nEGR509 = "error"\n')
    assert [each[1] for each in told()] == ["error", "error"]
    assert run("check")[0] == 1
    assert run("compile")[:2] == (1, "")
    (here / "egressc.toml").write_text(
        '[[overrides]]\npaths = ["policies/legacy"]\nseverity = {not-governed = "note"}\n'
    )
    assert [each[1] for each in told()] == ["warning", "note"]
    (here / "egressc.toml").write_text('[[overrides]]\npaths = ["**/b.egress"]\nignore = ["EGR509"]\n')
    assert [each[2] for each in told()] == ["policies/a.egress:1"]


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("policies", "ab"), ("policies/", "ab"), ("./policies/legacy", "b"), ("policies/*", "ab"), ("*/a.egress", "a"),
        ("**/b.egress", "b"), ("**", "ab"), ("policies/**", "ab"), ("policies/?.egress", "a"), ("*.egress", ""), ("polic", ""),
        ("policies/*/b.egress", "b"), ("policies/**/b.egress", "b"), ("policies/**/a.egress", "a"), ("a.egress", ""),
    ],
)  # fmt: skip
def test_patterns(here: Path, pattern: str, matched: str) -> None:
    (here / "policies/a.egress").write_text(UDP)
    (here / "egressc.toml").write_text(f'[[overrides]]\npaths = ["{pattern}"]\nignore = ["EGR509"]\n')
    left = {Path(each[2]).name[0] for each in told() if each[0] == "EGR509"}
    assert left == set("ab") - set(matched)
    assert any(each[:2] == ("EGR511", "warning") for each in told()) is (matched == "")
    assert [each[0] for each in told("policies/a.egress") if each[0] != "EGR509"] == []


def test_an_error_is_never_hidden(here: Path) -> None:
    (here / "policies/a.egress").write_text("allow idgen -> x:443 tls\n")
    assert [each[0] for each in told("--select", "EGR4")] == ["EGR102"]
    assert [each[0] for each in told("--ignore", "EGR")] == ["EGR102"]
    settings = Settings(ignore=frozenset({"EGR102"}), overrides=(Override(("**",), frozenset({"EGR102"}), {}),))
    assert settle([], settings) == ([], 0)


def test_compile_writes_to_its_output(here: Path) -> None:
    (here / "egressc.toml").write_text('policies = ["policies/a.egress"]\nprofiles = ["us.yaml"]\noutput = "out"\n')
    assert run("compile") == (0, "", "")
    assert sorted(path.name for path in (here / "out").iterdir()) == [".egressc", "default.yaml", "installation", "istio-system.yaml"]  # fmt: skip
    os.chdir(here / "work")
    assert run("compile", "--check") == (0, "", "")
    assert "kind: Sidecar" in run("compile", "-o", "-")[1]
    assert "kind: Sidecar" in run("compile", "--kinds", "Sidecar")[1]
    assert sorted(path.name for path in (here / "work").iterdir()) == []


def test_several_profiles(here: Path) -> None:
    (here / "eu.yaml").write_text(PROFILE.format("eu"))
    (here / "egressc.toml").write_text(
        'policies = ["policies/a.egress"]\nprofiles = ["us.yaml", "eu.yaml"]\noutput = "out"\n'
    )
    assert run("check")[0] == 0
    assert run("compile")[0] == 0
    assert sorted(path.name for path in (here / "out").iterdir()) == ["eu", "us"]
    assert run("explain", "idgen -> api.example.com:443 tls", "-p", "us.yaml")[1].startswith("allowed")


def test_the_report_goes_to_a_file(here: Path) -> None:
    assert run("check", "policies", "--output-file", "report.json", "--format", "json") == (0, "", "")
    assert json.loads((here / "report.json").read_text())["summary"]["warnings"] == 1
    assert run("check", "policies", "-q", "--output-file", "report.txt")[1] == ""
    assert "1 warning in 2 files" in (here / "report.txt").read_text()
    assert run("check", "policies", "--output-file", "no/such/file")[0] == 2
    assert sorted(path.name for path in here.iterdir()) == ["policies", "report.json", "report.txt", "us.yaml", "work"]


# What is wrong with it


@pytest.mark.parametrize(
    ("text", "line", "underlined", "help"),
    [
        ('fail_on = "warning"', 1, "fail_on", "write `fail-on`"),
        ('# a comment\n\n"polices" = ["x"]', 3, '"polices"', "write `policies`"),
        ("[severty]\n", 1, "severty", "write `severity`"),
        ('[[overrides]]\npaths = ["x"]\n\n[[overrides]]\npaths = ["y"]\nignor = ["EGR3"]', 6, "ignor", "write `ignore`"),
        ("[[overrides]]\nignore = []", 2, "ignore", "add `paths = …`"),
        ('fail-on = "warn"', 1, '"warn"', "write `warning`"),
        ("policies = 'x'", 1, "'x'", "write `['x']`"),
        ("policies = []", 1, "policies", "write an entry, or remove `policies`"),
        ('output = ["x"]', 1, "output", "write a string"),
        ("output = 2027-06-30", 1, "2027-06-30", 'quote it: `"2027-06-30"`'),
        ('ignore = ["EGR509", "EGR204"]', 1, '"EGR204"', "mend what it finds, and remove this"),
        ('ignore = ["EGR2"]', 0, "", ""),
        ('select = [\n  "EGR5",  # one\n  "not-govrned",\n]', 3, '"not-govrned"', "write `not-governed`"),
        ('severity = {EGR999 = "note"}', 1, "EGR999", "write `EGR"),
        ('severity.EGR204 = "note"', 1, "EGR204", "mend what it finds, and remove this"),
        ('severity = {EGR509 = "fatal"}', 1, '"fatal"', "write `error`, `warning` or `note`"),
        ("select = " + "[" * 400 + "]" * 400, 1, "", ""),
        ("select = " + "[" * 9000 + "]" * 9000, 1, "", "write `key = value` lines"),
        ("select = [\n", 1, "", "write `key = value` lines"),
        ("select = 1\nselect = 2\n", 2, "", "write `key = value` lines"),
        ("select" + ".a" * 150 + " = 1", 1, "", "write `key = value` lines"),
        ("\ufeffselect = x y\n", 1, "x", "write `key = value` lines"),
        ('select = "x \n', 1, "", "write `key = value` lines"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(here: Path, text: str, line: int, underlined: str, help: str) -> None:
    (here / "egressc.toml").write_text(text)
    report = json.loads(run("check", "policies", "--format", "json")[1])
    found = [each for each in report["findings"] if each["code"] == "EGR511"]
    if not line:
        assert found == []
        return
    (each,) = found
    assert (each["file"], each["line"]) == ("egressc.toml", line)
    written = text.split("\n")[line - 1][each["column"] - 1 : each["endColumn"] - 1]
    assert written == underlined or not underlined
    assert help in each["help"]
    assert run("check", "policies")[0] == 1
    assert run("compile", "policies")[:2] == (1, "")
    assert run("explain", "EGR204")[0] == 0


def test_paths_that_lead_nowhere(here: Path) -> None:
    (here / "egressc.toml").write_text('policies = ["policies", "policy"]\nprofiles = ["eu.yaml"]\n')
    assert told() == [
        ("EGR511", "error", "egressc.toml:1", '"policy"'), ("EGR511", "error", "egressc.toml:2", '"eu.yaml"'),
    ]  # fmt: skip
    assert [each[3] for each in told("policies")] == ['"eu.yaml"']
    assert run("check", "policies", "-p", "us.yaml")[0] == 0
    assert run("explain", "EGR511")[0] == 0


@pytest.mark.parametrize(
    ("text", "underlined"), [("[tool]\negressc = 3\n", "3"), ("[[tool.egressc]]\nfail-on = 'error'\n", "")]
)
def test_in_a_pyproject_it_is_a_table(here: Path, text: str, underlined: str) -> None:
    (here / "pyproject.toml").write_text(text)
    ((code, severity, _, written),) = told("policies")
    assert (code, severity) == ("EGR511", "error")
    assert written.startswith(underlined)
    assert "`tool.egressc` is no table" in run("check", "policies")[1]


def test_inside_a_pyproject_too(here: Path) -> None:
    (here / "pyproject.toml").write_text('[project]\nname = "x"\n\n[tool.egressc]\nfail_on = "note"\n')
    assert told("policies") == [("EGR511", "error", "pyproject.toml:5", "fail_on")]


@pytest.mark.parametrize(
    "command", [("check",), ("compile",), ("compile", "--check", "--tracked"), ("graph",), ("fmt",), ("test",)]
)
@pytest.mark.parametrize(
    ("name", "text", "underlined"),
    [
        ("pyproject.toml", "[tool.egressc]\nbogus = 1\n", "bogus"),
        ("egressc.toml", "# what egressc reads\nbogus = 1\n", "bogus"),
        ("egressc.toml", '# egressc: ignore EGR511 -- no policy\noutput = "m"\nbogus = 1\n', "bogus"),
        ("egressc.toml", "output = 3  # egressc\n", "3"),
        ("egressc.toml", 'profiles = ["us.yaml", "nowhere.yaml"]  # egressc\n', '"nowhere.yaml"'),
    ],
)
def test_every_command_tells_it(here: Path, command: tuple[str, ...], name: str, text: str, underlined: str) -> None:
    (here / name).write_text(text)
    status, out, err = run(*command)
    line = 1 + text[: text.index(underlined)].count("\n")
    if command[0] == "fmt" and "nowhere" in text:
        assert status == 0, "which profiles there are is nothing to it"
    else:
        assert status == 1
        assert "error[EGR511]" in out + err
        assert f"--> {name}:{line}:" in out + err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--select", "EGR30X"), "`EGR30X` is no code of a finding; did you mean `EGR3"),
        (("--ignore", "tenant-wildcrad"), "did you mean `tenant-wildcard`?"),
        (("--ignore", "EGR107,EGR204"), "`EGR204` is an error, which nothing silences"),
    ],
)
def test_misuse_of_options(here: Path, options: tuple[str, ...], said: str) -> None:
    status, out, err = run("check", "policies", *options)
    assert (status, out) == (2, "")
    assert said in err


def test_the_schema_agrees(here: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    from egresslang.profile.validate import KEYWORDS

    def words(schema: Any) -> set[str]:
        found = set(schema)
        for key in ("properties", "$defs"):
            found |= {word for each in schema.get(key, {}).values() for word in words(each)}
        for key in ("items", "additionalProperties", "propertyNames"):
            if isinstance(schema.get(key), dict):
                found |= words(schema[key])
        return found

    assert words(SCHEMA) <= KEYWORDS
    docs = (ROOT / "docs" / "cli.md").read_text()
    example = docs.split("## The configuration", 1)[1].split("```toml\n", 1)[1].split("```", 1)[0]
    jsonschema.validate(tomllib.loads(example), SCHEMA)
    (here / "egressc.toml").write_text(example)
    (here / "clusters").mkdir()
    for name in ("recipes-us", "recipes-eu"):
        (here / f"clusters/{name}.yaml").write_text(PROFILE.format(name))
    assert run("check")[0] == 1
    assert [each[0] for each in told()] == ["EGR509"]


# Places

BARE = st.text("abcXYZ019_-", min_size=1, max_size=5)
KEYS = st.one_of(BARE, st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=4))
SCALARS = st.one_of(st.booleans(), st.integers(-9, 10**6), st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=6))  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


def written(value: Any, draw: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key_text(key, draw)} = {written(each, draw)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        gap = draw(st.sampled_from(["", " ", "\n  # ] a comment\n  "]))
        return "[" + "".join(f"{gap}{written(each, draw)}{gap}," for each in value) + gap + "]"
    if isinstance(value, str):
        if "'" not in value and draw(st.booleans()):
            return draw(st.sampled_from([f"'{value}'", f"'''{value}'''"]))
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower()


def key_text(key: str, draw: Any) -> str:
    import re

    if re.fullmatch(r"[A-Za-z0-9_-]+", key) and draw(st.booleans()):
        return key
    return json.dumps(key, ensure_ascii=False).replace("\x7f", "\\u007f")


def check_value(place: Located) -> None:
    if place.span.text[:1] in "{[" and place.span.text[:2] != "[[" if isinstance(place.value, dict | list) else True:
        assert tomllib.loads(f"k = {place.span.text}")["k"] == place.value
    check_places(place)


def check_places(place: Located) -> None:
    """The text at each place is that of its value."""
    for key, child in place.items():
        text = child.key_span.text
        assert text == key or tomllib.loads(f"k = {text}")["k"] == key
        check_value(child)
    for child in place.entries():
        check_value(child)


@given(
    st.dictionaries(KEYS, VALUES, max_size=4),
    st.lists(st.dictionaries(KEYS, VALUES, max_size=2), max_size=3),
    st.data(),
)
def test_every_place_is_that_of_its_value(top: dict[str, Any], tables: list[dict[str, Any]], data: Any) -> None:
    lines = [f"{key_text(key, data.draw)} = {written(value, data.draw)}" for key, value in top.items()]
    for table in tables:
        lines.append(data.draw(st.sampled_from(["[[zz_tables]]", "[[ zz_tables ]] # more"])))
        lines += [f"  {key_text(key, data.draw)}={written(value, data.draw)} # '\"" for key, value in table.items()]
    text = "\n".join(lines) + "\n"
    document, found = read(Source("egressc.toml", text))
    assert found == []
    assert document is not None
    assert document.value == tomllib.loads(text)
    check_places(document)


def test_tables_and_dotted_keys() -> None:
    text = 'a.b.c = 1\na.d = """x\n"y""""\n[t.u]\nv = 1979-05-27 07:32:00\n[[t.w]]\nk = [ 1, [2] ]\n[t.w.x]\ny = {z.q = \']\'}\n'
    document, found = read(Source("egressc.toml", text))
    assert found == []
    assert document is not None
    check_places(document)
    place = document["t"]["w"][0]["x"]["y"]["z"]["q"]
    assert (place.key_span.text, place.span.text) == ("q", "']'")
