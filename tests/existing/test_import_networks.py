"""Importing what is no mesh's: NetworkPolicies, policies of Cilium, ACLs of smokescreen. Nothing is widened."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from egresslang.existing.importing.importing import Imported, import_policy
from egresslang.files import Unreadable
from egresslang.source import Source
from egresslang.syntax.parse import parse

TODAY = date(2026, 11, 25)


def imported(*documents: object) -> Imported:
    text = "".join(f"---\n{json.dumps(each)}\n" for each in documents)
    return import_policy([Source("policies.yaml", text)], None, TODAY)


def rules(made: Imported) -> list[str]:
    return [line for line in made.text.splitlines() if line and not line.startswith("#")]


def told(made: Imported) -> str:
    return "\n".join(map(str, made.unkept))


def network(egress: object, labels: object = None, **more: object) -> dict[str, object]:
    selector = {"matchLabels": {"app": "cart"} if labels is None else labels}
    spec = {"podSelector": selector, "policyTypes": ["Egress"], "egress": egress, **more}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "cart", "namespace": "shop"}, "spec": spec}  # fmt: skip


def cilium(egress: object, kind: str = "CiliumNetworkPolicy", **more: object) -> dict[str, object]:
    metadata = {"name": "cart"} | ({"namespace": "shop"} if kind == "CiliumNetworkPolicy" else {})
    spec = {"endpointSelector": {"matchLabels": {"k8s:app": "cart"}}, "egress": egress, **more}
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": metadata, "spec": spec}


def deployment(name: str, namespace: str = "shop") -> dict[str, object]:
    template = {"metadata": {"labels": {"app": name}}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace}, "spec": spec}  # fmt: skip


def block(cidr: str, *holes: str, ports: object = ({"port": 9000},)) -> dict[str, object]:
    return {"to": [{"ipBlock": {"cidr": cidr, "except": list(holes)}}], "ports": ports}


def name(*fqdns: object, port: str = "443", **more: object) -> dict[str, object]:
    return {"toFQDNs": list(fqdns), "toPorts": [{"ports": [{"port": port, "protocol": "TCP"}], **more}]}


# NetworkPolicy


def test_an_ip_block() -> None:
    made = imported(network([block("198.51.100.0/24", "198.51.100.128/25")]), deployment("cart"), deployment("front"))
    assert rules(made) == ["namespace shop", "allow cart -> 198.51.100.0/25:9000 tcp"]
    assert (made.level, made.unkept) == ("workloads", ())


def test_rules_and_policies_of_a_pod_add_up() -> None:
    second = network([block("203.0.113.7/32", ports=[{"port": 8000, "endPort": 8001}])], {})
    second["metadata"] = {"name": "all", "namespace": "shop"}
    made = imported(network([block("198.51.100.0/24")]), second, deployment("cart"), deployment("front"))
    assert rules(made) == [
        "namespace shop",
        "allow shop/* -> 203.0.113.7:{8000 tcp, 8001 tcp}",
        "allow cart -> 198.51.100.0/24:9000 tcp",
    ]
    assert made.level == "{namespaces: [shop]}"


def test_all_but_private_networks_is_the_internet() -> None:
    made = imported(
        network([block("0.0.0.0/0", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", ports=[{"port": 443}])])
    )
    assert rules(made) == ["namespace shop", 'allow cart -> internet:443 tcp reason="the manifests grant every public address"']  # fmt: skip
    assert "lost: shop/cart -> 0.0.0.0/0:443 tcp" in told(made)


def test_expressions_select() -> None:
    policy = network([block("198.51.100.0/24")])
    policy["spec"]["podSelector"] = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["cart", "pay"]}]}  # type: ignore[index]
    made = imported(policy, deployment("cart"), deployment("front"), deployment("pay"))
    assert rules(made) == ["namespace shop", "allow {cart, pay} -> 198.51.100.0/24:9000 tcp"]


def select(*expressions: tuple[str, str, list[str]], **labels: str) -> dict[str, object]:
    listed = [{"key": key, "operator": operator, "values": values} for key, operator, values in expressions]
    return {"matchLabels": labels, "matchExpressions": listed}


def selecting(selector: object, egress: object, name: str = "cart") -> dict[str, object]:
    policy = network(egress)
    policy["spec"]["podSelector"] = selector  # type: ignore[index]
    return {**policy, "metadata": {"name": name, "namespace": "shop"}}


OPEN, CLOSED = [block("198.51.100.0/24")], list[object]()


@pytest.mark.parametrize(
    ("selector", "who", "pods"),
    [
        (select(("app", "In", ["a"])), "cart", {"cart": {"app": "a"}}),
        (select(("app", "In", ["a", "b"])), "{cart-a, cart-b}", {"cart-a": {"app": "a"}, "cart-b": {"app": "b"}}),
        (
            select(("app", "In", ["a", "b"]), ("app", "NotIn", ["b"]), ("tier", "Exists", []), tier="web"),
            "cart",
            {"cart": {"app": "a", "tier": "web"}},
        ),
    ],
)
def test_pods_that_labels_alone_select_are_workloads(selector: object, who: str, pods: object) -> None:
    made = imported(selecting(selector, OPEN))
    assert rules(made) == ["namespace shop", f"allow {who} -> 198.51.100.0/24:9000 tcp"]
    assert (made.level, made.unkept) == ("workloads", ())
    known = yaml.safe_load(made.profile)["spec"]["namespaces"]["shop"]["workloads"]
    assert {name: each["labels"] for name, each in known.items()} == pods


@pytest.mark.parametrize("operator", ["Exists", "NotIn", "DoesNotExist"])
def test_pods_that_labels_alone_do_not_tell_are_granted_nothing_and_listed(operator: str) -> None:
    values = ["db"] if operator == "NotIn" else []
    deny = selecting({}, CLOSED, "deny")
    made = imported(deny, selecting(select(("tier", operator, values)), OPEN))
    assert rules(made) == []
    assert made.level == "{namespaces: [shop]}"
    assert "NetworkPolicy shop/cart selects pods of shop by `" in told(made)
    assert any(each.is_flow for each in made.unkept)


def test_pods_that_nothing_holds_are_listed() -> None:
    made = imported(selecting(select(("tier", "Exists", [])), OPEN))
    assert (made.level, rules(made)) == ("observe", [])
    assert "by `tier`: which pods these are is not known: nothing holds them back" in told(made)


def test_an_expression_is_asked_of_workloads_that_are_known() -> None:
    made = imported(
        selecting({}, CLOSED, "deny"), selecting(select(("app", "NotIn", ["db"])), OPEN), deployment("cart")
    )
    assert rules(made) == ["namespace shop", "allow cart -> 198.51.100.0/24:9000 tcp"]
    assert "by `app notin (db)`: which pods these are is not known: who is not known is held back" in told(made)
    assert "which pods" not in told(imported(selecting(select(("app", "Exists", [])), OPEN), deployment("cart")))


def test_a_workload_that_is_made_up_takes_no_name_of_another() -> None:
    made = imported(selecting(select(app="other"), OPEN), deployment("cart"))
    assert rules(made) == ["namespace shop", "allow cart-2 -> 198.51.100.0/24:9000 tcp"]


@pytest.mark.parametrize(
    ("egress", "words"),
    [
        (block("198.51.100.0/24", ports=[]), "on every port"),
        (block("198.51.100.0/24", ports=[{"port": 53, "protocol": "UDP"}]), "UDP port 53"),
        (block("198.51.100.0/24", ports=[{"port": "https"}]), "port `https`"),
        (block("198.51.100.0/24", ports=[{"port": 1, "endPort": 65535}]), "ports 1 to 65535"),
        (block("nonsense"), "the network nonsense"),
        (block("2001:db8::/32"), "the cluster has no IPv6"),
        ({}, "lets pods reach everything"),
        ({"to": [{"podSelector": {}}]}, "lets pods reach other pods"),
    ],
)
def test_what_a_network_policy_says_besides(egress: object, words: str) -> None:
    made = imported(network([egress]))
    assert "allow" not in made.text.split("# not kept")[0]
    assert words in told(made)


def test_a_policy_about_ingress_holds_nobody() -> None:
    policy = network([], policyTypes=["Ingress"])
    assert imported(policy).level == "observe"


def test_a_pod_that_no_sidecar_sees_is_told() -> None:
    pod = deployment("cart")
    pod["spec"]["template"]["spec"] = {"hostNetwork": True}  # type: ignore[index]
    made = imported(network([block("198.51.100.0/24")]), pod)
    assert "allow" not in made.text.split("# not kept")[0]
    assert "what shop/cart reaches: no sidecar sees it" in told(made)


@pytest.mark.parametrize(
    ("egress", "lines"),
    [
        (
            """
  # for the bank
  egress:
  - to: [{ipBlock: {cidr: 198.51.100.0/24}}]
    ports: [{port: 443}]
