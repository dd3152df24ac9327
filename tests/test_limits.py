"""Limits: each is hit, each finding names its limit and the option, and none costs what it is there to save."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from egresslang import codes, limits
from egresslang.cli import main
from egresslang.documents import _may_be_too_many, read
from egresslang.limits import BadLimit, parse
from egresslang.source import Source
from egresslang.syntax import stuck
from egresslang.syntax.parse import parse as parse_policy

POLICY = "allow idgen -> api.example.com:443 tls\n"
TODAY = "2026-11-23"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


Tells = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def told(here: Path, capsys: pytest.CaptureFixture[str]) -> Tells:
    """The findings of a command that fails, wherever it writes them."""

    def run(*arguments: str) -> list[dict[str, Any]]:
        capsys.readouterr()
        status = main([*arguments, "--format", "json"])
        said = capsys.readouterr()
        assert status == 1, said
        found: list[dict[str, Any]] = json.loads(next(part for part in (said.out, said.err) if part.startswith("{")))[
            "findings"
        ]
        return found

    return run


def named(found: list[dict[str, Any]]) -> list[str]:
    """The limits that findings name, each with its option."""
    for each in found:
        assert each["code"] == "EGR008"
        assert "--limit " in each["help"]
        assert "[limits]" in each["help"]
    return [re.findall(r"--limit ([a-z-]+)=", each["help"])[0] for each in found]


def big_profile(workloads: int) -> str:
    lines = "\n".join(f"        app-{number}: {{labels: {{app: app-{number}}}}}" for number in range(workloads))
    return (
        "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: us}\nspec:\n"
        f"  defaultNamespace: shop\n  namespaces:\n    shop:\n      workloads:\n{lines}\n"
    )


# One limit each


def test_files(here: Path, told: Tells) -> None:
    for number in range(4):
        (here / f"p{number}.egress").write_text(POLICY)
    assert named(told("check", "--limit", "files=3")) == ["files"]
    assert main(["check", "--limit", "files=4"]) == 0


def test_folders(here: Path, told: Tells) -> None:
    (here / "a" / "b").mkdir(parents=True)
    (here / "a" / "b" / "p.egress").write_text(POLICY)
    assert named(told("check", "--limit", "folders=2")) == ["folders"]
    assert main(["check", "--limit", "folders=3"]) == 0


def test_sizes_of_a_policy(here: Path, told: Tells) -> None:
    (here / "p.egress").write_text(POLICY)
    (here / "q.egress").write_text(POLICY.replace("api", "web"))
    size = len(POLICY)
    assert named(told("check", "--limit", f"file-size={size - 1}")) == ["file-size"]
    assert named(told("check", "--limit", f"policy-size={size - 1}")) == ["policy-size"] * 2
    assert named(told("check", "--limit", f"total-size={2 * size - 1}")) == ["total-size"]
    limit = [argument for name in ("file-size", "policy-size") for argument in ("--limit", f"{name}={size}")]
    assert main(["check", *limit, "--limit", f"total-size={2 * size}"]) == 0


def test_standard_input(here: Path, told: Tells, monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ("check", "analyze", "import"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"#" * 100)))
        if command == "import":
            assert main([command, "-", "--limit", "file-size=99"]) != 0
        else:
            assert named(told(command, "-", "--limit", "file-size=99")) == ["file-size"]


def test_manifests(here: Path, told: Tells) -> None:
    for name in ("a", "b"):
        (here / f"{name}.yaml").write_text(
            f"{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}}}}}\n" + "#" * 100
        )
    assert named(told("analyze", ".", "--limit", "total-size=150")) == ["total-size"]
    assert named(told("analyze", ".", "--limit", "file-size=100")) == ["file-size"]
    assert named(told("analyze", "a.yaml", "--limit", "values=2")) == ["values"]


def test_profile(here: Path, told: Tells) -> None:
    (here / "p.egress").write_text(POLICY.replace("idgen", "app-1"))
    (here / "us.yaml").write_text(big_profile(9))
    assert named(told("check", "p.egress", "-p", "us.yaml", "--limit", "profile-size=200")) == ["profile-size"]
    assert named(told("check", "p.egress", "-p", "us.yaml", "--limit", "values=20")) == ["values"]
    assert named(told("check", "p.egress", "-p", "us.yaml", "--limit", "nesting=5")) == ["nesting"]
    assert main(["check", "p.egress", "-p", "us.yaml", "--limit", "nesting=200"]) == 0


def test_configuration(here: Path, told: Tells) -> None:
    (here / "p.egress").write_text(POLICY)
    (here / "egressc.toml").write_text('fail-on = "warning"\n' + "#" * 100)
    assert named(told("check", "--limit", "config-size=100")) == ["config-size"]
    (here / "egressc.toml").unlink()
    (here / "pyproject.toml").write_text('[tool.egressc]\nfail-on = "warning"\n' + "#" * 100)
    assert named(told("check", "--limit", "config-size=100")) == ["config-size"]


def test_statements_that_do_not_parse(here: Path, told: Tells) -> None:
    (here / "p.egress").write_text("allow\n" * 9)
    found = told("check", "--limit", "wrong-statements=3")
    assert [each["code"] for each in found] == ["EGR001"] * 4 + ["EGR008"]
    assert (found[-1]["line"], named(found[-1:])) == (5, ["wrong-statements"])


EXPLODING = {
    "ports": "hosts many = " + ", ".join(f"h{n}.example.com" for n in range(40)) + "\nallow idgen -> many:{" + ", ".join(f"{p} tls" for p in range(1000, 1040)) + "}\n",
    "uses": "hosts many = " + ", ".join(f"h{n}.example.com" for n in range(40)) + "\n" + "".join(f"allow a{n} -> many:443 tls\n" for n in range(40)),
    "workloads": "workloads all = " + ", ".join(f"a{n}" for n in range(40)) + "\n" + "".join(f"allow all -> h{n}.example.com:443 tls\n" for n in range(40)),
    "ports of sets": "hosts many = " + ", ".join(f"h{n}.example.com" for n in range(40)) + "\nhosts all = " + ", ".join(f"many:{p} tls" for p in range(1000, 1040)) + "\nallow idgen -> all\n",
    "denied": "hosts many = " + ", ".join(f"h{n}.example.com" for n in range(40)) + "\n" + "".join(f"deny a{n} -> many:443 tls\n" for n in range(40)),
    "holes": "allow idgen -> {" + ", ".join(f"203.0.{n}.0/24" for n in range(40)) + "}:5432 tcp except {" + ", ".join(f"203.0.{n}.1" for n in range(40)) + "}\n",
    "mesh": "workloads all = " + ", ".join(f"a{n}" for n in range(40)) + "\nmesh all -> " + ", ".join(f"s{n}" for n in range(40)) + "\n",
    "unknown words": "hosts many = " + ", ".join(f"none{n}" for n in range(40)) + "\n" + "".join(f"allow a{n} -> many:443 tls\n" for n in range(40)),
}  # fmt: skip


@pytest.mark.parametrize("kind", EXPLODING)
def test_expansion(kind: str, here: Path, told: Tells) -> None:
    (here / "p.egress").write_text(EXPLODING[kind])
    found = told(
        "check", "--limit", "expansion=1000", "--limit", "findings=30" if kind == "unknown words" else "findings=5000"
    )
    over = [each for each in found if each["code"] == "EGR008"]
    assert named(over) == ["findings" if kind == "unknown words" else "expansion"]


def test_a_bomb_of_sets_is_told_before_it_is_written_out(here: Path, told: Tells) -> None:
    """A thousand rules for three thousand workloads each, to three thousand hosts: 9 * 10^9 flows."""
    many = 3_000
    (here / "p.egress").write_text(
        "workloads all = " + ", ".join(f"a{n}" for n in range(many)) + "\n"
        + "hosts many = " + ", ".join(f"h{n}.example.com" for n in range(many)) + "\n"
        + "allow all -> many:443 tls\n" * 1000
    )  # fmt: skip
    assert named(told("check")) == ["expansion"]


def test_imports(here: Path, told: Tells) -> None:
    (here / "us.yaml").write_text(big_profile(20))
    rules = "".join(f'allow * -> h{n}.example.com:443 tls reason="x"\n' for n in range(20))
    own = "".join(f"allow app-{n} -> own{n}.example.com:443 tls\n" for n in range(20))
    (here / "p.egress").write_text(rules + own)
    found = told("compile", "-p", "us.yaml", "--limit", "imports=300")
    assert named([each for each in found if each["severity"] == "error"]) == ["imports"]
    assert main(["compile", "-p", "us.yaml", "--limit", "imports=1000"]) == 0


def test_access_logs(here: Path, capsys: pytest.CaptureFixture[str], lowered: Callable[[str, int], None]) -> None:
    (here / "p.egress").write_text(POLICY)
    (here / "a.log").write_bytes(b"x" * 5000)
    assert main(["audit", "--access-log", "idgen=a.log", "--limit", "line-size=1000"]) in (0, 1)
    assert "1 of 1 lines are not of Istio's default access log" in "".join(capsys.readouterr())


def test_a_device_is_no_access_log(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "p.egress").write_text(POLICY)
    assert main(["audit", "--access-log", "idgen=/dev/zero"]) == 2
    assert "cannot read `/dev/zero`: not a regular file" in capsys.readouterr().err


# How a limit is changed


def test_the_configuration_raises_a_limit_and_the_command_line_goes_before_it(here: Path, told: Tells) -> None:
    (here / "p.egress").write_text(POLICY)
    (here / "egressc.toml").write_text("[limits]\nfile-size = 10\n")
    assert named(told("check")) == ["file-size"]
    assert main(["check", "--limit", "file-size=1MiB"]) == 0
    (here / "egressc.toml").write_text('[limits]\nfile-size = "1MiB"\n')
    assert main(["check"]) == 0
    assert named(told("check", "--limit", "file-size=10")) == ["file-size"]
    (here / "egressc.toml").unlink()
    assert main(["check"]) == 0, "a limit holds for one run"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("fil-size = 10", "`fil-size` is no limit; did you mean `file-size`?"),
        ("values = 0", "`0` is not a number such as `200000`"),
        ('values = "3MiB"', "`3MiB` is not a number such as `200000`"),
        ('file-size = "3MB"', "`3MB` is not a size such as `64MiB`"),
        ("nesting = 251", "`nesting` can be 250 at most"),
        ("nesting = true", "`nesting` is not a whole number or a string"),
    ],
)
def test_what_is_no_limit_is_told(written: str, said: str, here: Path, told: Tells) -> None:
    (here / "p.egress").write_text(POLICY)
    (here / "egressc.toml").write_text(f"[limits]\n{written}\n")
    (found,) = told("check")
    assert found["code"] == "EGR511"
    assert said in f"{found['message']} {found.get('label', '')} {found}"
    assert found["line"] == 2


@pytest.mark.parametrize(
    "text", ["values", "values=", "values=x", "values=-1", "values=1.5", "values=9" + "9" * 30, "no=3"]
)
def test_an_option_that_says_no_limit_is_misuse(text: str, here: Path) -> None:
    assert main(["check", "--limit", text]) == 2


def test_numbers_are_read() -> None:
    assert [parse("file-size", text) for text in ("7", "1KiB", "2 MiB", "1GiB")] == [7, 1 << 10, 2 << 20, 1 << 30]
    with pytest.raises(BadLimit):
        parse("values", "٣")


def test_the_help_of_each_limit_can_be_followed() -> None:
    for name, limit in limits.ALL.items():
        option = re.search(rf"--limit {name}=(\S+)`", limit.help)
        assert option is not None
        assert parse(name, option[1]) > limit.default
        assert limit.words.startswith(f"more than {limit.show(limit.default)}, the limit `{name}`; ")
    limits.change({"nesting": 250})
    assert limits.NESTING.help == "make less of it: `nesting` cannot be raised above 250"
    limits.change()


# What is counted, and what is not gone through


@pytest.mark.parametrize(
    "text",
    ["[" + "a," * 5000 + "]", "- \n" * 5000, "".join(f"k{n}: v\n" for n in range(2600)), "{" + "".join(f"k{n}," for n in range(2600)) + "}",
     "---\n" * 5100, '{"a":1}' * 2600, "a:\r" + "- x\r" * 5000, "? a\n" * 1 + "".join(f"? b{n}\n" for n in range(2600))],
    ids=range(8),
)  # fmt: skip
def test_values_are_counted(text: str, lowered: Callable[[str, int], None]) -> None:
    lowered("values", 5000)
    documents, found = read(Source("x.yaml", text))
    assert (documents, [each.code for each in found]) == ([], [codes.OVER_LIMIT])
    lowered("values", 20000)
    assert [each.code for each in read(Source("x.yaml", text))[1]] in ([], [codes.BAD_PROFILE])


def test_the_bound_of_values_is_cheap_for_what_is_usual() -> None:
    """Manifests of 12,000 objects are far from the limit: nothing is counted."""
    one = "".join(f"  key-{n}: some value\n" for n in range(16))
    assert not _may_be_too_many(f"kind: Service\nspec:\n{one}---\n" * 12_000)


DEEP = 250 - 4


@pytest.mark.parametrize(
    "text",
    ["[" * DEEP + "]" * DEEP, "".join(" " * at + "a:\n" for at in range(DEEP)), '{"a":' * DEEP + "1" + "}" * DEEP],
)
@pytest.mark.parametrize("command", ["check", "analyze", "profile", "import", "explain", "kustomize"])
def test_the_deepest_that_can_be_asked_for_is_read(
    text: str, command: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No command recurses deeper than the interpreter does on values as deep as the limit can be."""
    (here / "p.egress").write_text(POLICY)
    manifest = (
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: x, namespace: y}}\nspec:\n{'' if text.startswith(('[', '{')) else ' '}"
        + text.replace("\n", "\n ")
    )
    (here / "deep.yaml").write_text(manifest)
    arguments = {
        "check": ["check", "p.egress", "-p", "deep.yaml"],
        "explain": ["explain", "idgen -> api.example.com:443 tls", "--manifests", "deep.yaml"],
        "kustomize": ["kustomize", "deep.yaml"],
    }.get(command, [command, "deep.yaml"])
    status = main([*arguments, "--limit", "nesting=250"])
    said = "".join(capsys.readouterr())
    assert status in (0, 1, 2)
    assert "bug of egressc" not in said
    assert "RecursionError" not in said


