"""The graph of a policy: what its nodes, edges and guard rails say, and what each form makes of hostile text."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "graph.schema.json").read_text())
RECIPES = ROOT / "examples" / "recipes"
SHOP = (
    ROOT / "docs" / "graph" / "shop.egress",
    "-p",
    ROOT / "docs" / "graph" / "profile.yaml",
    "--today",
    "2026-11-23",
)
PROFILE = """apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: here}
spec:
"""
HOSTILE = '</script><img src=x onerror=alert(1)> \\" ]] --> %%{init}%% #quot; `b` &amp; \\\\'


@pytest.fixture
def graph(egressc: Any, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """The first cluster of the JSON of a policy; `spec` is that of the profile, `today` the day."""

    def drawn(policy: str, spec: str = "  enforcement: mesh\n", today: str = "2026-11-23", status: int = 0) -> Any:
        (tmp_path / "a.egress").write_text(policy)
        (tmp_path / "profile.yaml").write_text(PROFILE + spec)
        said = egressc(
            "graph", tmp_path / "a.egress", "-p", tmp_path / "profile.yaml", "--format", "json", "--today", today
        )
        assert said.status == status, said.err
        document = json.loads(said.out)
        jsonschema.validate(document, SCHEMA)
        (cluster,) = document["clusters"]
        return cluster

    return drawn


def flows(cluster: dict[str, Any], key: str = "edges") -> list[str]:
    """Each edge or guard rail as a line."""
    lines = []
    for each in cluster[key]:
        who, there = cluster["workloads"][each["workload"]], cluster["destinations"][each["destination"]]
        ports = ",".join(f"{port['port']} {port['protocol']}" for port in each["ports"])
        lines.append(
            f"{who['namespace']}/{who['name']} -> {there['label']} {ports} by {cluster['rules'][each['rule']]['line']}"
        )
    return lines


def rests(cluster: dict[str, Any]) -> dict[str, str]:
    return {f"{each['namespace']}/{each['name']}": each["rest"] for each in cluster["workloads"]}


@pytest.mark.parametrize(
    ("option", "edges", "ends"),
    [
        ("passes-through", [], {"*/*": "passed-through"}),
        ("black-hole", [], {"*/*": "blocked"}),
        ("allowed", ["recipes/idgen -> httpbin.org 80 http by 1"], {"*/*": "blocked", "recipes/idgen": "blocked"}),
    ],
)
def test_the_three_pictures_of_the_recipe(egressc: Any, option: str, edges: list[str], ends: dict[str, str]) -> None:
    said = egressc("graph", RECIPES / option, "-p", RECIPES / option / "profile.yaml", "--format", "json")
    (cluster,) = json.loads(said.out)["clusters"]
    assert flows(cluster) == edges
    assert rests(cluster) == ends


def test_an_edge_is_what_one_rule_lets_one_workload_reach(graph: Callable[..., Any]) -> None:
    cluster = graph(
        "namespace shop\nworkloads w = cart, pay\nallow w -> a.example.com:{443 tls, 80 http} owner=team\n"
        "allow w -> {198.51.100.7, [2001:db8::1]}:9000 tcp\n",
        "  enforcement: mesh\n  ipFamilies: [IPv4, IPv6]\n",
    )
    assert flows(cluster) == [
        "shop/cart -> a.example.com 443 tls,80 http by 3",
        "shop/pay -> a.example.com 443 tls,80 http by 3",
        "shop/cart -> 198.51.100.7 9000 tcp by 4",
        "shop/pay -> 198.51.100.7 9000 tcp by 4",
        "shop/cart -> 2001:db8::1 9000 tcp by 4",
        "shop/pay -> 2001:db8::1 9000 tcp by 4",
    ]
    assert cluster["rules"][0]["owner"] == "team"


def test_what_stands_out(graph: Callable[..., Any]) -> None:
    cluster = graph(
        "allow a -> *.s3.amazonaws.com:443 tls\n"
        "allow a -> x.example.com:443 tls expires=2026-12-01\n"
        "allow a -> y.example.com:443 tls expires=2027-12-01\n"
        "allow a -> z.example.com:443 tls expires=2026-11-22\n"
        "# egressc: ignore EGR302 -- ours by contract\nallow a -> *.github.io:443 tls\n"
    )
    broad, soon, later, past, excused = cluster["rules"]
    assert broad["marks"] == ["broad"]
    assert (soon["marks"], soon["daysLeft"]) == (["expiring"], 8)
    assert "marks" not in later
    assert (past["state"], past["daysLeft"]) == ("expired", -1)
    assert not any("z.example.com" in flow for flow in flows(cluster))
    assert "marks" not in excused
    assert cluster["findings"][excused["findings"][0]]["suppressed"] == "ours by contract"


def test_a_rule_for_another_region_grants_nothing_here(graph: Callable[..., Any]) -> None:
    cluster = graph("allow a -> x.example.com:443 tls region=us\n", "  enforcement: mesh\n  region: eu-west-1\n")
    assert [each["state"] for each in cluster["rules"]] == ["other-region"]
    assert cluster["edges"] == []


def test_guard_rails(graph: Callable[..., Any]) -> None:
    cluster = graph(
        "deny * except {ops/backup} -> {*.dropbox.com, 192.0.2.0/24}:443 except {192.0.2.7}\nallow ops/backup -> b.dropbox.com:443\n"
    )
    assert flows(cluster, "guards") == ["*/* -> *.dropbox.com 443 None by 1", "*/* -> 192.0.2.0/24 443 None by 1"]
    assert {tuple(each["excepted"]) for each in cluster["guards"]} == {("ops/backup",)}
    assert {tuple(each["holes"]) for each in cluster["guards"]} == {("192.0.2.7",)}


def test_a_denied_allow_is_drawn_as_an_error(graph: Callable[..., Any]) -> None:
    cluster = graph("deny * -> *.dropbox.com\nallow a -> b.dropbox.com:443\n", status=1)
    deny, allow = cluster["rules"]
    assert allow["marks"] == ["error"]
    assert cluster["findings"][allow["findings"][0]]["code"] == "EGR201"
    assert deny["mentioned"] == allow["findings"]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("  enforcement: mesh\n  observed: [shop/old]\n", {"*/*": "blocked", "shop/old": "passed-through", "shop/cart": "blocked"}),
        ("  enforcement: workloads\n", {"*/*": "passed-through", "shop/old": "passed-through", "shop/cart": "blocked"}),
        ("  enforcement: observe\n", {"*/*": "passed-through", "shop/old": "passed-through", "shop/cart": "passed-through"}),
        ("  enforcement: {namespaces: [shop]}\n", {"*/*": "passed-through", "shop/*": "blocked", "shop/old": "blocked", "shop/cart": "blocked"}),
    ],
)  # fmt: skip
def test_what_becomes_of_the_rest(graph: Callable[..., Any], spec: str, expected: dict[str, str]) -> None:
    inventory = "  namespaces: {shop: {workloads: {old: {labels: {app: old}}, cart: {labels: {app: cart}}}}}\n"
    assert rests(graph("allow shop/cart -> a.example.com:443\n", spec + inventory)) == expected


def test_an_open_workload_and_one_without_a_sidecar(graph: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "bare.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: bare, namespace: shop, labels: {app: bare}}\n"
        "spec: {hostNetwork: true, containers: [{name: a, image: a}]}\n"
    )
    cluster = graph(
        'allow shop/open -> * reason="moves out soon"\nallow shop/bare -> a.example.com:443\n',
        "  enforcement: mesh\n  resources: [bare.yaml]\n"
        "  namespaces: {shop: {workloads: {open: {labels: {app: open}}, bare: {labels: {app: bare}}}}}\n",
    )
    assert rests(cluster) == {"*/*": "blocked", "shop/open": "passed-through", "shop/bare": "not-captured"}
    assert {each["kind"] for each in cluster["destinations"]} == {"anything", "name"}


def test_where_destinations_are(graph: Callable[..., Any]) -> None:
    cluster = graph(
        "allow a -> api.eu-west-1.example.co.uk:443 region=eu\nallow a -> known.example.com:443\n"
        "allow a -> claimed.example.com:443 region=eu\nallow a -> db.example.com:5432 postgres address=198.51.100.7\n",
        "  enforcement: mesh\n  region: eu-west-1\n  destinations: {known.example.com: {region: us}}\n",
    )
    told = {each["label"]: each for each in cluster["destinations"]}
    assert told["api.eu-west-1.example.co.uk"]["domain"] == "example.co.uk"
    assert told["api.eu-west-1.example.co.uk"]["regions"] == ["eu-west-1"]
    assert told["known.example.com"]["regions"] == ["us"]
    assert (told["claimed.example.com"]["regions"], told["claimed.example.com"]["claimed"]) == ([], ["eu"])
    assert told["db.example.com"]["addresses"] == ["198.51.100.7"]


# Forms


class Page(HTMLParser):
    """The elements of a page with their attributes, and the text of its style, script and data."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = str(dict(attrs).get("type") or tag) if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.texts[self.inside] = self.texts.get(self.inside, "") + data


