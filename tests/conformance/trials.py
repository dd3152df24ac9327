"""One random policy through the compiler and the judge, and what came out of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import yaml
from asking import Answer, Call, Case, Judge, Verdict
from compiling import Compiled, compile_text
from oracle import Intent, Meaning, Pod, Question, pods, probe, questions, wrong
from policies import RandomPolicy, kubernetes, printed, profile

REFUSED = "EGR503"
"""The code that says Istio cannot express the policy; any other error means the generator wrote a bad one."""


@dataclass(frozen=True)
class Disagreement:
    """A call whose verdict is not what the policy means."""

    pod: Pod
    call: Call
    intent: Intent
    verdict: Verdict
    why: str

    def __str__(self) -> str:
        who = f"{self.pod.proxy.namespace} {self.pod.proxy.labels}"
        via = f" (of {self.call.via})" if self.call.via else ""
        call = f"{self.call.protocol} {self.call.name or '-'} @{self.call.address}{via}:{self.call.port}"
        said = f"{self.verdict.verdict} {self.verdict.cluster} {self.verdict.type} {list(self.verdict.dials)}"
        return f"{self.why}\n  pod      {who}\n  call     {call}\n  meant    {self.intent}\n  judge    {said}\n"


@dataclass(frozen=True)
class Outcome:
    """What became of a policy: `kind` is compiled, refused, invalid (any other finding, or a crash)."""

    policy: RandomPolicy
    kind: str
    compiled: Compiled
    flows: int = 0
    disagreements: tuple[Disagreement, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Whether there is nothing to complain of."""
        return self.kind != "invalid" and not self.disagreements and not self.faults

    def report(self) -> str:
        """Everything needed to look into it."""
        text = printed(self.policy).text
        numbered = "".join(f"{number:3} {line}\n" for number, line in enumerate(text.splitlines(), 1))
        parts = [f"=== {self.policy.name}: {self.kind}\n", numbered]
        parts += [f"fault: {fault}\n" for fault in self.faults]
        parts += [f"{one}\n" for one in self.disagreements[:12]]
        if len(self.disagreements) > 12:
            parts.append(f"... and {len(self.disagreements) - 12} more\n")
        parts += [self.compiled.stderr, "\n", *(f"---\n{one}" for one in self.compiled.of_kind("Sidecar"))]
        return "".join(parts)


@dataclass(frozen=True)
class _Asked:
    policy: RandomPolicy
    compiled: Compiled
    pods: tuple[Pod, ...]
    questions: tuple[Question, ...]

    @property
    def case(self) -> Case:
        """What the judge is asked."""
        return Case(
            self.policy.name,
            self.compiled.mesh_config,
            with_virtual_addresses(self.compiled.istio) if self.policy.cluster.dns_capture else self.compiled.istio,
            kubernetes(self.policy.services),
            tuple(pod.proxy for pod in self.pods),
            tuple(question.call for question in self.questions),
        )


def with_virtual_addresses(manifests: str) -> str:
    """The manifests after Istio's allocator has given each host an address.

    It leaves out entries that have addresses, whose resolution is NONE or that opt out by label, and wildcards
    but those of DYNAMIC_DNS.
    """
    allocated: list[str] = []
    number = 0
    for document in yaml.safe_load_all(manifests):
        spec = document["spec"]
        opted_out = document["metadata"].get("labels", {}).get("networking.istio.io/enable-autoallocate-ip") == "false"
        given = spec.get("addresses") or spec.get("resolution", "NONE") == "NONE" or opted_out
        if document["kind"] == "ServiceEntry" and not given:
            hosts = [one for one in spec["hosts"] if "*" not in one or spec["resolution"] == "DYNAMIC_DNS"]
            values = [(host, f"240.240.{(number + i) // 250}.{(number + i) % 250 + 1}") for i, host in enumerate(hosts)]
            document["status"] = {"addresses": [{"value": value, "host": host} for host, value in values]}
            number += len(hosts)
        allocated.append(f"---\n{json.dumps(document)}\n")
    return "".join(allocated)


def run(policies: Iterable[RandomPolicy], judge: Judge) -> Iterator[Outcome]:
    """The outcome of each policy; refused and invalid ones come as they are met, the judged ones in order."""
    waiting: list[_Asked] = []
    met: list[Outcome] = []

    def cases() -> Iterator[Case]:
        for policy in policies:
            compiled = compile_text(printed(policy).text, profile(policy))
            if compiled.status != 0 or not compiled.manifests:
                met.append(_not_compiled(policy, compiled))
                continue
            asked = _ask(policy, compiled)
            waiting.append(asked)
            yield asked.case

    for answer in judge.ask_all(cases()):
        yield from met
        met.clear()
        yield _judged(waiting.pop(0), answer)
    yield from met


