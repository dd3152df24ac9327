"""Tell: deviations become findings, one for each rule or resource that they come from, with one concrete request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from egresslang import codes
from egresslang.findings import Finding, Label, Severity, finding
from egresslang.mesh.addresses import BITS
from egresslang.mesh.outbound import (
    ALLOWED,
    ANSWER,
    CLIENT,
    LOST,
    PASSED,
    REFUSED,
    REGISTRY,
    UNSTABLE,
    Request,
    Verdict,
)
from egresslang.mesh.resources import Origin
from egresslang.policy.policy import ANY, Grant, Policy
from egresslang.profile.profile import ClusterProfile
from egresslang.ranges import show
from egresslang.record import record
from egresslang.source import Span
from egresslang.verify.compare import OVER_GRANT, Deviation
from egresslang.verify.pods import Class


@record
class Found:
    """A deviation and the class of pods it was found for; `is_old` when it is there without the policy too."""

    pods: Class
    deviation: Deviation
    is_old: bool = False


def told(found: Iterable[Found], policy: Policy, profile: ClusterProfile, is_emitted: bool) -> Iterator[Finding]:
    """The findings of some deviations; `is_emitted` when the manifests are what the compiler has just made."""
    groups: dict[object, list[Found]] = {}
    for each in found:
        groups.setdefault(_kin(each), []).append(each)
    by_host = _by_host(policy) if groups else {}
    for group in groups.values():
        yield _finding(group, by_host, profile, is_emitted)


def _kin(found: Found) -> object:
    """What deviations of one cause have in common: their kind, and the rule or the resource they come from."""
    deviation = found.deviation
    if deviation.grants:
        return deviation.kind, id(deviation.grants[0].rule)
    verdict = deviation.verdict
    if verdict.verdict == PASSED:
        return deviation.kind, verdict.because
    return found.is_old, deviation.kind, verdict.host, verdict.because[-1:], deviation.request.port


def _by_host(policy: Policy) -> Mapping[str, Grant]:
    """The first grant to each destination, as it is written."""
    found: dict[str, Grant] = {}
    for grant in policy.grants:
        found.setdefault(str(grant.destination), grant)
    return found


def _finding(group: list[Found], by_host: Mapping[str, Grant], profile: ClusterProfile, is_emitted: bool) -> Finding:
    first = min(group, key=lambda each: each.pods.workload == ANY)
    deviation = first.deviation
    verdict = deviation.verdict
    grant = deviation.grants[0] if deviation.grants else by_host.get(verdict.host)
    instead = _instead(first)
    because = (*verdict.because, *(_sharing(first) if instead else ()))
    existing = [each for each in because if _stands_already(each, profile)]
    manifest = _place(because)
    own = first.pods.intent.grants
    span = grant.span if grant is not None else manifest or (own[0].span if own else profile.span)
    asked = described(deviation.request, deviation.dialled)
    more = f", and {len(group) - 1} more such requests" if len(group) > 1 else ""
    notes = [f"asked: {asked}, by {first.pods}{more}", f"answered: {outcome(verdict, instead)}", *_through(verdict)]
    if deviation.kind == OVER_GRANT:
        message = f"{first.pods} could reach {_found_open(first)}, which no rule grants it"
        told = "granted to others" if grant is not None else "nothing grants it"
        label = told if grant is not None or manifest is not None or not own else "this is granted"
    else:
        led = f"would be led to {instead} instead of" if instead else "could not reach"
        message = f"{first.pods} {led} {_wanted(deviation, grant)}"
        label = "granted here" if deviation.grants else "left open"
    related = [Label(manifest, "by this resource")] if manifest is not None and span is not manifest else []
    if existing and first.is_old:
        notes.append("the policy changes nothing about it")
    if existing:
        return finding(
            codes.COLLISION,
            span,
            message,
            label,
            related,
            notes,
            f"remove or change {_leading(existing)}, which stands in the cluster already",
            severity=Severity.WARNING if first.is_old else None,
        )
    code = codes.OVER_GRANT if deviation.kind == OVER_GRANT else codes.OUTAGE
    help = "compile the policy again, or write into it what was changed by hand"
    if is_emitted:
        help = "report this as a bug of egressc, with the policy: nothing was written"
    return finding(code, span, message, label, related, notes, help)


def _stands_already(origin: Origin, profile: ClusterProfile) -> bool:
    return any(origin.manifest_span is each.manifest_span for each in profile.resources)


def _place(because: Sequence[Origin]) -> Span | None:
    """Where the last resource of a verdict's trail is written, if it is in a file that somebody can open."""
    written = [each for each in because if each.manifest_span is not None and each.file != EMITTED]
    return _leading(written).place if written else None