def test_the_page_holds_everything_and_lets_in_nothing(egressc: Any) -> None:
    page = Page(egressc("graph", *SHOP).out)
    policy = next(attributes["content"] for _, attributes in page.tags if attributes.get("http-equiv"))
    assert policy is not None
    assert "default-src 'none'" in policy
    for source, kind in (("style-src", "style"), ("script-src", "module")):
        digest = b64encode(sha256(page.texts[kind].encode()).digest()).decode()
        assert f"{source} 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert not [each for each in page.tags if {"src", "style", "onclick", "onload"} & set(each[1])]
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page.texts["module"] + page.texts["style"])
    assert json.loads(page.texts["application/json"])["version"] == 1


def test_no_script_makes_markup_of_text() -> None:
    for path in (ROOT / "egresslang" / "data" / "graph").glob("*.js"):
        made = re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(", path.read_text())
        assert made == [], path


def test_hostile_text_stays_text(egressc: Any, tmp_path: Path) -> None:
    (tmp_path / "a.egress").write_text(f'allow a -> x.example.com:443 tls owner="{HOSTILE}" reason="{HOSTILE}"\n')
    said = egressc("graph", tmp_path / "a.egress")
    page = Page(said.out)
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert "img" not in {tag for tag, _ in page.tags}
    assert "<img" not in said.out
    (rule,) = json.loads(page.texts["application/json"])["clusters"][0]["rules"]
    assert rule["reason"] == HOSTILE.replace('\\"', '"').replace("\\\\", "\\")


@pytest.mark.parametrize("form", ["dot", "mermaid"])
def test_a_drawing_says_what_the_page_says(egressc: Any, form: str) -> None:
    drawn = egressc("graph", *SHOP, "--format", form).out
    for words in ("443 grpc", "too broad", "expires in 7 days", "denied", "black hole", "passes through", "region us"):
        assert words in drawn


def test_dot_quotes(egressc: Any, tmp_path: Path) -> None:
    (tmp_path / "a.egress").write_text(f'allow a -> x.example.com:443 tls reason="{HOSTILE}"\n')
    drawn = egressc("graph", tmp_path / "a.egress", "--format", "dot").out
    (tooltip,) = re.findall(r'-> d0 \[.*tooltip="((?:[^"\\]|\\.)*)"\]', drawn)
    read = tooltip.replace("\\n", "\n").replace('\\"', '"').replace("\\" * 4, "\\").replace("&amp;", "&")
    assert read.startswith((tmp_path / "a.egress").read_text().strip())


def test_mermaid_writes_what_is_its_own_as_entities(egressc: Any, tmp_path: Path) -> None:
    (tmp_path / "a.egress").write_text("allow a -> *.x.example.com:443 tls\n")
    assert 'd0{{"#42;.x.example.com"}}' in egressc("graph", tmp_path / "a.egress", "--format", "mermaid").out


def test_files_and_statuses(egressc: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    said = egressc("graph", RECIPES / "allowed", "-p", RECIPES / "allowed" / "profile.yaml", "-o", page)
    assert (said.status, said.out) == (0, "")
    assert page.read_text().startswith("<!doctype html>")
    assert "EGR308" in said.err
    missing = egressc("graph", RECIPES / "allowed", "-o", tmp_path / "no" / "page.html")
    assert missing.status == 2
    assert missing.err.count("\n") >= 1
    assert "No such file or directory" in missing.err
    (tmp_path / "bad.egress").write_text("alow a -> b\n")
    bad = egressc("graph", tmp_path / "bad.egress", "-o", tmp_path / "bad.html")
    assert bad.status == 1
    assert not (tmp_path / "bad.html").exists()
    assert egressc("graph", tmp_path / "bad.egress", "-o", "").status == 2


def test_several_clusters(egressc: Any) -> None:
    regions = ROOT / "examples" / "database-by-region"
    profiles = ("-p", regions / "eu.yaml", "-p", regions / "us.yaml")
    document = json.loads(egressc("graph", regions, *profiles, "--format", "json").out)
    jsonschema.validate(document, SCHEMA)
    assert [each["cluster"] for each in document["clusters"]] == ["shop-eu", "shop-us"]
    refused = egressc("graph", regions, *profiles, "--format", "dot")
    assert refused.status == 2
    assert "draws one at a time" in refused.err


def test_the_same_bytes_every_time(egressc: Any) -> None:
    assert egressc("graph", *SHOP).out == egressc("graph", *SHOP).out


def test_the_pictures_in_the_recipes_readme_are_current(egressc: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(RECIPES)
    drawn = re.findall(r"(?ms)^```mermaid\n(.*?)^```$", (RECIPES / "README.md").read_text())
    for option, picture in zip(("passes-through", "black-hole", "allowed"), drawn, strict=True):
        given = (option, "-p", f"{option}/profile.yaml", "--format", "mermaid", "--today", "2026-11-23")
        assert egressc("graph", *given).out == picture
