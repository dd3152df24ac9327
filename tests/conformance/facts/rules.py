"""Which DestinationRule holds for a service: its subsets, and whether the client's own address is dialled."""

from __future__ import annotations

from collections.abc import Mapping

from asking import Proxy
from meshes import entry, manifest, sidecar

from facts.fact import Fact
from facts.parts import NEW, OLD
from facts.routes import R_A, R_B, routed

WEB_HOST = "web.shared.svc.cluster.local"
EVERYTHING = sidecar(["*/*"])
TO_SUBSET = routed(
    hosts=[WEB_HOST], http=[{"route": [{"destination": {"host": WEB_HOST, "port": {"number": 80}, "subset": "v1"}}]}]
)
LABELLED = [{"name": each, "labels": {"version": each}} for each in ("v1", "v2")]
WEB_HTTP = f"http {WEB_HOST}:80"
FOUND, LOST = {WEB_HTTP: f"allowed {WEB_HOST}:80"}, {WEB_HTTP: f"lost {WEB_HOST}:80"}
PASSTHROUGH = {"loadBalancer": {"simple": "PASSTHROUGH"}}
A_CALL = "http a.example:80"
A_CLIENT, A_REGISTRY = {A_CALL: "allowed a.example:80 client"}, {A_CALL: "allowed a.example:80 registry"}


def rule(
    namespace: str = "team-a",
    host: str = WEB_HOST,
    *subsets: str,
    name: str = "rule",
    metadata: Mapping[str, str] | None = None,
    **spec: object,
) -> str:
    """A DestinationRule with these subsets."""
    named = [{"name": each, "labels": {"version": each}} for each in subsets]
    body = {"host": host, **({"subsets": named} if named else {}), **spec}
    return manifest("DestinationRule", name, namespace, body, **(metadata or {}))


def passing(namespace: str = "team-a", host: str = "a.example", **spec: object) -> str:
    """A DestinationRule by which the client's own address is dialled."""
    return rule(namespace, host, trafficPolicy=PASSTHROUGH, **spec)


def _subset(title: str, *rules: str, found: bool, **more: object) -> Fact:
    return Fact(title, [TO_SUBSET, *rules, EVERYTHING], FOUND if found else LOST, **more)  # type: ignore[arg-type]


def _passes(title: str, *rules: str, passes: bool, **more: object) -> Fact:
    return Fact(title, [R_A, R_B, *rules, EVERYTHING], A_CLIENT if passes else A_REGISTRY, **more)  # type: ignore[arg-type]


