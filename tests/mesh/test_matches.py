"""What a plain `GET /` meets of a VirtualService's matches, by Envoy's rules: the judge's simulation knows paths alone."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import pytest
from asking import Case, Proxy
from facts.routes import R_A, R_B, route, routed, to
from meshes import call, entry, sidecar
from modelled import mesh_of, pod_of, tokens

from egresslang.documents import read as read_documents
from egresslang.mesh.matches import is_judged, takes
from egresslang.mesh.read import read
from egresslang.source import Source

TAKEN, LEFT = "allowed|answer|b.example|80|registry", "blocked|404|||"

TAKES: list[Mapping[str, object]] = [
    {"authority": {"exact": "a.example"}},
    {"authority": {"prefix": "a."}},
    {"authority": {"regex": r"[a-z]+\.example"}},
    {"authority": {}},
    {"scheme": {"exact": "http"}},
    {"method": {"exact": "GET"}},
    {"method": {"prefix": "G"}},
    {"withoutHeaders": {"x-tenant": {"exact": "a"}}},
    {"withoutHeaders": {"x-tenant": {}}},
    {"withoutHeaders": {"x-tenant": {"regex": "*"}}},
    {"headers": {":authority": {"exact": "a.example"}}},
    {"headers": {"host": {"exact": "a.example"}}},
    {"headers": {":method": {"regex": "*"}}},
    {"headers": {}, "queryParams": {}},
    {"uri": {"exact": "/"}, "ignoreUriCase": True},
    {"uri": {"regex": "/(api)?"}},
    {"uri": {"regex": "(?i)/[^a]*"}},
]
LEAVES: list[Mapping[str, object]] = [
    {"authority": {"exact": "A.example"}},
    {"authority": {"exact": "b.example"}},
    {"authority": {"exact": "A.EXAMPLE"}, "ignoreUriCase": True},
    {"scheme": {"exact": "https"}},
    {"method": {"exact": "POST"}},
    {"headers": {"x-tenant": {"exact": "a"}}},
    {"headers": {"x-tenant": {}}},
    {"headers": {"x-tenant": {"regex": "*"}}},
    {"withoutHeaders": {"x-tenant": {"regex": ".*"}}},
    {"withoutHeaders": {":authority": {"exact": "a.example"}}},
    {"queryParams": {"page": {"exact": "1"}}},
    {"queryParams": {"page": {}}},
    {"uri": {"exact": "/x"}},
    {"uri": {"regex": "/x"}},
]


def became(matches: list[Mapping[str, object]], *asked: str, hosts: tuple[str, ...] = ("a.example",)) -> list[str]:
    """The tokens of calls to a host whose route to another one has these matches."""
    virtual = routed(hosts=hosts, http=[route(to("b.example", 80), match=matches)])
    wild = entry("*.w.example", [(80, "HTTP")], "NONE")
    manifests = "".join([R_A, R_B, wild, virtual, sidecar(["./*"])])
    proxy = Proxy("team-a", {"app": "idgen"})
    calls = tuple(map(call, asked or ["http a.example:80"]))
    return ["/".join(sorted(each)) for each in tokens(Case("matches", "{}", manifests, "", (proxy,), calls))]


@pytest.mark.parametrize("match", TAKES, ids=str)
def test_a_plain_request_is_taken(match: Mapping[str, object]) -> None:
    assert became([match]) == [TAKEN]


@pytest.mark.parametrize("match", LEAVES, ids=str)
def test_a_plain_request_is_left(match: Mapping[str, object]) -> None:
    assert became([match]) == [LEFT]


def test_below_a_wildcard_the_host_asked_for_decides() -> None:
    found = became(
        [{"authority": {"exact": "one.w.example"}}, {"authority": {"prefix": "two"}}],
        "http one.w.example:80",
        "http two.w.example:80",
        "http three.w.example:80",
        hosts=("*.w.example",),
    )
    assert found == [TAKEN, TAKEN, LEFT]


def test_the_hosts_that_routes_below_a_wildcard_ask_for_are_told_apart() -> None:
    asked = [
        {"authority": {"exact": "One.w.example"}},
        {"authority": {"prefix": "two."}},
        {"authority": {"regex": ".+"}},
    ]
    virtual = routed(hosts=["*.w.example"], http=[route(to("b.example", 80), match=asked)])
    case = Case("told", "{}", "".join([R_B, entry("*.w.example", [(80, "HTTP")], "NONE"), virtual]), "", (), ())
    outbound = mesh_of(case).proxy(pod_of(Proxy("team-a"))).outbound
    assert {"One.w.example", "two.w.example", "*.w.example"} <= set(outbound.hosts(80))
    assert not {".+", ".+.w.example"} & set(outbound.hosts(80))


UNJUDGED = [
    r"/a(?i)b",
    r"/\z",
    r"\pN*/",
    "((",
    "[[:alpha:]/]*",
    "(?!/x).*",
    "a++",
    "a{,5}",
    "(a*)*b",
    "[a--b]",
    r"\Q/\E",
    "[",
    ".*a*a*b",
    "(?:a|a)" * 20 + "b",
    "a?" * 40 + "b",
    "(?:a*)?" * 4 + "b",
    "a{0,99}" * 4 + "b",
]


@pytest.mark.parametrize("regex", UNJUDGED)
@pytest.mark.parametrize("where", ["uri", "authority", "headers", "withoutHeaders"])
def test_an_expression_that_python_reads_otherwise_is_told(where: str, regex: str) -> None:
    match = {where: {"x": {"regex": regex}} if where.endswith("eaders") else {"regex": regex}}
    text = routed(http=[route(to("b.example", 80), match=[match])])
    documents, _ = read_documents(Source("manifests", text))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        resources, found = read(documents)
    assert resources.virtual_services == ()
    assert [(each.message, each.label) for each in found] == [
        ("egressc cannot judge this VirtualService", "egressc cannot tell what this expression takes")
    ]


def test_the_expression_of_istios_own_page_is_judged() -> None:
    cookie = ("regex", "^(.*?;)?(user=dev-123)(;.*)?$")
    assert is_judged(cookie)
    assert [takes(cookie, said) for said in ("user=dev-123", "a=b;user=dev-123;c", "user=dev-1234")] == [
        True,
        True,
        False,
    ]


def test_what_is_for_gateways_alone_is_not_told() -> None:
    text = routed(gateways=["edge"], http=[route(to("b.example", 80), match=[{"uri": {"regex": "(("}}])])
    documents, _ = read_documents(Source("manifests", text))
    assert read(documents)[1] == []


@pytest.mark.parametrize(
    "regex",
    [".*", "/.*", r"/v\d+", "/[^a]*", "(?:/|x)", "/?", "(?P<a>/)", "/{1,2}", "[]/]", "", "^/$", "/??", "(/.*?)?(/.*)?"],
)
def test_an_expression_that_both_read_alike_is_judged(regex: str) -> None:
    assert is_judged(("regex", regex))
    assert takes(("regex", regex), "/") == (regex not in (r"/v\d+", ""))


def test_a_delegated_route_is_told() -> None:
    documents, _ = read_documents(Source("manifests", routed(http=[{"delegate": {"name": "other"}}])))
    resources, found = read(documents)
    assert resources.virtual_services == ()
    assert [each.label for each in found] == ["egressc does not follow a route into another VirtualService"]
