"""Learn: rules that grant what was seen, with the evidence in comments; never more than was seen.

What nobody can vouch for is kept apart, in comments: names that are none or nobody owns, addresses in a Host header,
names of the mesh, whatever was only attempted, and traffic of which the port, the destination or the protocol is not
known. What is proposed compiles: a rule that does not is taken out, with what is wrong with it (`trial`).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from egresslang.answers.dialling import literal
from egresslang.findings import Finding
from egresslang.mesh.addresses import parse_address
from egresslang.policy.public_suffixes import is_registry
from egresslang.profile.profile import ClusterProfile
from egresslang.record import record
from egresslang.report.display import shown
from egresslang.source import Source, Span
from egresslang.syntax.nodes import WorkloadName
from egresslang.syntax.words import read_host, read_member
from egresslang.traffic.audit import Audit, Traffic
from egresslang.traffic.flow import ALLOWED, LOST, PASSED, REQUESTS, Flow
from egresslang.traffic.trial import PROPOSED, Check, Rule, formatted, stand
from egresslang.traffic.window import latest, show_duration, show_moment, show_time

_LONGEST = 80
_LONGEST_REASON = 300
_SHOWN_APART = 200
"""Flows that are listed of each kind that is kept apart; the others are counted."""

Declared = Mapping[str, Sequence[tuple[int, str]]]
"""The ports of registered hosts, with their protocols in the language."""


@record
class Asked:
    """How to propose: suffixes below which names become one wildcard, whether attempts count, attributes for each rule."""

    wildcards: tuple[str, ...] = ()
    attempted: bool = False
    attributes: tuple[tuple[str, str], ...] = ()


@record
class Apart:
    """Traffic that no rule is proposed for, and why."""

    why: str
    traffic: Traffic


@record
class Learned:
    """A proposal: its text, the rules in it, and what was kept apart."""

    text: str
    rules: tuple[Rule, ...]
    apart: tuple[Apart, ...]


def learn(made: Audit, profile: ClusterProfile, declared: Declared, asked: Asked, check: Check) -> Learned:
    """A proposal for what was seen and no rule of the policy grants yet."""
    held: dict[tuple[str, str, str, int], dict[str, list[Traffic]]] = {}
    apart: list[Apart] = []
    namespaces = _namespaces(made, profile)
    for each in made.traffic:
        if each.grants:
            continue
        place = _place(each.flow, profile, namespaces, declared, asked)
        if isinstance(place, str):
            apart.append(Apart(place, each))
            continue
        where, port, protocol = place
        way = each.flow.namespace, each.flow.workload, where, port
        held.setdefault(way, {}).setdefault(protocol, []).append(each)
    rules = [
        Rule(*way, protocol, tuple(found)) for way, said in held.items() for protocol, found in _agreed(said).items()
    ]
    disputed = _disputed(rules)
    rules.sort(key=lambda rule: (rule.namespace, rule.text))
    undisputed = [rule for rule in rules if _port(rule) not in disputed]
    kept, refused = stand(undisputed, lambda some: _written(made, some, (), asked), check)
    refused += [(rule, disputed[_port(rule)]) for rule in sorted(rules, key=_port) if _port(rule) in disputed]
    apart += [Apart(why, each) for rule, why in refused for each in rule.evidence]
    return Learned(formatted(_written(made, kept, apart, asked)), tuple(kept), tuple(apart))


def _agreed(said: Mapping[str, list[Traffic]]) -> dict[str, list[Traffic]]:
    """The traffic of a workload to one port by its protocol, where metrics and an access log tell of the same.

    Metrics call HTTP/2 http, and an access log says HTTP/2 of gRPC.
    """
    found = dict(said)
    if "http2" in found and all(each.seen.by == "metrics" for each in found.get("http", ())):
        found["http2"] = [*found["http2"], *found.pop("http", ())]
    if "http2" in found and "grpc" in found:
        found["grpc"] = [*found["grpc"], *found.pop("http2")]
    return found


def _port(rule: Rule) -> tuple[str, str, int]:
    return rule.namespace, rule.where, rule.port


def _disputed(rules: Iterable[Rule]) -> dict[tuple[str, str, int], str]:
    """Why nothing is proposed for a name and port of a namespace of which clients say different protocols.

    A sidecar has one ServiceEntry port for them (EGR204), and any of them may be invented.
    """
    said: dict[tuple[str, str, int], set[str]] = {}
    for rule in rules:
        if parse_address(rule.where.removeprefix("[").removesuffix("]")) is None:
            said.setdefault(_port(rule), set()).add(rule.protocol)
    return {
        port: f"{' and '.join(sorted(protocols))} on one port of one name: nothing says which it is"
        for port, protocols in said.items()
        if len(protocols) > 1
    }


def _namespaces(made: Audit, profile: ClusterProfile) -> frozenset[str]:
    """The namespaces of the mesh, as far as profile and traffic tell them."""
    seen = {*made.observed.namespaces, *(each.flow.namespace for each in made.traffic)}
    return frozenset({profile.default_namespace, *(profile.namespaces or ()), *seen})


def _place(
    flow: Flow, profile: ClusterProfile, namespaces: Container[str], declared: Declared, asked: Asked
) -> tuple[str, int, str] | str:
    """Destination, port and protocol of a flow; or why it is kept apart."""
    if flow.is_nameless:
        return "nothing says where to: read the workload's access log"
    is_one = isinstance(read_member(flow.who, _nowhere(flow.who)), WorkloadName)
    if not is_one or "unknown" in (flow.namespace, flow.workload):
        return "no workload that a rule can name"
    if flow.verdict == LOST:
        return "led nowhere: no cluster has it"
    if flow.verdict not in (PASSED, ALLOWED) and not asked.attempted:
        return "attempted and blocked: --attempted proposes it"
    if flow.verdict == ALLOWED:
        return _registered(flow, declared, asked)
    return _claimed(flow, profile, namespaces, asked)


def _registered(flow: Flow, declared: Declared, asked: Asked) -> tuple[str, int, str] | str:
    """A host that the mesh knows: its port is told by an access log, or by the only entry that has one of the kind."""
    if flow.host.startswith("*.") and flow.host[2:] not in asked.wildcards:
        return f"registered as a wildcard: --wildcard '{flow.host}' proposes it"
    if isinstance(read_host(flow.host.removeprefix("*."), _nowhere(flow.host)), Finding):
        return "registered under a host that no rule can name"
    is_http = flow.kind == REQUESTS
    ports = [(port, protocol) for port, protocol in declared.get(flow.host, ()) if (protocol in _HTTP) == is_http]
    if flow.port:
        protocol = next((protocol for port, protocol in ports if port == flow.port), "")
        if not protocol and flow.protocol:
            return f"registered; whether its port is http or {flow.protocol} is not known: {_ENTRY}"
        if not protocol:
            protocol = "http" if is_http else "tls" if flow.is_tls else ""
        if not protocol:
            return "registered; whether it is tls or other tcp is not known"
        return flow.host, flow.port, protocol
    if flow.protocol:  # HTTP/2 all the way, where a port has it
        ports = [(port, protocol) for port, protocol in ports if protocol != "http"] or ports
    if len(ports) == 1:
        return flow.host, *ports[0]
    if not ports:
        return f"registered, and nothing says the port: {_ENTRY}"
    return "registered on several ports: its access log says which"


_HTTP = frozenset({"http", "http2", "grpc"})
_ENTRY = "put its ServiceEntry under `resources:` of the profile"


def _claimed(
    flow: Flow, profile: ClusterProfile, namespaces: Container[str], asked: Asked
) -> tuple[str, int, str] | str:
    """A name that a client said, if somebody may own it; else the address that it dialled."""
    if not flow.host:
        assert flow.address is not None
        if not flow.port:
            return "an address, and nothing says the port"
        if flow.kind == REQUESTS:
            return literal(flow.address), flow.port, flow.protocol or "http"
        if flow.port == 443:
            return "an address on port 443: a sidecar reads the name in a TLS hello once some rule has `:443 tls`"
        return literal(flow.address), flow.port, "tcp"
    if flow.kind != REQUESTS and not flow.is_tls:
        return "no tls, and yet a name: not understood"
    why = invented(flow.host, profile, namespaces)
    if why:
        return why
    host = next((f"*.{suffix}" for suffix in asked.wildcards if flow.host.endswith(f".{suffix}")), flow.host)
    if flow.kind != REQUESTS:
        return host, flow.port or 443, "tls"
    return host, flow.port or 80, flow.protocol or "http"


def invented(host: str, profile: ClusterProfile, namespaces: Container[str]) -> str:
    """Why a name that a client said is not one that a rule should grant; empty where it may be.

    `namespaces` are those of the mesh. A name on the wire is ASCII: a sidecar compares bytes, and takes `bücher.de` for
    another than `xn--bcher-kva.de`.
    """
    if parse_address(host.removeprefix("[").removesuffix("]")) is not None:
        return "the client says an address, not a name"
    if "*" in host or not host.isascii() or isinstance(read_host(host, _nowhere(host)), Finding):
        return "not a DNS name"
    labels = host.split(".")
    if host.endswith(f".{profile.cluster_domain}") or labels[-1] in ("local", "internal", "svc", "localhost"):
        return "a name of the mesh or of a private network"
    if len(labels) == 2 and labels[1] in namespaces:
        return "a name of the mesh or of a private network"
    if len(labels) == 3 and labels[2] in namespaces:  # a pod of a headless Service: web-0.nginx.NAMESPACE
        return f"a pod of namespace `{labels[2]}`, or a name outside: nothing says which"
    if is_registry(host) or not any(is_registry(".".join(labels[at:])) for at in range(1, len(labels))):
        return "a name that nobody can have registered"
    return ""


def _nowhere(text: str) -> Span:
    return Span(Source(PROPOSED, text), 0, len(text))


# Text


def _written(made: Audit, rules: Sequence[Rule], apart: Sequence[Apart], asked: Asked) -> str:
    observed = made.observed
    length = show_duration((observed.end - observed.start) // 60 * 60)
    lines = [
        f"# Proposed by egressc learn from what was seen from {show_time(observed.start)} to {show_time(observed.end)} UTC ({length}).",
        "# Names of http are what clients said: a rule grants the name, wherever a client thought it was.",
    ]
    if observed.since is None:
        lines.append("# Nothing was observed.")
    elif observed.since > observed.start:
        lines.append(f"# Nothing is known before {show_time(observed.since)} UTC.")
    lines += [f"# Incomplete: {_safe(each)}" for each in observed.remarks]
    namespace = ""
    said = "".join(f" {key}={value}" for key, value in asked.attributes)
    for rule in rules:
        if rule.namespace != namespace:
            namespace = rule.namespace
            lines += ["", f"namespace {namespace}"]
        lines += ["", *(f"# {_evidence(rule.evidence)}",), f"{rule.text}{said}"]
    return "\n".join([*lines, *_apart(apart), ""])


def _evidence(some: Sequence[Traffic]) -> str:
    counts = []
    for kind in ("requests", "connections"):
        number = round(sum(each.seen.count for each in some if each.flow.kind == kind))
        if any(each.flow.kind == kind for each in some):
            counts.append(f"{max(1, number)} {kind if number > 1 else kind[:-1]}")
    how = ", ".join(sorted({each.flow.verdict for each in some}))
    names = sorted({each.flow.host for each in some})
    of = f" of {len(names)} names, such as {_safe(names[0])}" if len(names) > 1 else ""
    return f"{' and '.join(counts)}{of}, last seen {show_moment(latest(each.seen.last for each in some))}, {how}"


def _apart(apart: Sequence[Apart]) -> list[str]:
    """What is kept apart, by the reason."""
    held: dict[str, list[Traffic]] = {}
    for each in apart:
        held.setdefault(each.why, []).append(each.traffic)
    lines: list[str] = []
    for why, some in sorted(held.items()):
        lines += ["", f"# Kept apart: {_safe(why, _LONGEST_REASON)}"]
        for seen in some[:_SHOWN_APART]:
            flow = seen.flow
            where = flow.host or ("" if flow.address is None else literal(flow.address)) or "unknown"
            port = f":{flow.port}" if flow.port else ""
            lines.append(f"#   {_safe(flow.who)} -> {_safe(where)}{port}: {_evidence([seen])}")
        if len(some) > _SHOWN_APART:
            lines.append(f"#   and {len(some) - _SHOWN_APART} more")
    return lines


def _safe(text: str, longest: int = _LONGEST) -> str:
    """A text that anybody may have chosen, as a comment can hold it: printable, on one line, and no suppression."""
    text = shown(text).encode("ascii", "backslashreplace").decode().replace("#", "\\#")
    return text if len(text) <= longest else f"{text[:longest]}..."
