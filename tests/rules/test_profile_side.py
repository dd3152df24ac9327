"""What the profile and the manifests beside it say about a policy: who is not enforced, not captured, taken for another."""

from __future__ import annotations

import textwrap
from datetime import date

import pytest

from egresslang.compile import compile, read
from egresslang.findings import Finding, Severity
from egresslang.profile.load import load
from egresslang.source import Source

POLICY = """\
namespace shop
allow cart -> api.example.com:443 tls region=us
allow {cart, pay} -> db.example.com:5432 postgres address=203.0.113.7
deny * -> *.dropbox.com
"""

SPEC = """\
  enforcement: mesh
  istio: {outboundTrafficPolicy: REGISTRY_ONLY}
  networks: {services: [10.8.0.0/16]}
  destinations: {api.example.com: {region: us}}
  namespaces:
    shop:
      workloads:
        cart: {labels: {app: cart}}
        pay: {labels: {app: pay, tier: back}, selector: {app: pay}}
        idle: {labels: {app: idle}}
    other: {}
"""


def found(resources: str = "", spec: str = SPEC, policy: str = POLICY, *codes: str) -> list[Finding]:
    """The findings of the codes about this side of things."""
    text = f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: prod}}\nspec:\n{spec}"
    if resources:
        text += "  resources: [all.yaml]\n"
    profile, problems = load(Source("profile.yaml", text), lambda _: textwrap.dedent(resources))
    assert problems == []
    assert profile is not None
    files, problems = read([Source("shop.egress", policy)])
    assert problems == []
    asked = codes or ("EGR501", "EGR504", "EGR505", "EGR506", "EGR509")
    made = compile(files, profile, date(2026, 11, 25), Severity.WARNING)
    return [each for each in made.findings if each.code.id in asked]


def told(each: Finding) -> tuple[str, str, str]:
    return each.code.id, str(each.severity), each.span.text


def deployment(
    name: str = "cart", labels: str = "app: cart", pod: str = "", meta: str = "", kind: str = "Deployment"
) -> str:
    """A Deployment in one line, with more for its pods and their metadata."""
    return (
        f"{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: {name}, namespace: shop}}, spec: {{template: "
        f"{{metadata: {{labels: {{{labels}}}{meta}}}, spec: {{{pod}}}}}}}}}\n"
    )


def annotated(key: str, value: str, **more: str) -> str:
    return deployment(meta=f', annotations: {{{key}: "{value}"}}', **more)


def sidecar(spec: str, name: str = "old", namespace: str = "shop") -> str:
    return f"{{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {{name: {name}, namespace: {namespace}}}, spec: {{{spec}}}}}\n"


def test_a_mesh_that_is_as_the_policy_wants_it_says_nothing() -> None:
    assert found() == []
    assert found(deployment()) == []
    assert found("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n") == []


# EGR501


def enforcing(level: str, mode: str = "") -> str:
    istio = f"istio: {{outboundTrafficPolicy: {mode}}}" if mode else "istio: {}"
    return SPEC.replace("enforcement: mesh", f"enforcement: {level}").replace(
        "istio: {outboundTrafficPolicy: REGISTRY_ONLY}", istio
    )


def test_observe_names_each_deny_and_region_claim() -> None:
    (one,) = found(spec=enforcing("observe"))
    assert told(one) == ("EGR501", "warning", "enforcement: observe")
    assert one.message == "nothing is enforced in `prod`"
    assert [(each.span.text, each.text) for each in one.related] == [
        ("deny * -> *.dropbox.com", "this deny is not in force"),
        ("allow cart -> api.example.com:443 tls region=us", "region `us` is not in force"),
    ]
    assert one.notes[1] == "not in force: 1 deny and 1 region claim"


def test_a_mesh_over_an_installed_allow_any_says_what_to_apply() -> None:
    (one,) = found(spec=enforcing("mesh", "ALLOW_ANY"))
    assert told(one) == ("EGR501", "warning", "ALLOW_ANY")
    assert one.message == "`ALLOW_ANY` is installed in `prod`, and the policy locks the mesh"
    assert one.related[0].span.text == "enforcement: mesh"
    assert len(one.related) == 3
    assert "istioctl install -f installation/istio-operator.yaml" in one.help


def test_an_installation_file_that_says_nothing_installs_allow_any() -> None:
    text = "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec: {}\n"
    spec = "  enforcement: mesh\n  istio: {installation: istio.yaml}\n"
    profile, problems = load(
        Source(
            "profile.yaml", f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: x}}\nspec:\n{spec}"
        ),
        lambda _: text,
    )
    assert (profile is not None, problems) == (True, [])
    files, _ = read([Source("p.egress", "allow a -> x.example.com:443 tls\n")])
    assert profile is not None
    (one,) = compile(files, profile, date(2026, 11, 25), Severity.WARNING).findings
    assert (one.code.id, one.span.source.name, one.span.text) == ("EGR501", "istio.yaml", "apiVersion")


