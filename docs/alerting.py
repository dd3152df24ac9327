"""The page about alerts: its table is made of the kinds of alerts, and each kind has a runbook here."""

from __future__ import annotations

from egresslang.traffic.alert_kinds import KINDS, Kind
from egresslang.traffic.recordings import FAILURES, FLOWS, LOST

HEAD = """# Alerts

`egressc alerts` makes Prometheus rules of a policy and the clusters it is compiled for: what a policy blocks is worth
knowing only if somebody hears of it. It reads what `egressc compile` reads and writes nothing of a policy with errors.

```console
$ egressc alerts policies -p cluster.yaml -o egress-rules.yaml             # a rules file
$ egressc alerts policies -p cluster.yaml --format prometheusrule          # for the Prometheus operator
$ egressc alerts policies -p cluster.yaml --format dashboard -o egress.json  # for Grafana
```

## The alerts

| alert | severity | fires when | what to do |
|---|---|---|---|
"""

MIDDLE = """
- A severity of two words is that for workloads which the policy closes, and that for those it leaves open.
- Labels: `severity`; `source_workload_namespace` and `source_workload`, who it was; `destination_service_name`, where to,
  as far as that is known; `traffic`, `http` or `tcp`; `subject`, whom the alert is about as the language writes it
  (`shop/cart`, `shop/*` for the others there, `*`). `EgressRuleExpiring` has `rule` instead, its file and line.
- Annotations: `summary`, `description`, and `runbook`, which names the policy file to change and what to write there.
- Selectors of two subjects have no series in common: an attempt fires once.
- An alert about what happened, such as a knock, fires for five minutes. It needs no second knock: see below.
- Code 502 or flag `UH` alone tell nothing: an upstream has its own 502, and `UH` is also a name that does not resolve.
  Blocked is what Istio counts under `BlackHoleCluster`.

## Runbooks
"""

TAIL = f"""
## What is recorded

| series | counts, over five minutes |
|---|---|
| `{FLOWS}` | requests and closed connections, by client and destination |
| `{FAILURES}` | those that failed, by client and destination |
| `{LOST}` | those routed to a cluster that does not exist, by client |

- **Their number is bounded.** Istio labels a request to an unknown name with the Host header that the client sent, and a
  client can invent a thousand. `destination_service` is never kept. `destination_service_name` is kept where it is a host
  of the policy, or of a ServiceEntry in the profile's `resources`; names below a wildcard become the wildcard, what
  somebody else registered becomes `other`, what was blocked or passed is `BlackHoleCluster` or `PassthroughCluster`, what
  led nowhere `none`.
- Istio's own series are not bounded by this. Where that hurts, drop the label: no rule here reads it.
  ```yaml
  apiVersion: telemetry.istio.io/v1
  kind: Telemetry
  metadata: {{name: bounded-egress, namespace: istio-system}}
  spec:
    metrics:
    - overrides:
      - match: {{metric: ALL_METRICS, mode: CLIENT}}
        tagOverrides: {{destination_service: {{operation: REMOVE}}}}
  ```
- `increase()` does not see the first knock, which starts a series at 1. The rules count what a series has now less what it
  had five minutes ago, or last in the ten minutes before that where a scrape failed, and all of it where it is younger. So
  whatever a series had counted before Prometheus first looked, or before a hole of more than ten minutes, counts once when
  it looks again.
- A connection is counted when it closes.

## What the rules cannot see

- Istio's metrics have no port: a workload that may reach a host on one port and reaches it on another looks allowed.
- A registered host without a dot looks like a Service of the mesh: EgressNotGranted does not fire for it. No rule can name one.
- A series whose value is NaN or infinite counts nothing: `egressc audit` tells of it as *incomplete*.
- A workload goes by the name of its Deployment, StatefulSet or Job. Where that is not the policy's name for it, give the
  profile its manifest in `resources` (`reviews-v1` is then taken for `reviews`); otherwise it is any other workload.
- A request that no route takes (404, flag `NR`), such as a `CONNECT`, is counted under the Host header, inside the mesh and
  outside alike: no alert counts it, and `egressc audit` tells of it as *led nowhere*. What a VirtualService answers itself
  is counted under its Host header, too, and looks like a registered destination.
- What no sidecar sees, no sidecar counts: `egressc check` tells of such workloads (EGR506, EGR509).
- A name that lies under `inMesh` of the profile, or under the cluster's domain, is inside the mesh, and none of this.

## Installing

- **A rules file** goes where `rule_files` of `prometheus.yml` looks; `promtool check rules` takes it.
- **The operator** takes a PrometheusRule for each namespace, one for the rest of the mesh and one for what is recorded:
  `… --format prometheusrule | kubectl apply --namespace monitoring -f -`. Where its `ruleSelector` wants a label:
  `… | kubectl label --local -f - release=prometheus -o yaml | kubectl apply --namespace monitoring -f -`. A namespace that
  the policy no longer names leaves its PrometheusRule behind; they carry `app.kubernetes.io/managed-by=egressc`. What is
  recorded names every host several times: with more than some two thousand hosts it is too much for one resource, and
  the API server refuses it. Use a rules file then.
- **One Prometheus for each cluster** takes the rules of its own profile alone.
- **One Prometheus, Thanos or Mimir for all**: give all profiles in one run. Every selector then asks for
  `cluster="PROFILE"`, and every alert carries it. `--cluster-label` names another label: `source_cluster` is Istio's own,
  whose value must be the profile's name.
- **Grafana** imports the dashboard (Dashboards, New, Import), or finds it as a file, or in a ConfigMap with the label that
  its sidecar watches. It asks for the recorded series: install the rules first.
- Make them again whenever the policy changes, in the step that compiles it: they say what the policy said then.

## The dashboard

| panel | answers with |
|---|---|
| Which services call external APIs? | requests and connections by workload and destination |
| Which database instance is written to? | bytes that clients send to hosts granted as `postgres`, `mysql`, `mongo` or `redis` |
| Does traffic stay in its region? | requests and connections by region: that of the rule, else of the profile, else of the name |
| What knocks at the black hole? | blocked attempts by workload, http and TCP |
| What passes through unnamed? | passthrough by workload |
| Which alerts fire? | alerts by kind |

It has variables for the Prometheus, the cluster where there are several, the namespace and the workload.

## How it is tested

`make conformance` puts the rules before `promtool`: `check rules` with lint, and `test rules` with cases that fire and
cases that must not for every alert, among them the metrics that `egressc explain` foretells of a flow. Every PrometheusRule
is put before the schema of the operator's CRD, every dashboard through Grafana's own models and every query of it through
Prometheus's parser.
"""

