"""Which workloads manifests show: controllers, what they made, and what selects whom."""

from __future__ import annotations

import json
from typing import Any

import pytest

from egresslang.existing.cluster import read_cluster
from egresslang.existing.workloads import Runs
from egresslang.source import Source

Manifest = dict[str, Any]
KINDS = {"ReplicaSet": "apps/v1", "Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Pod": "v1",
         "Job": "batch/v1", "CronJob": "batch/v1", "Rollout": "argoproj.io/v1alpha1", "Service": "serving.knative.dev/v1",
         "ReplicationController": "v1"}  # fmt: skip


def made(
    kind: str, name: str, labels: dict[str, str], owner: str = "", selector: dict[str, str] | None = None, **pod: Any
) -> Manifest:
    """A manifest of a kind whose pods carry labels; `owner` is Kind/name."""
    metadata: Manifest = {"name": name, "namespace": "shop"}
    if owner:
        maker, _, maker_name = owner.partition("/")
        metadata["ownerReferences"] = [{"apiVersion": "x/v1", "kind": maker, "name": maker_name, "controller": True}]
    if kind == "Pod":
        annotations = pod.pop("annotations", {})
        return {
            "apiVersion": "v1",
            "kind": kind,
            "metadata": metadata | {"labels": labels, "annotations": annotations},
            "spec": pod,
        }
    template = {"metadata": {"labels": labels, "annotations": pod.pop("annotations", {})}, "spec": pod}
    spec: Manifest = {"template": template}
    if kind == "CronJob":
        spec = {"jobTemplate": {"spec": spec}}
    if selector is not None:
        spec["selector"] = selector if kind == "ReplicationController" else {"matchLabels": selector}
    return {"apiVersion": KINDS[kind], "kind": kind, "metadata": metadata, "spec": spec}


def runs(*manifests: Manifest) -> dict[str, Runs]:
    text = "".join(f"---\n{json.dumps(each)}\n" for each in manifests)
    found = read_cluster([Source("all.yaml", text)])
    assert not found.findings
    return {each.name: each for each in found.workloads}


def pod(name: str, owner: str, **labels: str) -> Manifest:
    return made("Pod", name, {key.replace("__", "/").replace("_", "-"): value for key, value in labels.items()}, owner)


HASHED = {"app": "cart", "pod-template-hash": "5d8f"}


def test_pods_and_replicasets_are_their_deployments() -> None:
    deployment = made("Deployment", "cart", {"app": "cart"}, selector={"app": "cart"})
    replicas = made("ReplicaSet", "cart-5d8f", HASHED, "Deployment/cart", HASHED)
    pods = [made("Pod", f"cart-5d8f-{end}", HASHED, "ReplicaSet/cart-5d8f") for end in ("a", "b")]
    for some in ([deployment, replicas, *pods], [replicas, *pods], pods, [*pods, deployment], [replicas]):
        (cart,) = runs(*some).values()
        assert (cart.name, cart.kind) == ("cart", "Deployment")
        assert cart.labels == cart.selector == (("app", "cart"),)


@pytest.mark.parametrize(
    ("owner", "labels", "kind", "name"),
    [
        ("ReplicaSet/x-77", {"rollouts-pod-template-hash": "77"}, "Rollout", "x"),
        ("ReplicaSet/x-77", {}, "ReplicaSet", "x-77"),
        ("StatefulSet/db", {"statefulset.kubernetes.io/pod-name": "db-0", "apps.kubernetes.io/pod-index": "0"}, "StatefulSet", "db"),
        ("DaemonSet/agent", {"controller-revision-hash": "7"}, "DaemonSet", "agent"),
        ("Job/report-28391040", {"batch.kubernetes.io/job-name": "report-28391040"}, "CronJob", "report"),
        ("Job/migrate", {"job-name": "migrate", "controller-uid": "1"}, "Job", "migrate"),
        ("Node/node-1", {}, "Pod", "proxy"),
        ("StrimziPodSet/kafka", {}, "StrimziPodSet", "kafka"),
    ],
)  # fmt: skip
def test_a_pod_tells_who_made_it(owner: str, labels: dict[str, str], kind: str, name: str) -> None:
    (one,) = runs(made("Pod", "proxy-node-1", {"app": "x", **labels}, owner)).values()
    assert (one.kind, one.name, one.labels) == (kind, name, (("app", "x"),))


