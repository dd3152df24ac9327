"""The outputs that stand in `examples/` do in the real istiod what their READMEs say.

A pod is written `namespace/app`; calls and verdicts as in `meshes`. No example lists the app `stranger`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from asking import Answer, Case, Judge, Proxy
from meshes import IN_MESH as IN_MESH_ENTRY
from meshes import ask, call, entry, said, sidecar
from policies import Service, kubernetes
from trials import with_virtual_addresses

pytestmark = pytest.mark.conformance

EXAMPLES = Path(__file__).parents[2] / "examples"
WEB = Service("shared", "web", "10.8.0.11", (("http", 80),))
SERVICES = (
    WEB,
    Service("shared", "secure", "10.8.0.12", (("https", 443),)),
    Service("shared", "db", "10.8.0.13", (("tcp", 5432),)),
)
IN_MESH = {
    "http web.shared.svc.cluster.local:80 @10.8.0.11": "allowed web.shared.svc.cluster.local",
    "tcp 10.8.0.12:443": "allowed secure.shared.svc.cluster.local",
    "tcp 10.8.0.13:5432": "allowed db.shared.svc.cluster.local",
}

Table = Mapping[str, Mapping[str, str]]


def judged(
    judge: Judge,
    output: str,
    pods: Sequence[str],
    calls: Sequence[str],
    services: Sequence[Service] = SERVICES,
    dns_capture: bool = False,
) -> Answer:
    """What becomes of each pod's calls in a mesh with this output folder applied, the pods one after the other."""
    files = sorted((EXAMPLES / output).glob("*.yaml"))
    istio = "---\n".join(["", *(file.read_text(encoding="utf-8") for file in files)])
    installation = yaml.safe_load(
        (EXAMPLES / output / "installation" / "istio-operator.yaml").read_text(encoding="utf-8")
    )
    proxies = []
    for pod in pods:
        namespace, app = pod.split("/")
        proxies.append(Proxy(namespace, {"app": app}, dns_capture))
    answer = judge.ask(
        Case(
            output,
            json.dumps(installation["spec"]["meshConfig"]),
            with_virtual_addresses(istio) if dns_capture else istio,
            kubernetes(services),
            tuple(proxies),
            tuple(replace(call(text), proxy=index) for index in range(len(pods)) for text in calls),
        )
    )
    assert answer.error == ""
    assert not any(answer.rejected)
    return answer


def table(judge: Judge, output: str, expected: Table, dns_capture: bool = False) -> dict[str, dict[str, str]]:
    """The judge's verdict on every call of a table, made like it; every pod makes every call that any pod makes."""
    calls = list(dict.fromkeys(text for row in expected.values() for text in row))
    verdicts = iter(judged(judge, output, list(expected), calls, dns_capture=dns_capture).verdicts)
    return {pod: {text: said(next(verdicts)) for text in calls} for pod in expected}


# The recipe site

HTTPBIN = "http httpbin.org:80"
BLOCKED = {
    HTTPBIN: "502",
    "http www.httpbin.org:80": "502",
    "http example.com:80": "502",
    "http httpbin.org:8080": "dropped",
    "tls httpbin.org:443": "dropped",
    "tls example.com:443": "dropped",
    "tcp 203.0.113.9:80": "dropped",
    "tcp 203.0.113.9:5432": "dropped",
    **IN_MESH,
}
PODS = ("recipes/idgen", "recipes/frontend", "recipes/stranger", "payments/idgen", "istio-system/idgen")


def test_option_1_lets_everything_pass(judge: Judge) -> None:
    passes = {**dict.fromkeys(BLOCKED, "passed-through"), **IN_MESH}
    expected = dict.fromkeys(PODS, passes)
    assert table(judge, "recipes/passes-through/expected", expected) == expected


def test_option_2_sends_everything_to_the_black_hole(judge: Judge) -> None:
    expected = dict.fromkeys(PODS, BLOCKED)
    assert table(judge, "recipes/black-hole/expected", expected) == expected