RUNBOOKS = {
    "EgressBlocked": """A sidecar forwarded something nowhere. Either the workload needs a destination that nobody granted, or something in it
tries its luck.

1. Find out what it wanted. Over http, the names it sent (it can have invented them) are in the query of the alert's
   description. Over TCP and TLS, Istio keeps neither: look in the access log of its sidecar for cluster `BlackHoleCluster`.
2. `egressc explain 'NAMESPACE/WORKLOAD -> HOST:PORT PROTOCOL'` says why it is blocked, and which rule comes near.
3. If it should reach it, write the `allow` in the file that the alert names. If it is of the mesh itself, its `mesh` lines
   or `inMesh` leave it out. If neither, treat the workload as one that somebody else may be running code in.
""",
    "EgressPassthrough": """`critical`: the policy closes this workload, and its sidecar lets out what no rule names. The mesh is not what was compiled:
`egressc compile --check -o DIR` tells what drifted, `egressc explain --manifests DIR FLOW` which resource lets it through.
Usual causes are an installation file that was never applied, and a Sidecar somebody else made.

`info`: nothing closes the workload yet (`observe`, another namespace, `observed`). Each of these is a rule still to be
written before it is closed. An `allow … -> *` says that it stays open, and silences the alert.
""",
    "EgressNotGranted": """The destination is registered, the workload got through, and no rule gives it that. In a workload that the policy closes this
is an over-grant that the compiler would have refused: a ServiceEntry, Sidecar or VirtualService that the policy did not make
stands in the mesh. Give it to the profile's `resources`, and `egressc check` judges it. In an open workload it is traffic
that will be blocked once it is closed. `other` is a destination that neither the policy nor the profile knows.
""",
    "EgressFailing": """The policy allows it and it does not work. The destination may be down; its name may not resolve (flag `UH`); nothing may listen
(`UF`); its `address=` may have moved; its protocol may be another than the policy says. A blocked flow is none of these:
that is `EgressBlocked`.
""",
    "EgressRuleExpiring": """A rule's `expires=` is near, or past, and the last day saw traffic that it grants. After that day the next compilation leaves the
rule out, and the traffic is blocked. The alert names the rule, its owner and its date. A rule that another, lasting longer,
grants too is not told of.
""",
    "EgressClusterMissing": """A route leads to a cluster that does not exist. Two ServiceEntries of one host whose labels or resolution differ, a subset
without its DestinationRule, or an upper-case host make one. What the policy compiles to has none: `egressc compile --check`
tells what stands there instead, `egressc explain --manifests DIR FLOW` answers `lost`.
""",
    "EgressTelemetryMissing": """No sidecar's counters reach this Prometheus, and a policy that nobody breaks looks the same as one that nobody watches. See
whether port 15090 (`/stats/prometheus`) of the sidecars is scraped, whether relabelling drops `reporter` or the `source_`
labels, and whether the cluster label is the one the rules ask for.
""",
}
"""What to do about each kind of alert."""


def page() -> str:
    """The page."""
    rows = "".join(
        f"| [{each.name}](#{each.name.lower()}) | {_weighs(each)} | {each.when} | {each.action} |\n" for each in KINDS
    )
    runbooks = "".join(f"\n### {each.name}\n\n{RUNBOOKS[each.name]}" for each in KINDS)
    return HEAD + rows + MIDDLE + runbooks + TAIL


def _weighs(kind: Kind) -> str:
    return kind.severity if kind.severity == kind.milder else f"{kind.severity} / {kind.milder}"
