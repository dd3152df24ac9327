"""What each kind of policy becomes, read by hand: which entries stand where, which Sidecar lists what.

Entries are written `namespace/host: RESOLUTION port/PROTOCOL …`, Sidecars as their listeners: `port/PROTOCOL: hosts`,
or the hosts alone for the one without a port.
"""

from __future__ import annotations

import textwrap
from datetime import date
from typing import Any

import pytest

from egresslang.compile import Compilation, compile, read
from egresslang.findings import Severity, errors
from egresslang.profile.load import load
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Source
from egresslang.targets.manifests import Manifests

MESH = "*/*.svc.cluster.local"
NOTHING = "./*.none.egressc.invalid"
LOCKED, OPEN = "REGISTRY_ONLY", "ALLOW_ANY"


def profile(spec: str) -> ClusterProfile:
    head = "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: prod}\nspec:\n"
    made, found = load(Source("profile.yaml", head + textwrap.indent(textwrap.dedent(spec), "  ")), lambda path: path)
    assert errors(found) == []
    assert made is not None
    return made


def compiled(policy: str, spec: str = "enforcement: mesh") -> Compilation:
    files, found = read([Source("p.egress", textwrap.dedent(policy))])
    assert found == []
    return compile(files, profile(spec), date(2026, 11, 23), Severity.WARNING)


def lowered(policy: str, spec: str = "enforcement: mesh") -> Manifests:
    made = compiled(policy, spec)
    assert errors(made.findings) == []
    assert made.manifests is not None
    return made.manifests


def entries(made: Manifests) -> dict[str, str]:
    """Each ServiceEntry by namespace and host; what is not as usual (exported, addressed, with endpoints) follows."""
    found = {}
    for entry in made.service_entries:
        (host,) = entry.hosts
        words = [entry.resolution, *(f"{port.number}/{port.protocol}" for port in entry.ports)]
        words += [f"@{address}" for address in entry.addresses]
        words += [f">{end.address}" + (f"({end.locality})" if end.locality else "") for end in entry.endpoints]
        words += [] if entry.export_to == (".",) else [f"to {','.join(entry.export_to)}"]
        assert entry.location == "MESH_EXTERNAL"
        found[f"{entry.namespace}/{host}"] = " ".join(words)
    return found


def sidecars(made: Manifests, *, but: str = "istio-system/default") -> dict[str, Any]:
    """The listeners of each Sidecar, one as a text, several as a list; without the mesh's plain default."""
    found = {}
    for each in made.sidecars:
        listeners = [
            (f"{l.port.number}/{l.port.protocol}: " if l.port else "") + " ".join(l.hosts) for l in each.egress  # noqa: E741
        ]  # fmt: skip
        mode = "" if each.mode == LOCKED else f"{each.mode} "
        found[f"{each.namespace}/{each.name}"] = mode + listeners[0] if len(listeners) == 1 else listeners
    if found.get(but) == MESH:
        del found[but]
    return found


def refusals(policy: str, spec: str = "enforcement: mesh") -> list[tuple[str, str]]:
    return [(each.code.id, each.message) for each in errors(compiled(policy, spec).findings)]


# Levels of enforcement

LEVELS = """
    allow * -> every.example.com:443 tls
    allow shop/* -> shop.example.com:443 tls
    allow shop/cart -> cart.example.com:443 tls
    allow data/etl -> data.example.com:443 tls
    mesh data/agent -> otel/agent
"""
ENTRIES = {
    "data/data.example.com": "DNS 443/TLS",
    "istio-system/every.example.com": "DNS 443/TLS to *",
    "shop/cart.example.com": "DNS 443/TLS",
    "shop/shop.example.com": "DNS 443/TLS",
}
EVERY = "istio-system/every.example.com"
OF_CART = f"{MESH} ./cart.example.com ./shop.example.com {EVERY}"
OF_ETL = f"{MESH} ./data.example.com {EVERY}"
OF_AGENT = f"otel/agent.otel.svc.cluster.local {EVERY} {NOTHING}"


@pytest.mark.parametrize(
    ("level", "mode", "expected"),
    [
        ("observe", OPEN, {}),
        ("workloads", OPEN, {"data/agent": OF_AGENT, "data/etl": OF_ETL, "shop/cart": OF_CART}),
        (
            "{namespaces: [shop, quiet]}",
            OPEN,
            {
                "quiet/default": f"{MESH} {EVERY}",
                "shop/cart": OF_CART,
                "shop/default": f"{MESH} ./shop.example.com {EVERY}",
            },
        ),
        (
            "mesh",
            LOCKED,
            {
                "data/agent": OF_AGENT,
                "data/etl": OF_ETL,
                "istio-system/default": f"{MESH} {EVERY}",
                "shop/cart": OF_CART,
                "shop/default": f"{MESH} ./shop.example.com {EVERY}",
            },
        ),
    ],
)
def test_levels(level: str, mode: str, expected: dict[str, str]) -> None:
    made = lowered(LEVELS, f"enforcement: {level}")
    assert entries(made) == ENTRIES
    assert sidecars(made) == expected
    assert made.installation.mode == mode
    assert {each.mode for each in made.sidecars} <= {LOCKED}


