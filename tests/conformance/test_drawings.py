"""The drawings of `egressc graph` before the programs that draw them: Graphviz, built for Node.js, and Mermaid in a browser."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from chromium import chromium
from npm import from_npm
from playwright.sync_api import Browser

from egresslang.cli import main

pytestmark = pytest.mark.conformance

ROOT = Path(__file__).parents[2]
GRAPHVIZ, MERMAID = "@hpcc-js/wasm-graphviz", "mermaid"

HOSTILE = """</script> <b>bold</b> "quoted" \\ # ; %% {x} | [y] --> `code` *star* _under_ &amp; #quot;"""
POLICY = f"""namespace shop
allow cart -> *.s3.amazonaws.com:443 tls owner=team reason={json.dumps(HOSTILE)}
allow cart -> {{198.51.100.0/24, [2001:db8::/32]}}:{{9000 tcp, 9001 tcp}} except {{198.51.100.7}}
allow end -> graph.example.com:443 tls expires=2026-11-30
allow subgraph -> internet:443 tls reason="all of it"
allow style/click -> xn--bcher-kva.example.com:{{80 http, 443 tls}} region=us
deny * except {{shop/cart}} -> {{*.dropbox.com, 203.0.113.0/24}} except {{203.0.113.7}}
"""
PROFILE = """apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: end}
spec: {enforcement: workloads, ipFamilies: [IPv4, IPv6]}
"""
POLICIES = {
    "hostile": None,
    "seen": None,
    "shop": (ROOT / "docs" / "graph" / "shop.egress", ROOT / "docs" / "graph" / "profile.yaml"),
    **{
        name: (ROOT / "examples" / "recipes" / name, ROOT / "examples" / "recipes" / name / "profile.yaml")
        for name in ("passes-through", "black-hole", "allowed")
    },
}


LOG = [
    {"authority": HOSTILE, "route_name": "block_all", "response_code": "502"},
    {"authority": "x.example.com", "route_name": "allow_any", "upstream_cluster": "PassthroughCluster"},
    {"authority": "y.example.com", "upstream_cluster": "outbound|80||y.example.com", "response_code": "200"},
    {"authority": "z.example.com", "route_name": "z", "response_code": "503", "response_flags": "NC"},
    {"requested_server_name": "graph.example.com", "upstream_cluster": "outbound|443||graph.example.com"},
]
"""An access log in which each end has something, and a rule is used."""


def drawn(name: str, form: str, folder: Path) -> tuple[str, dict[str, Any]]:
    """A drawing of a policy, and what it should show."""
    paths = POLICIES[name]
    if paths is None:
        paths = folder / "a.egress", folder / "p.yaml"
        paths[0].write_text(POLICY)
        paths[1].write_text(PROFILE)
    seen = []
    if name == "seen":
        lines = [{"start_time": "2026-11-22T10:00:00Z", "upstream_cluster": "-", **fields} for fields in LOG]
        (folder / "log").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        seen = ["--access-log", f"shop/end={folder / 'log'}"]
    for wanted in (form, "json"):
        given = [str(paths[0]), "-p", str(paths[1]), "--today", "2026-11-23", "--format", wanted, *seen]
        assert main(["graph", *given, "-o", str(folder / wanted)]) in (0, 1)
    (cluster,) = json.loads((folder / "json").read_text())["clusters"]
    return (folder / form).read_text(), cluster


def shown(cluster: dict[str, Any]) -> tuple[int, int]:
    """How many nodes and how many lines a drawing has."""
    workloads = cluster["workloads"]
    strays = cluster.get("traffic", {"strays": []})["strays"]
    ends = {each["rest"] for each in workloads} | {each["verdict"] for each in strays}
    nodes = len(workloads) + len(cluster["destinations"]) + len(ends)
    return nodes, len(cluster["edges"]) + len(cluster["guards"]) + len(workloads) + len(strays)


@pytest.mark.parametrize("name", POLICIES)
def test_graphviz_draws_it(name: str, tmp_path: Path) -> None:
    text, cluster = drawn(name, "dot", tmp_path)
    module = from_npm(GRAPHVIZ) / "dist" / "index.js"
    script = f"""import {{ Graphviz }} from {json.dumps(str(module))};
import {{ readFileSync }} from "node:fs";
const graphviz = await Graphviz.load();
console.log(graphviz.layout(readFileSync(0, "utf8"), "svg", "dot"));"""
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    picture = ElementTree.fromstring(done.stdout)
    nodes, edges = (picture.findall(f".//*[@class='{kind}']") for kind in ("node", "edge"))
    assert (len(nodes), len(edges)) == shown(cluster)
    told = {each.get("{http://www.w3.org/1999/xlink}title", "").rpartition("\n")[0] for each in picture.iter()}
    assert {rule["text"] for rule in cluster["rules"] if rule["state"] == "live"} <= told


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.mark.parametrize("name", POLICIES)
def test_mermaid_draws_it(name: str, tmp_path: Path, browser: Browser) -> None:
    text, cluster = drawn(name, "mermaid", tmp_path)
    page = browser.new_page()
    page.add_script_tag(path=from_npm(MERMAID) / "dist" / "mermaid.min.js")
    found = page.evaluate(
        """async text => {
          mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });
          const { svg } = await mermaid.render("picture", text);
          document.body.innerHTML = svg;
          const of = chosen => [...document.querySelectorAll(chosen)];
          return [of("#picture .node").map(each => each.textContent.trim()), of(".flowchart-link").length, of("#picture b, #picture img, #picture script").length];
        }""",
        text,
    )
    page.close()
    labels, lines, smuggled = found
    assert (len(labels), lines) == shown(cluster)
    for each in cluster["destinations"]:
        assert each["label"] in labels
    assert smuggled == 0