def test_the_jobs_of_a_cronjob_are_its_own() -> None:
    cron = made("CronJob", "report", {"app": "report"})
    job = made("Job", "report-28391040", {"app": "report", "batch.kubernetes.io/controller-uid": "1"}, "CronJob/report",
               {"batch.kubernetes.io/controller-uid": "1"})  # fmt: skip
    ran = made("Pod", "report-28391040-x", {"app": "report"}, "Job/report-28391040")
    for some in ([cron, job, ran], [job, ran], [ran], [ran, cron]):
        (one,) = runs(*some).values()
        assert (one.kind, one.name, one.selector) == ("CronJob", "report", (("app", "report"),))


def test_a_selector_leaves_out_what_a_roll_out_changes() -> None:
    labels = {**HASHED, "tier": "back"}
    assert runs(made("ReplicaSet", "cart-5d8f", labels, selector=HASHED))["cart-5d8f"].selector == (("app", "cart"),)


def test_a_job_is_not_selected_by_what_its_controller_made_up() -> None:
    uid = {"batch.kubernetes.io/controller-uid": "1"}
    (one,) = runs(made("Job", "migrate", {"app": "db", **uid}, selector=uid)).values()
    assert one.labels == one.selector == (("app", "db"),)


def test_everything_of_a_knative_service_is_that_service() -> None:
    key = "serving.knative.dev/service"
    own = {"team": "a", key: "hello", "app": "hello-00001", "serving.knative.dev/revision": "hello-00001"}
    service = made("Service", "hello", {"team": "a"})
    deployment = made("Deployment", "hello-00001-deployment", own, "Revision/hello-00001", {"app": "hello-00001"})
    running = made(
        "Pod", "hello-00001-deployment-5-a", {**own, "pod-template-hash": "5"}, "ReplicaSet/hello-00001-deployment-5"
    )
    for some in ([service, deployment, running], [service], [running], [deployment, running]):
        (one,) = runs(*some).values()
        assert (one.kind, one.name, one.labels) == ("Service", "hello", ((key, "hello"), ("team", "a")))


def test_finished_pods_run_no_more_and_bare_ones_do() -> None:
    done = {**made("Pod", "old", {"app": "old"}), "status": {"phase": "Succeeded"}}
    assert set(runs(done, made("Pod", "debug", {"run": "debug"}))) == {"debug"}


def test_pods_of_an_unseen_controller_tell_what_they_have_in_common() -> None:
    one = made("Pod", "db-0", {"app": "db", "role": "primary"}, "StatefulSet/db", hostNetwork=True)
    two = made("Pod", "db-1", {"app": "db", "role": "replica"}, "StatefulSet/db")
    (db,) = runs(one, two).values()
    assert db.labels == (("app", "db"),)
    assert db.host_network
    assert "network of its node" in db.uncaptured


def test_what_matters_to_egress_is_kept_and_nothing_else() -> None:
    annotations = {"traffic.sidecar.istio.io/excludeOutboundPorts": "5432", "sidecar.istio.io/inject": "true",
                   "sidecar.istio.io/proxyCPU": "1", "prometheus.io/scrape": "true",
                   "traffic.sidecar.istio.io/includeInboundPorts": "*"}  # fmt: skip
    containers = [{"name": "istio-proxy", "securityContext": {"runAsUser": 1337}}, {"name": "main"}]
    cart = runs(made("Deployment", "cart", {"a": "b"}, annotations=annotations, containers=containers, serviceAccountName="cart"))["cart"]  # fmt: skip
    assert cart.annotations == (
        ("sidecar.istio.io/inject", "true"),
        ("traffic.sidecar.istio.io/excludeOutboundPorts", "5432"),
    )
    assert (cart.host_network, cart.runs_as_sidecar, cart.service_account) == (False, False, "cart")
    own = [{"name": "main", "securityContext": {"runAsUser": 1337}}]
    assert runs(made("Deployment", "a", {"a": "b"}, containers=own, serviceAccountName="default"))["a"].runs_as_sidecar
    assert runs(made("DaemonSet", "a", {"a": "b"}, securityContext={"runAsUser": 1337}))["a"].runs_as_sidecar
    own = [{"name": "main", "securityContext": {"runAsUser": 1000}}]
    pod = {"securityContext": {"runAsUser": 1337}, "containers": own}
    assert not runs(made("DaemonSet", "a", {"a": "b"}, **pod))["a"].runs_as_sidecar