def test_an_empty_policy_of_the_mesh_is_the_black_hole() -> None:
    made = lowered("")
    assert sidecars(made, but="") == {"istio-system/default": MESH}
    assert (made.service_entries, made.installation.mode) == ((), LOCKED)


def test_another_root_namespace() -> None:
    made = lowered("allow * -> a.example.com:443 tls", "enforcement: mesh\nistio: {rootNamespace: mesh-config}")
    assert entries(made) == {"mesh-config/a.example.com": "DNS 443/TLS to *"}
    assert sidecars(made) == {"mesh-config/default": f"{MESH} mesh-config/a.example.com"}
    assert made.installation.root_namespace == "mesh-config"


def test_selectors_are_those_of_the_profile() -> None:
    made = lowered(
        "allow shop/cart -> a.example.com:443 tls\nallow shop/pay -> b.example.com:443 tls\nallow shop/* -> c.example.com:443",
        """
        enforcement: mesh
        namespaces:
          shop:
            workloads:
              cart: {labels: {app: cart, tier: web}, selector: {app: cart}}
              pay: {labels: {app: pay, tier: back}}
        """,
    )
    selectors = {each.name: each.selector for each in made.sidecars if each.namespace == "shop"}
    assert selectors == {"cart": (("app", "cart"),), "pay": (("app", "pay"), ("tier", "back")), "default": None}


def test_observed_workloads_are_left_open() -> None:
    spec = "enforcement: mesh\nobserved: [shop/legacy, shop/named]"
    made = lowered("allow shop/named -> a.example.com:443 tls\nallow shop/* -> b.example.com:443 tls", spec)
    assert sidecars(made) == {
        "shop/default": f"{MESH} ./b.example.com",
        "shop/legacy": f"ALLOW_ANY {MESH} ./b.example.com",
        "shop/named": f"ALLOW_ANY {MESH} ./a.example.com ./b.example.com",
    }


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ('allow shop/cart -> * reason="moving"', {"shop/cart": f"ALLOW_ANY {MESH}"}),
        (
            'allow shop/cart -> * reason="moving"\nallow shop/cart -> a.example.com:443',
            {"shop/cart": f"ALLOW_ANY {MESH} ./a.example.com"},
        ),
        (
            'allow shop/* -> * reason="moving"\nallow shop/cart -> a.example.com:443',
            {"shop/cart": f"ALLOW_ANY {MESH} ./a.example.com", "shop/default": f"ALLOW_ANY {MESH}"},
        ),
    ],
)
def test_open_workloads(policy: str, expected: dict[str, str]) -> None:
    made = lowered(policy)
    assert sidecars(made) == expected
    assert made.installation.mode == LOCKED


def test_an_open_workload_hides_no_excess_of_another() -> None:
    """The open one may have any port of a host; its neighbour only what it is granted."""
    made = lowered(
        'allow shop/open -> * reason="moving"\nallow shop/open -> a.example.com:{80 http, 443 tls}\nallow shop/cart -> a.example.com:443'
    )
    assert sidecars(made)["shop/open"] == f"ALLOW_ANY {MESH} ./a.example.com"
    assert sidecars(made)["shop/cart"] == [f"80/HTTP: {MESH}", f"{MESH} ./a.example.com"]


# What a workload keeps of the mesh


def test_mesh_lines_replace_the_list_and_add_up() -> None:
    made = lowered(
        """
        mesh shop/cart -> reviews, data/*
        mesh shop/* -> otel/agent
        mesh * -> dns/resolver
        allow shop/pay -> a.example.com:443 tls
    """.replace("reviews", "shop/reviews")
    )
    dns, otel = "dns/resolver.dns.svc.cluster.local", "otel/agent.otel.svc.cluster.local"
    assert sidecars(made) == {
        "istio-system/default": f"{dns} {NOTHING}",
        "shop/cart": f"data/*.data.svc.cluster.local {dns} {otel} shop/reviews.shop.svc.cluster.local",
        "shop/default": f"{dns} {otel} {NOTHING}",
        "shop/pay": f"{dns} {otel} ./a.example.com {NOTHING}",
    }