def outcome_of(policy: RandomPolicy, compiled: Compiled, judge: Judge) -> Outcome:
    """The outcome of a policy with these manifests, wherever they come from."""
    asked = _ask(policy, compiled)
    return _judged(asked, judge.ask(asked.case))


def _ask(policy: RandomPolicy, compiled: Compiled) -> _Asked:
    asking = pods(policy)
    asked: list[Question] = []
    for index in range(len(asking)):
        asked += [probe(index), *questions(policy, index)]
    return _Asked(policy, compiled, asking, tuple(asked))


def _judged(asked: _Asked, answer: Answer) -> Outcome:
    faults = [*_version_faults(asked.policy, asked.compiled)]
    if answer.error:
        faults.append(f"istiod: {answer.error}")
        return Outcome(asked.policy, "compiled", asked.compiled, 0, (), tuple(faults))
    faults += sorted({f"Envoy would reject: {one}" for refused in answer.rejected for one in refused})
    meanings = [Meaning(asked.policy, pod) for pod in asked.pods]
    is_open: dict[int, bool] = {}
    found: list[Disagreement] = []
    for question, verdict in zip(asked.questions, answer.verdicts, strict=True):
        index = question.call.proxy
        meaning = meanings[index]
        if index not in is_open:
            passed = verdict.verdict == "passed-through"
            is_open[index] = passed if meaning.open is None else meaning.open
        call = replace(question.call, address=verdict.address)
        intent = meaning.of(call, question.service, is_open[index])
        why = wrong(asked.policy, call, intent, verdict)
        if why:
            found.append(Disagreement(asked.pods[index], call, intent, verdict, why))
    return Outcome(asked.policy, "compiled", asked.compiled, len(asked.questions), tuple(found), tuple(faults))


def _version_faults(policy: RandomPolicy, compiled: Compiled) -> Iterator[str]:
    """What the cluster's Istio does not have yet, and the judge, which is newer, does not notice."""
    if policy.cluster.version < "1.30" and "DYNAMIC_DNS" in compiled.istio:
        yield f"DYNAMIC_DNS on Istio {policy.cluster.version}"
    if policy.cluster.version < "1.31" and any("~" in sidecar for sidecar in compiled.of_kind("Sidecar")):
        yield f"an exclusion on Istio {policy.cluster.version}"


# Refusals


def _not_compiled(policy: RandomPolicy, compiled: Compiled) -> Outcome:
    errors = compiled.errors
    if compiled.status != 1 or not errors or {one["code"] for one in errors} != {REFUSED}:
        return Outcome(policy, "invalid", compiled, faults=("not a refusal",))
    faults = [*_not_minimal(policy, compiled)]
    if compiled.manifests:
        faults.append("manifests beside an error")
    return Outcome(policy, "refused", compiled, faults=tuple(faults))


def named_rules(policy: RandomPolicy, finding: dict[str, object]) -> tuple[int, ...]:
    """The rules a finding names by their lines: those of its place and of its related places."""
    rule_of = printed(policy).rule_of
    places = [finding, *finding.get("related", ())]
    return tuple(dict.fromkeys(rule_of[one["line"]] for one in places if one["line"] in rule_of))


def _not_minimal(policy: RandomPolicy, compiled: Compiled) -> Iterator[str]:
    """Why a refusal is not minimal: it is when, without any one of the rules each finding names, it compiles.

    With several findings one rule of each is taken away, in every combination up to sixty-four.
    """
    named = [named_rules(policy, finding) for finding in compiled.errors]
    if not all(named):
        yield "a refusal that names no rule"
        return
    for number, gone in enumerate(product(*named)):
        if number >= 64:
            return
        rest = policy.without(gone)
        again = compile_text(printed(rest).text, profile(rest))
        if again.status != 0:
            yield f"refused without rules {sorted(set(gone))} too"


# Reports


def save(outcomes: Iterable[Outcome], folder: Path) -> None:
    """Write each outcome's report, policy, profile and manifests under a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for outcome in outcomes:
        stem = folder / outcome.policy.name
        stem.with_suffix(".txt").write_text(outcome.report(), encoding="utf-8")
        stem.with_suffix(".egress").write_text(printed(outcome.policy).text, encoding="utf-8")
        stem.with_suffix(".profile.yaml").write_text(profile(outcome.policy), encoding="utf-8")
        stem.with_suffix(".out.yaml").write_text(outcome.compiled.manifests, encoding="utf-8")
