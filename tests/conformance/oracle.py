"""What a policy means for a call, said from the structures it was made from and never from compiler output.

A call is judged in two steps: `Intent.of` says whether the policy grants it, and `wrong` compares that with
what the judge says the proxy does, and with where an allowed call really goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address, ip_network
from random import Random

from asking import Call, Proxy, Verdict
from policies import (
    Addressed,
    Anything,
    Destination,
    Internet,
    MeshLine,
    Named,
    Network,
    Port,
    RandomPolicy,
    Rule,
    Service,
    Source,
    Workload,
    network_text,
)

HTTP = ("http", "http2", "grpc")
"""Protocols of the language that a sidecar judges by Host; it takes HTTP/1.1 and h2c alike."""

UNUSED_PORT = 7777
NOT_GLOBAL = ("100.64.77.7", "172.31.9.9", "192.168.4.4", "169.254.169.254", "198.18.0.7", "240.0.0.9")
PUBLIC = ("93.184.216.34", "1.1.1.1", "52.95.110.1", "185.199.108.9")
PUBLIC_V6 = ("2606:4700::1111", "2a03:2880::1")
NOT_GLOBAL_V6 = ("fe80::9", "fd12:3456::9", "2001:db8:ffff::9")
CLUSTER = tuple(ip_network(one) for one in ("10.4.0.0/14", "10.8.0.0/20", "10.0.0.0/20"))


@dataclass(frozen=True)
class Pod:
    """A proxy that asks, and the workload it is of, None for one the profile does not know."""

    proxy: Proxy
    workload: Workload | None


def pods(policy: RandomPolicy) -> tuple[Pod, ...]:
    """A pod of every workload, strangers in every namespace (some with labels like a workload's), and outsiders."""
    cluster = policy.cluster
    ips = ("10.4.9.{}", "fd00::{}") if "IPv6" in cluster.families else ("10.4.9.{}",)
    found: list[tuple[str, dict[str, str], Workload | None]] = []
    for workload in cluster.workloads:
        labels = {**dict(workload.labels), "pod-template-hash": "5d8f"}
        found.append((workload.namespace, labels, workload))
    for namespace in cluster.namespaces:
        found.append((namespace, {"app": "stranger", "tier": "back"}, None))
    like = cluster.workloads[0]
    found.append(("elsewhere", dict(like.labels), None))
    found.append((cluster.root, {"app": "stranger"}, None))
    if not like.selector:
        found.append((like.namespace, {**dict(like.labels), "app": f"{like.name}-canary"}, None))
    capture = cluster.dns_capture
    return tuple(
        Pod(Proxy(namespace, labels, capture, tuple(ip.format(index + 1) for ip in ips)), workload)
        for index, (namespace, labels, workload) in enumerate(found)
    )


# What is granted


def covers(source: Source, pod: Pod) -> bool:
    """Whether a source means this pod; labels and names mean known workloads only."""
    if source.namespace not in ("*", pod.proxy.namespace):
        return False
    if source.labels:
        return pod.workload is not None and set(source.labels) <= set(pod.workload.labels)
    return source.name == "*" or (pod.workload is not None and source.name == pod.workload.name)


def below(host: str, name: str) -> bool:
    """Whether a host, or a wildcard, means this name."""
    return name.endswith(host[1:]) and len(name) > len(host) - 1 if host.startswith("*.") else name == host


def bare(name: str) -> str:
    """A Host header without its port, and without the brackets of an IPv6 address."""
    if name.startswith("["):
        return name[1 : name.index("]")]
    return name.rsplit(":", 1)[0] if name.count(":") == 1 else name


def within(address: str, networks: Iterable[Network], holes: Iterable[Network] = ()) -> bool:
    """Whether an address lies in one of the networks and in none of the holes."""
    one = ip_address(address)
    return any(one in network for network in networks) and not any(one in hole for hole in holes)


def is_internet(address: str) -> bool:
    """Globally routable, not multicast, and none of the cluster's."""
    one = ip_address(address)
    return one.is_global and not one.is_multicast and not any(one in network for network in CLUSTER)


def by_address(destination: Destination, call: Call) -> bool:
    """Whether a destination grants whatever is said to this address and port."""
    if isinstance(destination, Internet):
        in_family = ip_address(call.address).version in destination.versions
        routable = is_internet(call.address) and not within(call.address, destination.holes)
        return call.port == destination.port.number and in_family and routable
    if isinstance(destination, Addressed):
        networks, holes = destination.networks, destination.holes
    elif isinstance(destination, Named):
        networks, holes = destination.addresses, ()
    else:
        return False
    unchecked = any(port.number == call.port and not _checked(destination, port) for port in destination.ports)
    return unchecked and within(call.address, networks, holes)


def _checked(destination: Named | Addressed, port: Port) -> bool:
    """Whether the sidecar looks at Host or SNI: for names, unless they are some addresses, and for http to one."""
    if isinstance(destination, Named) and (destination.dialled or not destination.addresses):
        return port.protocol in (*HTTP, "tls")
    networks = destination.addresses if isinstance(destination, Named) else destination.networks
    alone = len(networks) == 1 and networks[0].prefixlen == networks[0].max_prefixlen
    return port.protocol in HTTP and alone


def by_name(destination: Destination, call: Call) -> bool:
    """Whether a destination grants a call for what it names: the Host of http, the SNI of tls."""
    if not isinstance(destination, Named | Addressed):
        return False
    names: set[str] = set()
    kinds: tuple[str, ...] = HTTP if call.protocol in ("http", "http2") else (call.protocol,)
    ports = [port for port in destination.ports if port.number == call.port]
    if any(port.protocol in kinds and _checked(destination, port) for port in ports):
        names = {bare(call.name)}
    elif call.protocol == "tcp" and any(port.protocol not in (*HTTP, "tls") for port in ports):
        names = {call.via}
    own = destination.networks if isinstance(destination, Addressed) else destination.addresses
    if names & {str(network.network_address) for network in own[:1]}:
        return not (isinstance(destination, Named) and destination.dialled)
    if isinstance(destination, Addressed) or (destination.addresses and call.protocol == "tcp"):
        return False
    return any(name and below(destination.host, name) for name in names)


@dataclass(frozen=True)
class Intent:
    """What the policy wants of a call: `open` pods may do anything; else by whom it is granted."""

    open: bool
    named: tuple[Destination, ...] = ()
    addressed: tuple[Destination, ...] = ()
    service: Service | None = None
    service_kept: bool = True
    all: tuple[Destination, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the call must reach something."""
        if self.service is not None:
            return self.open or self.service_kept
        return self.open or bool(self.named or self.addressed)

    def __str__(self) -> str:
        if self.open:
            return "anything, the pod is open"
        if self.service is not None:
            return f"{'allowed' if self.service_kept else 'blocked'} ({self.service.host})"
        granted = [*self.named, *self.addressed]
        return f"allowed by {granted[0]}" if granted else "blocked"


class Meaning:
    """A policy's meaning for one pod."""

    def __init__(self, policy: RandomPolicy, pod: Pod) -> None:
        self.policy = policy
        self.pod = pod
        self.rules = [rule for rule in policy.rules if rule.grants and self._covered(rule)]
        self.destinations = [one for rule in self.rules for one in rule.destinations]

    def _covered(self, statement: Rule | MeshLine) -> bool:
        return any(covers(source, self.pod) for source in statement.sources)

    @cached_property
    def open(self) -> bool | None:
        """Whether the pod is left open; None where the design leaves it to the compiler.

        That is so under `enforcement: workloads`, which encloses the workloads the policy names, for a known
        workload that is only meant by `ns/*` or `*`, by a mesh line, or by a rule that grants nothing here.
        """
        cluster, workload = self.policy.cluster, self.pod.workload
        if cluster.enforcement == "observe" or (workload is not None and workload in cluster.observed):
            return True
        if any(isinstance(one, Anything) for one in self.destinations):
            return True
        if cluster.enforcement == "mesh":
            return False
        if cluster.enforcement != "workloads":
            return self.pod.proxy.namespace not in cluster.enforcement
        if workload is None:
            return True
        named = [rule for rule in self.rules if any(s.name != "*" and covers(s, self.pod) for s in rule.sources)]
        meant = any(self._covered(one) for one in (*self.policy.rules, *self.policy.meshes))
        return False if named else None if meant else True

    def keeps(self, service: Service) -> bool:
        """Whether the pod's in-mesh list has this Service: the mesh lines about it, else the profile's list."""
        lines = [line for line in self.policy.meshes if self._covered(line)]
        if lines:
            kept = {one for line in lines for one in line.services}
            return (service.namespace, service.name) in kept or (service.namespace, "*") in kept
        entries = (entry.split("/") for entry in self.policy.cluster.in_mesh)
        return any(
            below(host, service.host) and namespace.replace(".", self.pod.proxy.namespace) in ("*", service.namespace)
            for namespace, host in entries
        )

    def of(self, call: Call, service: Service | None, is_open: bool) -> Intent:
        """The intent for a call, which is to a Service or leaves the mesh."""
        named = tuple(one for one in self.destinations if by_name(one, call))
        addressed = tuple(one for one in self.destinations if by_address(one, call))
        kept = service is not None and self.keeps(service)
        return Intent(is_open, named, addressed, service, kept, tuple(self.destinations))


# What is wrong with a verdict


def wrong(policy: RandomPolicy, call: Call, intent: Intent, verdict: Verdict) -> str:
    """Why a verdict is not what the policy means; empty when it is."""
    if verdict.verdict == "lost":
        return "lost: no such cluster"
    if intent.open:
        if verdict.verdict == "blocked":
            return "outage: the pod is open"
        return _elsewhere(policy, call, verdict) if verdict.verdict == "allowed" else ""
    if call.via and verdict.verdict in ("allowed", "blocked") and verdict.type != "ORIGINAL_DST":
        return _captured(policy, call, intent, verdict)
    if verdict.verdict == "passed-through":
        return "over-grant: passed through" if not intent.allowed else "not enforced: passed through"
    if verdict.verdict == "blocked":
        return "outage: blocked" if intent.allowed else ""
    if not intent.allowed:
        return "" if _same_place(call, intent, verdict) else "over-grant"
    return _misdirected(policy, call, intent, verdict)


def _same_place(call: Call, intent: Intent, verdict: Verdict) -> bool:
    """Whether a request whose Host is an address goes to a name the pod is granted, which a rule says is there.

    Two names of one address and port are one destination to Istio.
    """
    by_name_too = (one for one in intent.all if isinstance(one, Named) and below(one.host, verdict.host))
    granted = any(call.port in {port.number for port in one.ports} for one in by_name_too)
    return granted and verdict.dials == (f"{bare(call.name)}:{call.port}",)


def _captured(policy: RandomPolicy, call: Call, intent: Intent, verdict: Verdict) -> str:
    """Why a call is not right whose address the sidecar's own DNS gave; empty when it is.

    A host has an address of its own there, and what is said to that address does not matter. So whoever asks for
    what he then names must get what he is granted, and nobody may reach a name and port that he is not granted.
    """
    if verdict.verdict == "blocked":
        honest = call.via == bare(call.name) or call.protocol == "tcp"
        return "outage: blocked" if intent.addressed or (honest and intent.named) else ""
    places = verdict.dials or (f"{bare(call.name)}:{call.port}",)
    granted = [one for one in intent.all if isinstance(one, Named)]
    for place in places:
        name, port = place.rsplit(":", 1)
        by_that_name = any(below(one.host, name) and int(port) in {p.number for p in one.ports} for one in granted)
        if not by_that_name and not any(place in places for places in _wanted(policy, call, intent)):
            return f"over-grant: reaches {place}"
    return ""


def _elsewhere(policy: RandomPolicy, call: Call, verdict: Verdict) -> str:
    """Why an open pod's call goes to what it neither dialled nor named; empty when it does not."""
    names = {bare(call.name), call.address, call.via}
    known = (one for rule in policy.rules for one in rule.destinations if isinstance(one, Named) and one.host in names)
    names |= {str(network.network_address) for one in list(known) for network in one.addresses}
    services = [s for s in policy.services if call.address == s.address or bare(call.name) in _names(s)]
    reached = {place.rsplit(":", 1)[0] for place in verdict.dials}
    if verdict.type in ("ORIGINAL_DST", "DYNAMIC_FORWARD_PROXY") or reached <= names:
        return ""
    return "" if any(verdict.host == service.host for service in services) else f"hijack: reaches {reached}"


def _misdirected(policy: RandomPolicy, call: Call, intent: Intent, verdict: Verdict) -> str:
    """Why an allowed call does not reach what it was allowed to reach; empty when it does."""
    if intent.service is not None:
        return "" if verdict.host == intent.service.host else f"hijack: {verdict.cluster} instead of the Service"
    if verdict.type == "ORIGINAL_DST":
        wild = any(isinstance(one, Named) and one.host.startswith("*") for one in intent.named)
        old = policy.cluster.version < "1.30" and verdict.host.startswith("*")
        return "" if intent.addressed or (wild and old) else "spoofable: the client chooses the address"
    if not intent.named:
        return f"hijack: dials {verdict.dials or verdict.type} instead of the address"
    if verdict.type == "DYNAMIC_FORWARD_PROXY":
        return "" if below(verdict.host, bare(call.name)) else "hijack: another wildcard"
    wanted = _wanted(policy, call, intent)
    return "" if set(verdict.dials) in wanted else f"hijack: dials {verdict.dials}, not {wanted}"


def _wanted(policy: RandomPolicy, call: Call, intent: Intent) -> list[set[str]]:
    """The places a call by name may be connected to: the name, or the addresses a rule knows of it.

    Whoever may reach a wildcard may reach a name below it, where another rule says that name is.
    """
    name = bare(call.name)
    everyone = [one for rule in policy.rules for one in rule.destinations]
    homes = [one.addresses for one in everyone if isinstance(one, Named) and one.host == name]
    homes += [one.networks for one in intent.named if isinstance(one, Addressed)]
    homes += [one.addresses for one in intent.named if isinstance(one, Named)]
    found = [{f"{network.network_address}:{call.port}" for network in home} for home in homes if home]
    if any(isinstance(one, Named) and not one.addresses for one in intent.named):
        found.append({f"{name}:{call.port}"})
    return found


def _names(service: Service) -> tuple[str, ...]:
    return (service.host, f"{service.name}.{service.namespace}", service.address)


# What is asked


@dataclass(frozen=True)
class Question:
    """A call of a pod, to a Service where it is one."""

    call: Call
    service: Service | None = None


def probe(proxy: int) -> Question:
    """The call that tells an open pod from an enclosed one: nobody grants it."""
    return Question(Call(proxy, "240.0.0.9", UNUSED_PORT, "tcp"))


def questions(policy: RandomPolicy, proxy: int, most: int = 260) -> Iterator[Question]:
    """One representative of every class of calls, for the proxy with this index; the wrong ones are sampled.

    First what the policy speaks of: each host at each of its ports with its protocol, and each network; then
    names, ports, addresses and protocols in the combinations nobody spoke of, up to `most`.
    """
    dice = Random(f"{policy.name}:{proxy}")
    yield from _to_services(policy, proxy)
    facts = _Facts(policy)
    said = list(dict.fromkeys(facts.spoken(proxy)))
    rest = list(dict.fromkeys(facts.unspoken(proxy, dice, most)))
    known = set(said)
    yield from map(Question, said[: 3 * most] if len(said) <= 3 * most else dice.sample(said, 3 * most))
    yield from (Question(call) for call in rest if call not in known)


def _to_services(policy: RandomPolicy, proxy: int) -> Iterator[Question]:
    for service in policy.services:
        address = service.address or service.endpoint
        for name, number in service.ports:
            if name.startswith(("http-", "grpc")) or name == "http":
                protocol = "http2" if name == "grpc" else "http"
                for host in (service.host, f"{service.name}.{service.namespace}"):
                    yield Question(Call(proxy, address, number, protocol, host), service)
            elif name == "https":
                yield Question(Call(proxy, address, number, "tls", service.host), service)
            else:
                yield Question(Call(proxy, address, number, "tcp"), service)


class _Facts:
    """The hosts, ports and networks a policy speaks of."""

    def __init__(self, policy: RandomPolicy) -> None:
        destinations = [one for rule in policy.rules for one in rule.destinations]
        named = [one for one in destinations if isinstance(one, Named)]
        self.hosts = {host: set() for host in dict.fromkeys(one.host for one in named)}
        self.networks: dict[Network, set[int]] = {}
        self.v6 = "IPv6" in policy.cluster.families
        self.capture = policy.cluster.dns_capture
        for one in destinations:
            self._note(one)
        self.ports = sorted(
            {number for ports in self.networks.values() for number in ports}
            | {number for ports in self.hosts.values() for number, _ in ports}
            | {80, 443}
        )
        free = [one for one in PUBLIC + NOT_GLOBAL if not within(one, self.networks)]
        hidden = [one for one in NOT_GLOBAL if not within(one, self.networks)]
        has_internet = any(isinstance(one, Internet) for one in destinations)
        self.fresh = hidden[0] if has_internet else free[0]
        self.dialled = [self.fresh, free[-1], *(PUBLIC_V6[:1] if self.v6 else ())]

    def _note(self, one: Destination) -> None:
        if isinstance(one, Named):
            self.hosts[one.host] |= {(port.number, port.protocol) for port in one.ports}
            for network in one.addresses:
                self.networks.setdefault(network, set()).update(port.number for port in one.ports)
                if one.dialled or any(port.protocol in HTTP for port in one.ports):
                    self.hosts.setdefault(str(network.network_address), set()).update(
                        (port.number, port.protocol) for port in one.ports
                    )
        elif isinstance(one, Addressed):
            numbers = {port.number for port in one.ports}
            for network in (*one.networks, *one.holes):
                self.networks.setdefault(network, set()).update(numbers)
            if any(port.protocol in HTTP for port in one.ports):
                host = network_text(one.networks[0])
                self.hosts.setdefault(host, set()).update((port.number, port.protocol) for port in one.ports)
        elif isinstance(one, Internet):
            edges = PUBLIC + NOT_GLOBAL[:3] + (PUBLIC_V6 + NOT_GLOBAL_V6 if 6 in one.versions else ())
            for network in (*map(ip_network, edges), *one.holes):
                self.networks.setdefault(network, set()).add(one.port.number)

    def names_of(self, host: str) -> tuple[str, ...]:
        """Names a host means."""
        return (f"q{host[1:]}", f"r.q{host[1:]}") if host.startswith("*.") else (host,)

    @cached_property
    def names(self) -> list[str]:
        """Every class of names: the hosts, what lies below and beside them, their parents, and a stranger."""
        found: list[str] = []
        for host in self.hosts:
            plain = host.removeprefix("*.")
            found += [*self.names_of(host), plain]
            if not plain[-1].isdigit() and plain[0] != "[":
                found += [f"z.{plain}", f"not{plain}", plain.split(".", 1)[1], f"sib.{plain.split('.', 1)[1]}"]
        return [*dict.fromkeys(one for one in found if "." in one), "nobody.test"]

    @cached_property
    def addresses(self) -> list[tuple[str, set[int]]]:
        """Every class of addresses with the ports said of it: of each network and hole its edges and those outside."""
        found: dict[str, set[int]] = {}
        for network, ports in self.networks.items():
            first, last = int(network.network_address), int(network.broadcast_address)
            middle = first + (last - first) // 2
            for number in (first, last, middle, first - 1, last + 1):
                if 0 < number < 2**network.max_prefixlen:
                    kind = type(network.network_address)
                    found.setdefault(str(kind(number)), set()).update(ports)
        return list(found.items())

    def spoken(self, proxy: int) -> Iterator[Call]:
        """The calls that some rule may be about."""
        for host, ports in self.hosts.items():
            for number, protocol in sorted(ports):
                for name in self.names_of(host):
                    yield self._call(proxy, self.fresh, number, _bytes(protocol), name)
                if self.v6:
                    yield self._call(proxy, PUBLIC_V6[0], number, _bytes(protocol), self.names_of(host)[0])
        for address, ports in self.addresses:
            for number in sorted(ports):
                yield Call(proxy, address, number, "tcp")

    def _call(self, proxy: int, address: str, port: int, protocol: str, name: str, alpn: str = "") -> Call:
        """A call by name, whose address is asked for first where sidecars answer DNS."""
        via = bare(name) if self.capture and not name.replace(".", "").isdigit() else ""
        return Call(proxy, address, port, protocol, "" if protocol == "tcp" else name, alpn, via)

    def unspoken(self, proxy: int, dice: Random, count: int) -> Iterator[Call]:
        """Calls in chance combinations of names, addresses, ports and protocols."""
        ports = [*self.ports, UNUSED_PORT]
        addresses = [address for address, _ in self.addresses] or [self.fresh]
        for _ in range(count):
            protocol = dice.choice(("http", "http", "http2", "tls", "tls", "tcp"))
            address = dice.choice(self.dialled) if dice.random() < 0.7 else dice.choice(addresses)
            name = "" if protocol == "tcp" else dice.choice(self.names)
            port = dice.choice(ports)
            if protocol == "http" and dice.random() < 0.1:
                yield self._call(proxy, address, port, protocol, f"{name}:{port}")
            elif self.capture and dice.random() < 0.2:
                yield Call(proxy, address, port, protocol, name, via=dice.choice(self.names))
            else:
                alpn = dice.choice(("", "h2", "http/1.1")) if protocol == "tls" else ""
                yield self._call(proxy, address, port, protocol, name, alpn)


def _bytes(protocol: str) -> str:
    """What a client says that speaks a protocol of the language."""
    return {"http": "http", "http2": "http2", "grpc": "http2", "tls": "tls"}.get(protocol, "tcp")