def test_option_3_allows_idgen_and_nobody_else(judge: Judge) -> None:
    expected = dict.fromkeys(PODS, BLOCKED) | {"recipes/idgen": BLOCKED | {HTTPBIN: "allowed httpbin.org"}}
    assert table(judge, "recipes/allowed/expected", expected) == expected


def test_a_client_that_dials_another_address_still_ends_at_httpbin(judge: Judge) -> None:
    answer = judged(judge, "recipes/allowed/expected", ["recipes/idgen"], [f"{HTTPBIN} @203.0.113.9"])
    assert [verdict.dials for verdict in answer.verdicts] == [("httpbin.org:80",)]


@pytest.mark.parametrize(("services", "sees"), [((WEB,), "502"), ((), "dropped")])
def test_a_blocked_request_is_a_502_where_the_mesh_has_an_http_service_on_the_port(
    services: tuple[Service, ...], sees: str, judge: Judge
) -> None:
    answer = judged(judge, "recipes/black-hole/expected", ["recipes/idgen"], [HTTPBIN], services)
    assert [said(verdict) for verdict in answer.verdicts] == [sees]


# A database by region

US_DB, EU_DB = "orders-db.us-east1.sql.example.com", "orders-db.europe-west1.sql.example.com"
LOCKED = {
    "tcp 10.20.0.7:5432": "dropped",
    "tcp 10.20.0.16:5432": "dropped",
    "tcp 10.20.0.7:3306": "dropped",
    "tcp 10.30.0.7:5432": "dropped",
    "tls payments.example.net:443": "dropped",
    "tls example.com:443": "dropped",
    **IN_MESH,
}


@pytest.mark.parametrize(
    ("cluster", "database", "dials"),
    [
        ("shop-us", {"tcp 10.20.0.7:5432": f"allowed {US_DB}"}, {"203.0.113.10:443", "203.0.113.11:443"}),
        ("shop-eu", {"tcp 10.30.0.7:5432": f"allowed {EU_DB}"}, {"198.51.100.20:443"}),
    ],
)
def test_each_cluster_reaches_its_own_region(
    cluster: str, database: dict[str, str], dials: set[str], judge: Judge
) -> None:
    output = f"database-by-region/expected/{cluster}"
    expected = {
        "shop/orders": LOCKED | database | {"tls payments.example.net:443": "allowed payments.example.net"},
        "shop/storefront": LOCKED,
        "shop/stranger": LOCKED,
        "elsewhere/orders": LOCKED,
    }
    assert table(judge, output, expected) == expected
    answer = judged(judge, output, ["shop/orders"], ["tls payments.example.net:443"])
    assert [set(verdict.dials) for verdict in answer.verdicts] == [dials]


# Several namespaces, one host, other ports


def test_each_workload_reaches_its_own_ports_of_a_shared_host(judge: Judge) -> None:
    partner, settlement = "tls partner.example.com:443", "tls partner.example.com:8443"
    packages, more = "tls packages.example.org:443", "tls packages.example.org:8443"
    warehouse = "tls warehouse.example.net:443"
    everyone = {
        **dict.fromkeys((partner, settlement, warehouse, more, "tls example.com:443"), "dropped"),
        packages: "allowed packages.example.org",
        **IN_MESH,
    }
    analytics = {**everyone, warehouse: "allowed warehouse.example.net"}
    expected = {
        "shop/storefront": everyone | {partner: "allowed partner.example.com"},
        "shop/billing": everyone | dict.fromkeys((partner, settlement), "allowed partner.example.com"),
        "shop/search": everyone,
        "shop/stranger": everyone,
        "analytics/loader": analytics
        | {settlement: "allowed partner.example.com", more: "allowed packages.example.org"},
        "analytics/report": analytics,
        "analytics/stranger": analytics,
        "elsewhere/loader": everyone,
    }
    assert table(judge, "shared-hosts/expected", expected) == expected