RULES = [
    _subset("a subset is there by a rule of the caller's namespace", rule("team-a", WEB_HOST, "v1"), found=True),
    _subset("a subset is there by a rule of the service's namespace", rule("shared", WEB_HOST, "v1"), found=True),
    _subset("a subset is there by a rule of the root namespace", rule("istio-system", WEB_HOST, "v1"), found=True),
    _subset("a subset of a rule of any other namespace is not there", rule("team-b", WEB_HOST, "v1"), found=False),
    _subset(
        "a subset of a rule that is kept to the service's namespace is not there",
        rule("shared", WEB_HOST, "v1", exportTo=["."]),
        found=False,
    ),
    _subset(
        "a subset of a rule that is exported to the caller by name is there",
        rule("shared", WEB_HOST, "v1", exportTo=["team-a"]),
        found=True,
    ),
    _subset(
        "a rule that exports nothing by default keeps its subsets to its namespace",
        rule("shared", WEB_HOST, "v1"),
        found=False,
        mesh={"defaultDestinationRuleExportTo": ["."]},
    ),
    _subset("a rule for a wildcard gives subsets", rule("team-a", "*.shared.svc.cluster.local", "v1"), found=True),
    _subset(
        "a rule for the very host hides that of a wildcard",
        rule("team-a", "*.shared.svc.cluster.local", "v1"),
        rule("team-a", WEB_HOST, "v2", name="exact"),
        found=False,
    ),
    _subset(
        "a longer wildcard hides a shorter one",
        rule("team-a", "*.local", "v1"),
        rule("team-a", "*.shared.svc.cluster.local", "v2", name="longer"),
        found=False,
    ),
    _subset(
        "a rule of the caller's namespace hides that of the service's",
        rule("team-a", WEB_HOST, "v2"),
        rule("shared", WEB_HOST, "v1"),
        found=False,
    ),
    _subset(
        "two rules of one host and namespace are one",
        rule("team-a", WEB_HOST, "v2", metadata=OLD),
        rule("team-a", WEB_HOST, "v1", name="second", metadata=NEW),
        found=True,
    ),
    _subset(
        "a rule that selects other pods gives no subset",
        rule("team-a", WEB_HOST, "v1", workloadSelector={"matchLabels": {"app": "other"}}),
        found=False,
    ),
    _subset(
        "a rule that selects the pod gives its subsets",
        rule("team-a", WEB_HOST, "v1", workloadSelector={"matchLabels": {"app": "idgen"}}),
        found=True,
    ),
    _subset(
        "a rule that selects the pod hides one for all pods",
        rule("team-a", WEB_HOST, "v2", workloadSelector={"matchLabels": {"app": "idgen"}}),
        rule("team-a", WEB_HOST, "v1", name="all"),
        found=False,
    ),
    _subset(
        "a rule with a selector is nothing to other namespaces",
        rule("shared", WEB_HOST, "v1", workloadSelector={"matchLabels": {"app": "idgen"}}),
        found=False,
    ),
    _subset(
        "in the root namespace a rule that it keeps hides that of the service's",
        rule("istio-system", WEB_HOST, "v2", exportTo=["."]),
        rule("shared", WEB_HOST, "v1"),
        found=True,
    ),
    Fact(
        "a pod of the root namespace looks at the service's namespace first, but for what the root keeps to itself",
        [
            routed(
                hosts=[WEB_HOST],
                namespace="shared",
                http=[{"route": [{"destination": {"host": WEB_HOST, "subset": "v1"}}]}],
            ),
            rule("istio-system", WEB_HOST, "v2"),
            rule("shared", WEB_HOST, "v1"),
        ],
        FOUND,
        proxy=Proxy("istio-system", {"app": "idgen"}),
    ),
    Fact(
        "a subset of names to resolve is there only where an endpoint has its labels",
        [
            entry("b.example", [(80, "HTTP")]),
            entry(
                "e.example",
                [(80, "HTTP")],
                endpoints=[{"address": "one.example", "labels": {"version": "v1", "zone": "a"}}],
            ),
            entry("s.example", [(80, "HTTP")], "STATIC", endpoints=[{"address": "192.0.2.8"}]),
            *(
                routed(
                    f"to-{host}",
                    [f"{host}{subset}.test"],
                    http=[{"route": [{"destination": {"host": f"{host}.example", "subset": subset}}]}],
                )
                for host, subset in (("b", "v1"), ("e", "v1"), ("s", "v1"))
            ),
            routed("to-e2", ["ev2.test"], http=[{"route": [{"destination": {"host": "e.example", "subset": "v2"}}]}]),
            routed(
                "to-all", ["ball.test"], http=[{"route": [{"destination": {"host": "b.example", "subset": "all"}}]}]
            ),
            rule("team-a", "*.example", subsets=[*LABELLED, {"name": "all"}]),
            EVERYTHING,
        ],
        {
            "http bv1.test:80": "lost b.example:80",
            "http ball.test:80": "allowed b.example:80",
            "http ev1.test:80": "allowed e.example:80",
            "http ev2.test:80": "lost e.example:80",
            "http sv1.test:80": "allowed s.example:80",
        },
    ),
    _passes("a rule may have the client's own address dialled", passing(), passes=True),
    _passes("such a rule of the root namespace for a wildcard does", passing("istio-system", "*.example"), passes=True),
    _passes("such a rule of another namespace does not", passing("team-b"), passes=False),
    _passes(
        "such a rule for other pods does not",
        passing(workloadSelector={"matchLabels": {"app": "other"}}),
        passes=False,
    ),
    _passes(
        "a port said apart is balanced as it says",
        rule(
            "team-a",
            "a.example",
            trafficPolicy={**PASSTHROUGH, "portLevelSettings": [{"port": {"number": 80}, "tls": {"mode": "DISABLE"}}]},
        ),
        passes=False,
    ),
    _passes(
        "a port said apart may have the client's own address dialled",
        rule("team-a", "a.example", trafficPolicy={"portLevelSettings": [{"port": {"number": 80}, **PASSTHROUGH}]}),
        passes=True,
    ),
    _passes(
        "of two rules of one host the older says how to balance",
        rule("team-a", "a.example", metadata=OLD, trafficPolicy={"loadBalancer": {"simple": "RANDOM"}}),
        passing(name="second", metadata=NEW),
        passes=False,
    ),
    _passes(
        "of two rules of one host that which balances at all says how",
        rule("team-a", "a.example", "v1", metadata=OLD),
        passing(name="second", metadata=NEW),
        passes=True,
    ),
    Fact(
        "the client's own address is dialled for fixed endpoints too, but not for a wildcard that is resolved",
        [
            entry("s.example", [(80, "HTTP"), (443, "TLS")], "STATIC", endpoints=[{"address": "192.0.2.8"}]),
            entry("*.w.example", [(443, "TLS")], "DYNAMIC_DNS"),
            passing(host="s.example"),
            passing(host="*.w.example", name="wild"),
            EVERYTHING,
        ],
        {
            "http s.example:80": "allowed s.example:80 client",
            "tls s.example:443": "allowed s.example:443 client",
            "tls x.w.example:443": "allowed *.w.example:443 registry",
        },
    ),
    Fact(
        "a subset whose own ports alone have the client's own address dialled must still have an endpoint",
        [
            entry("b.example", [(80, "HTTP")]),
            routed(hosts=["one.test"], http=[{"route": [{"destination": {"host": "b.example", "subset": "all"}}]}]),
            routed("two", ["two.test"], http=[{"route": [{"destination": {"host": "b.example", "subset": "port"}}]}]),
            rule(
                "team-a",
                "b.example",
                subsets=[
                    {"name": "all", "labels": {"version": "v1"}, "trafficPolicy": PASSTHROUGH},
                    {
                        "name": "port",
                        "labels": {"version": "v1"},
                        "trafficPolicy": {"portLevelSettings": [{"port": {"number": 80}, **PASSTHROUGH}]},
                    },
                ],
            ),
            EVERYTHING,
        ],
        {"http one.test:80": "allowed b.example:80 client", "http two.test:80": "lost b.example:80"},
    ),
    Fact(
        "a Service may have the client's own address dialled, and a subset of it by itself",
        [
            TO_SUBSET,
            rule(
                "team-a",
                WEB_HOST,
                subsets=[{"name": "v1", "labels": {"version": "v1"}, "trafficPolicy": PASSTHROUGH}],
            ),
            EVERYTHING,
        ],
        {WEB_HTTP: f"allowed {WEB_HOST}:80 client"},
    ),
]