def test_a_list_of_exact_names_gets_a_wildcard_that_matches_nothing() -> None:
    spec = "enforcement: mesh\ninMesh: [otel/agent.otel.svc.cluster.local]"
    otel = "otel/agent.otel.svc.cluster.local"
    made = lowered("allow shop/cart -> {a.example.com, *.b.example.com}:443\nallow shop/pay -> a.example.com:443", spec)
    assert sidecars(made) == {
        "istio-system/default": f"{otel} {NOTHING}",
        "shop/cart": f"{otel} ./*.b.example.com ./a.example.com",
        "shop/pay": f"{otel} ./a.example.com {NOTHING}",
    }
    assert sidecars(lowered("", "enforcement: mesh\ninMesh: ['~/*']")) == {"istio-system/default": NOTHING}


def test_listeners_of_ports_keep_the_mesh_too() -> None:
    spec = "enforcement: mesh\ninMesh: [otel/agent.otel.svc.cluster.local]"
    made = lowered("allow s/a -> h.example.com:{443 tls, 8443 tls}\nallow s/b -> h.example.com:443 tls", spec)
    otel = "otel/agent.otel.svc.cluster.local"
    assert sidecars(made)["s/b"] == [f"443/TLS: {otel} ./h.example.com {NOTHING}", f"{otel} {NOTHING}"]


def test_another_cluster_domain() -> None:
    spec = "enforcement: mesh\nclusterDomain: k8s.example"
    assert sidecars(lowered("mesh shop/cart -> shop/*, otel/agent", spec))["shop/cart"] == (
        "otel/agent.otel.svc.k8s.example shop/*.shop.svc.k8s.example"
    )


# Names, one entry in a namespace


def test_each_namespace_has_its_own_entry() -> None:
    made = lowered(
        "allow shop/cart -> a.example.com:443\nallow data/etl -> a.example.com:80\nallow shop/pay -> a.example.com:443"
    )
    assert entries(made) == {"data/a.example.com": "DNS 80/HTTP", "shop/a.example.com": "DNS 443/TLS"}
    assert sidecars(made) == dict.fromkeys(["shop/cart", "shop/pay", "data/etl"], f"{MESH} ./a.example.com")


def test_who_needs_both_sets_of_ports_has_their_union() -> None:
    made = lowered("allow * -> a.example.com:80\nallow shop/cart -> a.example.com:443")
    assert entries(made) == {
        "istio-system/a.example.com": "DNS 80/HTTP to *",
        "shop/a.example.com": "DNS 80/HTTP 443/TLS",
    }
    assert (
        sidecars(made)
        == {
            "istio-system/default": f"{MESH} istio-system/a.example.com",
            "shop/cart": f"{MESH} ./a.example.com",
        }
        or sidecars(made)["istio-system/default"] == f"{MESH} ./a.example.com"
    )


@pytest.mark.parametrize(
    ("protocol", "emitted"),
    [("http", "HTTP"), ("http2", "HTTP2"), ("grpc", "GRPC"), ("tls", "TLS"), ("https", "TLS")],
)
def test_protocols_of_names(protocol: str, emitted: str) -> None:
    made = lowered(f"allow shop/cart -> a.example.com:8080 {protocol}")
    assert entries(made) == {"shop/a.example.com": f"DNS 8080/{emitted}"}


@pytest.mark.parametrize("protocol", ["tcp", "mysql", "redis", "mongo", "postgres"])
def test_databases_are_tcp(protocol: str) -> None:
    made = lowered(f"allow shop/cart -> db.example.com:5000 {protocol} address=192.0.2.7")
    assert entries(made) == {"shop/db.example.com": "NONE 5000/TCP @192.0.2.7"}
    assert made.service_entries[0].ports[0].name == "tcp-5000"


# Ports


def test_a_port_of_tls_is_opened_by_its_own_listener() -> None:
    made = lowered(
        "allow s/a -> h.example.com:{443 tls, 8443 tls}\nallow s/b -> {h.example.com, g.example.com}:443 tls"
    )
    assert entries(made) == {"s/g.example.com": "DNS 443/TLS", "s/h.example.com": "DNS 443/TLS 8443/TLS"}
    assert sidecars(made)["s/a"] == f"{MESH} ./h.example.com"
    # The listener names all hosts of the port: it is locked against the rest.
    assert sidecars(made)["s/b"][0] == f"443/TLS: {MESH} ./g.example.com ./h.example.com"
    assert "./h.example.com" not in sidecars(made)["s/b"][1]