# Wildcards


@pytest.mark.parametrize(
    ("cluster", "goes_to"), [("builds-old", "ORIGINAL_DST"), ("builds-recent", "DYNAMIC_FORWARD_PROXY")]
)
def test_a_wildcard_is_every_name_below_it_on_its_port(cluster: str, goes_to: str, judge: Judge) -> None:
    output = f"wildcards/expected/{cluster}"
    below, deeper = "tls a.registry.example.com:443", "tls a.b.registry.example.com:443"
    cache, mirrored = "tls cache.registry.example.com:443", "tls cache.registry.example.com:8443"
    locked = {
        **dict.fromkeys((below, deeper, cache, mirrored), "dropped"),
        **dict.fromkeys(("tls registry.example.com:443", "tls a.registry.example.com:8443"), "dropped"),
        **dict.fromkeys(("tls example.com:443", "tcp 203.0.113.9:443"), "dropped"),
        **IN_MESH,
    }
    wildcard = "allowed *.registry.example.com"
    expected = {
        "builds/runner": locked | dict.fromkeys((below, deeper, cache), wildcard),
        "builds/mirror": locked | {mirrored: "allowed cache.registry.example.com"},
        "builds/stranger": locked,
        "elsewhere/runner": locked,
    }
    assert table(judge, output, expected) == expected
    answer = judged(judge, output, ["builds/runner"], [f"{below} @203.0.113.9", f"{cache} @203.0.113.9"])
    assert [verdict.type for verdict in answer.verdicts] == [goes_to, goes_to]


# One policy for dev and prod

RANDOM_DEV, RANDOM_PROD = "tls random.dev.example.com:443", "tls random.prod.example.com:443"
SUPPLIER, TRACE = "tls supplier.example.org:443", "http2 trace.example.net:4317"
OUTSIDE = (RANDOM_DEV, RANDOM_PROD, SUPPLIER, TRACE, "tls example.com:443")


def test_dev_holds_idgen_and_leaves_the_others_open(judge: Judge) -> None:
    held = {**dict.fromkeys(OUTSIDE, "dropped"), **IN_MESH}
    idgen = held | {RANDOM_DEV: "allowed random.dev.example.com", TRACE: "allowed trace.example.net"}
    seen = judged(judge, "dev-and-prod/expected/dev-1", ["recipes/idgen"], list(idgen))
    assert [said(verdict) for verdict in seen.verdicts] == list(idgen.values())
    unknown = [text for text in OUTSIDE if text not in (RANDOM_DEV, TRACE)]
    for pod in ("recipes/importer", "recipes/sandbox", "recipes/stranger", "elsewhere/idgen"):
        answer = judged(judge, "dev-and-prod/expected/dev-1", [pod], [*unknown, *IN_MESH])
        assert [said(verdict) for verdict in answer.verdicts] == ["passed-through"] * 3 + list(IN_MESH.values())


def test_prod_is_closed_but_for_what_each_workload_is_granted(judge: Judge) -> None:
    locked = {**dict.fromkeys(OUTSIDE, "dropped"), **IN_MESH}
    expected = {
        "recipes/idgen": locked | {RANDOM_PROD: "allowed random.prod.example.com"},
        "recipes/importer": locked | {SUPPLIER: "allowed supplier.example.org"},
        "recipes/stranger": locked,
        "elsewhere/idgen": locked,
    }
    assert table(judge, "dev-and-prod/expected/prod-us", expected) == expected


# Networks, the internet, and workloads left open


