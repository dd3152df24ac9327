"""Policies to measure: shapes of different sizes, each a policy text and the profile that lists its workloads.

Everything is made from numbers alone, so a shape of a size is the same text on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import NamedTuple

TEAM = 20
"""Workloads of a namespace, where a shape has several namespaces."""


class Case(NamedTuple):
    """What is compiled: the text of a policy file and that of a ClusterProfile."""

    policy: str
    profile: str


Shape = Callable[[int], Case]
"""Makes the case of a size: so many rules."""


# Parts of cases


def profile(namespaces: Mapping[str, Iterable[str]], *, labels: str = "app: {name}, team: {namespace}", selector: str = "app: {name}",
            spec: str = "") -> str:  # fmt: skip
    """A ClusterProfile with the workloads of each namespace, as people write one; `spec` are further lines of it."""
    lines = [
        "apiVersion: egresslang.dev/v1",
        "kind: ClusterProfile",
        "metadata: {name: bench-us}",
        "spec:",
        "  region: us-east1",
        '  istio: {version: "1.31", outboundTrafficPolicy: REGISTRY_ONLY}',
        "  enforcement: mesh",
        "  networks: {pods: [10.4.0.0/14], services: [10.8.0.0/20], nodes: [10.0.0.0/20]}",
        *spec.splitlines(),
        "  namespaces:",
    ]
    for namespace, names in namespaces.items():
        lines += [f"    {namespace}:", "      workloads:"]
        for name in names:
            carried = labels.format(name=name, namespace=namespace)
            selected = selector.format(name=name, namespace=namespace)
            lines.append(f"        {name}: {{labels: {{{carried}}}, selector: {{{selected}}}}}")
    return "\n".join(lines) + "\n"


def teams(rules: int, size: int = TEAM) -> dict[str, list[str]]:
    """A workload for every ten rules, in namespaces of `size`."""
    made: dict[str, list[str]] = {}
    for number in range(max(1, rules // 10)):
        made.setdefault(f"team-{number // size}", []).append(f"app-{number}")
    return made


def case(rules: Mapping[str, Iterable[str]], listing: str) -> Case:
    """The rules of each namespace below its `namespace` line, with the text of a profile."""
    lines = []
    for namespace, texts in rules.items():
        lines += [f"namespace {namespace}", *texts, ""]
    return Case("\n".join(lines) + "\n", listing)


def address(number: int) -> str:
    """A global IPv4 address that is a multiple of 16, another one for each number."""
    base = (20 << 24) + 16 * number
    return f"{base >> 24}.{base >> 16 & 255}.{base >> 8 & 255}.{base & 255}"


# Shapes that compile


def names(size: int) -> Case:
    """One name and port a rule, with an owner and a ticket; a team shares half of its hosts."""
    protocols = ("443 tls", "80 http", "443 tls", "8443 tls", "8080 http")
    rules: dict[str, list[str]] = {}
    for namespace, workloads in teams(size).items():
        for at in range(min(size, 10 * len(workloads))):
            host = at * 3 // 4
            port = protocols[host % len(protocols)]
            rules.setdefault(namespace, []).append(
                f"allow {workloads[at // 10]} -> api-{host}.{namespace}.example.com:{port} owner={namespace} ticket=SEC-{at}"
            )
    return case(rules, profile(teams(size)))


def mixed(size: int) -> Case:
    """What policies look like: names, wildcards and names below them, networks with holes, several ports, braces, sets.

    Five rules are for the whole mesh, and in each namespace one is for all of it.
    """
    random = Random(1)
    everyone = [f"allow * -> shared-{number}.example.net:443 tls" for number in range(5)]
    rules: dict[str, list[str]] = {"team-0": everyone}
    left = size - len(everyone)
    for namespace, workloads in teams(size).items():
        count = min(left, 10 * len(workloads))
        left -= count
        rules.setdefault(namespace, []).extend(
            [
                f"workloads front = {', '.join(workloads[:3])}",
                f"hosts stores = a.store.{namespace}.example.org, b.store.{namespace}.example.org",
                "allow front -> stores:443 tls",
                f"allow {namespace}/* -> telemetry.{namespace}.example.org:443 tls",
                *(_mixed_rule(random, namespace, workloads, at) for at in range(count - 2)),
            ]
        )
    return case(rules, profile(teams(size)))


def _mixed_rule(random: Random, namespace: str, workloads: list[str], at: int) -> str:
    who, other = workloads[at * 7 % len(workloads)], random.choice(workloads)
    site = f"{namespace}.example.com"
    net = address(int(namespace.removeprefix("team-")) * 1000 + at)
    match random.randrange(20):
        case 0:
            return f"allow {who} -> *.s{at}.{site}:443 tls"
        case 1:
            return f"allow {who} -> {{*.w{at}.{site}, a.w{at}.{site}}}:443 tls"
        case 2 | 3:
            return f"allow {who} -> {net}/28:9000 tcp except {{{net}, {net[: net.rindex('.')]}.{int(net.rpartition('.')[2]) + 8}/31}}"
        case 4 | 5:
            return f"allow {who} -> db{at}.{site}:5432 postgres\n    address={net}/32 owner={namespace}"
        case 6:
            return f"allow {{{who}, {other}}} -> h{at}.{site}:443 tls"
        case 7 | 8:
            return f"allow {who} -> h{at}.{site}:{{80 http, 443 tls}}"
        case 9 | 10:
            return f"allow front -> {{f{at}.{site}, g{at}.{site}}}:443 tls"
        case 11 | 12:
            return f'allow {who} -> h{at}.{site}:443 tls\n    owner={namespace} expires=2031-06-30 reason="ticket {at}, # approved"'
        case 13:
            return f"allow {who} -> {net}:6379 redis"
        case _:
            return f"allow {who} -> h{at}.{site}:443 tls owner={namespace} ticket=SEC-{at}"


def shared_hosts(size: int) -> Case:
    """Workloads of a namespace that want different ports of the same ten hosts, so that each port needs a listener."""
    return _different_ports(size, TEAM)


def _different_ports(size: int, team: int) -> Case:
    rules: dict[str, list[str]] = {}
    for namespace, workloads in teams(size, team).items():
        for number, who in enumerate(workloads):
            rules.setdefault(namespace, []).extend(
                f"allow {who} -> h{host}.{namespace}.example.com:{443 if (number + host) % 2 else 8443} tls owner={namespace}"
                for host in range(min(size, 10))
            )
    return case(rules, profile(teams(size, team)))


def one_namespace(size: int) -> Case:
    """As `names`, in one namespace: every workload has hosts of its own and one that all of them have."""
    workloads = teams(size, max(TEAM, size))
    rules = [
        f"allow {who} -> {f'h{number}-{at}.example.com' if at else 'status.example.com'}:443 tls owner=platform"
        for number, who in enumerate(workloads["team-0"])
        for at in range(min(size, 10))
    ]
    return case({"team-0": rules}, profile(workloads))


def by_set(size: int) -> Case:
    """Rules for sets of three workloads, to sets of two hosts that two rules share: six flows a rule."""
    rules: dict[str, list[str]] = {}
    for namespace, workloads in teams(size).items():
        mine = rules.setdefault(namespace, [])
        groups = max(1, len(workloads) // 3)
        for group in range(groups):
            mine.append(f"workloads group-{group} = {', '.join(workloads[3 * group : 3 * group + 3])}")
        for at in range(min(size, 10 * len(workloads))):
            if at % 2 == 0:
                mine.append(f"hosts site-{at // 2} = a{at}.{namespace}.example.com, b{at}.{namespace}.example.com")
            mine.append(f"allow group-{at % groups} -> site-{at // 2}:443 tls")
    return case(rules, profile(teams(size)))


def many_workloads(size: int) -> Case:
    """As many workloads as rules, in namespaces of twenty."""
    return _one_each(size, TEAM)


def many_namespaces(size: int) -> Case:
    """As many namespaces as rules, a workload in each."""
    return _one_each(size, 1)


def _one_each(size: int, team: int) -> Case:
    listing = teams(10 * size, team)
    rules = {
        namespace: [f"allow {who} -> {who}.example.com:443 tls owner={namespace}" for who in workloads]
        for namespace, workloads in listing.items()
    }
    return case(rules, profile(listing))


def many_stars(size: int) -> Case:
    """Rules for everyone, and a tenth as many workloads: what is written is their product."""
    rules = [f"allow * -> h{at}.example.com:443 tls owner=platform" for at in range(size)]
    return case({"team-0": rules}, profile(teams(size)))


SHAPES: dict[str, Shape] = {
    "names": names,
    "mixed": mixed,
    "shared-hosts": shared_hosts,
    "one-namespace": one_namespace,
    "by-set": by_set,
}
"""The shapes whose time is measured against the floors, by name."""

MANY: dict[str, Shape] = {
    "many-workloads": many_workloads,
    "many-namespaces": many_namespaces,
    "many-stars": many_stars,
}
"""The shapes that have much of one thing, by name."""