def test_an_unwanted_http_port_is_locked() -> None:
    made = lowered("allow s/a -> h.example.com:{80 http, 443 tls}\nallow s/b -> h.example.com:443 tls")
    assert sidecars(made)["s/b"] == [f"80/HTTP: {MESH}", f"{MESH} ./h.example.com"]


def test_a_listener_of_the_wanted_kind_takes_the_other_away() -> None:
    made = lowered("""
        allow s/a -> h.example.com:{80 http, 8080 http}
        allow s/b -> {h.example.com:80 http, g.example.com:8080 tls}
    """)
    assert sidecars(made)["s/b"] == [f"8080/TLS: {MESH} ./g.example.com", f"{MESH} ./g.example.com ./h.example.com"]


def test_http_beside_tls_on_a_port_is_narrowed_in_the_route_alone() -> None:
    """A listener of either kind would drop the other; UDP makes no listener and narrows the route."""
    made = lowered("""
        allow s/a -> h.example.com:{80 http, 8080 http}
        allow s/b -> {h.example.com:80 http, g.example.com:8080 tls, k.example.com:8080 http}
    """)
    assert sidecars(made)["s/b"] == [
        f"8080/UDP: {MESH} ./k.example.com",
        f"{MESH} ./g.example.com ./h.example.com ./k.example.com",
    ]


def test_http_beside_a_network_is_narrowed_in_the_route_alone() -> None:
    made = lowered("""
        allow s/a -> h.example.com:{443 tls, 8080 http}
        allow s/b -> {h.example.com:443 tls, 192.0.2.0/24:8080 tcp}
    """)
    network = "./192-0-2-0-24.tcp-8080.egressc.invalid"
    assert sidecars(made)["s/b"] == [f"8080/UDP: {MESH}", f"{MESH} {network} ./h.example.com"]


def test_a_host_moves_into_the_listeners_of_its_ports() -> None:
    made = lowered(
        "allow s/a -> h.example.com:{443 tls, 8443 tls, 9443 tls}\nallow s/b -> h.example.com:{443 tls, 9443 tls}"
    )
    assert sidecars(made)["s/b"] == [
        f"443/TLS: {MESH} ./h.example.com",
        f"9443/TLS: {MESH} ./h.example.com",
        MESH,
    ]


def test_a_host_of_many_ports_is_listed_where_it_is_wanted_instead_of_closed_everywhere_else() -> None:
    """Eight ports of http are closed one by one, and nine are not."""
    for count, listed in ((8, [*(f"{8000 + at}/HTTP" for at in range(8)), "all"]), (9, ["80/HTTP", "all"])):
        ports = ", ".join(f"{8000 + at} http" for at in range(count))
        made = lowered(f"allow s/a -> h.example.com:{{80 http, {ports}}}\nallow s/b -> h.example.com:80 http")
        found = sidecars(made)["s/b"]
        assert [each.partition(": ")[0] if ": " in each else "all" for each in found] == listed


def test_a_port_of_tls_is_closed_where_hosts_of_another_kind_share_the_wanted_one() -> None:
    made = lowered("""
        allow s/a -> h.example.com:{443 tls, 8443 tls}
        allow s/b -> {h.example.com:443 tls, g.example.com:443 http}
    """)
    assert entries(made)["s/closed.egressc.invalid"] == "STATIC 8443/TLS"
    assert sidecars(made)["s/b"] == [
        f"8443/TLS: {MESH} ./closed.egressc.invalid",
        f"{MESH} ./g.example.com ./h.example.com",
    ]
    assert sidecars(made)["s/a"] == f"{MESH} ./h.example.com"


VARIANT = """
    namespace s
    allow a -> h.example.com:{443 tls, 8443 tls}
    allow b -> {h.example.com:443 tls, x.example.com:8443 http, y.example.com:8443 tls, z.example.com:443 http}
"""


def test_a_narrower_entry_in_the_root_namespace() -> None:
    made = lowered(VARIANT)
    assert entries(made)["istio-system/h.example.com"] == "DNS 443/TLS to s"
    assert entries(made)["s/h.example.com"] == "DNS 443/TLS 8443/TLS"
    assert sidecars(made)["s/b"] == f"{MESH} ./x.example.com ./y.example.com ./z.example.com istio-system/h.example.com"
    assert sidecars(made)["s/a"] == f"{MESH} ./h.example.com"


def test_a_narrower_entry_stays_visible_to_the_root_namespace_itself() -> None:
    made = lowered(VARIANT + "    namespace istio-system\n    allow gateway -> h.example.com:443 tls\n")
    exported = entries(made)["istio-system/h.example.com"]
    listed = sidecars(made)["istio-system/gateway"]
    assert listed == f"{MESH} ./h.example.com"
    assert exported in ("DNS 443/TLS to .,s", "DNS 443/TLS to istio-system,s")