""",
            ['allow cart -> 198.51.100.0/24:443 tcp reason="settles for the bank"'],
        ),
        (
            """
  # what it needs
  egress:
  # for the bank
  - to: [{ipBlock: {cidr: 198.51.100.0/24}}]
    ports: [{port: 443}]
  - to: [{ipBlock: {cidr: 203.0.113.0/24}}]
    ports: [{port: 443}]
""",
            [
                'allow cart -> 198.51.100.0/24:443 tcp reason="settles for the bank"',
                "allow cart -> 203.0.113.0/24:443 tcp reason=settles",
            ],
        ),
    ],
)
def test_comments_above_a_rule_are_reasons(egress: str, lines: list[str]) -> None:
    text = f"""# settles
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: cart, namespace: shop}}
spec:
  podSelector: {{matchLabels: {{app: cart}}}}{egress}"""
    for old, new in (
        ("", ""),
        ("networking.k8s.io/v1\nkind: ", "cilium.io/v2\nkind: Cilium"),
    ):
        said = text.replace(old, new)
        if old:
            said = said.replace("podSelector", "endpointSelector").replace("ports: [{port: 443}]", "toPorts: [{ports: [{port: '443', protocol: TCP}]}]")  # fmt: skip
            said = re.sub(r"to: \[\{ipBlock: \{cidr: (\S+?)\}\}\]", r"toCIDR: [\1]", said)
        assert rules(import_policy([Source("policies.yaml", said)], None, TODAY)) == ["namespace shop", *lines]


# Cilium


def test_names_and_networks() -> None:
    egress = [
        name({"matchName": "api.example.com"}, {"matchPattern": "**.example.org"}),
        name({"matchName": "web.example.com"}, port="80"),
        {"toCIDR": ["198.51.100.7/32"], "toPorts": [{"ports": [{"port": "443"}]}]},
    ]
    made = imported(cilium(egress))
    assert rules(made) == [
        "namespace shop",
        "allow cart -> 198.51.100.7:443 tcp",
        "allow cart -> {api.example.com, *.example.org}:443 tls",
        "allow cart -> web.example.com:80 http",
    ]
    assert made.unkept == ()


def clusterwide(selector: object) -> dict[str, object]:
    policy = cilium([name({"matchName": "api.example.com"})], "CiliumClusterwideNetworkPolicy")
    policy["spec"]["endpointSelector"] = selector  # type: ignore[index]
    return policy


POD_NAMESPACE = "k8s:io.kubernetes.pod.namespace"


@pytest.mark.parametrize(
    ("selector", "level", "lines"),
    [
        (select(**{POD_NAMESPACE: "ops"}), "{namespaces: [ops]}", ["namespace ops", "allow ops/*"]),
        (select((POD_NAMESPACE, "In", ["ops"]), app="ci"), "workloads", ["namespace ops", "allow cart"]),
        (
            select((POD_NAMESPACE, "In", ["ops", "pay"])),
            "{namespaces: [ops, pay]}",
            ["namespace ops", "allow ops/*", "namespace pay", "allow pay/*"],
        ),
    ],
)
def test_a_clusterwide_policy_names_namespaces(selector: object, level: str, lines: list[str]) -> None:
    made = imported(clusterwide(selector))
    assert rules(made) == [f"{each} -> api.example.com:443 tls" if "allow" in each else each for each in lines]
    assert (made.level, made.unkept) == (level, ())


def test_a_clusterwide_policy_leaves_a_namespace_out() -> None:
    made = imported(clusterwide(select((POD_NAMESPACE, "NotIn", ["kube-system"]))), deployment("dns", "kube-system"))
    assert rules(made) == [
        "allow * -> api.example.com:443 tls",
        "namespace kube-system",
        'allow kube-system/* -> * reason="the manifests leave it open"',
    ]
    assert (made.level, made.unkept) == ("mesh", ())


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        (select(**{"k8s:io.cilium.k8s.namespace.labels.team": "x"}), "nothing holds them back"),
        (select(**{"k8s:io.cilium.k8s.policy.serviceaccount": "x"}), "nothing holds them back"),
        (select(**{"reserved:host": ""}), "nothing holds them back"),
        (select(app="cart"), "nothing holds them back"),
    ],
)
def test_a_clusterwide_policy_for_pods_that_nobody_knows(selector: object, words: str) -> None:
    made = imported(clusterwide(selector))
    assert rules(made) == []
    assert words in told(made)
    assert any(each.is_flow for each in made.unkept)


def test_a_policy_about_nodes_is_listed() -> None:
    policy = clusterwide({})
    spec = policy["spec"]
    spec["nodeSelector"] = spec.pop("endpointSelector")  # type: ignore[attr-defined,index]
    assert "CiliumClusterwideNetworkPolicy cart is about nodes" in told(imported(policy))


def test_a_policy_of_cilium_is_for_its_own_namespace() -> None:
    policy = cilium([name({"matchName": "api.example.com"})])
    policy["spec"]["endpointSelector"] = select(app="cart", **{POD_NAMESPACE: "ops"})  # type: ignore[index]
    made = imported(policy)
    assert "allow" not in made.text
    assert "CiliumNetworkPolicy shop/cart selects pods of ops" in told(made)


def test_expressions_of_cilium_do_not_widen() -> None:
    policy = cilium([name({"matchName": "api.example.com"})])
    policy["spec"]["endpointSelector"] = select(("k8s:tier", "NotIn", ["db"]))  # type: ignore[index]
    made = imported(policy)
    assert "allow" not in made.text
    assert "by `k8s:tier notin (db)`" in told(made)


def test_a_clusterwide_policy_selects_everywhere() -> None:
    policy = cilium([name({"matchName": "api.example.com"})], "CiliumClusterwideNetworkPolicy")
    made = imported(policy, deployment("cart"), deployment("cart", "pay"), deployment("front"))
    assert rules(made) == [
        "namespace pay",
        "allow cart -> api.example.com:443 tls",
        "namespace shop",
        "allow cart -> api.example.com:443 tls",
    ]


@pytest.mark.parametrize(
    ("egress", "words"),
    [
        (name({"matchPattern": "*.example.com"}), "one label"),
        (name({"matchPattern": "*"}), "one label"),
        (name({"matchName": "db.example.com"}, port="5432"), "EGR502"),
        (name({"matchName": "api.example.com"}, rules={"http": [{"path": "/public"}]}), "by rules"),
        (name({"matchName": "api.example.com"}, serverNames=["other.example.com"]), "by serverNames"),
        ({"toFQDNs": [{"matchName": "api.example.com"}]}, "on every port"),
        ({"toEntities": ["world"]}, "toEntities"),
        ({"toPorts": [{"ports": [{"port": "443"}]}]}, "everything on a port"),
    ],
)
def test_what_cilium_says_besides(egress: object, words: str) -> None:
    made = imported(cilium([egress]))
    assert "allow" not in made.text.split("# not kept")[0]
    assert words in told(made)


def test_a_denial_is_not_passed_over() -> None:
    """What `egressDeny` takes from any policy of the pods is not known, so that they are granted nothing."""
    allowed = cilium([name({"matchName": "api.example.com"})])
    denied = cilium([], egressDeny=[{"toCIDR": ["0.0.0.0/0"]}])
    denied["metadata"] = {"name": "deny", "namespace": "shop"}
    made = imported(allowed, denied)
    assert "allow" not in made.text.split("# not kept")[0]
    assert "egressDeny" in told(made)


def test_who_is_not_held_by_default_stays_open() -> None:
    policy = cilium([name({"matchName": "api.example.com"})], enableDefaultDeny={"egress": False})
    assert imported(policy).level == "observe"


# Smokescreen

ACL = {
    "version": "v1",
    "services": [
        {"name": "cart", "project": "payments", "action": "enforce", "allowed_domains": ["api.example.com", "*.example.org"]},
        {"name": "web", "project": "web", "action": "report", "allowed_domains": ["a.example.com"]},
    ],
    "global_allow_list": ["crl.example.net", "bad.example.net"],
    "global_deny_list": ["bad.example.net"],
    "default": {"action": "enforce", "project": "nobody"},
}  # fmt: skip


def test_services_are_workloads_and_projects_their_owners() -> None:
    made = imported(ACL)
    assert rules(made) == [
        "namespace default",
        "allow cart -> {api.example.com, crl.example.net, *.example.org}:443 tls owner=payments",
    ]
    assert made.level == "workloads"
    for words in ("any port of a name", "the default of smokescreen (enforce)", "service web", "bad.example.net"):
        assert words in told(made)


def test_an_address_in_an_acl_is_an_address() -> None:
    made = imported({"version": "v1", "services": [{"name": "a", "project": "p", "action": "enforce", "allowed_domains": ["198.51.100.7", "2001:db8::1"]}]})  # fmt: skip
    assert rules(made) == ["namespace default", "allow a -> 198.51.100.7:443 tcp owner=p"]
    assert "gained" not in told(made)


def test_an_address_is_no_name_to_cilium() -> None:
    made = imported(cilium([name({"matchName": "198.51.100.7"})]))
    assert "allow" not in made.text.split("# not kept")[0]
    assert "lets pods reach the name 198.51.100.7" in told(made)
    assert "gained" not in told(made)


def test_an_acl_that_smokescreen_would_not_take_grants_nothing_more() -> None:
    """It refuses a file with a service twice; and a policy adds no headers."""
    cart = {"name": "cart", "project": "payments", "action": "enforce", "allowed_domains": ["api.example.com"]}
    more = {**cart, "allowed_domains": ["b.example.com"]}
    mitm = {**cart, "name": "web", "mitm_domains": [{"domain": "api.example.com", "add_headers": {"x": "y"}}]}
    made = imported({"version": "v1", "services": [cart, more, mitm]})
    assert rules(made)[1:] == ["allow {cart, web} -> api.example.com:443 tls owner=payments"]
    assert "service cart of smokescreen" in told(made)
    assert "adds headers to what web sends" in told(made)


def test_a_service_is_the_workload_of_its_name_wherever_it_runs() -> None:
    made = imported(ACL, deployment("cart", "pay"))
    assert rules(made)[0] == "namespace pay"


JUNK = st.sampled_from([None, "", "x", 7, -1, True, [], {}, [None], [[]], {"": None}, "²", "10.0.0.1/8", "*.", "**."])


def places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """The paths of all values inside a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, child in inner for each in places(child, (*path, key)))]