def _leading(because: Sequence[Origin]) -> Origin:
    """Which of several resources leads a request where it ends: the last route, else the last of them."""
    routes = [each for each in because if each.kind == "VirtualService"]
    return (routes or because)[-1]


EMITTED = "<manifests>"
"""The name of manifests that are in no file yet."""


def described(request: Request, dialled: str = "") -> str:
    """A request as the language would write it."""
    address = _shown(request.address)
    if request.protocol == "tcp":
        to = dialled or (f"[{address}]" if ":" in address else address)
        return f"`{to}:{request.port} tcp`"
    return f"`{request.name}:{request.port} {request.protocol}`, dialled at {address}"


def _shown(address: tuple[int, int]) -> str:
    version, number = address
    return show(version, number, BITS[version])


def reached(request: Request, verdict: Verdict) -> str:
    """What a request reaches."""
    if verdict.verdict == UNSTABLE:
        return reached(
            request, next(each for each in (*verdict.possible, *(p for p, _ in verdict.parts)) if each.reaches)
        )
    if verdict.host and verdict.dials != CLIENT:
        return f"`{verdict.host}:{verdict.port}`"
    address = _shown(request.address)
    return f"`[{address}]:{request.port}`" if ":" in address else f"`{address}:{request.port}`"


def _found_open(found: Found) -> str:
    """What a request reaches that is not granted, which a gateway may lead out of the mesh."""
    request, verdict = found.deviation.request, found.deviation.verdict
    service = found.pods.proxy.outbound.scope.services.get(verdict.host)
    is_led_out = service is not None and service.kubernetes
    return (
        f"`{request.name}:{request.port}` through {reached(request, verdict)}"
        if is_led_out
        else reached(request, verdict)
    )


def _wanted(deviation: Deviation, grant: Grant | None) -> str:
    if deviation.grants and grant is not None:
        return f"`{grant.destination}:{grant.port}`, which a rule grants it"
    return f"{described(deviation.request, deviation.dialled)}, though it is left open"


def _instead(found: Found) -> str:
    """Where a sidecar leads a request that it lets through, if that is not what its name says; empty otherwise."""
    verdict = found.deviation.verdict
    if verdict.verdict != ALLOWED or verdict.dials != REGISTRY or verdict.sees != ANSWER or verdict.wraps:
        return ""
    outbound = found.pods.proxy.outbound
    service = outbound.scope.services.get(verdict.host)
    namespace = "" if service is None else service.namespace
    behind = outbound.registry.endpoints.get((verdict.host, namespace, verdict.port), [])
    return ", ".join(f"`{each}`" for each in behind if each not in (verdict.host, found.deviation.request.name))


def _sharing(found: Found) -> Iterator[Origin]:
    """The other entries of the host that took a request, in its namespace: what is behind one is behind all."""
    outbound, host = found.pods.proxy.outbound, found.deviation.verdict.host
    service = outbound.scope.services.get(host)
    if service is None:
        return
    for entry in outbound.registry.resources.service_entries:
        if host in entry.hosts and entry.origin.namespace == service.namespace and entry.origin != service.origin:
            yield entry.origin


def outcome(verdict: Verdict, instead: str = "") -> str:
    """A verdict in words; `instead` is where it leads, if that is not what its host says."""
    if verdict.verdict == UNSTABLE:
        each = (*verdict.possible, *(part for part, _ in verdict.parts))
        return f"by chance one of: {'; '.join(dict.fromkeys(map(outcome, each)))}"
    if verdict.verdict == REFUSED:
        return "Envoy does not take this listener or route"
    if verdict.verdict == LOST:
        subset = f" of subset `{verdict.subset}`" if verdict.subset else ""
        return f"lost: `{verdict.host}:{verdict.port}` has no cluster{subset}"
    leads = f" to `{verdict.host}:{verdict.port}`" if verdict.host else ""
    if instead:
        leads += f", which is {instead}"
    if verdict.wraps:
        return f"{verdict.verdict}{leads} with the client's TLS in TLS of the sidecar's own, the client sees no TLS"
    return f"{verdict.verdict}{leads}, the client sees {verdict.sees}"


def _through(verdict: Verdict) -> Iterator[str]:
    if verdict.because:
        shown = ", ".join(
            f"{each} ({each.file}:{each.line})" if each.file not in ("", EMITTED) else str(each)
            for each in verdict.because
        )
        yield f"through: {shown}"