@pytest.mark.parametrize(
    ("level", "message"),
    [
        ("workloads", "every workload that no rule names is left open, 1 of 3 known ones"),
        ("{namespaces: [other]}", "every workload outside these namespaces is left open, 3 of 3 known ones"),
        ("{namespaces: [shop]}", "every workload outside these namespaces is left open"),
    ],
)
def test_who_is_left_open_is_a_note(level: str, message: str) -> None:
    (one,) = found("", enforcing(level), POLICY, "EGR501")
    assert one.severity is Severity.NOTE
    assert one.span.text.startswith("enforcement")
    assert one.message == message
    assert ("left open: `shop/idle`" in one.notes) is (level == "workloads")
    assert [each.text for each in one.related] == ["this deny is not in force for who is left open"]


@pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        SPEC.replace("  istio: {outboundTrafficPolicy: REGISTRY_ONLY}\n", ""),
        SPEC.replace("  enforcement: mesh\n", ""),
        "  region: us\n",
        enforcing("workloads").replace("        idle: {labels: {app: idle}}\n", ""),
    ],
)
def test_what_is_enforced_or_only_assumed_is_no_finding(spec: str) -> None:
    assert found("", spec, POLICY, "EGR501") == []


def test_many_rules_are_counted_and_named_by_their_lines() -> None:
    policy = "".join(f"deny * -> d{n}.example.com\n" for n in range(30))
    (one,) = found("", enforcing("observe"), policy, "EGR501")
    assert len(one.related) == 20
    assert one.notes[-2:] == (
        "not in force: 30 denies",
        f"the others: shop.egress:{', '.join(str(n) for n in range(21, 31))}",
    )


# EGR506


@pytest.mark.parametrize(
    ("resources", "culprit", "reason"),
    [
        (deployment(pod="hostNetwork: true"), "hostNetwork: true", "it has no sidecar: it uses the network of its node"),
        (annotated("sidecar.istio.io/inject", "false"), 'sidecar.istio.io/inject: "false"', "it has no sidecar: `sidecar.istio.io/inject` is false"),
        (deployment(labels='app: cart, sidecar.istio.io/inject: "false"'), 'sidecar.istio.io/inject: "false"', "it has no sidecar: `sidecar.istio.io/inject` is false"),
        (deployment(labels="app: cart, istio.io/dataplane-mode: ambient"), "istio.io/dataplane-mode: ambient", "it is in the ambient mesh: Sidecars mean nothing to it"),
        (deployment(labels="app: cart, istio: egressgateway"), "istio: egressgateway", "it is a gateway: Gateways say what it does, and Sidecars mean nothing to it"),
        (annotated("inject.istio.io/templates", "gateway"), 'inject.istio.io/templates: "gateway"', "it is a gateway: Gateways say what it does, and Sidecars mean nothing to it"),
        (deployment(pod="securityContext: {runAsUser: 1337}"), "runAsUser: 1337", "it runs as user 1337: what it sends is taken for the sidecar's own"),
        (deployment(pod="containers: [{name: x, securityContext: {runAsUser: 1337}}]"), "runAsUser: 1337", "a container runs as user 1337: what it sends is taken for the sidecar's own"),
        (annotated("sidecar.istio.io/interceptionMode", "NONE"), 'sidecar.istio.io/interceptionMode: "NONE"', "nothing is sent to its sidecar: the mode of interception is NONE"),
        (deployment() + "---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio-injection: disabled}}}", "istio-injection: disabled", "it has no sidecar: its namespace says `istio-injection: disabled`"),
        (deployment() + "---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}}", "istio.io/dataplane-mode: ambient", "its namespace is in the ambient mesh: Sidecars mean nothing to it"),
        (deployment(name="cart-v2", kind="StatefulSet", pod="hostNetwork: true"), "hostNetwork: true", "it has no sidecar: it uses the network of its node"),
    ],
)  # fmt: skip
def test_a_workload_that_no_sidecar_sees(resources: str, culprit: str, reason: str) -> None:
    (one,) = found(resources)
    assert told(one) == ("EGR506", "warning", "allow cart -> api.example.com:443 tls region=us")
    assert one.message == "no sidecar sees what `shop/cart` sends"
    assert [(each.span.text, each.text) for each in one.related] == [(culprit, reason)]
    assert one.related[0].span.source.name == "all.yaml"


@pytest.mark.parametrize(
    "resources",
    [
        deployment(pod="hostNetwork: false"),
        deployment(pod="securityContext: {runAsUser: 1000}"),
        deployment(pod="containers: [{name: istio-proxy, securityContext: {runAsUser: 1337}}]"),
        deployment(pod="securityContext: {runAsUser: 1337}, containers: [{name: x, securityContext: {runAsUser: 1000}}]"),
        deployment(labels='app: cart, sidecar.istio.io/inject: "true"') + "---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio-injection: disabled}}}",
        deployment() + "---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio-injection: enabled}}}",
    ],
)  # fmt: skip
def test_a_workload_that_a_sidecar_sees_or_that_is_granted_nothing(resources: str) -> None:
    assert found(resources) == []