def test_a_name_that_leads_elsewhere_for_everyone_is_refused() -> None:
    spec = """
        enforcement: mesh
        region: europe-west1
        destinations: {far.example.org: {endpoints: [{address: 192.0.2.10, region: europe-west1}]}}
    """
    policy = "allow * -> far.example.org:443 tls\nallow data/etl -> far.example.org:8443 tls region=europe-west1\n"
    assert refusals(policy, spec) == [
        ("EGR503", "`far.example.org` would need two ServiceEntries in namespace `data`"),
    ]


STUCK = (
    VARIANT
    + "    allow c -> {h.example.com:8443 tls, x.example.com:8443 http, y.example.com:443 tls, z.example.com:443 http}\n"
)


def test_what_no_listener_can_say_is_refused_minimally() -> None:
    """Each rule that the finding names, taken away, makes the rest compile."""
    (refusal,) = errors(compiled(STUCK).findings)
    assert refusal.code.id == "EGR503"
    named = {refusal.span.place[1], *(label.span.place[1] for label in refusal.related)}
    assert len(named) > 1
    lines = textwrap.dedent(STUCK).splitlines()
    for number in named:
        assert errors(compiled("\n".join(lines[: number - 1] + lines[number:])).findings) == []


# Wildcards

BELOW = "allow s/a -> *.x.example.com:443 tls\nallow s/b -> api.x.example.com:{443 tls, 8443 tls}"


@pytest.mark.parametrize(
    ("version", "resolution", "of_a"),
    [
        ("1.29", "NONE", [f"443/TLS: {MESH} ./*.x.example.com", MESH]),
        ("1.30", "DYNAMIC_DNS", [f"443/TLS: {MESH} ./*.x.example.com", MESH]),
        ("1.31", "DYNAMIC_DNS", f"{MESH} ./*.x.example.com ~./api.x.example.com"),
        ("1.32", "DYNAMIC_DNS", f"{MESH} ./*.x.example.com ~./api.x.example.com"),
    ],
)
def test_a_wildcard_above_a_name_with_more_ports(version: str, resolution: str, of_a: Any) -> None:
    made = lowered(BELOW, f'enforcement: mesh\nistio: {{version: "{version}"}}')
    assert entries(made) == {
        "s/*.x.example.com": f"{resolution} 443/TLS",
        "s/api.x.example.com": "DNS 443/TLS 8443/TLS",
    }
    assert sidecars(made)["s/a"] == of_a
    assert sidecars(made)["s/b"] == f"{MESH} ./api.x.example.com"


def test_a_wildcard_above_names_with_its_own_port_needs_nothing() -> None:
    made = lowered("allow s/a -> *.x.example.com:443 tls\nallow s/b -> api.x.example.com:443 tls")
    assert sidecars(made)["s/a"] == f"{MESH} ./*.x.example.com"


def test_a_wildcard_does_not_bring_in_what_lies_beside_it() -> None:
    made = lowered(
        "allow s/a -> *.x.example.com:443 tls\nallow s/b -> {x.example.com, yx.example.com}:{443 tls, 8443 tls}"
    )
    assert sidecars(made)["s/a"] == f"{MESH} ./*.x.example.com"


def test_a_wildcard_of_everyone_does_not_bring_in_a_namespaces_own() -> None:
    made = lowered("allow * -> *.x.example.com:443 tls\nallow s/b -> api.x.example.com:8443 tls")
    assert sidecars(made)["s/b"] == f"{MESH} ./api.x.example.com istio-system/*.x.example.com"


# Addresses


def test_addresses_and_networks() -> None:
    made = lowered("allow s/a -> {192.0.2.1, 198.51.100.0/24}:{9000 tcp, 443 tls}")
    addresses = "@192.0.2.1 @198.51.100.0/24"
    hosts = entries(made)
    assert sorted(hosts.values()) == [f"NONE 443/TCP {addresses}", f"NONE 9000/TCP {addresses}"]
    assert all(host.endswith(".egressc.invalid") for host in hosts)
    assert sidecars(made)["s/a"] == " ".join([MESH, *(f"./{host.removeprefix('s/')}" for host in sorted(hosts))])


def test_a_hole_is_cut_out() -> None:
    made = lowered("allow s/a -> 192.0.2.0/29:9000 tcp except {192.0.2.1, 192.0.2.6/31}")
    assert list(entries(made).values()) == ["NONE 9000/TCP @192.0.2.0 @192.0.2.2/31 @192.0.2.4/31"]


