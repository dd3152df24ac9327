"""`egressc profile --check`: profiles by themselves, and what a hook may be given beside them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from egresslang.cli import main

HEAD = "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: us}\n"
OTHERS = {
    "template.yaml": "kind: Service\nmetadata: {name: {{ .Values.name }}}\n{{- end }}\n",
    "service.yaml": "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  annotations: {egresslang.dev/source: a.egress}\n",
    "sveltos.yaml": "apiVersion: config.projectsveltos.io/v1beta1\nkind: ClusterProfile\nmetadata: {name: a}\n",
    "function.yaml": "apiVersion: egresslang.dev/v1\nkind: EgressPolicy\nmetadata: {name: a}\n",
    "told.yaml": "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    apiVersion: egresslang.dev/v1\n    kind: ClusterProfile\n",
    "list.json": "[1]",
    "empty.yaml": "",
    "bytes.yaml": "\udcff\udcfe",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in OTHERS.items():
        (tmp_path / name).write_text(text, errors="surrogateescape")
    (tmp_path / "us.yaml").write_text(HEAD)
    return tmp_path


def codes(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [each["code"] for each in json.loads(capsys.readouterr().out)["findings"]]


def check(*arguments: str) -> int:
    return main(["profile", "--check", *arguments])


def test_other_files_are_passed_over_when_that_is_asked_for(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--only-profiles", *OTHERS, "us.yaml") == 0
    assert capsys.readouterr().out == "no findings in 1 file\n"
    for name in OTHERS:
        assert check(name) == 1, name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (HEAD + "spec: {regoin: us}\n", "EGR510"),
        (HEAD + "spec: [\n", "EGR510"),
        (HEAD + "---\n" + HEAD, "EGR510"),
        ("kind: Service\napiVersion: v1\n---\n" + HEAD, "EGR510"),
        (HEAD.replace("ClusterProfile", "ClusterProfle"), "EGR508"),
        (HEAD.replace("kind: ClusterProfile\n", ""), "EGR510"),
        (json.dumps({"apiVersion": "egresslang.dev/v1", "kind": "ClusterProfile"}), "EGR510"),
        (HEAD + "spec: {istio: {outboundTrafficPolicy: REGISTER_ONLY}}\n", "EGR508"),
        (HEAD + "spec: {hosts: {cdn: [not a host]}}\n", "EGR003"),
        (HEAD + "spec: {istio: {installation: none.yaml}}\n", "EGR510"),
        (HEAD + "# \udcff\n", "EGR007"),
    ],
)
def test_what_is_wrong_with_a_profile_is_a_finding_at_its_place(
    here: Path, capsys: pytest.CaptureFixture[str], text: str, code: str
) -> None:
    (here / "wrong.yaml").write_text(text, errors="surrogateescape")
    assert check("--only-profiles", "--format", "json", *OTHERS, "wrong.yaml", "us.yaml") == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert code in [each["code"] for each in found]
    assert {each["file"] for each in found} == {"wrong.yaml"}


def test_what_no_policy_could_be_wrong_about_is_not_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "us.yaml").write_text(HEAD + "spec: {enforcement: observe}\n")
    assert check("us.yaml", "--fail-on", "note") == 0
    assert capsys.readouterr().out == "no findings in 1 file\n"


def test_an_installation_file_can_stand_in_for_a_profile(here: Path) -> None:
    (here / "istio.yaml").write_text(
        "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec: {tag: 1.31.0}\n"
    )
    assert check("istio.yaml") == 0


def test_two_profiles_of_one_name_may_be_in_one_repository(here: Path) -> None:
    (here / "again.yaml").write_text(HEAD)
    assert check("us.yaml", "again.yaml", "us.yaml") == 0


def test_without_files_those_of_the_project_are_checked(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check() == 2
    assert capsys.readouterr().err == "egressc: no profile: give FILE, or name `profiles` in egressc.toml\n"
    (here / "egressc.toml").write_text('profiles = ["us.yaml"]\n')
    assert check() == 0
    (here / "us.yaml").write_text(HEAD + "spec: {regoin: us}\n")
    capsys.readouterr()
    assert check("--format", "json") == 1
    assert codes(capsys) == ["EGR510"]
    (here / "egressc.toml").write_text('profile = ["us.yaml"]\n')
    assert check("--format", "json") == 1
    assert codes(capsys) == ["EGR511"]


def test_what_cannot_be_read_is_one_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--only-profiles", "none.yaml") == 2
    assert capsys.readouterr().err == "egressc: cannot read `none.yaml`: No such file or directory\n"
    assert main(["profile", "us.yaml"]) == 2
    assert capsys.readouterr().err == (
        "egressc: nothing in `us.yaml` says anything of a cluster; `--check` judges profiles\n"
    )
