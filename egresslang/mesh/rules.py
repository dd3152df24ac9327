"""Rules: the DestinationRule that holds for a service (destinationRule, pilot/pkg/model/push_context.go)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from egresslang.mesh.resources import Balancing, DestinationRule, MeshConfig, Subset, selects
from egresslang.record import replace

PASSTHROUGH = "PASSTHROUGH"
"""The load balancer that connects to whatever the client dialled."""

SPEAKS_TLS = frozenset({"SIMPLE", "MUTUAL", "ISTIO_MUTUAL"})
"""The modes in which a sidecar speaks TLS to the destination, whatever the client says (buildUpstreamTLSSettings)."""


class _Merged:
    """The rules of one host in one namespace that istiod takes for one (mergeDestinationRule)."""

    __slots__ = ("export_to", "rule")

    def __init__(self, rule: DestinationRule, export_to: frozenset[str]) -> None:
        self.rule = rule
        self.export_to = export_to

    def add(self, rule: DestinationRule) -> None:
        """Take in what the rule has not yet said."""
        further = tuple(each for each in rule.subsets if subset(self.rule, each.name) is None)
        balancing = rule.balancing if self.rule.balancing is None else self.rule.balancing
        self.rule = replace(self.rule, subsets=(*self.rule.subsets, *further), balancing=balancing)

    def is_for(self, namespace: str) -> bool:
        """Whether it is exported to a namespace."""
        return not self.export_to or bool(self.export_to & {"*", namespace})


_ByHost = dict[str, list[_Merged]]


class Rules:
    """Every DestinationRule, where istiod looks for it."""

    def __init__(self, rules: Iterable[DestinationRule], config: MeshConfig) -> None:
        self._root = config.root_namespace
        self._local: dict[str, _ByHost] = {}
        self._exported: dict[str, _ByHost] = {}
        self._of_root: _ByHost = {}
        for rule in sorted(rules, key=lambda each: (each.selector is None, each.created, each.origin.name)):
            self._add(rule, "." in config.destination_rule_export_to)

    def _add(self, rule: DestinationRule, keeps: bool) -> None:
        """Put a rule where it is looked for; `keeps` when one that says nothing is for its own namespace alone."""
        own = rule.origin.namespace
        export_to = frozenset(rule.export_to) if rule.selector is None else frozenset({"."})
        if not export_to or export_to & {"*", ".", own}:
            _merge(self._local.setdefault(own, {}), rule, export_to)
        if keeps if not export_to else len(export_to) == 1 and export_to <= {".", own}:
            if own == self._root:
                _merge(self._of_root, rule, export_to)
        else:
            _merge(self._exported.setdefault(own, {}), rule, export_to)

    def of(self, host: str, owner: str, namespace: str, labels: Mapping[str, str]) -> DestinationRule | None:
        """The rule for a host registered in the namespace `owner`, to a pod."""
        chosen: DestinationRule | None = None
        for each in self._found(host, owner, namespace):
            if each.rule.selector is None:
                chosen = each.rule
            elif each.rule.origin.namespace == namespace and selects(each.rule.selector, labels):
                return each.rule
        return chosen

    def _found(self, host: str, owner: str, namespace: str) -> list[_Merged]:
        found = _most_specific(self._of_root if namespace == self._root else self._local.get(namespace), host)
        if found:
            return found
        for where in (owner, self._root):
            found = [each for each in _most_specific(self._exported.get(where), host) if each.is_for(namespace)]
            if found:
                return found
        return []


def _merge(by_host: _ByHost, rule: DestinationRule, export_to: frozenset[str]) -> None:
    held = by_host.setdefault(rule.host, [])
    separately = True
    for each in held:
        separately = export_to != each.export_to
        if separately and not (each.export_to and export_to >= each.export_to):
            continue
        if each.rule.selector is not None and rule.selector is not None and each.rule.selector != rule.selector:
            separately = True
            continue
        if (each.rule.selector is None) == (rule.selector is None):
            separately = False
        each.add(rule)
    if separately:
        held.append(_Merged(rule, export_to))


def _most_specific(by_host: _ByHost | None, host: str) -> list[_Merged]:
    """The rules of a host, else of the longest wildcard above it (MostSpecificHostMatch)."""
    if not by_host:
        return []
    if host in by_host:
        return by_host[host]
    bare = host.removeprefix("*")
    wild = [each for each in by_host if each.startswith("*") and bare.endswith(each[1:])]
    return by_host[max(wild, key=len)] if wild else []


def subset(rule: DestinationRule, name: str) -> Subset | None:
    """The subset of a name."""
    return next((each for each in rule.subsets if each.name == name), None)


def passes(rule: DestinationRule, port: int, name: str = "") -> bool:
    """Whether the cluster of a port, or of a subset of it, connects to what the client dialled."""
    simple, _ = _at(rule.balancing, port)
    part = subset(rule, name) if name else None
    own = None if part is None else part.balancing
    said, is_apart = _at(own, port)
    merged = said if said is not None or is_apart else simple
    return PASSTHROUGH in (simple, merged, None if own is None else own.simple)


def speaks_tls(rule: DestinationRule, port: int, name: str = "") -> bool:
    """Whether the cluster of a port, or of a subset of it, wraps in TLS whatever it is given."""
    return mode_of_tls(rule, port, name) in SPEAKS_TLS


def mode_of_tls(rule: DestinationRule, port: int, name: str = "") -> str | None:
    """The mode of TLS of the cluster of a port, or of a subset of it; None where nothing says one."""
    mode, _ = _tls_at(rule.balancing, port)
    part = subset(rule, name) if name else None
    said, is_apart = _tls_at(None if part is None else part.balancing, port)
    return said if said is not None or is_apart else mode


def needs_endpoints(rule: DestinationRule, port: int, part: Subset) -> bool:
    """Whether a subset of names to resolve is only there with an endpoint: not if it never resolves, on any port."""
    never = part.balancing is not None and part.balancing.simple == PASSTHROUGH
    return bool(part.labels) and not never and not passes(rule, port)


def _at(balancing: Balancing | None, port: int) -> tuple[str | None, bool]:
    """The load balancer of a port, and whether the port is said apart."""
    return (None, False) if balancing is None else _of_port(balancing.simple, balancing.ports, port)


def _tls_at(balancing: Balancing | None, port: int) -> tuple[str | None, bool]:
    """The mode of TLS of a port, and whether the port is said apart."""
    return (None, False) if balancing is None else _of_port(balancing.tls, balancing.tls_ports, port)


def _of_port(said: str | None, apart: tuple[tuple[int, str | None], ...], port: int) -> tuple[str | None, bool]:
    for number, own in apart:
        if number == port:
            return own, True
    return said, False
