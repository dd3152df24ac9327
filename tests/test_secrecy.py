"""Secrets that stand among manifests, and that no report of any command repeats."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from egresslang.cli import main
from egresslang.secrecy import discreet
from egresslang.source import Source

HIDDEN = "hunter2"
METADATA = "metadata: {name: db, namespace: shop}\n"
SECRET = f"apiVersion: v1\nkind: Secret\n{METADATA}"
BROKEN = {
    "unclosed": f"{SECRET}data: {{password: {HIDDEN}\n",
    "anchored": f'{SECRET}stringData:\n  password: &{HIDDEN} "{HIDDEN}"\n  again: *{HIDDEN}\n  twice: [\n',
    "alias": f"{SECRET}stringData: {{password: *{HIDDEN}}}\n",
    "no-value": f"{SECRET}stringData:\n  a: b\n  {HIDDEN}\n  c: d\n",
    "quoted-badly": f'{SECRET}stringData:\n  password: "{HIDDEN}\\q"\n',
    "kind-below": f"stringData: {{password: %{HIDDEN}}}\n{SECRET}",
    "without-kind": f"apiVersion: v1\n{METADATA}stringData: {{password: @{HIDDEN}}}\n",
    "json": f'{{"apiVersion": "v1", "kind": "Secret", "data": {{"password": "{HIDDEN}" "a"}}}}\n',
    "one-line-list": f'{{"kind":"List","items":[{{"kind":"Secret","data":{{"p":"{HIDDEN}"}}}},{{"kind":1}}]}}\n',
    "applied": f'kind: ConfigMap\nmetadata: {{annotations: {{a: "{{\\"kind\\":\\"Secret\\",\\"data\\":{{\\"p\\":\\"{HIDDEN}\\"}}}}"}}}} x\n',
    "template": f"{SECRET}stringData: {{password: {HIDDEN}{{{{ .Values.x }}}}}}\n",
    "kind-misspelt": f"apiVersion: v1\nkind: secret\n{METADATA}data: {{password: {HIDDEN}\n",
}
FORMATS = ("text", "concise", "json", "sarif", "github", "gitlab", "junit", "markdown")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.egress").write_text("namespace shop\n\nallow cart -> api.example.com:443 tls\n")
    profile = "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: us}\nspec: {resources: [m.yaml]}\n"
    (tmp_path / "us.yaml").write_text(profile)
    return tmp_path


def commands() -> list[list[str]]:
    """Every command that reads manifests, about `m.yaml`."""
    flow = ["shop/cart", "api.example.com:443", "tls"]
    reports = [["analyze", "m.yaml", "--format", each, "--color", "never"] for each in FORMATS]
    return [
        *reports,
        ["profile", "m.yaml"],
        ["profile", "m.yaml", "--format", "sarif"],
        ["profile", "--check", "m.yaml"],
        ["check", "p.egress", "-p", "us.yaml"],
        ["check", "p.egress", "-p", "m.yaml"],
        ["import", "m.yaml"],
        ["explain", *flow, "--manifests", "m.yaml"],
        ["diff", "--base", "m.yaml", "--manifests", "m.yaml"],
        ["diff", "p.egress", "-p", "us.yaml", "--base", "p.egress"],
    ]


@pytest.mark.parametrize("name", BROKEN)
def test_no_command_repeats_what_a_secret_holds(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "m.yaml").write_text(BROKEN[name])
    for command in commands():
        main(command)
        said = capsys.readouterr()
        assert HIDDEN not in said.out + said.err, command
        assert "Traceback" not in said.err


def test_the_place_is_still_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "m.yaml").write_text(BROKEN["unclosed"])
    assert main(["analyze", "m.yaml"]) == 1
    said = capsys.readouterr().out
    assert "a mapping is not closed\n  --> m.yaml:4:24\n   |\n   = note: " in said
    assert "nothing of it is shown" in said


@pytest.mark.parametrize("arguments", [[], ["verify", "e.yaml"]])
@pytest.mark.parametrize("name", BROKEN)
def test_kustomize_repeats_nothing(
    name: str, arguments: list[str], here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "e.yaml").write_text(
        "apiVersion: egresslang.dev/v1\nkind: EgressPolicy\nmetadata: {name: e}\nspec: {policies: [p.egress]}\n"
    )
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(BROKEN[name].encode())))
    assert main(["kustomize", *arguments]) == 1
    said = capsys.readouterr()
    assert HIDDEN not in said.out + said.err


def test_two_secrets_of_one_shape_have_one_fingerprint(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who sees a fingerprint can guess nothing from it."""
    found = []
    for word in (HIDDEN, "another"):
        (here / "m.yaml").write_text(BROKEN["unclosed"].replace(HIDDEN, word))
        main(["analyze", "m.yaml", "--format", "gitlab"])
        found += re.findall(r'"fingerprint": "(\w+)"', capsys.readouterr().out)
    assert len(found) == 2
    assert len(set(found)) == 1


def test_what_stands_beside_a_secret_is_shown(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "m.yaml").write_text(f"{SECRET}data: {{}}\n---\nkind: Sidecar\nspec: *shown-here\n---\n{SECRET}")
    main(["analyze", "m.yaml"])
    assert "shown-here" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    [
        "kind: Gateway\nspec:\n  certificateRefs:\n  - kind: Secret\n    name: a\n  metadata: {}\n",
        "kind: SealedSecret\ndata: {}\n",
        "kind: Deployment\nspec: {volumes: [{secret: {secretName: a}}]}\n",
        "kind: Secretary\ndata: {}\n",
    ],
)
def test_what_only_names_a_secret_is_none(text: str) -> None:
    assert not Source("m.yaml", text).is_secret(0)


def test_quoted_words_are_left_out_whatever_they_hold() -> None:
    assert discreet("the key `a`b` is `c`") == "the key `…`"
    assert discreet("a mapping is not closed") == "a mapping is not closed"