def test_two_of_one_name_are_told_apart_by_their_kinds() -> None:
    found = runs(
        made("CronJob", "cart", {"app": "cart", "job": "yes"}),
        made("Deployment", "cart", {"app": "cart"}, selector={"app": "cart"}),
        made("StatefulSet", "cart-cronjob", {"app": "other"}),
    )
    assert {name: each.kind for name, each in found.items()} == {
        "cart": "Deployment", "cart-cronjob": "StatefulSet", "cart-cronjob-cronjob": "CronJob",
    }  # fmt: skip


def test_a_selector_takes_nobody_else() -> None:
    chart = {"helm.sh/chart": "web-1.2.3"}
    found = runs(
        made("Deployment", "web", {"app": "web", "tier": "a", **chart}, selector={"app": "web"}),
        made("Deployment", "api", {"app": "web", "tier": "b", **chart}, selector={"app": "web"}),
        made("ReplicationController", "old", {"app": "old", "x": "y"}, selector={"app": "old"}),
        made("Deployment", "same", {"app": "twin"}),
        made("Deployment", "twin", {"app": "twin"}),
    )
    assert found["web"].selector == (("app", "web"), ("tier", "a"))
    assert found["old"].selector == (("app", "old"),)
    assert [name for name, each in found.items() if not each.is_apart] == ["same", "twin"]


def test_pods_without_a_lasting_label_are_named_and_left_out() -> None:
    found = read_cluster([Source("a.yaml", json.dumps(made("Job", "x", {"job-name": "x"})))])
    assert (found.workloads, found.unlabelled) == ((), ("shop/x",))


def test_owners_that_own_each_other_end() -> None:
    found = runs(
        made("ReplicaSet", "a", {"x": "y"}, "ReplicaSet/b"), made("ReplicaSet", "b", {"x": "y"}, "ReplicaSet/a")
    )
    assert len(found) in (1, 2)


def rollout(name: str, to: str) -> Manifest:
    """A Rollout that rolls out the pods of another workload."""
    kind, _, refers = to.partition("/")
    spec = {"workloadRef": {"apiVersion": "apps/v1", "kind": kind, "name": refers}}
    return {
        "apiVersion": KINDS["Rollout"],
        "kind": "Rollout",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": spec,
    }


def test_a_rollout_is_the_workload_that_it_refers_to() -> None:
    deployment = made("Deployment", "cart", {"app": "cart"}, selector={"app": "cart"}, serviceAccountName="carter")
    hashed = {"app": "cart", "rollouts-pod-template-hash": "77"}
    replicas = made("ReplicaSet", "basket-77", hashed, "Rollout/basket")
    found = runs(
        rollout("basket", "Deployment/cart"),
        deployment,
        replicas,
        made("Pod", "basket-77-x", hashed, "ReplicaSet/basket-77"),
    )
    assert [(each.name, each.kind, each.service_account) for each in found.values()] == [
        ("cart", "Deployment", "carter")
    ]


def test_a_rollout_whose_workload_is_not_given_is_told_by_its_pods() -> None:
    hashed = {"app": "cart", "rollouts-pod-template-hash": "77"}
    found = runs(rollout("cart", "Deployment/cart"), made("ReplicaSet", "cart-77", hashed, "Rollout/cart"))
    assert {each.name: each.labels for each in found.values() if each.labels} == {"cart": (("app", "cart"),)}


@pytest.mark.parametrize("kind", ["Job", "Pod"])
def test_what_has_a_generated_name_is_called_by_its_stem(kind: str) -> None:
    manifest = made(kind, "", {"app": "migrate"})
    manifest["metadata"] = {**manifest["metadata"], "generateName": "migrate-"}
    del manifest["metadata"]["name"]
    assert [(each.name, each.labels) for each in runs(manifest, manifest).values()] == [
        ("migrate", (("app", "migrate"),))
    ]