def test_shared_networks_are_split_by_who_has_them() -> None:
    made = lowered(
        "allow s/a -> 192.0.2.0/24:9000 tcp\nallow s/b -> 198.51.100.0/24:9000 tcp\nallow {s/a, s/b} -> 203.0.113.0/24:9000 tcp"
    )
    found = {text.split("@")[1]: f"./{host.removeprefix('s/')}" for host, text in entries(made).items()}
    assert sorted(found) == ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"]
    assert sidecars(made)["s/a"].split()[1:] == sorted([found["192.0.2.0/24"], found["203.0.113.0/24"]])
    assert sidecars(made)["s/b"].split()[1:] == sorted([found["198.51.100.0/24"], found["203.0.113.0/24"]])


def test_both_versions_of_ip() -> None:
    made = lowered("allow s/a -> {192.0.2.1, [2001:db8::/33]}:9000 tcp except [2001:db8:4000::/34]")
    assert sorted(text.split("@", 1)[1] for text in entries(made).values()) == ["192.0.2.1", "2001:db8::/34"]
    assert len(sidecars(made)["s/a"].split()) == 3


def test_http_to_one_address_is_checked() -> None:
    made = lowered("""
        allow s/a -> 192.0.2.1:80 http
        allow s/b -> old.example.com:80 http address=192.0.2.2
        allow s/c -> [2001:db8::1]:80
        allow s/d -> 192.0.2.4/31:80 http
        allow s/e -> two.example.com:80 http address={192.0.2.6, 192.0.2.9}
    """)
    found = entries(made)
    assert found.pop("s/old.example.com") == "STATIC 80/HTTP @192.0.2.2 >192.0.2.2"
    assert found.pop("s/two.example.com") == "NONE 80/TCP @192.0.2.6 @192.0.2.9"
    assert sorted(found.values()) == [
        "NONE 80/TCP @192.0.2.4/31",
        "STATIC 80/HTTP @192.0.2.1 >192.0.2.1",
        "STATIC 80/HTTP @2001:db8::1 >2001:db8::1",
    ]


def test_a_name_with_addresses_and_ports_that_differ() -> None:
    """One host has one entry in a namespace: a second set of addresses goes by an invented name."""
    made = lowered("""
        allow s/a -> db.example.com:5432 postgres address=192.0.2.1
        allow s/b -> db.example.com:5432 postgres address=192.0.2.2
        allow s/c -> other.example.com:6379 redis address=192.0.2.3
    """)
    found = entries(made)
    assert found.pop("s/other.example.com") == "NONE 6379/TCP @192.0.2.3"
    assert sorted(found.values()) == ["NONE 5432/TCP @192.0.2.1", "NONE 5432/TCP @192.0.2.2"]
    of_b = sidecars(made)["s/b"].split()[1].replace("./", "s/")
    assert found[of_b] == "NONE 5432/TCP @192.0.2.2"


def test_more_than_256_networks_take_several_entries() -> None:
    holes = ", ".join(f"198.51.{n // 256}.{n % 256}" for n in range(1, 600, 2))
    made = lowered(f"allow s/a -> 198.51.0.0/16:9000 tcp except {{{holes}}}")
    sizes = sorted(text.count("@") for text in entries(made).values())
    assert sizes[-1] == 256
    assert len(sizes) == 2
    assert len(sidecars(made)["s/a"].split()) == 3


def test_parts_of_two_names_never_meet() -> None:
    """Names whose first forty letters agree, each with more networks than an entry takes."""
    stem = "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd"

    def addresses(net: int) -> str:
        return ", ".join(f"198.{net}.{n // 128}.{2 * (n % 128)}" for n in range(300))

    made = lowered(f"""
        allow s/a -> {stem}.x.com:5432 tcp address={{{addresses(1)}}}
        allow s/b -> {stem}.y.com:5432 tcp address={{{addresses(2)}}}
    """)
    found = entries(made)
    for workload, net in (("a", 1), ("b", 2)):
        hosts = sidecars(made)[f"s/{workload}"].split()[1:]
        reached = {address for host in hosts for address in found[host.replace("./", "s/")].split(" ")[2:]}
        assert reached == {f"@198.{net}.{n // 128}.{2 * (n % 128)}" for n in range(300)}


def covers(text: str, address: str) -> bool:
    from ipaddress import ip_address, ip_network

    return any(ip_address(address) in ip_network(word[1:]) for word in text.split() if word.startswith("@"))