def namespace(label: str, name: str = "shop") -> str:
    return f"---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}, labels: {{{label}}}}}}}\n"


AMBIENT, DISABLED = "istio.io/dataplane-mode: ambient", "istio-injection: disabled"


@pytest.mark.parametrize(
    ("resources", "culprit", "who"),
    [
        (deployment(name="idle", labels="app: idle", pod="hostNetwork: true"), "hostNetwork: true", "`shop/idle` sends"),
        (deployment(name="stranger", labels="app: stranger", pod="hostNetwork: true"), "hostNetwork: true", "`shop/stranger` sends"),
        (deployment(name="idle", labels="app: idle") + namespace(AMBIENT), AMBIENT, "`shop/idle` sends"),
        (deployment("one", "app: x") + "---\n" + deployment("two", "app: x") + namespace(DISABLED), DISABLED, "the workloads of `shop` send"),
    ],
)  # fmt: skip
def test_a_workload_that_no_rule_names_and_no_sidecar_sees(resources: str, culprit: str, who: str) -> None:
    (one,) = found(resources)
    assert told(one) == ("EGR506", "warning", culprit)
    assert one.message == f"no sidecar sees what {who}"
    assert found(resources, SPEC.replace("mesh\n", "{namespaces: [shop]}\n"), POLICY, "EGR506")
    for level in ("observe", "workloads", "{namespaces: [other]}"):
        assert found(resources, enforcing(level), POLICY, "EGR506") == []
    if "idle" in resources:
        assert found(resources, f"{SPEC}  observed: [shop/idle]\n") == []


@pytest.mark.parametrize("where", ["kube-system", "istio-system"])
def test_what_runs_the_cluster_and_the_mesh_is_no_part_of_it(where: str) -> None:
    resources = deployment("istiod", "app: istiod", pod="hostNetwork: true").replace(
        "namespace: shop", f"namespace: {where}"
    )
    assert found(resources) == []


@pytest.mark.parametrize("label", [AMBIENT, DISABLED])
def test_a_namespace_of_which_no_manifest_is_known(label: str) -> None:
    (one,) = found(namespace(label))
    assert told(one) == ("EGR506", "warning", "allow cart -> api.example.com:443 tls region=us")
    assert one.message == "no sidecar sees what the workloads of `shop` send"
    assert [each.span.text for each in one.related] == [label]
    assert found(namespace(label, "other")) == []
    assert found(namespace("istio-injection: enabled")) == []


def test_a_whole_namespace_is_told_once() -> None:
    resources = deployment() + "---\n" + deployment("pay", "app: pay") + namespace(AMBIENT)
    (one,) = found(resources)
    assert told(one) == ("EGR506", "warning", "allow cart -> api.example.com:443 tls region=us")
    assert one.message == "no sidecar sees what the workloads of `shop` send"


def test_an_ambient_mesh_is_told_once() -> None:
    (one,) = found(spec=SPEC.replace("istio: {", "istio: {profile: ambient, "))
    assert told(one) == ("EGR506", "warning", "prod")
    assert found(spec=SPEC.replace("istio: {", "istio: {profile: ambient, "), policy="deny * -> x.example.com\n") == []


OUT = "traffic.sidecar.istio.io/"


@pytest.mark.parametrize(
    ("name", "value", "granted", "message"),
    [
        ("excludeOutboundPorts", "443", "api.example.com:443 tls", "`shop/cart` sends port 443 past its sidecar"),
        ("excludeOutboundPorts", "5432, 443", "api.example.com:443 tls", "`shop/cart` sends port 443 past its sidecar"),
        ("excludeOutboundIPRanges", "203.0.113.7", "db.example.com:5432 postgres", "`shop/cart` sends `203.0.113.7` past its sidecar"),
        ("excludeOutboundIPRanges", "203.0.113.0/28", "db.example.com:5432 postgres", "`shop/cart` sends `203.0.113.0/28` past its sidecar"),
        ("excludeOutboundIPRanges", "0.0.0.0/0", "api.example.com:443 tls", "`shop/cart` sends `api.example.com` past its sidecar"),
        ("includeOutboundIPRanges", "10.0.0.0/8", "api.example.com:443 tls", "`shop/cart` sends `api.example.com` past its sidecar"),
        ("includeOutboundIPRanges", "", "api.example.com:443 tls", "`shop/cart` sends `api.example.com` past its sidecar"),
    ],
)  # fmt: skip
def test_a_grant_that_an_annotation_leaves_out(name: str, value: str, granted: str, message: str) -> None:
    first = found(annotated(OUT + name, value), SPEC, POLICY, "EGR506")[0]
    assert told(first) == ("EGR506", "warning", granted)
    assert first.message == message
    assert [each.span.text for each in first.related] == [f'{OUT}{name}: "{value}"']


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("excludeOutboundPorts", ""),
        ("excludeOutboundIPRanges", "10.8.0.0/16"),
        ("includeOutboundIPRanges", "*"),
        ("excludeInboundPorts", "443"),
    ],
)
def test_annotations_that_leave_out_nothing_of_the_policy(name: str, value: str) -> None:
    assert found(annotated(OUT + name, value)) == []


