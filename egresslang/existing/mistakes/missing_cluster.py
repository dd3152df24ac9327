"""EGR608 missing-cluster: a route to a host, port or subset that is not there: the sidecar has no cluster for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from egresslang import codes
from egresslang.existing.flow import asking, below, flow, spoken
from egresslang.existing.inspected import Inspected, name_of, place
from egresslang.existing.known import in_cluster, is_known
from egresslang.existing.lost_proxies import lost_proxies
from egresslang.existing.routes import Route, routes, whole_name
from egresslang.findings import Finding, Label, Severity, finding
from egresslang.mesh.protocols import HTTP
from egresslang.mesh.registry import Registered, is_subset
from egresslang.mesh.resources import DestinationRule
from egresslang.mesh.rules import SPEAKS_TLS, needs_endpoints, subset
from egresslang.source import Span
from egresslang.suggest import nearest, one_of

CODE = codes.MISSING_CLUSTER

_NAMED = frozenset(("DNS", "DNS_ROUND_ROBIN", "STATIC"))
"""The resolutions by which a ServiceEntry leads to endpoints."""


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each destination of a VirtualService or `egressProxy` that leads nowhere, and each DestinationRule for a host nobody declares."""
    subsets = _subsets(inspected)
    for route in routes(inspected):
        service = _service(inspected, route)
        if route.host in inspected.unsettled:
            continue
        if service is None:
            if _is_unknown(inspected, route.host):
                near = nearest(route.host, inspected.entries_of, 0.8)
                help = f"write `{near}`" if near else "declare it in a ServiceEntry, or route to another host"
                yield _finding(
                    inspected,
                    route,
                    "host",
                    f"`{route.written}` is routed to and never declared",
                    "nothing declares it",
                    help,
                )
            continue
        numbers = [each.number for each in service.ports]
        if not numbers:
            continue
        if route.port and route.port not in numbers:
            label = f"it has {one_of(map(str, numbers))}"
            yield _finding(
                inspected,
                route,
                "port",
                f"`{route.written}` has no port {route.port}",
                label,
                f"write {one_of(map(str, numbers))}",
            )
        elif not route.port and len(numbers) > 1:
            label = f"it has {one_of(map(str, numbers))}"
            yield _finding(
                inspected,
                route,
                "host",
                f"a route to `{route.written}` names no port",
                label,
                "write the `port` of the destination",
            )
        if route.subset:
            yield from _subset(inspected, route, service, subsets)
    yield from _rules(inspected)
    yield from lost_proxies(inspected)


def _subset(
    inspected: Inspected, route: Route, service: Registered, subsets: Mapping[str, set[str]]
) -> Iterator[Finding]:
    """A subset that no rule of the host defines, or of which no endpoint is."""
    known = {name for host, names in _above(route.host, subsets) for name in names}
    if route.subset not in known:
        help = (
            f"write {one_of(sorted(known))}, or define it in a DestinationRule"
            if known
            else "define it in a DestinationRule, or leave `subset` out"
        )
        message = f"`{route.written}` has no subset `{route.subset}`"
        yield _finding(inspected, route, "subset", message, "no DestinationRule defines it", help)
        return
    entry, registry = inspected.entry_at.get(service.origin), inspected.mesh.registry()
    pod = asking(inspected, route.virtual.origin.namespace, route.host)
    rule = None if entry is None else registry.rules.of(route.host, service.namespace, *pod)
    part = None if rule is None else subset(rule, route.subset)
    if entry is None or rule is None or part is None or entry.selector is not None or entry.resolution not in _NAMED:
        return
    port = route.port or service.ports[0].number
    if needs_endpoints(rule, port, part) and not registry.has_endpoint(service, part.labels):
        labels = ", ".join(f"`{key}: {value}`" for key, value in part.labels)
        message = f"subset `{route.subset}` of `{route.written}` is empty"
        help = f"write `labels` with {labels} at the endpoints of {entry.origin}, or leave `subset` out"
        where = name_of(entry.origin) if not entry.endpoints else place(entry.origin, "spec", "endpoints")
        beside = [Label(where, f"no endpoint here has {labels}")]
        yield _finding(inspected, route, "subset", message, f"it is what has {labels}", help, beside)


def _above(host: str, subsets: Mapping[str, set[str]]) -> Iterator[tuple[str, set[str]]]:
    """What is defined for a host and for the wildcards above it."""
    return ((each, names) for each, names in subsets.items() if is_subset(host, each))


