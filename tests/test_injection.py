"""Injection: whatever strings a policy, a file's name or a manifest holds, they are data in what is written."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from egresslang.cli import main

HOSTILE = (
    "::error file=x::y", "::set-output name=a::b", "##[set-output name=a]b", "##vso[task.setvariable variable=a]b", "%0A::error::x",
    "`", "``` ", "|", "<script>alert(1)</script>", "</script>", "<!--", "-->", "]]>", "<img src=x onerror=alert(1)>", "&lt;", "@admins",
    "[x](javascript:alert(1))", "![x](http://e.example/x)", "{{ .Labels }}", "{{", "}}", "${{ github.token }}", "$(id)", "`id`", "; rm -rf x",
    "'", "#", "# egressc: ignore EGR303 -- x", ": ", "- ", "? ", "!!python/object", "*a", "&a", "%d", "\\", "\\n", "\\u001b", "\ufffe", "\uffff",
    "é", "𝕏", "\u0301", "\u3000", "=cmd|x", "+1", "~", "\\l", "end", "classDef x fill:red", "%%{init: {}}%%", "click a href", "--", "/*",
)  # fmt: skip
"""Words that mean something to somebody who reads an output; control characters are refused in a policy."""

NAMES = (
    *(each for each in HOSTILE if "/" not in each),
    "\x1b[31m",
    "\n",
    "\r",
    "\x07",
    "\u202e",
    "\u2028",
    "\x9b",
    "\udcff",
)
"""What may stand in a file's name as well."""

hostile = st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=20).map(" ".join)
names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("".join).map(lambda name: name.encode("utf-8", "surrogateescape")[:180].decode("utf-8", "surrogateescape"))  # fmt: skip


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("injection")
    (folder / ".git").mkdir()
    return folder


def said(folder: Path, *arguments: str) -> tuple[str, str]:
    """What a command writes to standard output and standard error, as bytes that a terminal would get."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", errors="backslashreplace") for _ in range(2))
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        assert main(arguments) in (0, 1, 2)
    out.flush()
    err.flush()
    told = tuple(each.buffer.getvalue().decode() for each in (out, err))
    assert "bug of egressc" not in told[1]
    return told[0], told[1]


def is_safe(text: str, is_workflow: bool = False) -> None:
    """No byte moves a terminal's cursor, no line is a command to a runner of CI."""
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]", text)
    assert not re.search(r"##[a-z]*\[", text)
    if not is_workflow:
        assert not re.search(r"^\s*::", text, re.MULTILINE)


def policy(reason: str) -> str:
    return (
        f"allow * -> api.example.com:443 tls reason={quoted(reason)} owner={quoted(reason)} ticket={quoted(reason)}\n"
        f"allow idgen -> *.example.org:443 tls reason={quoted(reason)}\n"
        "deny idgen -> api.example.com:443 tls\n"
        f"allow idgen -> 203.0.113.7:80 http reason={quoted(reason)} expires=2026-01-01\n"
    )