def test_a_port_that_is_captured_whatever_the_address() -> None:
    both = f'{OUT}includeOutboundIPRanges: "10.0.0.0/8", {OUT}includeOutboundPorts: "443"'
    resources = deployment(meta=f", annotations: {{{both}}}")
    assert [told(each)[2] for each in found(resources, SPEC, POLICY, "EGR506")] == ["db.example.com:5432 postgres"]


def test_what_everyone_is_granted_may_be_left_out_too() -> None:
    policy = "allow shop/* -> everyone.example.com:8443 tls\n"
    (one,) = found(annotated(f"{OUT}excludeOutboundPorts", "8443"), policy=policy)
    assert told(one) == ("EGR506", "warning", "everyone.example.com:8443 tls")
    assert found(annotated(f"{OUT}excludeOutboundPorts", "8443", name="cron", labels="app: cron"), policy=policy) == []


# EGR509


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("excludeOutboundPorts", "25", "`shop/cart` reaches port 25 past its sidecar"),
        ("excludeOutboundPorts", "443,25,53", "`shop/cart` reaches port 25, port 53 past its sidecar"),
        ("excludeOutboundIPRanges", "198.51.100.0/24,10.8.0.0/24", "`shop/cart` reaches `198.51.100.0/24` past its sidecar"),
        ("includeOutboundIPRanges", "10.8.0.0/16", "`shop/cart` reaches every other address past its sidecar"),
    ],
)  # fmt: skip
def test_what_is_left_out_and_not_granted_is_open(name: str, value: str, message: str) -> None:
    (one,) = found(annotated(OUT + name, value), SPEC, POLICY, "EGR509")
    assert told(one) == ("EGR509", "warning", f'{OUT}{name}: "{value}"')
    assert one.message == message


def of_installation(values: str, policy: str, enforcement: str = "mesh") -> list[tuple[str, str, str]]:
    """File, underlined text and message of what is not governed where chart values say what is captured."""
    text = f"global: {{proxy: {{{values}}}}}\n"
    spec = f"  enforcement: {enforcement}\n  networks: {{services: [10.8.0.0/16]}}\n  istio: {{installation: values.yaml}}\n"
    head = "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: x}\nspec:\n"
    profile, problems = load(Source("profile.yaml", head + spec), lambda _: text)
    assert (profile is not None, problems) == (True, [])
    files, _ = read([Source("p.egress", policy)])
    assert profile is not None
    made = compile(files, profile, date(2026, 11, 25), Severity.WARNING)
    return [(each.span.source.name, each.span.text, each.message) for each in made.findings if each.code.id == "EGR509"]


