"""The cluster that manifests in a repository are for."""

from __future__ import annotations

from egresslang.existing.cluster import Cluster, read_cluster
from egresslang.source import Source

CART = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart, version: v1}}
"""


def cluster(*texts: str) -> Cluster:
    return read_cluster(Source(f"{number}.yaml", text) for number, text in enumerate(texts))


def told(*texts: str) -> list[tuple[str, str, dict[str, str], dict[str, str]]]:
    return [(each.namespace, each.name, dict(each.labels), dict(each.selector)) for each in cluster(*texts).workloads]


def test_a_workload_is_selected_as_its_controller_does() -> None:
    assert told(CART) == [("shop", "cart", {"app": "cart", "version": "v1"}, {"app": "cart"})]


def test_a_selector_that_takes_others_too_gives_way_to_all_labels() -> None:
    canary = CART.replace("cart,", "canary,").replace("v1}", "v2}")
    both = {"canary": {"app": "cart", "version": "v2"}, "cart": {"app": "cart", "version": "v1"}}
    assert told(CART.replace("{name: cart", "{name: canary").replace("v1}", "v2}"), CART) == [
        ("shop", name, labels, labels) for name, labels in both.items()
    ]
    assert canary != CART


def test_every_kind_that_runs_pods() -> None:
    template = "template: {metadata: {labels: {app: x}}}"
    kinds = {
        "apps/v1 StatefulSet": template,
        "apps/v1 DaemonSet": template,
        "batch/v1 Job": template,
        "batch/v1 CronJob": f"jobTemplate: {{spec: {{{template}}}}}",
        "argoproj.io/v1alpha1 Rollout": template,
    }
    for what, spec in kinds.items():
        version, kind = what.split()
        text = f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\nspec: {{{spec}}}\n"
        assert told(text) == [("default", "x", {"app": "x"}, {"app": "x"})], what
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {app: x}}\nspec: {hostNetwork: true}\n"
    assert told(pod) == [("default", "x", {"app": "x"}, {"app": "x"})]
    assert "network of its node" in cluster(pod).workloads[0].uncaptured


def test_lists_are_unfolded_and_other_kinds_passed_over() -> None:
    items = "".join(f"- {line}\n" if not at else f"  {line}\n" for at, line in enumerate(CART.splitlines()))
    other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\njust: values\n---\n- a list\n"
    assert told(f"apiVersion: v1\nkind: List\nitems:\n{items}", other) == told(CART)
    assert cluster(other) == Cluster()


def test_a_patch_says_less_than_what_it_patches() -> None:
    patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cart, namespace: shop}\nspec: {replicas: 3}\n"
    assert told(patch, CART) == told(CART, patch) == told(CART)
    assert cluster(patch, CART).unread == ()
    assert told(patch) == []
    labelled = patch.replace("{replicas: 3}", "{template: {metadata: {labels: {tier: back}}}}")
    assert told(labelled, CART) == told(CART, labelled) == told(CART)


def test_what_waits_for_a_value_is_named_and_left_out() -> None:
    for old, new, label in (
        ("namespace: shop", "namespace: ${NAMESPACE}", "cannot be read from here on"),
        ("version: v1", 'version: "{{ tag }}"', "of Deployment `cart`"),
        ("name: cart,", "name: {{ .Release.Name }},", "cannot be read from here on"),
    ):
        waiting = cluster(CART.replace(old, new))
        assert (waiting.workloads, waiting.unread) == ((), ("0.yaml",))
        (one,) = waiting.findings
        assert (one.label, str(one.severity)) == (label, "warning")
        assert "helm template" in one.help
    both = cluster(CART + "---\nkind: Service\na: !b c\n")
    assert both.unread == ("0.yaml",)
    assert len(both.workloads) == 1


def test_an_installation_is_known_for_sure() -> None:
    operator = "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec: {profile: default}\n"
    sail = "apiVersion: sailoperator.io/v1\nkind: Istio\nmetadata: {name: default}\n"
    values, other = "meshConfig: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}\n", "global: {}\nenv: {}\n"
    assert tuple(each.file for each in cluster(operator, other, sail, values).installations) == (
        "0.yaml",
        "2.yaml",
        "3.yaml",
    )