class Elements(HTMLParser):
    """The tags of a page, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)


def tags(text: str) -> list[str]:
    parser = Elements()
    parser.feed(text)
    return parser.tags


FEW = settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def fresh(here: Path) -> Path:
    for path in sorted(here.rglob("*"), reverse=True):
        if ".git" not in path.parts:
            path.rmdir() if path.is_dir() else path.unlink()
    return here


def emptied(folder: Path) -> None:
    for name in os.listdir(folder):
        if name != ".git":
            os.unlink(folder / name)


@FEW
@given(reason=hostile, name=names)
def test_reports(fresh: Path, reason: str, name: str) -> None:
    emptied(fresh)
    (fresh / f"{name}.egress").write_text(policy(reason), encoding="utf-8")
    for form in ("text", "concise"):
        for part in said(fresh, "check", "--format", form):
            is_safe(part)
    out, err = said(fresh, "check", "--format", "github")
    is_safe(err)
    is_safe(out, is_workflow=True)
    assert all(re.match(r"::(error|warning|notice) title=EGR\d{3} [a-z-]+,file=[^:,\r\n]*,line=\d+,endLine=\d+(,col=\d+,endColumn=\d+)?::", line) for line in out.splitlines())  # fmt: skip
    for form in ("json", "sarif", "gitlab"):
        out, _ = said(fresh, "check", "--format", form)
        assert json.loads(out)
        is_safe(out)
        assert out.isascii()
    out, _ = said(fresh, "check", "--format", "junit")
    assert {each.tag for each in ElementTree.fromstring(out.encode()).iter()} <= {"testsuites", "testsuite", "testcase", "failure", "skipped"}  # fmt: skip
    out, _ = said(fresh, "check", "--format", "markdown")
    head, _, rest = out.partition("\n```")
    fence = re.match("`*", rest)
    assert fence
    assert rest.count("\n```" + fence[0]) == 1, "the fence is closed once, at the end"
    assert not re.search(r"[<@`]", head)


@FEW
@given(reason=hostile, name=names)
def test_formatting_and_its_lists(fresh: Path, reason: str, name: str) -> None:
    emptied(fresh)
    (fresh / f"{name}.egress").write_text(policy(reason).replace("-> ", "->   "), encoding="utf-8")
    out, err = said(fresh, "fmt", "--check")
    assert len(out.splitlines()) == 1
    for part in (out, err):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", part)


@FEW
@given(reason=hostile, name=names)
def test_manifests(fresh: Path, reason: str, name: str) -> None:
    emptied(fresh)
    text = "\n".join(line for line in policy(reason).splitlines() if not line.startswith("deny"))
    (fresh / f"{name}.egress").write_text(f"{text}\n", encoding="utf-8")
    out, err = said(fresh, "compile")
    is_safe(out)
    is_safe(err)
    kinds = [each["kind"] for each in yaml.safe_load_all(out)]
    plain = fresh / "plain.egress"
    os.replace(fresh / f"{name}.egress", plain)
    again, _ = said(fresh, "compile")
    assert kinds == [each["kind"] for each in yaml.safe_load_all(again)]


@FEW
@given(reason=hostile)
def test_pictures(fresh: Path, reason: str) -> None:
    emptied(fresh)
    texts = []
    for each in (reason, "plain"):
        text = "\n".join(line for line in policy(each).splitlines() if not line.startswith("deny"))
        (fresh / "p.egress").write_text(f"{text}\n", encoding="utf-8")
        said(fresh, "graph", "-o", "page.html")
        page = (fresh / "page.html").read_text(encoding="utf-8")
        (fresh / "page.html").unlink()
        texts.append([tags(page), *(said(fresh, "graph", "--format", form)[0] for form in ("dot", "mermaid"))])
    assert texts[0][0] == texts[1][0], "no tag comes from a policy"
    for at in (1, 2):
        assert len(texts[0][at].splitlines()) == len(texts[1][at].splitlines()), "no line comes from a policy"


@FEW
@given(reason=hostile)
def test_alerts(fresh: Path, reason: str) -> None:
    emptied(fresh)
    text = "\n".join(line for line in policy(reason).splitlines() if not line.startswith("deny"))
    (fresh / "p.egress").write_text(f"{text}\nallow idgen -> late.example.com:443 tls expires=2027-01-01 owner={quoted(reason)}\n", encoding="utf-8")  # fmt: skip
    for form in ("rules", "prometheusrule"):
        out, err = said(fresh, "alerts", "--format", form, "--today", "2026-11-23")
        held = json.dumps(list(yaml.safe_load_all(out)))
        assert "idgen" in held, err
        for template in re.findall(r"\{\{(.*?)\}\}", held):
            assert re.fullmatch(r' (\$labels\.[a-z_]+|\$value \| (humanizePercentage|printf \\"%\.0f\\")|\\"\{\{\\") ', template)  # fmt: skip


MANIFEST = """apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}, namespace: {name}}}
spec:
  hosts: [{name}, a.example.com]
  ports: [{{number: 443, name: {name}, protocol: {name}}}]
  resolution: {name}
---
apiVersion: apps/v1
kind: {name}
metadata: {{name: {name}, namespace: {name}, labels: {{{name}: {name}}}}}
spec: {{template: {{metadata: {{labels: {{app: {name}}}}}}}}}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {{name: {name}, namespace: shop}}
spec: {{egress: [{{hosts: [{name}, "./{plain}"]}}], workloadSelector: {{labels: {{app: {name}}}}}}}
"""
CONTROL = ("\x1b[2J", "\n::error::x", "\r", "\x9b", "\u202e", "\u2028", "\x00")


@FEW
@given(name=st.lists(st.sampled_from((*HOSTILE, *CONTROL)), min_size=1, max_size=12).map("".join))
@example(name="\n::error::x")
def test_manifests_of_somebody_else(fresh: Path, name: str) -> None:
    emptied(fresh)
    text = MANIFEST.format(name=json.dumps(name), plain="x")
    (fresh / "m.yaml").write_text(text, encoding="utf-8")
    for arguments in (
        ["analyze", "m.yaml"], ["analyze", "m.yaml", "--format", "concise"], ["import", "m.yaml"], ["profile", "m.yaml"],
        ["explain", "shop/x -> a.example.com:443 tls", "--manifests", "m.yaml"],
    ):  # fmt: skip
        for part in said(fresh, *arguments):
            is_safe(part)
    out, _ = said(fresh, "analyze", "m.yaml", "--format", "junit")
    assert ElementTree.fromstring(out.encode()) is not None


def test_paths_are_made_of_names_that_kubernetes_takes(fresh: Path) -> None:
    for name in ("..", "a/b", "../x", "A", "a.b", ""):
        (fresh / "p.yaml").write_text(
            f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: us}}\nspec:\n  namespaces:\n    {json.dumps(name)}: {{workloads: {{x: {{labels: {{app: x}}}}}}}}\n"
        )
        (fresh / "p.egress").write_text("")
        (fresh / "q.yaml").write_text(
            f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: {json.dumps(name)}}}\n"
        )
        said(fresh, "compile", "-p", "p.yaml", "-o", "out")
        said(fresh, "compile", "-p", "p.yaml", "-p", "q.yaml", "-o", "out")
        if name != "a.b":  # a cluster may be called so
            assert not (fresh / "out").exists()
    assert sys.stdout is not None
