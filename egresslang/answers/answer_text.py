"""An answer for people: the verdict, what the client sees, the way through the sidecar, the rules, the signs."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang.answers import near_misses
from egresslang.answers.asked_mesh import AskedMesh
from egresslang.answers.explain import Answer, by_address, like, near, told
from egresslang.answers.question import Unanswerable
from egresslang.answers.signs import signs
from egresslang.answers.written import place, words
from egresslang.mesh.outbound import (
    ALLOWED,
    ANSWER,
    ANSWERED,
    BLOCKED,
    CLIENT,
    HANGS,
    LOST,
    PASSED,
    REFUSED,
    REGISTRY,
    TLS_IN_TLS,
    UNAVAILABLE,
    UNSTABLE,
    Verdict,
)
from egresslang.mesh.resources import Origin
from egresslang.policy.policy import Grant
from egresslang.report.color import Paint
from egresslang.report.display import shown

_SEES = {
    ANSWER: "the destination's answer",
    "404": "404: no route is for the request",
    "502": "502 from its own sidecar",
    "503": "503 from its own sidecar",
    "dropped": "a connection that is accepted, then closed: `empty reply`, `connection reset`",
    TLS_IN_TLS: "a failed handshake: a DestinationRule has the sidecar wrap the client's TLS in TLS of its own",
    HANGS: "nothing, for ever: the sidecar waits for the client to speak, and the client for the server",
}
_CHOSE = {
    REGISTRY: "the sidecar: it dials what it resolved itself, or what is registered",
    CLIENT: "the client: its own address is dialled",
}
_BY_MODE = frozenset({ANSWER, "502", "dropped"})
"""What a client sees of a flow that the outbound policy decides."""

NO_FIREWALL = (
    "a sidecar is no firewall: what leaves around it is not stopped; a NetworkPolicy or an egress gateway does that"
)


def show(asked: AskedMesh, text: str, answer: Answer | Unanswerable, paint: Paint) -> str:
    """An answer as lines of text, with a line end."""
    if isinstance(answer, Unanswerable):
        return f"{paint('error', 'no answer')}{paint('strong', f': {shown(text.strip())}')}\n  {shown(answer.why)}\n"
    lines = [f"{paint('strong', f'{answer.verdict}: {shown(answer.flow)}')}\n"]
    for name, said in _lines(asked, answer):
        lines.append(f"  {paint('gutter', f'{name:<9}')} {shown(said)}\n")
    return "".join(lines)


def _lines(asked: AskedMesh, answer: Answer) -> Iterator[tuple[str, str]]:
    found = answer.found
    if answer.uncaptured:
        yield "because", f"{answer.uncaptured}{_at(answer.client.origin)}"
    yield from _seen(answer)
    yield "client", f"dials {answer.dialled}, {answer.dialled.words}"
    if not answer.uncaptured:
        yield from _way(found)
        yield from (("because", f"{origin}{_at(origin)}") for origin in answer.because)
        if not any(origin.kind == "Sidecar" for origin in answer.because) and found.verdict != UNSTABLE:
            yield "because", f"no Sidecar is for `{answer.client}`: it imports everything that is exported to it"
        yield from _mode(asked, answer)
    yield from _rules(asked, answer)
    yield from _signs(answer)
    yield from _notes(answer)


def _seen(answer: Answer) -> Iterator[tuple[str, str]]:
    found = answer.found
    if found.verdict == ANSWERED:
        yield "sees", "an answer of the sidecar itself: a VirtualService redirects, or answers directly"
    elif found.verdict == REFUSED:
        yield "sees", "what it saw before: Envoy does not take this listener or route, and what was there stays"
    elif answer.verdict == UNSTABLE:
        chance = "istiod decides at each of its starts" if found.possible else "a route deals requests by weight"
        yield "sees", f"one thing or another: {chance}"
        for each in found.possible or (part for part, copied in found.parts if not copied):
            yield "either", _outcome(each)
    elif found.verdict == ALLOWED and found.sees == UNAVAILABLE:
        yield "sees", "503 from its own sidecar: nothing is behind the host"
    else:
        yield "sees", _SEES[answer.sees]


def _outcome(each: Verdict) -> str:
    where = f" by {each.host}:{each.port}" if each.host else ""
    verdict, sees = told(each)
    return f"{verdict}{where}" + (f", sees {sees}" if sees else "")


def _way(found: Verdict) -> Iterator[tuple[str, str]]:
    """Listener, route, host and cluster."""
    if found.dials and found.verdict != UNSTABLE:
        yield "address", f"chosen by {_CHOSE[found.dials]}"
    if found.listener:
        yield "listener", found.listener
    if found.route:
        yield "route", found.route
    if found.verdict in (ALLOWED, LOST) and found.host:
        missing = ", which does not exist" if found.verdict == LOST else ""
        yield "cluster", f"{found.cluster}{missing}"
    elif found.verdict == PASSED and found.dials == CLIENT:
        yield "cluster", "PassthroughCluster"
    elif found.verdict == BLOCKED and found.sees == "dropped":
        yield "cluster", "BlackHoleCluster"
    elif found.host and found.verdict != UNSTABLE:
        yield "host", f"{found.host}:{found.port}"


def _mode(asked: AskedMesh, answer: Answer) -> Iterator[tuple[str, str]]:
    """What holds for traffic to nobody registered, where the flow is such, and what says so."""
    if answer.found.host or answer.found.verdict not in (BLOCKED, PASSED) or answer.sees not in _BY_MODE:
        return
    sidecar = asked.proxy(answer.client).sidecar
    if sidecar is not None and sidecar.policy is not None:
        yield "mode", f"{sidecar.policy.mode}, as {sidecar.origin} says"
    else:
        yield "mode", f"{asked.mesh.config.policy.mode}, as the mesh configuration says"


def _rules(asked: AskedMesh, answer: Answer) -> Iterator[tuple[str, str]]:
    if asked.granted is None:
        if answer.found.verdict in (BLOCKED, PASSED) and not answer.uncaptured:
            yield from (("nearest", said) for said in near_misses.of(asked, answer))
        return
    yield from (("rule", _rule(grant)) for grant in answer.grants)
    if answer.grants:
        if answer.verdict not in (ALLOWED, PASSED):
            yield (
                "rule",
                "the policy grants it, and yet the mesh does not do it",
            )
        return
    if not any(origin.kind == "Service" for origin in answer.because):
        yield "rule", "none grants it"
    if (grant := by_address(asked, answer)) is not None:
        yield "nearest", f"{_rule(grant)} grants addresses on the port: ask with `address=`"
    elif (found := near(asked, answer)) is not None:
        yield "nearest", f"{_rule(found.grant)} grants {found.words}"
    elif name := like(asked, answer):
        yield "nearest", f"`{answer.client}` is granted `{name}`, which is spelled much like it"


def _rule(grant: Grant) -> str:
    return f"`{words(grant.rule)}` ({place(grant.rule)})"


def _signs(answer: Answer) -> Iterator[tuple[str, str]]:
    found = signs(answer)
    if found is None:
        if answer.uncaptured or answer.sees == HANGS:
            yield "log", "no line: the sidecar does not see it" if answer.uncaptured else "no line while it hangs"
        return
    yield "log", str(found.log)
    labels = ", ".join(f"{key}={_quoted(value)}" for key, value in found.labels.items())
    yield "metric", f"{found.metric}{{{labels}}}"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _notes(answer: Answer) -> Iterator[tuple[str, str]]:
    if not answer.client.is_known:
        label = f"app={answer.client.name}"
        yield "note", f"nothing names `{answer.client}`: it is taken to carry the label {label} and no other"
    if answer.verdict == BLOCKED and answer.found.verdict == BLOCKED:
        yield "note", NO_FIREWALL


def _at(origin: Origin | None) -> str:
    """Where a resource is written, in parentheses."""
    return f" ({origin.file}:{origin.line})" if origin is not None and origin.file else ""