def changed(value: object, path: tuple[object, ...], junk: object) -> object:
    """A value with something else at a path."""
    if not path:
        return junk
    copy: Any = dict(value) if isinstance(value, dict) else list(value)  # type: ignore[call-overload]
    copy[path[0]] = changed(copy[path[0]], path[1:], junk)
    return copy


WHOLE = (
    network([block("198.51.100.0/24", "198.51.100.128/25", ports=[{"port": 1, "endPort": 2}])]),
    cilium([name({"matchName": "a.example.com"}, {"matchPattern": "**.example.org"}), {"toCIDRSet": [{"cidr": "198.51.100.0/24", "except": ["198.51.100.0/28"]}], "toPorts": [{"ports": [{"port": "443"}]}]}], enableDefaultDeny={"egress": True}),
    ACL,
    {"apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry", "metadata": {"name": "a", "namespace": "shop", "annotations": {"reason": "why"}, "labels": {"a": "b"}}, "spec": {"hosts": ["a.example.com"], "exportTo": ["."], "location": "MESH_INTERNAL", "resolution": "STATIC", "addresses": ["192.0.2.1"], "endpoints": [{"address": "192.0.2.2"}], "ports": [{"number": 443, "name": "tls", "protocol": "TLS", "targetPort": 8443}]}},
    {"apiVersion": "networking.istio.io/v1", "kind": "Sidecar", "metadata": {"name": "a", "namespace": "shop"}, "spec": {"workloadSelector": {"labels": {"app": "a"}}, "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}, "egress": [{"hosts": ["./*", "~/x", "*/a.example.com"], "port": {"number": 443, "name": "tls", "protocol": "TLS"}}]}},
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_whatever_is_written_is_answered(data: st.DataObject) -> None:
    """Anything in place of anything: a policy, findings or one line of misuse, and nothing that the original had not."""
    document = data.draw(st.sampled_from(WHOLE))
    broken = changed(document, data.draw(st.sampled_from(places(document))), data.draw(JUNK))
    try:
        made = imported(broken)
    except Unreadable:
        return
    assert made.findings or parse(Source("made.egress", made.text))[1] == []


def test_a_mesh_goes_before_what_holds_pods_besides() -> None:
    entry = {
        "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry", "metadata": {"name": "a", "namespace": "shop"},
        "spec": {"hosts": ["a.example.com"], "resolution": "DNS", "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}]},
    }  # fmt: skip
    made = imported(entry, cilium([name({"matchName": "api.example.com"})]))
    assert rules(made) == ["allow * -> a.example.com:443 tls"]
    assert "CiliumNetworkPolicy shop/cart is not imported" in told(made)