def test_the_internet() -> None:
    spec = 'enforcement: mesh\nipFamilies: [IPv4, IPv6]\nnetworks: {pods: [8.0.0.0/8, "2600::/24"]}'
    made = lowered('allow s/a -> internet:443 tls except {1.1.1.1, [2606:4700::/32]} reason="checks"', spec)
    (text,) = {" ".join(entries(made).values())}
    for inside in ("1.1.1.0", "9.9.9.9", "192.0.3.1", "203.0.114.1", "2a00::1", "2606:4701::1", "223.255.255.255"):
        assert covers(text, inside), inside
    for outside in (
        "1.1.1.1", "0.0.0.1", "10.0.0.1", "8.8.8.8", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1",
        "100.64.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "203.0.113.1", "::1", "fe80::1", "fc00::1",
        "2001:db8::1", "2606:4700::1", "2600::1", "ff02::1", "::ffff:9.9.9.9", "2002:909:909::1", "64:ff9b::909:909",
    ):  # fmt: skip
        assert not covers(text, outside), outside
    assert all(value.startswith("NONE 443/TCP @") for value in entries(made).values())


def test_the_internet_is_ipv4_unless_the_profile_says_more() -> None:
    made = lowered('allow s/a -> internet:443 tls reason="checks"')
    (text,) = entries(made).values()
    assert covers(text, "9.9.9.9")
    assert ":" not in text


def test_a_network_never_starts_at_zero() -> None:
    """istiod takes a network that starts at 0.0.0.0 for the wildcard address."""
    made = lowered("allow s/a -> 0.0.0.0/1:9000 tcp except 127.0.0.0/8")
    (text,) = entries(made).values()
    assert not covers(text, "0.0.0.1")
    assert not covers(text, "0.255.255.255")
    assert covers(text, "1.0.0.0")
    assert covers(text, "126.255.255.255")
    assert not covers(text, "128.0.0.1")


# DNS capture


def test_tcp_names_have_a_virtual_address_where_dns_is_captured() -> None:
    made = lowered("allow s/a -> db.example.com:5432 postgres", "enforcement: mesh\nistio: {dnsCapture: true}")
    assert entries(made) == {"s/db.example.com": "DNS 5432/TCP"}
    assert made.installation.dns_capture
    assert refusals("allow s/a -> db.example.com:5432 postgres") == [
        ("EGR502", "tcp to `db.example.com:5432` needs an address")
    ]
    old = 'enforcement: mesh\nistio: {dnsCapture: true, version: "1.24"}'
    assert [code for code, _ in refusals("allow s/a -> db.example.com:5432 postgres", old)] == ["EGR502"]


@pytest.mark.parametrize("rule", ["api.example.com:443 tls", "db.example.com:5432 postgres address=203.0.113.7"])
def test_the_installation_asks_for_dns_capture_only_for_virtual_addresses(rule: str) -> None:
    assert not lowered(f"allow s/a -> {rule}", "enforcement: mesh\nistio: {dnsCapture: true}").installation.dns_capture


# Regions


def test_only_endpoints_of_the_region_are_emitted() -> None:
    spec = """
        enforcement: mesh
        region: us-east1
        destinations:
          api.example.com:
            endpoints:
              - {address: 203.0.113.11, region: us-central1}
              - {address: 203.0.113.10, region: us-east1}
              - {address: 203.0.113.20, region: europe-west1}
              - {address: 203.0.113.30}
    """
    policy = """
        allow s/a -> api.example.com:443 tls region=us
        allow t/b -> api.example.com:443 tls region=us-east1
        allow u/c -> api.example.com:443 tls
        allow v/d -> api.example.com:5432 postgres region=us
    """
    assert entries(lowered(policy, spec)) == {
        "s/api.example.com": "STATIC 443/TLS >203.0.113.10(us-east1) >203.0.113.11(us-central1)",
        "t/api.example.com": "STATIC 443/TLS >203.0.113.10(us-east1)",
        "u/api.example.com": "DNS 443/TLS",
        "v/api.example.com": "NONE 5432/TCP @203.0.113.10 @203.0.113.11",
    }


def test_a_rule_of_another_region_grants_nothing_here() -> None:
    policy = "allow s/a -> a.example.com:443 region=eu\nallow s/b -> b.example.com:443 region=us"
    for region, granted in (("us-east1", "s/b.example.com"), ("europe-west1", "s/a.example.com")):
        assert list(entries(lowered(policy, f"enforcement: mesh\nregion: {region}"))) == [granted]


# Labels that several workloads share


def shared(policy: str, level: str = "mesh") -> str:
    workloads = "one: {labels: {app: twin}}, two: {labels: {app: twin, version: canary}}, far: {labels: {app: far}}"
    spec = f"enforcement: {level}\nnamespaces: {{s: {{workloads: {{{workloads}}}}}}}"
    made = compiled(policy, spec)
    found = errors(made.findings)
    if found:
        return " ".join(each.code.id for each in found)
    assert made.manifests is not None
    return " ".join(each.name for each in made.manifests.sidecars if each.namespace == "s")


