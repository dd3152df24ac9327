"""The same connections asked of the real istiod, before and after a change to manifests.

The connections are all that the verification itself would ask about either text, for every class of pods, and those of
the Services; so what istiod says differs wherever a change matters to any of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date

import yaml
from asking import Call, Case, Judge, Proxy, Verdict
from policies import Service, kubernetes

from egresslang.compile import compile, read
from egresslang.documents import read as read_documents
from egresslang.findings import Finding, Severity
from egresslang.mesh.configuration import configured
from egresslang.mesh.gateways import Gateways
from egresslang.mesh.mesh import Mesh
from egresslang.mesh.outbound import Request
from egresslang.mesh.read import read as read_resources
from egresslang.mesh.resources import MeshConfig
from egresslang.output import stream
from egresslang.policy.policy import Policy
from egresslang.profile.load import load
from egresslang.profile.profile import ClusterProfile
from egresslang.ranges import BITS, show
from egresslang.source import Source
from egresslang.verify.compare import Comparison
from egresslang.verify.pods import Class, classes
from egresslang.verify.probes import ports, probes
from egresslang.verify.verify import verify

Reached = frozenset[str]


class Proof:
    """A policy in a cluster, and what it compiles to."""

    def __init__(self, policy: str, profile: str, services: tuple[Service, ...]) -> None:
        files, found = read([Source("policy.egress", policy)])
        loaded, problems = load(Source("profile.yaml", profile), lambda _: "")
        assert loaded is not None, (found, problems)
        compiled = compile(files, loaded, date(2026, 11, 25), Severity.ERROR)
        assert compiled.policy is not None
        assert compiled.manifests is not None, compiled.findings
        self.policy: Policy = compiled.policy
        self.profile: ClusterProfile = loaded
        self.services = services
        self.compiled = stream(compiled.manifests)

    def findings(self, text: str) -> list[Finding]:
        """What the verification finds in other manifests."""
        return verify(self.policy, self.profile, [Source("manifests.yaml", text)])

    def calls(self, texts: Iterable[str]) -> tuple[list[Proxy], list[Call]]:
        """A proxy of every class of pods that one of the texts tells apart, and every call that would be asked of it."""
        proxies: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
        calls: dict[Call, None] = {}
        for pods in (each for text in texts for each in self._classes(text)):
            pod = pods.proxy.pod
            at = proxies.setdefault((pod.namespace, tuple(sorted(pod.labels.items()))), len(proxies))
            for request in (*_asked(pods), *self._in_mesh()):
                calls[_call(at, request)] = None
        # Every call of any class is asked of all: a change may make one class treat what another is granted.
        everywhere = dict.fromkeys(
            Call(at, each.address, each.port, each.protocol, each.name) for at in proxies.values() for each in calls
        )
        return [Proxy(namespace, dict(labels)) for namespace, labels in proxies], list(everywhere)

    def _classes(self, text: str) -> Iterator[Class]:
        documents, _ = read_documents(Source("manifests.yaml", text))
        resources, _ = read_resources(documents)
        mesh = Mesh(resources, configured(documents, MeshConfig(version=self.profile.version)))
        return classes(self.policy, self.profile, mesh)

    def _in_mesh(self) -> Iterator[Request]:
        for service in self.services:
            for name, number in service.ports:
                protocol = {"http": "http", "https": "tls"}.get(name, "tcp")
                parts = [int(part) for part in service.address.split(".")]
                address = 4, int.from_bytes(bytes(parts), "big")
                yield Request(protocol, "" if protocol == "tcp" else service.host, address, number)

    def case(self, text: str, proxies: Iterable[Proxy], calls: Iterable[Call]) -> Case:
        """The manifests as the judge takes them."""
        documents = [each for each in yaml.safe_load_all(text) if each]
        installed = (each for each in documents if each["kind"] == "IstioOperator")
        installations = [each.get("spec", {}).get("meshConfig", {}) for each in installed]
        istio = "".join(f"---\n{json.dumps(each)}\n" for each in documents if each["kind"] != "IstioOperator")
        config = json.dumps(installations[0] if installations else {})
        return Case("proof", config, istio, kubernetes(self.services), tuple(proxies), tuple(calls))


def _asked(pods: Class) -> Iterator[Request]:
    outbound = pods.proxy.outbound
    comparison = Comparison(pods.intent, outbound, Gateways(pods.proxy.mesh.registry()), {}, True)
    for port in ports(pods.intent, outbound):
        for probe in probes(comparison, port, 4, by_sight=False):
            yield probe.request


def _call(proxy: int, request: Request) -> Call:
    version, number = request.address
    return Call(proxy, show(version, number, BITS[version]), request.port, request.protocol, request.name)


def reached(verdict: Verdict) -> str:
    """Where a call ends, as far as a policy knows: nowhere, where the client dialled, or at some places."""
    if verdict.verdict == "passed-through":
        return "as dialled"
    if verdict.verdict != "allowed" or (verdict.type == "EDS" and not verdict.dials):
        return "nowhere"
    if verdict.type == "ORIGINAL_DST":
        port = verdict.cluster.split("|")[1]
        return "as dialled" if verdict.listener.endswith(f"_{port}") else f"as dialled, port {port}"
    return "as named" if verdict.type == "DYNAMIC_FORWARD_PROXY" else " ".join(sorted(set(verdict.dials)))


def judged(judge: Judge, case: Case, starts: int = 3) -> list[Reached] | None:
    """For each call all that it may reach, of several starts of istiod; None where istiod takes no such manifests."""
    seen: list[set[str]] = [set() for _ in case.calls]
    for _ in range(starts):
        answer = judge.ask(case)
        if answer.error:
            return None
        for known, verdict in zip(seen, answer.verdicts, strict=True):
            known.add(reached(verdict))
    return [frozenset(each) for each in seen]
