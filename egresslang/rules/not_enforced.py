"""EGR501 not-enforced: the policy only names traffic here, or leaves some workloads as they are.

Under `observe`, and under `mesh` while the installed mode is ALLOW_ANY, a denied flow and a region claim are words: the
finding names each. Under `workloads` and `{namespaces: […]}` it notes who is left open. What nobody has said of the
cluster is an assumption, which `-v` prints, and no finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egresslang import codes
from egresslang.findings import Finding, Label, Severity, finding
from egresslang.policy.policy import Policy, Rule, Subject
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Span

CODE = codes.NOT_ENFORCED

SHOWN = 20
"""Rules that one finding shows, and workloads that it names; the rest is counted."""

_APPLY = {
    "istio": "run `istioctl install -f installation/istio-operator.yaml`, which `compile -o` writes",
    "helm": "run `helm upgrade` of chart istiod with `-f installation/values.yaml`, which `compile -o --installation helm` writes",
    "sail": "run `kubectl apply -f installation/istio.yaml`, which `compile -o --installation sail` writes",
}


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """At most one finding for a cluster, where the profile says how much is enforced."""
    level, span = profile.enforcement.level, profile.enforcement.span
    if level == "observe" and span is not None:
        yield _observed(policy, profile, span)
    elif level == "mesh" and profile.outbound_traffic_policy != "REGISTRY_ONLY" and profile.mode_span is not None:
        yield _not_installed(policy, profile, profile.mode_span)
    elif level in ("workloads", "namespaces") and span is not None:
        yield from _left_open(policy, profile, span)


def _observed(policy: Policy, profile: ClusterProfile, span: Span) -> Finding:
    labels, notes = _not_in_force(policy)
    return finding(
        CODE,
        span,
        f"nothing is enforced in `{profile.name}`",
        "gives traffic names and telemetry, and blocks nothing",
        labels,
        ["no Sidecar is written: every workload reaches everything", *notes],
        "enforce `workloads`, some `namespaces` or the `mesh` once the policy has every flow",
    )


def _not_installed(policy: Policy, profile: ClusterProfile, span: Span) -> Finding:
    """The Sidecars close what they hold for; the mode of the mesh closes what has none."""
    labels, notes = _not_in_force(policy)
    said = profile.enforcement.span
    if said is not None:
        labels.insert(0, Label(said, "enforces the mesh"))
    return finding(
        CODE,
        span,
        f"`{profile.outbound_traffic_policy}` is installed in `{profile.name}`, and the policy locks the mesh",
        "lets through what no Sidecar holds for",
        labels,
        ["until the installation file is applied the lock hangs on one Sidecar in the root namespace", *notes],
        _APPLY[profile.installation.form],
    )


def _left_open(policy: Policy, profile: ClusterProfile, span: Span) -> Iterator[Finding]:
    """Who stays as they are: known workloads by name, and all that nobody knows."""
    level, names = profile.enforcement.level, profile.enforcement.namespaces
    observed = {Subject(namespace, name) for namespace, name, _ in profile.observed}
    known = [
        Subject(namespace.name, name)
        for namespace in (profile.namespaces or {}).values()
        for name in namespace.workloads
    ]
    left = [
        each
        for each in known
        if each in observed or (each.namespace not in names if level == "namespaces" else each not in policy.named)
    ]
    if profile.namespaces is not None and known and not left and level == "workloads":
        return
    everyone = (
        "every workload outside these namespaces" if level == "namespaces" else "every workload that no rule names"
    )
    notes = [f"left open: {_listed(sorted(left, key=str))}"] if left else []
    labels, more = _not_in_force(policy, "not in force for who is left open", regions=False)
    yield finding(
        CODE,
        span,
        f"{everyone} is left open" + (f", {len(left)} of {len(known)} known ones" if left else ""),
        "reaches whatever the installed mode lets through" if level == "workloads" else "only these are enforced",
        labels,
        [*notes, *more],
        "enforce the `mesh` once the policy has their flows",
        severity=Severity.NOTE,
    )


def _not_in_force(policy: Policy, words: str = "not in force", regions: bool = True) -> tuple[list[Label], list[str]]:
    """A label for each deny and region claim, and notes that count those for which there is no room."""
    denies = _each(each.rule for each in policy.assertions if each.rule.kind == "deny")
    claims = _each(each.rule for each in policy.grants if each.rule.region) if regions else []
    told: list[tuple[Rule, str]] = [(rule, f"this deny is {words}") for rule in denies]
    told += [(rule, f"region `{rule.region}` is {words}") for rule in claims]
    labels = [Label(rule.span, text) for rule, text in told[:SHOWN]]
    counts = [_count(len(denies), "deny", "denies"), _count(len(claims), "region claim", "region claims")]
    notes = [f"{words}: {' and '.join(filter(None, counts))}"] if told else []
    if len(told) > SHOWN:
        notes.append(f"the others: {_places(rule for rule, _ in told[SHOWN:])}")
    return labels, notes


def _each(rules: Iterable[Rule]) -> list[Rule]:
    """Each statement once: two of the same words are equal, and still two."""
    return list({id(rule): rule for rule in rules}.values())


def _places(rules: Iterable[Rule]) -> str:
    """The lines of some rules, file by file: `a.egress:3, 9; b.egress:1`."""
    lines: dict[str, list[str]] = {}
    for rule in rules:
        name, line, _ = rule.span.place
        lines.setdefault(name, []).append(str(line))
    return "; ".join(f"{name}:{', '.join(each)}" for name, each in lines.items())


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}" if number else ""


def _listed(subjects: list[Subject]) -> str:
    shown = ", ".join(f"`{each}`" for each in subjects[:SHOWN])
    return f"{shown} and {len(subjects) - SHOWN} more" if len(subjects) > SHOWN else shown