@pytest.mark.parametrize(
    ("policy", "level", "outcome"),
    [
        ("allow s/one -> a.example.com:443", "mesh", "EGR505"),
        ("allow s/two -> a.example.com:443", "mesh", "two"),
        ("allow {s/one, s/two} -> a.example.com:443", "mesh", "one"),
        ("allow s/one -> a.example.com:443\nallow s/two -> a.example.com:443", "mesh", "one"),
        ("allow s/one -> a.example.com:443\nallow s/two -> b.example.com:443", "mesh", "EGR505"),
        ("allow s/one -> a.example.com:443\nallow s/* -> a.example.com:443", "mesh", "one default"),
        ("allow s/far -> a.example.com:443", "mesh", "far"),
        ("mesh s/one -> otel/agent", "mesh", "EGR505"),
        ("allow s/one -> a.example.com:443 expires=2020-01-01", "workloads", "EGR505"),
        ("allow {s/one, s/two} -> a.example.com:443 expires=2020-01-01", "workloads", "one"),
    ],
)
def test_a_selector_over_strangers_is_refused(policy: str, level: str, outcome: str) -> None:
    assert shared(policy, level) == outcome


# Names of resources


def names(made: Manifests) -> dict[str, str]:
    return {each.hosts[0]: each.name for each in made.service_entries}


def test_names_are_readable() -> None:
    made = lowered("allow s/a -> {api.example.com, *.example.com}:443\nallow s/a -> 192.0.2.0/24:443 tcp")
    assert names(made) == {
        "*.example.com": "any-example-com",
        "192-0-2-0-24.tcp-443.egressc.invalid": "192-0-2-0-24-tcp-443",
        "api.example.com": "api-example-com",
    }


def test_names_that_would_be_equal_end_in_a_hash() -> None:
    alone = names(lowered("allow s/a -> a-b.example.com:443\nallow t/a -> a.b.example.com:443"))
    assert alone == {"a-b.example.com": "a-b-example-com", "a.b.example.com": "a-b-example-com"}
    both = names(lowered("allow s/a -> {a-b.example.com, a.b.example.com}:443"))
    assert len(set(both.values())) == 2
    assert all(name.startswith("a-b-example-com-") and len(name) == 24 for name in both.values())


def test_long_names_are_cut_and_end_in_a_hash() -> None:
    hosts = [f"{'a' * 50}.{'b' * 50}.{end}.com" for end in ("x", "y")]
    found = names(lowered(f"allow s/a -> {{{', '.join(hosts)}}}:443"))
    assert len(set(found.values())) == 2
    assert all(len(name) <= 63 for name in found.values())


def test_a_workload_called_default() -> None:
    made = lowered("allow s/* -> a.example.com:443\nallow s/default -> b.example.com:443")
    found = {each.name: each.selector for each in made.sidecars if each.namespace == "s"}
    assert sorted(found.values(), key=str) == [(("app", "default"),), None]
    assert len(found) == 2


def test_sources_are_the_files_of_the_rules() -> None:
    texts = {
        "b.egress": "allow s/a -> 192.0.2.0/24:443 tcp\nallow s/a -> x.example.com:443",
        "a.egress": "allow s/a -> 192.0.2.0/24:443 tcp\nallow t/* -> y.example.com:443",
        "c.egress": "allow * -> x.example.com:443",
    }
    files, _ = read(Source(name, text) for name, text in texts.items())
    made = compile(files, profile("enforcement: mesh"), date(2026, 11, 23), Severity.WARNING).manifests
    assert made is not None
    assert {f"{each.namespace}/{each.hosts[0]}": each.sources for each in made.service_entries} == {
        "istio-system/x.example.com": ("c.egress",),
        "s/192-0-2-0-24.tcp-443.egressc.invalid": ("a.egress", "b.egress"),
        "s/x.example.com": ("b.egress",),
        "t/y.example.com": ("a.egress",),
    }
    assert {f"{each.namespace}/{each.name}": each.sources for each in made.sidecars} == {
        "istio-system/default": ("c.egress",),
        "s/a": ("a.egress", "b.egress", "c.egress"),
        "t/default": ("a.egress", "c.egress"),
    }


def test_a_name_without_a_dot_is_listed_under_an_invented_one() -> None:
    """istiod refuses a Sidecar that lists a short name."""
    (entry,) = lowered("namespace r\nallow a -> db:5432 tcp address=192.0.2.7\n", "{}").service_entries
    assert entry.hosts == ("db.tcp-5432.egressc.invalid",)