def test_networks_have_their_holes_and_open_workloads_are_open(judge: Judge) -> None:
    network = "allowed 198-51-100-0-24.tcp-9000.egressc.invalid"
    granted = {
        "tcp 198.51.100.0:9000": network,
        "tcp 198.51.100.2:9000": network,
        "tcp 198.51.100.127:9000": network,
        "tcp 240.240.0.1:5432": "allowed metrics-db.example.com",
    }
    holes = (
        "tcp 198.51.100.1:9000",
        "tcp 198.51.100.128:9000",
        "tcp 198.51.100.2:9001",
        "tcp 203.0.113.9:5432",
        "tcp 10.99.0.1:443",
        "tcp 169.254.169.254:443",
    )
    public = ("tls example.com:443 @93.184.216.34", "tls example.net:443 @1.0.0.1", "tcp 223.255.255.254:443")
    other = ("tcp 93.184.216.34:8443", "http example.com:80")
    locked = {
        **dict.fromkeys((*granted, *holes, *public, *other), "dropped"),
        "http example.com:80": "502",
        **IN_MESH,
    }
    open_ = {**dict.fromkeys(locked, "passed-through"), **IN_MESH}
    expected = {
        "operations/collector": locked | granted,
        "operations/scanner": locked | dict.fromkeys(public, "allowed internet.tcp-443.egressc.invalid"),
        "operations/crawler": open_,
        "operations/legacy": open_,
        "operations/stranger": locked,
        "elsewhere/collector": locked,
    }
    assert table(judge, "networks/expected", expected, dns_capture=True) == expected


# The wildcard address

SEVERAL = ["::", "::1", "::2", "::1:1", "1::1", "2001:db8::1", "8000::1"]


@pytest.mark.parametrize(
    ("network", "opened"),
    [
        ("::", SEVERAL),
        ("::/128", SEVERAL),
        ("::/127", SEVERAL[:2]),
        ("::/126", SEVERAL[:3]),
        ("::/96", SEVERAL[:4]),
        ("::/8", SEVERAL[:5]),
        ("::/1", SEVERAL[:6]),
        ("::/0", []),
        ("::2/127", ["::2"]),
    ],
)
@pytest.mark.parametrize("ips", [("10.244.0.5", "fd00:10:244::5"), ("fd00:10:244::5",)], ids=["dual", "ipv6"])
@pytest.mark.parametrize("beside", [[], [entry("h.example.com", [(443, "HTTP")])]], ids=["alone", "http"])
def test_istiod_takes_the_address_of_no_host_for_every_one_and_reads_networks_that_start_there(
    network: str, opened: list[str], ips: tuple[str, ...], beside: list[str], judge: Judge
) -> None:
    """Why `::` is refused and `::/127` is not: `::/0` alone matches nothing, and `0.0.0.0/1` opens IPv6 too.

    Of two entries for every address of one port, one of them HTTP, istiod takes either, as it happens to start.
    """
    listed = [IN_MESH_ENTRY, "./a.example.com", *(["./h.example.com"] if beside else [])]
    manifests = [entry("a.example.com", [(443, "TCP")], "NONE", addresses=[network]), sidecar(listed), *beside]
    answer = ask(
        judge, manifests, [f"tcp [{each}]:443" for each in SEVERAL], proxy=Proxy("team-a", {"app": "idgen"}, ips=ips)
    )
    verdicts = dict(zip(SEVERAL, map(said, answer.verdicts), strict=True))
    expected = {each: "allowed a.example.com" if each in opened else "dropped" for each in SEVERAL}
    is_left_to_chance = bool(beside) and opened == SEVERAL
    assert verdicts == expected or (is_left_to_chance and set(verdicts.values()) == {"dropped"})


# A policy in kustomize


def test_the_workloads_built_with_kustomize_reach_their_own_host_and_everyone_else_any(judge: Judge) -> None:
    tls = ("tls httpbin.org:443", "tls feeds.example.com:443", "tls example.com:443")
    blocked = {**dict.fromkeys(tls, "dropped"), **IN_MESH}
    expected = {
        "recipes/idgen": blocked | {tls[0]: "allowed httpbin.org"},
        "recipes/importer": blocked | {tls[1]: "allowed feeds.example.com"},
        "shop/stranger": dict.fromkeys(tls, "passed-through") | IN_MESH,
    }
    assert table(judge, "kustomize/expected", expected) == expected
