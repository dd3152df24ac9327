"""Profiles: the language's example, every way of saying a fact, and broken ones with their complaints."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from egresslang import codes
from egresslang.findings import Finding, Severity, errors, in_order
from egresslang.profile.load import load
from egresslang.profile.profile import (
    NEWEST_KNOWN,
    ClusterProfile,
    Destination,
    Endpoint,
    Enforcement,
    Lint,
    Member,
    Namespace,
    Workload,
)
from egresslang.profile.profile import Installation as Installed
from egresslang.profile.stock import stock
from egresslang.source import Source, Span

HERE = Path(__file__).parent
NOWHERE = Span(Source("", ""), 0, 0)


def no_file(path: str) -> str:
    raise FileNotFoundError(2, "No such file or directory", path)


def read(name: str, text: str, files: dict[str, str] | None = None) -> tuple[ClusterProfile | None, list[Finding]]:
    return load(Source(name, text), lambda path: (files or {}).get(path) or no_file(path))


def profile(spec: str, files: dict[str, str] | None = None) -> ClusterProfile:
    made, findings = read("p.yaml", text(spec), files)
    assert findings == []
    assert made is not None
    return made


def text(spec: str) -> str:
    return f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: x}}\nspec: {{{spec}}}\n"


def complaints(spec: str, files: dict[str, str] | None = None) -> list[tuple[str, str, str]]:
    """Code, underlined text and message of each finding."""
    return [(f.code.id, f.span.text, f.message) for f in read("p.yaml", text(spec), files)[1]]


# The example


def test_the_example_of_the_language() -> None:
    path = HERE / "valid" / "recipes.yaml"
    made, findings = load(Source("recipes.yaml", path.read_text()), no_file)
    assert findings == []
    assert made is not None
    names = ["idgen", "frontend", "mobile-bff", "orders", "etl", "scanner", "legacy"]
    workloads = {name: Workload("recipes", name, (("app", name),), (("app", name),), NOWHERE) for name in names}
    workloads["idgen"] = Workload(
        "recipes", "idgen", (("app", "idgen"), ("tier", "back")), (("app", "idgen"),), NOWHERE
    )
    assert made == ClusterProfile(
        name="recipes-us",
        span=NOWHERE,
        region="us-east1",
        default_namespace="default",
        version=(1, 31),
        outbound_traffic_policy="REGISTRY_ONLY",
        root_namespace="istio-system",
        dns_capture=False,
        auto_allocate=True,
        ambient=False,
        installation=Installed(),
        enforcement=Enforcement("mesh"),
        observed=(("recipes", "legacy", made.observed[0][2]),),
        variables={"env": "prod"},
        hosts={"kube-api": (Member("203.0.113.1", NOWHERE),)},
        cluster_domain="cluster.local",
        in_mesh=("*/*.svc.cluster.local",),
        ip_families=("IPv4",),
        networks={"pods": ("10.4.0.0/14",), "services": ("10.8.0.0/20",), "nodes": ("10.0.0.0/20",)},
        regions={"us": ("us-east1", "us-central1"), "eu": ("europe-west1",)},
        namespaces={
            "recipes": Namespace("recipes", workloads, NOWHERE),
            "payments": Namespace("payments", {}, NOWHERE),
        },
        destinations={
            "httpbin.org": Destination("httpbin.org", "us", (), NOWHERE),
            "api.example.com": Destination(
                "api.example.com",
                "",
                (Endpoint("203.0.113.10", "us-east1", NOWHERE), Endpoint("203.0.113.20", "europe-west1", NOWHERE)),
                NOWHERE,
            ),
        },
        lint=Lint((), 24, 56, 14),
        resources=(),
        assumed=(),
    )


def test_places_are_kept() -> None:
    made = profile(
        "namespaces: {recipes: {workloads: {'idgen': {}}}}, hosts: {api: ['203.0.113.1']}, observed: [recipes/idgen],"
        "destinations: {a.example.com: {endpoints: [{address: 203.0.113.10}]}}"
    )
    assert made.namespaces is not None
    recipes, known = made.namespaces["recipes"], made.destinations["a.example.com"]
    places = [
        made.span,
        recipes.span,
        recipes.workloads["idgen"].span,
        made.hosts["api"][0].span,
        made.observed[0][2],
        known.span,
        known.endpoints[0].span,
    ]
    assert [span.text for span in places] == [
        "x",
        "recipes",
        "'idgen'",
        "'203.0.113.1'",
        "recipes/idgen",
        "a.example.com",
        "203.0.113.10",
    ]


# Defaults


def test_nothing_but_a_name_is_needed() -> None:
    made, findings = read("p.yaml", "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: x}\n")
    assert findings == []
    assert made == stock("x")


def test_a_stock_cluster_says_what_was_assumed() -> None:
    made = stock()
    assert (made.name, made.version, made.outbound_traffic_policy, made.namespaces) == (
        "cluster",
        NEWEST_KNOWN,
        "ALLOW_ANY",
        None,
    )
    assert (made.enforcement, made.in_mesh, made.ip_families) == (
        Enforcement("workloads"),
        ("*/*.svc.cluster.local",),
        ("IPv4",),
    )
    assert made.assumed == (
        "Istio is 1.32, the newest known version",
        "`outboundTrafficPolicy` is ALLOW_ANY, Istio's default",
        "`rootNamespace` is istio-system, Istio's default",
        "sidecars do not capture DNS",
        "`clusterDomain` is cluster.local, Istio's default",
        "the mesh has sidecars, it is not ambient",
        "workloads are those the policy names, selected by the label `app`",
        "`enforcement` is workloads, as ALLOW_ANY is installed",
        "every Sidecar keeps `*/*.svc.cluster.local` reachable",
        "the cluster speaks IPv4 only",
        "workloads without a namespace are in `default`",
    )


def test_empty_sections_are_as_if_unsaid() -> None:
    empty = "".join(
        f"{key}: , "
        for key in (
            "istio",
            "observed",
            "variables",
            "hosts",
            "inMesh",
            "networks",
            "regions",
            "namespaces",
            "lint",
            "resources",
        )
    )
    assert profile(empty) == stock("x")


@pytest.mark.parametrize(
    ("mode", "level"), [("REGISTRY_ONLY", "mesh"), ("ALLOW_ANY", "workloads"), ("ALLOW_ANY_DYNAMIC_DNS", "workloads")]
)
def test_enforcement_follows_what_is_installed(mode: str, level: str) -> None:
    made = profile(f"istio: {{outboundTrafficPolicy: {mode}}}")
    assert (made.enforcement.level, made.outbound_traffic_policy) == (level, mode)


def test_enforcement_of_namespaces() -> None:
    assert profile("enforcement: {namespaces: [b, a]}").enforcement == Enforcement("namespaces", frozenset({"a", "b"}))


def test_a_workload_without_labels_carries_app() -> None:
    made = profile("namespaces: {a: {workloads: {b: , c: {labels: {x: z}}, d: {labels: {}}}}}")
    assert made.namespaces is not None
    assert [w.labels for w in made.namespaces["a"].workloads.values()] == [(("app", "b"),), (("x", "z"),), ()]
    assert "workloads without `labels` (1) carry the label `app`, with their own name" in made.assumed


def test_the_in_mesh_list_follows_the_cluster_domain() -> None:
    assert profile("clusterDomain: corp.internal").in_mesh == ("*/*.svc.corp.internal",)


@pytest.mark.parametrize(
    ("written", "entries"),
    [
        ('["~/*"]', ()),
        ("[]", ()),
        ("[a/b.a.svc.cluster.local, ./*.a.internal, '*/x']", ("a/b.a.svc.cluster.local", "./*.a.internal", "*/x")),
        ("['*/*.svc.cluster.local', '*/*.svc.cluster.local']", ("*/*.svc.cluster.local",)),
    ],
)
def test_in_mesh_entries(written: str, entries: tuple[str, ...]) -> None:
    assert profile(f"inMesh: {written}").in_mesh == entries


def test_an_unqualified_observed_workload_is_in_the_default_namespace() -> None:
    assert [o[:2] for o in profile("defaultNamespace: web, observed: [a, b/c]").observed] == [("web", "a"), ("b", "c")]


def test_lint() -> None:
    assert profile(
        "lint: {require: [owner, owner, expires], max-network: {ipv4: 16.0}, expires-soon: 30d}"
    ).lint == Lint(("owner", "expires"), 16, 56, 30)


def test_destinations_are_known_by_their_canonical_name() -> None:
    made = profile(
        "destinations: {API.Example.com.: , bücher.example: {region: eu}, '2001:DB8::0/32': , 203.0.113.7: {endpoints: }}"
    )
    assert list(made.destinations) == ["api.example.com", "xn--bcher-kva.example", "2001:db8::/32", "203.0.113.7"]


def test_an_endpoint_is_in_the_region_of_its_destination() -> None:
    made = profile(
        "destinations: {a.b: {region: us, endpoints: [{address: 203.0.113.1}, {address: '2001:DB8::1', region: eu}]}}"
    )
    assert [(e.address, e.region) for e in made.destinations["a.b"].endpoints] == [
        ("203.0.113.1", "us"),
        ("2001:db8::1", "eu"),
    ]


@pytest.mark.parametrize("address", ["0.0.0.0", "0.1.2.3", "'::'", "'::ffff:203.0.113.1'"])
def test_an_endpoint_is_an_address_that_a_host_can_have(address: str) -> None:
    ((code, underlined, _),) = complaints(f"destinations: {{a.b: {{endpoints: [{{address: {address}}}]}}}}")
    assert (code, underlined) == ("EGR004", address)


# Versions


@pytest.mark.parametrize(
    ("written", "version"),
    [('"1.31"', (1, 31)), ("1.31", (1, 31)), ("1.30", (1, 30)), ('"1.30"', (1, 30)), ("1.31.2", (1, 31)), ("v1.31", (1, 31)), ("v1.28-latest", (1, 28)),
     ("1.29.0-distroless", (1, 29)), ("1.20", (1, 20)), ("1.32.0-alpha.1", (1, 32))],
)  # fmt: skip
def test_a_version_is_read_as_it_is_written(written: str, version: tuple[int, int]) -> None:
    assert profile(f"istio: {{version: {written}}}").version == version


def test_a_version_newer_than_known_has_the_newest_rules() -> None:
    made, (found,) = read("p.yaml", text("istio: {version: 1.40}"))
    assert made is not None
    assert made.version == NEWEST_KNOWN
    assert (found.code, found.severity, found.span.text) == (codes.PROFILE_MISMATCH, Severity.WARNING, "1.40")
    assert (found.message, found.label) == ("Istio 1.40 is newer than what is known", "the newest known is 1.32")


def test_a_version_older_than_judged_is_a_warning() -> None:
    made, (found,) = read("p.yaml", text("istio: {version: 1.9}"))
    assert made is not None
    assert made.version == (1, 9)
    assert (found.severity, found.message) == (Severity.WARNING, "Istio 1.9 is older than what was judged")


@pytest.mark.parametrize(
    "written", ["1", "latest", "'1.31 '", "1.31.x y", "'v'", "1e3", "-1.31", ".inf", "1.3.2026-01-01 x"]
)
def test_what_is_no_version(written: str) -> None:
    ((code, underlined, message),) = complaints(f"istio: {{version: {written}}}")
    assert (code, underlined) == ("EGR508", written)
    assert message.endswith("is not an Istio version")


@pytest.mark.parametrize(("version", "allocates"), [("1.24", False), ("1.25", True)])
def test_addresses_are_allocated_since_1_25(version: str, allocates: bool) -> None:
    assert profile(f"istio: {{version: '{version}'}}").auto_allocate is allocates


# Installation profiles


@pytest.mark.parametrize(
    ("name", "captures", "ambient"),
    [("default", False, False), ("preview", True, False), ("openshift-ambient", False, True)],
)
def test_what_an_installation_profile_turns_on(name: str, captures: bool, ambient: bool) -> None:
    made = profile(f"istio: {{profile: {name}}}")
    assert (made.dns_capture, made.ambient) == (captures, ambient)


def test_a_stated_fact_goes_before_the_installation_profile() -> None:
    assert profile("istio: {profile: preview, dnsCapture: false}").dns_capture is False


# Installation files


OPERATOR = "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: mine, namespace: istio-system}\nspec:\n  tag: 1.28.3\n"


def test_an_installation_file_tells_the_facts() -> None:
    files = {
        "etc/istio.yaml": OPERATOR
        + "  meshConfig: {rootNamespace: root, outboundTrafficPolicy: {mode: REGISTRY_ONLY}}\n"
    }
    made, findings = read("etc/p.yaml", text("istio: {installation: ./istio.yaml}"), files)
    assert findings == []
    assert made is not None
    assert (made.version, made.root_namespace, made.outbound_traffic_policy, made.enforcement.level) == (
        (1, 28),
        "root",
        "REGISTRY_ONLY",
        "mesh",
    )
    assert made.installation == Installed("istio", "mine", "istio-system")


def test_facts_that_agree_with_the_installation_are_fine() -> None:
    stated = "istio: {installation: i.yaml, version: 1.28, outboundTrafficPolicy: ALLOW_ANY, rootNamespace: istio-system, dnsCapture: false, profile: default}"
    assert profile(stated, {"i.yaml": OPERATOR}).version == (1, 28)


def test_what_the_installation_leaves_unsaid_is_istios_default() -> None:
    made, (found,) = read(
        "p.yaml", text("istio: {installation: i.yaml, outboundTrafficPolicy: REGISTRY_ONLY}"), {"i.yaml": OPERATOR}
    )
    assert made is None
    assert (found.code, found.span.text, found.message) == (
        codes.PROFILE_MISMATCH,
        "REGISTRY_ONLY",
        "`outboundTrafficPolicy` is not what is installed",
    )
    assert [(label.span.place, label.text) for label in found.related] == [
        (("i.yaml", 1, 1), "says nothing of it, so it is `ALLOW_ANY`")
    ]


def test_a_version_the_installation_does_not_tell_may_be_stated() -> None:
    values = "meshConfig: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}\n"
    assert profile("istio: {installation: v.yaml, version: 1.24}", {"v.yaml": values}).auto_allocate is False


def test_an_installation_file_in_place_of_a_profile() -> None:
    made, findings = read("istio.yaml", OPERATOR + "  meshConfig: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}\n")
    assert findings == []
    assert made is not None
    assert (made.name, made.namespaces, made.enforcement.level, made.version) == ("mine", None, "mesh", (1, 28))
    assert made.span.text == "apiVersion"
    assert "workloads are those the policy names, selected by the label `app`" in made.assumed


def test_helm_values_in_place_of_a_profile_have_no_name() -> None:
    made, _ = read("values.yaml", "pilot: {}\n")
    assert made is not None
    assert made.name == "cluster"


def test_a_file_that_is_not_utf_8() -> None:
    def read_file(path: str) -> str:
        return b"\xff".decode()

    made, (found,) = load(Source("p.yaml", text("istio: {installation: i.yaml}")), read_file)
    assert made is None
    assert (found.span.text, found.message, found.label) == ("i.yaml", "cannot read `i.yaml`", "not UTF-8")


# Broken profiles


BROKEN = sorted((HERE / "broken").glob("*.yaml"))


def told(name: str, found: Finding) -> str:
    file, line, column = found.span.place
    where = f"{line}:{column}" if file == name else f"{file}:{line}:{column}"
    return f"{found.code.id} {where} {found.span.text} | {found.message}"


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_profile(path: Path) -> None:
    """The file beside it has a line for each finding: its code, its place, what is underlined, its message."""
    made, findings = load(Source(path.name, path.read_text()), lambda name: (path.parent / name).read_text())
    assert made is None
    assert errors(findings)
    assert (
        "\n".join(told(path.name, found) for found in in_order(findings)) + "\n" == path.with_suffix(".out").read_text()
    )
    for found in findings:
        assert found.label, found
        assert found.help, found
        assert found.message[0].islower() or not found.message[0].isalpha(), found
        assert not found.message.endswith("."), found


def test_there_are_enough_broken_profiles() -> None:
    assert len(BROKEN) >= 30
    assert {path.stem for path in BROKEN} == {
        name.removesuffix(".out") for name in os.listdir(HERE / "broken") if name.endswith(".out")
    }
