"""Importing: a mesh becomes a policy with the same flows, and what is not the same is in the list."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from policies import RandomPolicy, kubernetes, printed
from policies import profile as written
from random_policies import SHAPES, generate

from egresslang.answers.difference.comparison import Granting
from egresslang.answers.difference.difference import changes
from egresslang.answers.difference.known_workloads import of_policy, workloads_of
from egresslang.answers.left_open import left_open
from egresslang.compile import Compilation, compile, read
from egresslang.existing.importing.importing import Imported, import_policy
from egresslang.findings import Severity
from egresslang.policy.policy import Policy
from egresslang.policy.resolve import resolve
from egresslang.profile.load import load
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Source

TODAY = date(2026, 11, 25)
CLOSED = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data: {mesh: "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"}
"""


def manifest(
    kind: str, name: str, spec: object, namespace: str = "shop", version: str = "networking.istio.io/v1"
) -> str:
    meta = {"name": name, "namespace": namespace}
    return "---\n" + json.dumps({"apiVersion": version, "kind": kind, "metadata": meta, "spec": spec}) + "\n"


def entry(host: str, port: int = 443, protocol: str = "TLS", namespace: str = "shop", **more: object) -> str:
    ports = [{"number": port, "name": f"{protocol.lower()}-{port}", "protocol": protocol}]
    name = host.replace(".", "-").replace("*", "any")
    return manifest("ServiceEntry", name, {"hosts": [host], "ports": ports, "resolution": "DNS", **more}, namespace)


def sidecar(name: str, *hosts: str, mode: str = "", namespace: str = "shop", selects: bool = True) -> str:
    spec: dict[str, object] = {"egress": [{"hosts": list(hosts)}]}
    if selects:
        spec["workloadSelector"] = {"labels": {"app": name}}
    if mode:
        spec["outboundTrafficPolicy"] = {"mode": mode}
    return manifest("Sidecar", name, spec, namespace)


def deployment(name: str, namespace: str = "shop", **labels: str) -> str:
    template = {"metadata": {"labels": {"app": name, **labels}}}
    return manifest(
        "Deployment", name, {"selector": {"matchLabels": {"app": name}}, "template": template}, namespace, "apps/v1"
    )


def imported(text: str, profile: ClusterProfile | None = None) -> Imported:
    return import_policy([Source("mesh.yaml", text)], profile, TODAY)


def rules(text: str) -> list[str]:
    """The statements of the policy that some manifests become."""
    lines = imported(text).text.splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def lost(text: str) -> list[str]:
    return [str(each) for each in imported(text).unkept if each.is_flow]


IN_MESH = "*/*.svc.cluster.local"

# Random policies


def deployments(policy: RandomPolicy) -> str:
    made = []
    for each in policy.cluster.workloads:
        template = {"metadata": {"labels": dict(each.labels)}}
        spec = {"selector": {"matchLabels": dict(each.selector or each.labels)}, "template": template}
        made.append(manifest("Deployment", each.name, spec, each.namespace, "apps/v1"))
    return "".join(made)


def loaded(text: str) -> ClusterProfile:
    profile, found = load(Source("cluster.yaml", text), lambda path: Path(path).read_text())
    assert profile is not None, found
    return profile


def granting(policy: Policy, profile: ClusterProfile) -> Granting:
    return Granting(policy.grants, policy, left_open(policy, profile))


def sayable(seed: int, shape: str) -> tuple[RandomPolicy, ClusterProfile, Compilation]:
    """A policy of a shape that Istio can say: few it cannot."""
    for each in range(seed, 1000, 100):
        made = generate(each, shape)
        before = loaded(written(made))
        files, _ = read([Source("before.egress", printed(made).text)])
        compiled = compile(files, before, TODAY, Severity.WARNING)
        if compiled.manifests is not None:
            return made, before, compiled
    raise AssertionError


DUAL = manifest("Service", "dual", {"clusterIP": "10.8.0.99", "clusterIPs": ["10.8.0.99", "fd00:8::99"], "ports": [{"port": 8765}]}, "shared", "v1")  # fmt: skip
"""A Service that tells that the cluster has both IP versions."""


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "capture"])
@pytest.mark.parametrize("seed", range(4))
def test_a_policy_comes_back_with_the_same_flows(shape: str, seed: int) -> None:
    """Compiled and imported again: by the model of the mesh, and by the algebra of flows, which know nothing of each other."""
    made, before, compiled = sayable(seed, shape)
    assert compiled.policy is not None
    families = DUAL if shape == "v6" else ""
    after = imported(compiled.text + kubernetes(made.services) + deployments(made) + families)
    assert [str(each) for each in after.unkept if each.is_flow] == []
    again = loaded(after.profile)
    policy, found = resolve(read([Source("after.egress", after.text)])[0], again, TODAY, Severity.WARNING)
    assert not [each for each in found if each.severity is Severity.ERROR]
    known = workloads_of(Granting((), compiled.policy))
    sides = [of_policy(granting(*side), side[1], known) for side in ((compiled.policy, before), (policy, again))]
    assert [(each.kind, str(each.grant.subject), str(each.grant.destination)) for each in changes(sides[0].grants, sides[1].grants, have_terms=False)] == []  # fmt: skip
