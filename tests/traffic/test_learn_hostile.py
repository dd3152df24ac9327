"""`egressc learn` of labels that anybody chose: what is proposed grants what was seen, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from faked import END, START, holding
from hypothesis import example, given
from hypothesis import strategies as st

from egresslang.compile import compile
from egresslang.findings import Severity, errors
from egresslang.policy.resolve import resolve
from egresslang.profile.load import load
from egresslang.source import Source
from egresslang.syntax.parse import parse
from egresslang.traffic.audit import audit
from egresslang.traffic.judge import Judge
from egresslang.traffic.learn import Asked, learn
from egresslang.traffic.observed import observe
from egresslang.traffic.prometheus import Access, Server
from egresslang.traffic.window import Window

POLICY = "workloads all = one, two\nnamespace recipes\nworkloads everyone = etl, idgen\nhosts stripe = api.stripe.com\nallow everyone -> stripe:443 tls\n"  # fmt: skip
"""A policy with sets that a label may name."""

SPECS = (
    "spec: {defaultNamespace: recipes}",  # any name may be a workload
    "spec:\n  namespaces:\n    recipes: {workloads: {idgen: {labels: {app: idgen}}, etl: {labels: {app: etl}}}}",
)
PROFILES = [
    load(
        Source("p.yaml", f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: here}}\n{spec}\n"),
        lambda path: "",
    )[0]
    for spec in SPECS
]
TODAY = date(2026, 11, 25)

NAMES = ["*", "**", "recipes/*", "*/*", "all", "everyone", "recipes/everyone", "{etl, idgen}", "etl, idgen", "[app=etl]", "*[app=etl]", "recipes[app]", "${x}", "idgen", "web", "a.b", "allow", "namespace", "internet", "except", "", " ", "idgen # x", "idgen -> a.com:80 http\nallow *", "* -> *", "unknown", "Idgen", "idgen\u200b", "xn--a", "a" * 254]  # fmt: skip
HOSTS = ["evil.com", "evil.com:80", "evil.com:443", "evil.com:15001", "evil.com:0", "evil.com:65536", "evil.com:080", "*.evil.com", "*.com", "*", "*:443", "internet", "internet:443", "stripe", "stripe:443", "recipes/stripe:443", "{a.com, b.com}:80", "evil.com:{80 http, 443 tls}", "203.0.113.0/24:80", "203.0.113.7:80", "[2001:db8::1]:80", "0.0.0.0", "${x}.evil.com", "evil.com http owner=x", "evil.com:80 http\nallow * -> *", "EVIL.com.", "evil.com..", "api.stripe.com", "api.stripe.com:443", "b\u00fccher.de", "xn--bcher-kva.de", "unknown", "", "evil.com except", "expect evil.com"]  # fmt: skip
PROTOCOLS = ["http", "grpc", "tcp", "tls", "*", "http2", "grpc\n", "", "https"]
SERVICES = ["PassthroughCluster", "BlackHoleCluster", "evil.com", "*", ""]


def some(words: list[str]) -> st.SearchStrategy[str]:
    """Mostly words that mean something, and sometimes anything."""
    return st.one_of(*[st.sampled_from(words)] * 4, st.text(max_size=12))


LABELS = st.fixed_dictionaries(
    {
        "source_workload_namespace": some(["recipes", "shop", *NAMES]),
        "source_workload": some(NAMES),
        "source_canonical_service": some(NAMES),
        "destination_service": some(HOSTS),
        "destination_service_name": some(SERVICES),
        "request_protocol": some(PROTOCOLS),
        "response_flags": some(["-", "NC", "NR", "UF,NC"]),
    }
)
METRICS = st.sampled_from(["istio_requests_total", "istio_tcp_connections_closed_total"])


class Answers(Server):
    """A server in this process that has some counters."""

    def __init__(self, *series: tuple[str, Mapping[str, str], float]) -> None:
        super().__init__(Access("http://prometheus.example.com"))
        self._reply = holding(*series)

    def query(self, expression: str, at: int | None = None) -> list[Any]:
        """The rows that a reply has."""
        reply = self._reply(expression)
        assert isinstance(reply, tuple)
        return self._rows(self._parsed(reply[2], "application/json"))


def seen(labels: Mapping[str, str]) -> set[tuple[str, str, str, int]]:
    """The workloads, host and port that labels tell of, read apart from the code under test."""
    said = re.fullmatch(r"\s*(.*?)\.?(?::([1-9][0-9]{0,4}))?\s*", labels["destination_service"].lower(), re.DOTALL)
    host, port = (said[1], int(said[2] or 80)) if said else ("", 0)
    names = labels["source_workload"], labels["source_canonical_service"]
    return {(labels["source_workload_namespace"], name, host, port) for name in names}


def told(workload: str, host: str, **more: str) -> tuple[str, dict[str, str]]:
    """A counter of requests that passed through."""
    return "istio_requests_total", {
        "source_workload_namespace": "recipes",
        "source_workload": workload,
        "source_canonical_service": workload,
        "destination_service": host,
        "destination_service_name": "PassthroughCluster",
        "request_protocol": "http",
        "response_flags": "-",
        **more,
    }


@given(st.lists(st.tuples(METRICS, LABELS), max_size=5), st.integers(0, len(PROFILES) - 1), st.booleans())
@example([told(name, "evil.com") for name in NAMES], 0, True)
@example([told("web", host) for host in HOSTS], 0, True)
@example([told("web", "evil.com", source_workload_namespace=name) for name in NAMES], 0, True)
@example([told("web", f"{at}.evil.com", request_protocol=each) for at, each in enumerate(PROTOCOLS)], 1, False)
def test_what_is_proposed_grants_what_was_seen_whatever_labels_say(
    series: list[tuple[str, dict[str, str]]], at: int, attempted: bool
) -> None:
    profile = PROFILES[at]
    assert profile is not None
    files = [parse(Source("a.egress", POLICY))[0]]
    policy, problems = resolve(files, profile, TODAY, Severity.WARNING)
    assert not errors(problems)
    server = Answers(*((metric, labels, 1.0) for metric, labels in series))
    observed = observe(server, Window(START, END), profile.cluster_domain, policy.inventory)

    def check(source: Source) -> Any:
        made = compile([*files, parse(source)[0]], profile, TODAY, Severity.WARNING)
        return made.findings, () if made.policy is None else made.policy.grants

    made = learn(audit(observed, Judge(policy, profile)), profile, {}, Asked(attempted=attempted), check)
    file, problems = parse(Source("proposed.egress", made.text))
    assert problems == []
    compiled = compile([*files, file], profile, TODAY, Severity.WARNING)
    assert not errors(compiled.findings)
    assert compiled.policy is not None
    added = [grant for grant in compiled.policy.grants if grant.span.source.name == "proposed.egress"]
    possible = set().union(*(seen(labels) for _, labels in series))
    granted = {(each.subject.namespace, each.subject.workload, str(each.destination), each.port) for each in added}
    assert granted <= possible
    assert "*" not in str(granted)
    assert len(added) == len(made.rules)


def test_only_what_is_hostile_is_kept_apart() -> None:
    """The examples above are no test if nothing is ever proposed."""
    profile = PROFILES[0]
    assert profile is not None
    policy, _ = resolve([], profile, TODAY, Severity.WARNING)
    series = [(*told(name, "evil.com"), 1.0) for name in NAMES] + [(*told("web", host), 1.0) for host in HOSTS]
    observed = observe(Answers(*series), Window(START, END), profile.cluster_domain, policy.inventory)

    def check(source: Source) -> Any:
        made = compile([parse(source)[0]], profile, TODAY, Severity.WARNING)
        return made.findings, () if made.policy is None else made.policy.grants

    made = learn(audit(observed, Judge(policy, profile)), profile, {}, Asked(), check)
    assert {rule.text for rule in made.rules if rule.where == "evil.com"} == {
        f"allow {who} -> evil.com:80 http"
        for who in ("all", "everyone", "idgen", "web", "a.b", "allow", "namespace", "internet", "except", "xn--a")
    } | {"allow web -> evil.com:443 http", "allow web -> evil.com:80 http"}