@pytest.mark.parametrize("text", [
    "allow " + "{" * 50_000 + "\n", "allow a -> " + "{a, " * 50_000 + "\n", "hosts a = " + "(" * 50_000 + "\n",
    "allow a[" * 20_000 + "\n", 'allow a -> b:443 tls reason="' + "\\" * 50_000 + "\n", "allow a -> b.c:{" + "443 tls, " * 50_000 + "\n",
], ids=range(6))  # fmt: skip
def test_brackets_and_braces_do_not_recurse(text: str) -> None:
    _, found = parse_policy(Source("x.egress", text))
    assert found


def test_hints_look_at_a_stretch_of_a_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some search for what stands before a place, and take the square of it: however long a statement, it is short."""
    seen: list[int] = []

    def looks(at: Any) -> None:
        seen.append(max(len(at.before), len(at.rest)))

    monkeypatch.setattr(stuck, "_HINTS", (looks, *stuck._HINTS))
    for text in (
        "allow " + "a" * 9000 + " ->\n",
        "hosts a = " + "b.example.com, " * 900 + "=\n",
        "allow a -> b.c:443 tls = " + "1" * 9000,
    ):
        found = parse_policy(Source("x.egress", text))[1]
        assert found
    assert seen
    assert max(seen) < 600


def test_a_mistake_far_into_a_statement_is_told_at_its_place() -> None:
    _, (found,) = parse_policy(
        Source("x.egress", "hosts a = " + "b.example.com, " * 900 + "c.example.com d.example.com\n")
    )
    assert found.span.text == "d.example.com"


def test_variables_that_never_end_take_no_square(here: Path) -> None:
    (here / "p.egress").write_text('allow idgen -> api.example.com:443 tls reason="' + "${" * 200_000 + '"\n')
    assert main(["check"]) == 0


DEEP_JSON = "[" * 100_000 + "]" * 100_000


def test_deep_json_and_toml_are_no_bug(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "p.egress").write_text(POLICY)
    (here / "deep.json").write_text(DEEP_JSON)
    (here / "a.log").write_text(f'{{"a": {DEEP_JSON[:30000]}\n{{"a": {"[" * 20000}{"]" * 20000}}}\n')
    assert main(["audit", "--access-log", "idgen=a.log"]) in (0, 1)
    for command in (
        ["check", "p.egress", "-p", "deep.json"],
        ["analyze", "deep.json"],
        ["import", "deep.json"],
        ["kustomize", "deep.json"],
    ):
        assert main(command) in (1, 2)
    (here / "egressc.toml").write_text(f"policies = {DEEP_JSON}\n")
    assert main(["check"]) == 1
    assert "bug of egressc" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "key", ["a." * 200_000 + "a", '"a" . ' * 100 + "a", "[" + "a." * 200_000 + "a]", "x = {" + "a." * 100 + "a"]
)
@pytest.mark.parametrize("name", ["egressc.toml", "pyproject.toml"])
def test_keys_of_endless_parts_are_refused(key: str, name: str, here: Path, told: Tells) -> None:
    """tomllib takes the square of the parts of a dotted key."""
    (here / "p.egress").write_text(POLICY)
    (here / name).write_text(f"[tool.egressc]\n{key} = 1\n")
    assert [each["code"] for each in told("check")] == ["EGR511"]
