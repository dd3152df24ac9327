"""What stands in a folder otherwise than the policy: foreign files, parts, installations, what nobody can read."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

import pytest

from egresslang.cli import main

POLICY = "allow cart -> api.example.com:443 tls\nallow bank/ledger -> api.example.com:8443 tls\n"
OPENS = """\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: aaa, namespace: default}
spec:
  workloadSelector: {labels: {app: cart}}
  outboundTrafficPolicy: {mode: ALLOW_ANY}
  egress: [{hosts: ["*/*"]}]
"""
PROFILE = """\
apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: c}
spec:
  istio: {version: "1.31", outboundTrafficPolicy: REGISTRY_ONLY}
"""
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME, namespace: istio-system}\ndata:\n  mesh: |\n    rootNamespace: elsewhere\n    outboundTrafficPolicy: {mode: ALLOW_ANY}\n"
SAME = "egressc: what stands there means the same as the policy, as far as its flows go\n"


class Checked:
    """What `compile --check` says of a folder, in a line for each finding."""

    def __init__(self, *options: str) -> None:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                self.status = main(["compile", "-p", "profile.yaml", "-o", "out", "--format", "concise", *options])
            except SystemExit as ended:
                self.status = int(str(ended.code))
        self.out, self.err = out.getvalue(), err.getvalue()

    def __repr__(self) -> str:
        return f"status {self.status}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a compiled policy."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.egress").write_text(POLICY)
    (tmp_path / "profile.yaml").write_text(PROFILE)
    compiled = Checked()
    assert compiled.status == 0, compiled
    return tmp_path / "out"


def check(*options: str) -> Checked:
    return Checked("--check", *options)


def change(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))


def by_hand(file: Path) -> None:
    file.write_text(f"# by hand\n{file.read_text()}")


def test_a_foreign_file_that_opens_flows(out: Path) -> None:
    (out / "foreign.yaml").write_text(OPENS)
    opened = check()
    assert (opened.status, opened.out) == (1, "")
    assert opened.err.startswith("out/foreign.yaml:3:18: error[EGR901] `default/cart` could reach")


def test_a_foreign_file_that_opens_none(out: Path) -> None:
    (out / "foreign.yaml").write_text(
        OPENS.replace("app: cart", "app: of-nobody").replace("ALLOW_ANY", "REGISTRY_ONLY").replace("*/*", "~/*")
    )
    fine = check()
    assert (fine.status, fine.out, fine.err) == (0, "", "")


def test_a_folder_that_is_missing_does_not_mean_the_same(out: Path) -> None:
    out.rename("elsewhere")
    missing = check()
    assert missing.status == 1
    assert missing.out.startswith("missing: out/bank.yaml\nmissing: out/default.yaml\n")
    assert "error[EGR902]" in missing.err
    assert SAME not in missing.err
    out.mkdir()
    assert repr(check()) == repr(missing)


def test_an_empty_folder_is_no_bug_of_ours(out: Path) -> None:
    out.rename("elsewhere")
    assert "bug of egressc" not in check("--format", "text").err


def test_one_identity_twice(out: Path) -> None:
    file = out / "default.yaml"
    entry = file.read_text().split("---\n")[0]
    file.write_text(f"{file.read_text()}---\n{entry.replace('networking.istio.io/v1', 'networking.istio.io/v1beta1')}")
    twice = check("--format", "text")
    assert twice.status == 1
    assert "error[EGR510]: ServiceEntry `api-example-com` is given twice" in twice.err
    assert "first here" in twice.err


def test_what_cannot_be_read_is_told(out: Path) -> None:
    (out / "d.yaml").symlink_to("nowhere")
    dangling = check()
    assert (dangling.status, dangling.out) == (2, "")
    assert dangling.err == "egressc: cannot read `out/d.yaml`: No such file or directory\n"
    (out / "d.yaml").unlink()
    os.mkfifo(out / "d.yaml")
    assert check().err == "egressc: `out/d.yaml` is not a regular file\n"
    (out / "d.yaml").unlink()
    (out / "d.yaml").mkdir()
    assert check().status == 0


@pytest.mark.parametrize("kind", ["ServiceEntry", "Sidecar", "IstioOperator"])
def test_of_some_kinds_only_those_are_judged(out: Path, kind: str) -> None:
    whole = {path: path.read_text() for path in out.rglob("*.yaml")}
    Checked("--kinds", kind)
    for path in out.rglob("*.yaml"):
        by_hand(path)
    part = check("--kinds", kind)
    assert (part.status, part.err) == (1, SAME)
    for path, text in whole.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"# by hand\n{text}")
    part = check("--kinds", kind)
    assert (part.status, part.err) == (1, SAME)


def test_of_a_namespace_only_that_is_judged(out: Path) -> None:
    by_hand(out / "bank.yaml")
    change(out / "default.yaml", "REGISTRY_ONLY", "ALLOW_ANY")
    part = check("--namespace", "bank")
    assert (part.status, part.out, part.err) == (1, "different: out/bank.yaml\n", SAME)
    change(out / "bank.yaml", "REGISTRY_ONLY", "ALLOW_ANY")
    assert "error[EGR901] `bank/ledger` could reach" in check("--namespace", "bank").err
    (out / "bank.yaml").unlink()
    assert "error[EGR902] `bank/ledger` could not reach" in check("--namespace", "bank").err


def test_an_installation_in_a_list(out: Path) -> None:
    file = out / "installation" / "istio-operator.yaml"
    change(file, "outboundTrafficPolicy:\n      mode: REGISTRY_ONLY\n", "rootNamespace: elsewhere\n")
    opened = check()
    assert "error[EGR901]" in opened.err
    lines = file.read_text().splitlines()
    file.write_text("apiVersion: v1\nkind: List\nitems:\n- " + "\n  ".join(lines) + "\n")
    assert "error[EGR901]" in check().err


def test_the_config_map_of_istiod(out: Path) -> None:
    (out / "map.yaml").write_text(MAP.replace("NAME", "other"))
    assert check().err == "egressc: not looked at: 1 ConfigMap (out/map.yaml:1)\n"
    (out / "map.yaml").write_text(MAP.replace("NAME", "istio"))
    assert "error[EGR901]" in check().err


def test_a_second_installation_is_refused(out: Path) -> None:
    second = (out / "installation" / "istio-operator.yaml").read_text()
    (out / "second.yaml").write_text(second)
    refused = check()
    assert refused.status == 2
    assert "egressc: two installations, at " in refused.err


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  hosts:\n  - api.example.com\n", ""),
        ("- api.example.com", '- "*"'),
        ("- api.example.com", '- ""'),
        ("- api.example.com", "- api..com"),
        ("    name: tls-443\n", ""),
        ("number: 443", "number: 70000"),
        ("number: 443", "number: 0"),
        ("  ports:\n", "  ports:\n  - {number: 443, name: other, protocol: TLS}\n"),
        ("  ports:\n", "  ports:\n  - {number: 80, name: tls-443, protocol: TLS}\n"),
        ("  resolution: DNS\n", "  resolution: NONE\n  addresses: [198.51.100.256]\n"),
        ("  resolution: DNS\n", "  resolution: NONE\n  addresses: [198.51.100.0/33]\n"),
        ("  resolution: DNS\n", "  resolution: DNS\n  addresses: [198.51.100.0/24]\n"),
        ("  resolution: DNS\n", "  resolution: STATIC\n  endpoints: [{address: api.example.com}]\n"),
        ("  resolution: DNS\n", "  resolution: NONE\n  endpoints: [{address: 198.51.100.1}]\n"),
        ("  workloadSelector:\n    labels:\n      app: cart\n", "  workloadSelector: cart\n"),
        ("  outboundTrafficPolicy:\n    mode: REGISTRY_ONLY\n", "  outboundTrafficPolicy: REGISTRY_ONLY\n"),
        ("mode: REGISTRY_ONLY", "mode: ALLOW_ALL"),
        ("  egress:\n  - hosts:\n", "  egress:\n  - port: 443\n    hosts:\n"),
    ],
)
def test_what_istio_refuses_is_told(out: Path, before: str, after: str) -> None:
    change(out / "default.yaml", before, after)
    refused = check()
    assert refused.status == 1
    assert "is none that Istio accepts" in refused.err


def test_what_istio_refuses_is_told_at_its_place(out: Path) -> None:
    change(out / "default.yaml", "- api.example.com", "- api..com")
    refused = check("--format", "text").err
    assert "|   ^^^^^ `api..com` is no host" in refused


def test_what_is_not_looked_at(out: Path) -> None:
    kinds = {
        "EnvoyFilter": "networking.istio.io/v1alpha3",
        "ServiceEntry": "networking.istio.io/v2",
        "Gateway": "networking.istio.io/v1",
    }
    odd = [f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\n" for kind, version in kinds.items()]
    (out / "odd.yaml").write_text("---\n".join([*odd, odd[0].replace("x", "y"), "kind: Sidecar\n", "[1, 2]\n"]))
    checked = check()
    assert checked.status == 0
    assert checked.err == (
        "egressc: not looked at: 2 EnvoyFilter (out/odd.yaml:1), 1 ServiceEntry of networking.istio.io/v2 (out/odd.yaml:5), "
        "1 Gateway (out/odd.yaml:9), 1 Sidecar without apiVersion (out/odd.yaml:17), 1 document without kind (out/odd.yaml:19)\n"
    )
    assert check("-q").err == ""