def _rules(inspected: Inspected) -> Iterator[Finding]:
    """A warning: a rule for nobody changes nothing but what its author believes; an error where its TLS is missed."""
    by_host = inspected.mesh.registry().by_host
    for rule in inspected.resources.destination_rules:
        if "*" in rule.host or rule.host in inspected.unsettled:
            continue
        held = by_host.get(rule.host)
        if held is not None:
            yield from _ports(inspected, rule, held.values())
        elif _is_unknown(inspected, rule.host) and f"{rule.host}." not in inspected.entries_of:
            near = nearest(rule.host, inspected.entries_of, 0.8)
            asked = flow(inspected, *asking(inspected, rule.origin.namespace, near), "tls", near or rule.host, 443)
            yield finding(
                CODE, place(rule.origin, "spec", "host"), f"{rule.origin} is for a host that nothing declares", "no ServiceEntry or Service", notes=asked.notes,
                help=f"write `{near}`" if near else "declare the host in a ServiceEntry, or remove the rule", severity=Severity.WARNING,
            )  # fmt: skip


def _ports(inspected: Inspected, rule: DestinationRule, services: Iterable[Registered]) -> Iterator[Finding]:
    """Each port that a rule says something of and its host lacks."""
    ports = {port.number: port for each in services for port in each.ports}
    manifest = rule.origin.manifest_span
    settings = None if manifest is None else manifest.get("spec", "trafficPolicy", "portLevelSettings")
    for at, each in enumerate(settings.entries() if settings is not None and ports else ()):
        said = each.get("port", "number")
        if said is None or said.value in ports:
            continue
        meant = next((port for port in ports.values() if port.target == said.value), None)
        number = next(iter(ports)) if meant is None else meant.number
        mode = each.get("tls", "mode")
        is_missed = mode is not None and mode.value in SPEAKS_TLS and ports[number].protocol in HTTP
        pod = asking(inspected, rule.origin.namespace, rule.host)
        asked = flow(inspected, *pod, spoken(ports[number].protocol), below(rule.host), number)
        label = f"it has {one_of(map(str, ports))}"
        yield finding(
            CODE, place(rule.origin, "spec", "trafficPolicy", "portLevelSettings", at, "port", "number"),
            f"{rule.origin} is for port {said.value}, which `{rule.host}` lacks", label,
            notes=[*asked.notes, "what is said of that port holds for none" + (", and plain HTTP is sent where TLS is expected" if is_missed else "")],
            help=f"write {one_of([str(number)] if meant is not None else map(str, ports))}: the port that clients dial, not the one it leads to",
            severity=None if is_missed else Severity.WARNING,
        )  # fmt: skip


def _subsets(inspected: Inspected) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for rule in inspected.resources.destination_rules:
        host = whole_name(inspected, rule.host, rule.origin.namespace)
        found.setdefault(host, set()).update(each.name for each in rule.subsets)
    return found


def _service(inspected: Inspected, route: Route) -> Registered | None:
    held = inspected.mesh.registry().by_host.get(route.host, {})
    return held.get(route.virtual.origin.namespace) or next(iter(held.values()), None)


def _is_unknown(inspected: Inspected, host: str) -> bool:
    """Whether a host would be among the manifests if it were there: the cluster's Services may not be."""
    return not in_cluster(inspected, host) or is_known(inspected, host)


def _finding(
    inspected: Inspected,
    route: Route,
    key: str,
    message: str,
    label: str,
    help: str,
    related: Iterable[Label] = (),
) -> Finding:
    part = route.place_span.get("port", "number") if key == "port" else route.place_span.get(key)
    span: Span = route.place_span.heading if part is None else part.span
    hosts = route.virtual.hosts or (route.host,)
    host = next((each for each in hosts if not each.startswith("*")), below(hosts[0]))
    protocol = "http" if route.kind == "http" else "tls"
    asked = flow(
        inspected,
        *asking(inspected, route.virtual.origin.namespace, host),
        protocol,
        host,
        _dialled(inspected, route, host),
    )
    return finding(CODE, span, message, label, related, asked.notes, help)


def _dialled(inspected: Inspected, route: Route, host: str) -> int:
    """The port that a client of a VirtualService dials: that of its host, if it is registered."""
    held = inspected.mesh.registry().by_host.get(host, {})
    ports = [port.number for each in held.values() for port in each.ports]
    return next(iter(ports), 80 if route.kind == "http" else 443)