def test_what_the_installation_leaves_out_goes_past_every_sidecar() -> None:
    policy = (
        "allow a -> {x.example.com, y.example.com}:443 tls\nallow a -> db.example.com:5432 tcp address=203.0.113.7\n"
    )
    assert of_installation("excludeOutboundPorts: 5432", policy) == [
        ("p.egress", "db.example.com:5432 tcp", "port 5432 goes past every sidecar"),
        ("values.yaml", "excludeOutboundPorts: 5432", "every workload reaches port 5432 past its sidecar"),
    ]
    assert of_installation('excludeIPRanges: "203.0.113.0/24,10.8.1.0/24"', policy) == [
        ("p.egress", "db.example.com:5432 tcp", "`203.0.113.0/24` goes past every sidecar"),
        (
            "values.yaml",
            'excludeIPRanges: "203.0.113.0/24,10.8.1.0/24"',
            "every workload reaches `203.0.113.0/24` past its sidecar",
        ),
    ]
    assert of_installation('includeIPRanges: "10.8.0.0/16"', policy) == [
        ("values.yaml", 'includeIPRanges: "10.8.0.0/16"', "every workload reaches every other address past its sidecar"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [
        'excludeIPRanges: "10.8.0.0/24"',
        'includeIPRanges: "*"',
        'excludeOutboundPorts: ""',
        'includeOutboundPorts: "80"',
    ],
)
def test_an_installation_that_leaves_out_nothing_outside_the_cluster(values: str) -> None:
    assert of_installation(values, "allow a -> x.example.com:443 tls\n") == []


def test_what_the_installation_leaves_out_is_open_anyway_where_nothing_is_enforced() -> None:
    assert of_installation("excludeOutboundPorts: 443", "allow a -> x.example.com:443 tls\n", "observe") == []


def test_it_is_open_anyway_where_nothing_is_enforced() -> None:
    resources = annotated(f"{OUT}excludeOutboundPorts", "25")
    assert found(resources, enforcing("observe"), POLICY, "EGR509") == []
    assert found(resources, enforcing("{namespaces: [other]}"), POLICY, "EGR509") == []
    assert found(resources, SPEC + "  observed: [shop/cart]\n", POLICY, "EGR509") == []
    assert len(found(resources, enforcing("workloads"), POLICY, "EGR509")) == 1


# EGR505


@pytest.mark.parametrize(
    "stranger",
    [
        deployment("debug", "app: cart"),
        deployment("debug", "app: cart, tier: x"),
        deployment() + "---\n" + deployment("cart-canary", "app: cart, track: canary"),
        "{apiVersion: v1, kind: Pod, metadata: {name: shell, namespace: shop, labels: {app: cart}}, spec: {}}",
    ],
)
def test_a_label_shared_by_a_workload_nobody_meant(stranger: str) -> None:
    (one,) = found(stranger)
    assert told(one) == ("EGR505", "error", "allow cart -> api.example.com:443 tls region=us")
    (other,) = one.related
    assert other.span.text in ("debug", "cart-canary", "shell")
    assert one.message == f"the labels of `cart` select `{other.span.text}` too"


@pytest.mark.parametrize(
    "resources",
    [
        deployment("cart-v1", "app: cart") + "---\n" + deployment("cart-v2", "app: cart"),
        deployment("debug", "app: debug"),
        deployment("debug", "app: idle"),
        deployment("debug", "app: cart").replace("namespace: shop", "namespace: other"),
        deployment() + "---\n{apiVersion: v1, kind: Pod, metadata: {name: cart-x, namespace: shop, labels: {app: cart}, ownerReferences: [{kind: ReplicaSet}]}, spec: {}}",
    ],
)  # fmt: skip
def test_labels_that_nobody_else_carries(resources: str) -> None:
    assert found(resources) == []


def test_what_carries_the_labels_and_has_no_sidecar_gets_no_flow() -> None:
    resources = deployment("debug", "app: cart", pod="hostNetwork: true")
    assert [each.code.id for each in found(resources)] == ["EGR506"]


# EGR504


IN_MESH = 'egress: [{hosts: ["*/*.svc.cluster.local"]}]'


def test_an_older_sidecar_holds_for_the_pods_of_a_rule() -> None:
    (one,) = found(sidecar(f"workloadSelector: {{labels: {{tier: back}}}}, {IN_MESH}"))
    assert told(one) == ("EGR504", "error", "allow {cart, pay} -> db.example.com:5432 postgres address=203.0.113.7")
    assert one.message == "Sidecar shop/old holds for `shop/pay` already"
    assert [each.span.text for each in one.related] == ["{tier: back}"]


def test_a_default_that_stands_already() -> None:
    (one,) = found(sidecar(IN_MESH, "default", "istio-system"))
    assert told(one) == ("EGR504", "error", "default")
    assert one.message == "Sidecar istio-system/default is the default of the mesh already"
    (one,) = found(sidecar(IN_MESH), policy="allow shop/* -> x.example.com:443 tls\n")
    assert told(one) == ("EGR504", "error", "allow shop/* -> x.example.com:443 tls")
    assert [each.span.text for each in one.related] == ["old"]
    (one,) = found(sidecar(IN_MESH), enforcing("{namespaces: [shop]}"), POLICY, "EGR504")
    assert one.message == "Sidecar shop/old is the default of `shop` already"


def test_a_second_default() -> None:
    two = sidecar(IN_MESH, "one", "other") + "---\n" + sidecar(IN_MESH, "two", "other")
    (one,) = found(two)
    assert told(one) == ("EGR504", "warning", "two")
    assert [each.span.text for each in one.related] == ["one"]


def test_a_dot_star_imports_the_next_teams_entry() -> None:
    selector = "workloadSelector: {labels: {app: cron}}, "
    (one,) = found(sidecar(selector + 'egress: [{hosts: ["istio-system/*", "./*"]}]'))
    assert told(one) == ("EGR504", "error", '"./*"')
    assert one.message == "`./*` of Sidecar shop/old imports what is granted to `shop/cart`"
    assert [each.span.text for each in one.related] == ["api.example.com:443 tls"]
    assert one.help == 'list `"./*.svc.cluster.local"` for what is in the mesh, and other hosts by name'
    for listed in ('"*/*"', "shop/*"):
        assert [told(each)[2] for each in found(sidecar(selector + f"egress: [{{hosts: [{listed}]}}]"))] == [listed]


def test_a_list_under_allow_any_restricts_nothing() -> None:
    open_one = "workloadSelector: {labels: {app: idle}}, outboundTrafficPolicy: {mode: ALLOW_ANY}, "
    (one,) = found(sidecar(open_one + IN_MESH))
    assert told(one) == ("EGR504", "error", "ALLOW_ANY")
    assert one.message == "Sidecar shop/old restricts nothing"
    assert one.notes == ("it leaves its pods open in a locked mesh",)
    (one,) = found(sidecar(open_one + IN_MESH), enforcing("workloads"), POLICY, "EGR504")
    assert told(one) == ("EGR504", "warning", "ALLOW_ANY")
    (one,) = found(
        sidecar("workloadSelector: {labels: {app: idle}}, " + IN_MESH), enforcing("workloads"), POLICY, "EGR504"
    )
    assert told(one) == ("EGR504", "warning", "old")


def test_a_selector_that_matches_nothing_known() -> None:
    nobody = f"workloadSelector: {{labels: {{app: crat}}}}, {IN_MESH}"
    (one,) = found(sidecar(nobody))
    assert told(one) == ("EGR504", "warning", "{app: crat}")
    assert found(sidecar(nobody, namespace="other")) == []  # nothing is known there
    assert found(sidecar(nobody) + "---\n" + deployment("crat", "app: crat")) == []


def test_a_list_of_everything_under_allow_any_is_what_it_seems() -> None:
    every = (
        'workloadSelector: {labels: {app: idle}}, outboundTrafficPolicy: {mode: ALLOW_ANY}, egress: [{hosts: ["*/*"]}]'
    )
    assert found(sidecar(every), enforcing("workloads"), POLICY, "EGR504") == []


def test_what_is_open_anyway_is_not_told_that_it_imports() -> None:
    dot_star = 'workloadSelector: {labels: {app: idle}}, egress: [{hosts: ["./*"]}]'
    (one,) = found(sidecar(dot_star), enforcing("workloads"), POLICY, "EGR504")
    assert one.message == "Sidecar shop/old restricts nothing"


def test_a_sidecar_of_the_granted_workload_alone_where_none_is_written() -> None:
    own = "workloadSelector: {labels: {app: cart}}, outboundTrafficPolicy: {mode: REGISTRY_ONLY}, egress: [{hosts: [./*]}]"
    alone = "allow shop/cart -> api.example.com:443 tls\n"
    for level in ("observe", "{namespaces: [other]}"):
        alone_told = found(sidecar(own), enforcing(level), alone, "EGR504")
        assert not any("imports" in each.message or "holds for" in each.message for each in alone_told)
        (one,) = found(sidecar(own), enforcing(level), POLICY, "EGR504")
        assert one.message == "`./*` of Sidecar shop/old imports what is granted to `shop/pay`"


@pytest.mark.parametrize(
    "spec",
    [
        f"workloadSelector: {{labels: {{app: idle}}}}, {IN_MESH}",
        'workloadSelector: {labels: {app: idle}}, egress: [{hosts: ["./*.svc.cluster.local", "~/*"]}]',
    ],
)
def test_sidecars_that_disturb_nothing(spec: str) -> None:
    assert found(sidecar(spec)) == []


def entry(selector: str) -> str:
    """A ServiceEntry in the mesh that has the pods with some labels behind it."""
    return (
        "{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: sel, namespace: shop}, spec: {hosts: [sel.corp],"
        f" location: MESH_INTERNAL, resolution: STATIC, ports: [{{number: 443, name: tls, protocol: TLS}}], workloadSelector: {{labels: {{{selector}}}}}}}}}\n"
    )


def test_an_entry_that_selects_nothing_has_nothing_to_cut_off() -> None:
    (one,) = found(entry("app: nobody"), SPEC, POLICY, "EGR504", "EGR507")
    assert told(one) == ("EGR504", "warning", "{app: nobody}")
    assert one.message == "ServiceEntry shop/sel selects no known workload"


@pytest.mark.parametrize(
    "others",
    [
        "",
        deployment("vm", "app: cron"),
        "{apiVersion: networking.istio.io/v1, kind: WorkloadEntry, metadata: {name: vm, namespace: shop}, spec: {address: 10.9.9.9, labels: {app: cron}}}\n",
    ],
)
def test_an_entry_that_selects_known_pods_is_cut_off(others: str) -> None:
    resources = f"{entry('app: cron' if others else 'app: idle')}---\n{others}"
    (one,) = found(resources, SPEC, POLICY, "EGR504", "EGR507")
    assert told(one) == ("EGR507", "error", "sel")


def test_an_entry_of_a_namespace_of_which_no_pod_is_known_is_cut_off() -> None:
    resources = entry("app: nobody").replace("namespace: shop", "namespace: other")
    (one,) = found(resources, SPEC, POLICY, "EGR504", "EGR507")
    assert told(one) == ("EGR507", "error", "sel")


def test_an_older_entry_of_a_host_says_where_it_leads() -> None:
    older = (
        "{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: pay, namespace: shop, creationTimestamp: "
        '"2024-01-01T00:00:00Z"}, spec: {hosts: [api.example.com], exportTo: ["WHERE"], location: MESH_EXTERNAL, resolution: STATIC,'
        " endpoints: [{address: 6.6.6.6}], ports: [{number: 443, name: tls, protocol: PROTOCOL}]}}\n"
    )
    for protocol, where in (("TLS", "."), ("HTTP", "."), ("TLS", "*")):
        resource = older.replace("PROTOCOL", protocol).replace("WHERE", where)
        (one,) = found(resource, SPEC, POLICY, "EGR504", "EGR902")
        assert told(one) == ("EGR504", "error", "api.example.com:443 tls")
        assert one.message == (
            "`shop/cart` would be led to `6.6.6.6` instead of `api.example.com:443`, which a rule grants it"
        )
        assert one.notes[1] == "answered: allowed to `api.example.com:443`, which is `6.6.6.6`, the client sees answer"


def destination_rule(policy: str, host: str = "api.example.com") -> str:
    """A DestinationRule with a traffic policy."""
    return (
        "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: x, namespace: shop}, "
        f'spec: {{host: "{host}", trafficPolicy: {{{policy}}}}}}}\n'
    )


@pytest.mark.parametrize(
    "resource",
    [
        destination_rule("tls: {mode: SIMPLE}"),
        destination_rule("tls: {mode: MUTUAL}"),
        destination_rule("tls: {mode: ISTIO_MUTUAL}", "*.example.com"),
        destination_rule("portLevelSettings: [{port: {number: 443}, tls: {mode: SIMPLE}}]"),
    ],
)
def test_tls_in_tls(resource: str) -> None:
    (one,) = found(resource, SPEC, POLICY, "EGR504")
    assert told(one) == ("EGR504", "error", "api.example.com:443 tls")
    assert "with the client's TLS in TLS of the sidecar's own" in one.notes[1]
    assert one.help == "remove or change DestinationRule shop/x, which stands in the cluster already"


@pytest.mark.parametrize(
    ("resource", "policy"),
    [
        (destination_rule("tls: {mode: DISABLE}"), POLICY),
        (destination_rule("tls: {}"), POLICY),
        (destination_rule("tls: {mode: SIMPLE}", "other.example.com"), POLICY),
        (destination_rule("tls: {mode: SIMPLE}, portLevelSettings: [{port: {number: 443}}]"), POLICY),
        (destination_rule("portLevelSettings: [{port: {number: 8443}, tls: {mode: SIMPLE}}]"), POLICY),
        (destination_rule("tls: {mode: SIMPLE}").replace("namespace: shop", "namespace: other"), POLICY),
        (destination_rule("tls: {mode: SIMPLE}"), "allow shop/cart -> api.example.com:443 http\n"),
        (destination_rule("tls: {mode: SIMPLE}", "db.example.com"), POLICY),
    ],
)
def test_tls_that_the_sidecar_alone_speaks(resource: str, policy: str) -> None:
    assert found(resource, SPEC, policy, "EGR504") == []


def test_a_former_output_is_replaced() -> None:
    former = sidecar(f"workloadSelector: {{labels: {{app: cart}}}}, {IN_MESH}").replace(
        "name: old,", "name: old, labels: {app.kubernetes.io/managed-by: egressc},"
    )
    assert found(former) == []


# EGR508


@pytest.mark.parametrize(
    ("resources", "carried"),
    [
        (deployment(labels="app.kubernetes.io/name: cart"), "{app.kubernetes.io/name: cart}"),
        (deployment(labels="app: car-t"), "{app: car-t}"),
        (deployment(labels=""), "cart"),
        (deployment("pay", "app: p") + "---\n" + deployment(), "{app: p}"),
    ],
)
def test_labels_that_select_none_of_a_workloads_own_pods(resources: str, carried: str) -> None:
    (one,) = found(resources, SPEC, POLICY, "EGR505", "EGR506", "EGR508")
    name = "pay" if "name: pay" in resources else "cart"
    assert told(one) == ("EGR508", "error", name)
    assert one.message == f"the labels of `shop/{name}` select none of its pods"
    assert [each.span.text for each in one.related] == [carried]


def test_what_a_manifest_says_of_pods_that_are_not_selected() -> None:
    resources = deployment(labels="app: x", pod="hostNetwork: true")
    assert [each.code.id for each in found(resources, SPEC, POLICY, "EGR506", "EGR508")] == ["EGR508", "EGR506"]


@pytest.mark.parametrize(
    "resources",
    [
        deployment("cart", "app: x") + "---\n" + deployment("cart-v1"),
        deployment("idle", "app: x"),
        deployment("cart-v2", "app: x"),
        deployment("stranger", "app: x"),
        deployment("pay", "app: pay"),
    ],
)
def test_labels_that_select_pods_of_a_workload_or_that_nothing_needs(resources: str) -> None:
    assert found(resources, SPEC, POLICY, "EGR508") == []
    unselected = deployment(labels="app: x")
    assert found(unselected, enforcing("observe"), POLICY, "EGR508") == []


def test_the_labels_of_a_workload_that_only_the_policy_knows() -> None:
    (one,) = found(deployment(labels="app: x"), "  enforcement: mesh\n", POLICY, "EGR508")
    assert told(one) == ("EGR508", "error", "allow cart -> api.example.com:443 tls region=us")


@pytest.mark.parametrize(
    ("mode", "help"),
    [
        ("REGISTRY-ONLY", "write `REGISTRY_ONLY`"),
        ("allow_any", "write `ALLOW_ANY`"),
        ("ALLOW_ANY_DYNAMIC_DNS", "write `ALLOW_ANY`"),
    ],
)
def test_a_sidecar_with_a_mode_that_does_not_exist(mode: str, help: str) -> None:
    resources = sidecar(
        f"workloadSelector: {{labels: {{app: idle}}}}, outboundTrafficPolicy: {{mode: {mode}}}, {IN_MESH}"
    )
    (one,) = found(resources, SPEC, POLICY, "EGR508")
    assert told(one) == ("EGR508", "error", mode)
    assert one.help == help


@pytest.mark.parametrize(
    "policy", ["", "outboundTrafficPolicy: {mode: REGISTRY_ONLY}, ", "outboundTrafficPolicy: {}, "]
)
def test_a_sidecar_with_a_mode_that_exists_or_none(policy: str) -> None:
    assert (
        found(sidecar(f"workloadSelector: {{labels: {{app: idle}}}}, {policy}{IN_MESH}"), SPEC, POLICY, "EGR508") == []
    )


# What the profile says itself of its pods


def stating(cart: str, namespace: str = "") -> str:
    """The profile, where it says more of a workload and of its namespace."""
    more = SPEC.replace("cart: {labels: {app: cart}}", f"cart: {{labels: {{app: cart}}, {cart}}}" if cart else "cart:")
    return more.replace("    shop:\n", f"    shop:\n      {namespace}\n" if namespace else "    shop:\n")


@pytest.mark.parametrize(
    ("cart", "reason", "culprit"),
    [
        ("hostNetwork: true", "uses the network of its node", "hostNetwork: true"),
        ("runAsUser: 1337", "runs as user 1337", "runAsUser: 1337"),
        (
            'annotations: {sidecar.istio.io/inject: "false"}',
            "`sidecar.istio.io/inject` is false",
            'sidecar.istio.io/inject: "false"',
        ),
        ("annotations: {sidecar.istio.io/interceptionMode: NONE}", "interception is NONE", "sidecar.istio.io/interceptionMode: NONE"),
    ],
)  # fmt: skip
def test_a_profile_says_who_is_not_captured(cart: str, reason: str, culprit: str) -> None:
    (one,) = found("", stating(cart), POLICY, "EGR506")
    assert reason in one.related[0].text or reason in str(one.notes)
    assert culprit in [each.span.text for each in one.related]
    assert found("", stating("hostNetwork: false, serviceAccount: cart"), POLICY, "EGR506") == []


def test_a_profile_says_what_is_left_out_of_capture() -> None:
    annotation = 'traffic.sidecar.istio.io/excludeOutboundPorts: "443,9000"'
    both = found("", stating(f"annotations: {{{annotation}}}"), POLICY, "EGR506", "EGR509")
    assert [told(each)[0] for each in both] == ["EGR509", "EGR506"]
    assert both[0].span.text == both[1].related[0].span.text == annotation
    assert both[0].message == "`shop/cart` reaches port 9000 past its sidecar"


def test_a_profile_says_which_namespaces_have_no_sidecars() -> None:
    (one,) = found("", stating("", "labels: {istio-injection: disabled}"), POLICY, "EGR506")
    assert "istio-injection: disabled" in [each.span.text for each in one.related]
    injected = stating("annotations: {sidecar.istio.io/inject: 'true'}", "labels: {istio-injection: enabled}")
    assert found("", injected, POLICY, "EGR506") == []


def test_a_manifest_says_it_better_than_the_profile() -> None:
    assert found(deployment(), stating("hostNetwork: true"), POLICY, "EGR506") == []
    namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio-injection: enabled}}}\n"
    assert found(namespace, stating("", "labels: {istio-injection: disabled}"), POLICY, "EGR506") == []
    off = namespace.replace("enabled", "disabled")
    assert found(off, stating("serviceAccount: cart"), POLICY, "EGR506")
