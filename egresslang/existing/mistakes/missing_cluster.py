"""EGR608 missing-cluster: a route to a host, port or subset that is not there: the sidecar has no cluster for it."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import asking, below, flow
from egresslang.existing.inspected import Inspected, place
from egresslang.existing.known import in_cluster, is_known
from egresslang.existing.lost_proxies import lost_proxies
from egresslang.existing.routes import Route, routes, whole_name
from egresslang.findings import Finding, Severity, finding
from egresslang.mesh.registry import Registered
from egresslang.source import Span
from egresslang.suggest import nearest, one_of

CODE = codes.MISSING_CLUSTER


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each destination of a VirtualService or `egressProxy` that leads nowhere, and each DestinationRule for a host nobody declares."""
    subsets = _subsets(inspected)
    for route in routes(inspected):
        service = _service(inspected, route)
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
        if route.subset and route.subset not in subsets.get(route.host, ()):
            known = sorted(subsets.get(route.host, ()))
            help = (
                f"write {one_of(known)}, or define it in a DestinationRule"
                if known
                else "define it in a DestinationRule, or leave `subset` out"
            )
            yield _finding(
                inspected,
                route,
                "subset",
                f"`{route.written}` has no subset `{route.subset}`",
                "no DestinationRule defines it",
                help,
            )
    yield from _rules(inspected)
    yield from lost_proxies(inspected)


def _rules(inspected: Inspected) -> Iterator[Finding]:
    """A warning: a rule for nobody changes nothing but what its author believes."""
    for rule in inspected.resources.destination_rules:
        if (
            "*" not in rule.host
            and rule.host not in inspected.mesh.registry().by_host
            and _is_unknown(inspected, rule.host)
        ):
            near = nearest(rule.host, inspected.entries_of, 0.8)
            asked = flow(inspected, *asking(inspected, rule.origin.namespace, near), "tls", near or rule.host, 443)
            yield finding(
                CODE, place(rule.origin, "spec", "host"), f"{rule.origin} is for a host that nothing declares", "no ServiceEntry or Service", notes=asked.notes,
                help=f"write `{near}`" if near else "declare the host in a ServiceEntry, or remove the rule", severity=Severity.WARNING,
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


def _finding(inspected: Inspected, route: Route, key: str, message: str, label: str, help: str) -> Finding:
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
    return finding(CODE, span, message, label, notes=asked.notes, help=help)


def _dialled(inspected: Inspected, route: Route, host: str) -> int:
    """The port that a client of a VirtualService dials: that of its host, if it is registered."""
    held = inspected.mesh.registry().by_host.get(host, {})
    ports = [port.number for each in held.values() for port in each.ports]
    return next(iter(ports), 80 if route.kind == "http" else 443)
