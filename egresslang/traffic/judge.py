"""Judge: which rules a flow that was seen belongs to: asked of the policy, by the sets that it is made of.

What was seen is often less than a flow: metrics have no port. Then a rule has it that grants some of what it may have
been; only a plain http request tells its port, by leaving it out of its Host header (RFC 9110, 7.2).
"""

from __future__ import annotations

from functools import cached_property

from egresslang.mesh.addresses import parse_address
from egresslang.policy import sets
from egresslang.policy.flows import Box, Destinations
from egresslang.policy.granted import Granted, destinations_of, rules_of, workloads_of
from egresslang.policy.intent import HTTP
from egresslang.policy.policy import ANY, Addresses, Everything, Grant, Policy
from egresslang.policy.regions import Regions
from egresslang.profile.profile import ClusterProfile
from egresslang.targets.declare import Declared, declare
from egresslang.traffic.flow import REQUESTS, Flow
from egresslang.traffic.inside import covers, in_mesh_hosts

_CONNECTIONS = frozenset({"tls", "tcp"})
_CONTINENTS = ("us", "eu", "asia")


class Judge:
    """What a policy says of flows that were seen in a cluster."""

    def __init__(self, policy: Policy, profile: ClusterProfile) -> None:
        self.policy = policy
        self.profile = profile
        self.granted = Granted(policy.grants)
        self._regions = Regions(profile.regions)

    @cached_property
    def everybody(self) -> dict[str, set[str]]:
        """The workloads that the policy or the profile knows, by namespace."""
        found = {namespace: set(workloads) for namespace, workloads in self.policy.inventory.namespaces.items()}
        for grant in self.policy.grants:
            if grant.subject.namespace != ANY:
                found.setdefault(grant.subject.namespace, set()).update({grant.subject.workload} - {ANY})
        return found

    @cached_property
    def _inside(self) -> tuple[str, ...]:
        return in_mesh_hosts(self.policy, self.profile)

    def is_inside(self, flow: Flow) -> bool:
        """Whether a flow went to a registered host of the mesh itself."""
        return flow.is_registered and any(covers(pattern, flow.host) for pattern in self._inside)

    @cached_property
    def _declared(self) -> Declared:
        return declare(self.policy, self.profile)[0]

    def grants(self, flow: Flow) -> list[Grant]:
        """One grant of each rule that has the flow, or some of what it may have been."""
        return list(rules_of(self._grants(flow)))

    def _grants(self, flow: Flow) -> list[Grant]:
        who = sets.workload(flow.namespace, flow.workload)
        if flow.is_nameless:
            return self._left_open(who)
        if flow.is_registered:
            return [*self._registered(flow, who), *self._named(flow, who)]
        if flow.kind == REQUESTS and not flow.host:  # no Host header: no name that a rule could have
            assert flow.address is not None
            return self.granted.to_address(Box(who, _address(flow.address), self._ports(flow)))
        if flow.kind == REQUESTS:
            return self._named(flow, who)
        found = self._left_open(who)
        if flow.host and flow.is_tls:
            found += self.granted.to_name_told(Box(who, _name(flow.host), self._ports(flow), frozenset({"tls"})))
        if flow.address is not None:
            found += self.granted.to_address(Box(who, _address(flow.address), self._ports(flow)))
        return found

    def possible(self, flow: Flow) -> list[Grant]:
        """Grants that a flow without a name may belong to, and nobody knows."""
        if not flow.is_nameless:
            return []
        protocols = HTTP if flow.kind == REQUESTS else _CONNECTIONS
        everywhere = Box(sets.workload(flow.namespace, flow.workload), _ANYWHERE, sets.ANY_PORT, protocols)
        return [each for each in self.granted.to(everywhere) if not isinstance(each.destination, Everything)]

    def _registered(self, flow: Flow, who: sets.Workloads) -> list[Grant]:
        """The grants that an entry of the compiled policy with this host is for."""
        entries = self._declared.entries
        found = []
        for namespace in (flow.namespace, self.profile.root_namespace):
            entry = entries.get((namespace, flow.host))
            for grant in entry.grants if entry is not None else ():
                is_port = flow.port in (0, grant.port)
                is_kind = isinstance(grant.destination, Addresses) or (grant.protocol in HTTP) == (
                    flow.kind == REQUESTS
                )
                if is_port and is_kind and workloads_of(grant.subject) & who:
                    found.append(grant)
        return found

    def _named(self, flow: Flow, who: sets.Workloads) -> list[Grant]:
        """The grants to what a client named, or a registered host is."""
        address = parse_address(flow.host.removeprefix("[").removesuffix("]"))
        where = _name(flow.host) if address is None else _address(address)
        protocols = HTTP if flow.kind == REQUESTS else _CONNECTIONS
        box = Box(who, where, self._ports(flow), protocols)
        # What a client says counts where a sidecar looks at it; a name with fixed addresses is told by those.
        is_said = address is None and not flow.is_registered
        found = self.granted.to_name_told(box) if is_said else self.granted.to(box)
        if flow.kind == REQUESTS and flow.address is not None:  # a grant to addresses is for http as well
            found += self.granted.to_address(Box(who, _address(flow.address), self._ports(flow)))
        if not flow.host.startswith("*."):
            return found
        return [each for each in found if where <= destinations_of(each.destination)]

    def _left_open(self, who: sets.Workloads) -> list[Grant]:
        """The grants of everything."""
        some = self.granted.to(Box(who, _ANYWHERE))
        return [each for each in some if isinstance(each.destination, Everything)]

    def _ports(self, flow: Flow) -> sets.Ports:
        if flow.port:
            return sets.ports(flow.port)
        return sets.ANY_PORT if flow.is_registered or flow.kind != REQUESTS else sets.ports(80)

    # Regions

    def region(self, flow: Flow) -> str:
        """Where the destination lies, by the profile or its name; empty where nothing says."""
        known = self.profile.destinations.get(flow.host)
        if known is not None and known.region:
            return known.region
        return self._regions.of_host(flow.host) if "." in flow.host else ""

    def leaves_region(self, flow: Flow, grants: list[Grant]) -> bool:
        """Whether the destination lies outside of the region that its rules claim, or, without a claim, of any that holds the
        cluster too.
        """
        region = self.region(flow)
        if not region:
            return False
        claimed = {grant.rule.region for grant in grants} - {""}
        if claimed:
            return not any(self._regions.within(region, each) for each in claimed)
        here = self.profile.region
        if not here:
            return False
        outer = (*_CONTINENTS, *self.profile.regions, here, region)
        return not any(self._regions.within(region, each) and self._regions.within(here, each) for each in outer)


def _name(host: str) -> Destinations:
    names = sets.wildcard(host[2:]) if host.startswith("*.") else sets.host(host)
    return Destinations(names=names)


def _address(address: tuple[int, int]) -> Destinations:
    return Destinations(addresses=sets.addresses(address[0], [(address[1], address[1])]))


_ANYWHERE = Destinations(sets.ANY_NAME, sets.ANY_ADDRESS)
