"""How a compilation grows on policies made to make it slow: `python bench/adversarial.py [SHAPE…] [--quick]`.

Each shape is measured at a fourth of a size and at the size. Whatever the shape, time may grow with what is read and
written: policy, profile, manifests and findings, in bytes. The last column is the growth of the processor time divided by
that of the bytes: about 1 is linear, 4 is quadratic. Stages below ten milliseconds, or a twentieth of the whole, are
too short to judge.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from tempfile import TemporaryDirectory
from typing import Any

from children import Late, machine, measure, milliseconds, table, write_case
from shapes import Case, Shape, address, case, profile

STAGES = ("parse", "profile", "resolve", "rules", "lower", "emit", "verify", "report", "rest")
LIMIT = 60.0
"""Seconds that one compilation may take."""

WHO = "app-0"


def _one(rules: Sequence[str], workloads: int = 1, **options: str) -> Case:
    """Rules of one namespace `team`."""
    return case({"team": rules}, profile({"team": [f"app-{number}" for number in range(workloads)]}, **options))


# Names and wildcards


def nested_wildcards(size: int) -> Case:
    """One workload, wildcards in chains of fifty, each below the one before."""
    return _one([f"allow {WHO} -> *.{'l.' * (at % 50)}c{at // 50}.example.com:443 tls" for at in range(size)])


def wildcards_of_others(size: int) -> Case:
    """A workload for every ten wildcards, in chains of fifty: what one lists brings in what others want."""
    rules = [
        f"allow app-{at % (size // 10)} -> *.{'l.' * (at % 50)}c{at // 50}.example.com:443 tls" for at in range(size)
    ]
    return _one(rules, size // 10)


def one_wildcard_for_all(size: int) -> Case:
    """A workload for every second rule, each with the same wildcard and a name below it, on the same port."""
    rules = []
    for at in range(size // 2):
        rules += [f"allow app-{at} -> *.example.com:9001 tls", f"allow app-{at} -> q{at}.example.com:9001 tls"]
    return _one(rules, size // 2)


def names_below_wildcards(size: int) -> Case:
    """Half wildcards of one workload, half names below them that another one wants, on another port."""
    rules = []
    for at in range(size // 2):
        rules += [f"allow app-0 -> *.s{at}.example.com:443 tls", f"allow app-1 -> a.s{at}.example.com:8443 tls"]
    return _one(rules, 2)


def names_below_wildcards_before_exclusions(size: int) -> Case:
    """The same on an Istio that cannot leave a name out of a wildcard."""
    made = names_below_wildcards(size)
    return Case(made.policy, made.profile.replace('version: "1.31"', 'version: "1.30"'))


def wildcards_below_a_wildcard(size: int) -> Case:
    """A wildcard and many names of one workload; as many wildcards below it that another one wants, on another port."""
    rules = ["allow app-0 -> *.example.com:443 tls"]
    for at in range(size // 2):
        rules += [f"allow app-0 -> h{at}.example.org:443 tls", f"allow app-1 -> *.s{at}.example.com:8443 tls"]
    return _one(rules, 2)


def deep_name(size: int) -> Case:
    """Rules for names and wildcards of a hundred labels."""
    return _one([f"allow {WHO} -> {'*.' if at % 2 else ''}{'l.' * 100}h{at}.example.com:443 tls" for at in range(size)])


def one_host_many_namespaces(size: int) -> Case:
    """One host that everybody uses, a rule for it in each namespace."""
    rules = {f"team-{at}": ["allow app-0 -> api.example.com:443 tls"] for at in range(size)}
    return case(rules, profile({namespace: ["app-0"] for namespace in rules}))


# Ports


def one_host_many_ports(size: int) -> Case:
    """One host, another port of it for each workload."""
    return _one([f"allow app-{at} -> api.example.com:{20000 + at} tls" for at in range(size)], size)


def one_host_many_http_ports(size: int) -> Case:
    """The same in http, where a listener could close each port that a workload does not want."""
    made = one_host_many_ports(size)
    return Case(made.policy.replace(" tls", " http"), made.profile)


def one_host_all_ports(size: int) -> Case:
    """One host, all ports of it for one workload."""
    return _one([f"allow {WHO} -> api.example.com:{20000 + at} tls" for at in range(size)])


def _mixed(who: int, ports: Sequence[int] = (443, 8443)) -> list[str]:
    """Both HTTP and TLS for a workload on each of the ports: no listener of such a port narrows anything."""
    return [
        f"allow app-{who} -> {kind}-{who}-{port}.example.com:{port} {kind}"
        for port in ports
        for kind in ("http", "tls")
    ]


def _split(size: int) -> list[str]:
    """Hosts of which one workload wants one port and another workload the other."""
    return [
        rule
        for at in range(size)
        for rule in (f"allow app-0 -> h{at}.example.com:443 tls", f"allow app-1 -> h{at}.example.com:8443 tls")
    ]


def mixed_ports(size: int) -> Case:
    """Hosts split between two workloads, one of which has HTTP too on both ports: a narrower entry for each host."""
    return _one([*_mixed(0), *_split(size // 2)], 2)


def refused(size: int) -> Case:
    """A policy that Istio cannot say exactly because of a few rules, in one namespace with all others."""
    ports = (443, 8443, 9443)
    cause = [
        rule
        for who in range(3)
        for rule in (*_mixed(who, ports), f"allow app-{who} -> api.example.com:{ports[who]} tls")
    ]
    return _one(
        cause + [f"allow app-{3 + at % 20} -> h{at}.example.com:443 tls" for at in range(size - len(cause))], 23
    )


def refused_by_all(size: int) -> Case:
    """The same because of every rule: hosts split between two workloads that both have HTTP and TLS on both ports."""
    return _one([*_mixed(0), *_mixed(1), *_split(size // 2)], 2)


def refused_everywhere(size: int) -> Case:
    """A policy that is refused in each of its namespaces."""
    spaces = {f"team-{at}": [*_mixed(0), *_mixed(1), *_split(1)] for at in range(size // 10)}
    return case(spaces, profile({namespace: ["app-0", "app-1"] for namespace in spaces}))


# Who


def everyone(size: int) -> Case:
    """Twenty rules for the whole mesh, and one for each workload: every Sidecar lists them all."""
    rules = [f"allow * -> shared-{at}.example.com:443 tls" for at in range(20)]
    return _one(rules + [f"allow app-{at} -> h{at}.example.com:443 tls" for at in range(size)], size)


def by_label(size: int) -> Case:
    """Rules by a label that one workload each carries."""
    rules = [f"allow *[app=app-{at}] -> h{at}.example.com:443 tls" for at in range(size)]
    return _one(rules, size)


def one_label_for_all(size: int) -> Case:
    """Workloads whose pods all carry the one label they are selected by, with the same flows."""
    rules = [f"allow {{{', '.join(f'app-{at}' for at in range(size))}}} -> {host}.example.com:443 tls" for host in "ab"]
    return _one(rules, size, labels="team: {namespace}", selector="team: {namespace}")


def strangers_share_a_label(size: int) -> Case:
    """The same, each with flows of its own: refused."""
    rules = [f"allow app-{at} -> h{at}.example.com:443 tls" for at in range(size)]
    return _one(rules, size, labels="team: {namespace}", selector="team: {namespace}")


# Sets and long statements


def set_in_set(size: int) -> Case:
    """A set of hosts in a set in a set, and the same of workloads."""
    hosts = ["hosts h-0 = h0.example.com", *(f"hosts h-{at} = h{at}.example.com, h-{at - 1}" for at in range(1, size))]
    sources = ["workloads w-0 = app-0", *(f"workloads w-{at} = w-{at - 1}" for at in range(1, size))]
    return _one([*hosts, *sources, f"allow w-{size - 1} -> h-{size - 1}:443 tls"])


def every_set_used(size: int) -> Case:
    """A rule for each of the sets of hosts that stand in one another, all for one workload."""
    hosts = ["hosts h-0 = h0.example.com", *(f"hosts h-{at} = h{at}.example.com, h-{at - 1}" for at in range(1, size))]
    return _one([*hosts, *(f"allow {WHO} -> h-{at}:443 tls" for at in range(size))])


def one_line(size: int) -> Case:
    """A rule with so many hosts between its braces, on one line."""
    return _one([f"allow {WHO} -> {{{', '.join(f'host-number-{at}.example.com' for at in range(size))}}}:443 tls"])


def one_bad_line(size: int) -> Case:
    """The same with something missing at its end."""
    return _one([f"allow {WHO} -> {{{', '.join(f'host-number-{at}.example.com' for at in range(size))}:443 tls"])


def one_word(size: int) -> Case:
    """A host name of a kilobyte for each of the size, and a reason as long."""
    return _one(
        [
            f"allow {WHO} -> {'a' * 1024 * size}.example.com:443 tls",
            f'allow {WHO} -> b.example.com:443 tls reason="{"a " * 512 * size}"',
        ]
    )


# Addresses


def networks_with_holes(size: int) -> Case:
    """A network a rule, each with a hole."""
    return _one([f"allow {WHO} -> {address(at)}/28:9000 tcp except {address(at)}/32" for at in range(size)])


def one_network_with_holes(size: int) -> Case:
    """One network with as many holes."""
    return _one([f"allow {WHO} -> 20.0.0.0/8:9000 tcp except {{{', '.join(address(at) for at in range(size))}}}"])


def networks_with_holes_of_many(size: int) -> Case:
    """The same for a workload every ten rules, with two holes; what nobody names in the namespace is left open."""
    rules = []
    for at in range(size):
        whole, half = f"20.{at >> 8}.{at & 255}.0/24", f"20.{at >> 8}.{at & 255}.128/25"
        rules.append(f"allow app-{at // 10} -> {whole}:9000 tcp except {{{whole[:-4]}7, {half}}}")
    made = _one(rules, size // 10)
    return Case(made.policy, made.profile.replace("enforcement: mesh", "enforcement: workloads"))


def networks_beside_a_service(size: int) -> Case:
    """Networks with holes of one workload, and a Service of the cluster on their port."""
    made = networks_with_holes(size)
    service = "{apiVersion: v1, kind: Service, metadata: {name: db, namespace: other}, spec: {clusterIP: 10.96.0.9, ports: [{name: tcp-db, port: 9000}]}}"
    return Case(made.policy, f"{made.profile}  resources:\n    - {service}\n")


def cluster_of_nodes(size: int) -> Case:
    """Half rules to networks, in a profile that lists as many nodes one by one."""
    nodes = ", ".join(f"10.{at >> 16 & 255}.{at >> 8 & 255}.{at & 255}/32" for at in range(size // 2))
    made = _one([f"allow {WHO} -> {address(at)}:9000 tcp" for at in range(size // 2)])
    return Case(
        made.policy,
        made.profile.replace("nodes: [10.0.0.0/20]", f"nodes: [{nodes}]").replace("10.8.0.0/20", "172.16.0.0/20"),
    )


def one_address(size: int) -> Case:
    """Names of a database that all have one address, and a warning each."""
    return _one([f"allow {WHO} -> db{at}.example.com:5432 postgres address=20.0.0.1" for at in range(size)])


def internet_for_each(size: int) -> Case:
    """The internet on a port of its own for each workload."""
    return _one([f'allow app-{at} -> internet:{20000 + at} tcp reason="scans"' for at in range(size)], size)


# Regions


def regions_in_regions(size: int) -> Case:
    """A rule for each of the regions, which lie in one another: the cluster and every host in the innermost."""
    rules = [f"allow {WHO} -> h{at}.example.com:443 tls region=r{at}" for at in range(size)]
    declared = "\n".join(f"    r{at + 1}: [r{at}]" for at in range(size))
    known = "\n".join(f"    h{at}.example.com: {{region: r0}}" for at in range(size))
    made = _one(rules, spec=f"  regions:\n{declared}\n  destinations:\n{known}")
    return Case(made.policy, made.profile.replace("region: us-east1", "region: r0"))


def region_of_all(size: int) -> Case:
    """A rule for each of the regions, all of which list the one that the cluster is in."""
    rules = [f"allow {WHO} -> h{at}.example.com:443 tls region=r{at}" for at in range(size)]
    declared = "\n".join(f"    r{at}: [q{at}, us-east1]" for at in range(size))
    return _one(rules, spec=f"  regions:\n{declared}")


def unknown_regions(size: int) -> Case:
    """Half rules for regions that nothing knows, in a profile with as many that are almost these."""
    rules = [f"allow {WHO} -> h{at}.example.com:443 tls region=nowehre-{at}" for at in range(size // 2)]
    declared = "\n".join(f"    nowhere-{at}: [q{at}]" for at in range(size // 2))
    return _one(rules, spec=f"  regions:\n{declared}")


# What is wrong


def bad_statements(size: int) -> Case:
    """As many statements that do not parse."""
    return _one([f"allow {WHO} -> h{at}.example.com:443 tls and nothing else" for at in range(size)])


def unknown_workloads(size: int) -> Case:
    """Rules for workloads the profile does not have; it has a tenth as many."""
    return _one([f"allow worker-{at} -> h{at}.example.com:443 tls" for at in range(size)], size // 10)


def unknown_sets(size: int) -> Case:
    """Rules to sets that are not defined; half as many are."""
    return _one(
        [
            *(f"hosts defined-{at} = h{at}.example.com" for at in range(size // 2)),
            *(f"allow {WHO} -> set-{at}:443 tls" for at in range(size // 2)),
        ]
    )


def unused_sets(size: int) -> Case:
    """Sets that nothing uses: a warning each, and the compilation goes on."""
    return _one([*(f"hosts s-{at} = h{at}.example.com" for at in range(size)), f"allow {WHO} -> a.example.com:443 tls"])


def suppressions(size: int) -> Case:
    """Rules that each silence what is found of them, and every other one a finding that is not there as well."""
    rules = [f"allow app-{at} -> h{at}.example.com:80 http  # egressc: ignore EGR308" for at in range(size)]
    return _one([f"{rule}{', EGR205' * (at % 2)} -- why" for at, rule in enumerate(rules)], size)


def protocol_conflicts(size: int) -> Case:
    """One host and port, by turns http and tls."""
    return _one([f"allow app-{at} -> api.example.com:443 {'tls' if at % 2 else 'http'}" for at in range(size)], size)


def protocol_conflicts_apart(size: int) -> Case:
    """One host and port, http in half of the namespaces and tls in the others: allowed."""
    rules = {f"team-{at}": [f"allow app-0 -> api.example.com:443 {'tls' if at % 2 else 'http'}"] for at in range(size)}
    return case(rules, profile({namespace: ["app-0"] for namespace in rules}))


def server_first(size: int) -> Case:
    """MySQL to a network for half of the namespaces, TLS on its port for the others."""
    rules = {
        f"team-{at}": [
            f"allow team-{at}/* -> {address(at)}/28:3306 mysql"
            if at % 2
            else f"allow team-{at}/* -> h.example.com:3306 tls"
        ]
        for at in range(size)
    }
    return case(rules, profile({namespace: ["app-0"] for namespace in rules}))


def services(size: int) -> Case:
    """Half rules, in a profile that lists as many Services."""
    made = _one([f"allow {WHO} -> h{at}.example.com:443 tls" for at in range(size // 2)])
    resource = "    - {{apiVersion: v1, kind: Service, metadata: {{name: s{}, namespace: other}}, spec: {{ports: [{{port: 80}}]}}}}"
    return Case(
        made.policy, made.profile + "  resources:\n" + "\n".join(resource.format(at) for at in range(size // 2)) + "\n"
    )


# What is granted twice, denied, or too broad


def equal_rules(size: int) -> Case:
    """One rule, again and again."""
    return _one([f"allow {WHO} -> api.example.com:443 tls ticket=SEC-{at}" for at in range(size)])


def last_days(size: int) -> Case:
    """One network again and again, and a name, each for a day longer."""
    rules = []
    for at in range(size // 2):
        day = f"{2027 + at // 336}-{at // 28 % 12 + 1:02}-{at % 28 + 1:02}"
        rules += [
            f"allow {WHO} -> 20.0.0.0/24:9000 tcp expires={day}",
            f"allow {WHO} -> a.example.com:443 tls expires={day}",
        ]
    return _one(rules)


def nested_networks(size: int) -> Case:
    """Networks of one workload in one another, each with a hole of its own, that add up to the widest."""
    rules = [f"allow {WHO} -> 20.0.0.0/{8 + at % 8}:9000 tcp except {address(at)}" for at in range(size)]
    return _one(rules)


def tiles(size: int) -> Case:
    """Half small networks for everyone, and half workloads with one that these make up."""
    half = size // 2
    rules = [f"allow * -> {address(at)}/28:9000 tcp" for at in range(half)]
    top = 32 - (16 * half).bit_length() + 1
    return _one(rules + [f"allow app-{at} -> 20.0.0.0/{top}:9000 tcp" for at in range(half)], half)


def names_below_a_wildcard_of_all(size: int) -> Case:
    """A wildcard for everyone, and a name below it for each workload: all of these add nothing."""
    return _one(
        ["allow * -> *.example.com:443 tls", *(f"allow app-{at} -> h{at}.example.com:443 tls" for at in range(size))],
        size,
    )


def denied_names(size: int) -> Case:
    """Half names, half denials of the same names for another workload: nothing is denied."""
    half = size // 2
    rules = [f"allow app-0 -> h{at}.example.com:443 tls" for at in range(half)]
    return _one(rules + [f"deny app-1 -> h{at}.example.com" for at in range(half)], 2)


def denied_sources(size: int) -> Case:
    """One host, allowed for half of the workloads and denied to the others one by one."""
    half = size // 2
    rules = [f"allow app-{at} -> api.example.com:443 tls" for at in range(half)]
    return _one(rules + [f"deny app-{half + at} -> api.example.com" for at in range(half)], size)


def denied_all(size: int) -> Case:
    """Half wildcards, each of which every one of as many denials forbids."""
    half = size // 2
    rules = [f"allow app-{at % 50} -> *.s{at}.example.com:443 tls" for at in range(half)]
    return _one(
        rules + [f"deny * except {{app-{50 + at % 50}}} -> *.example.com:{{443, {1000 + at}}}" for at in range(half)],
        100,
    )


def denied_to_others(size: int) -> Case:
    """Half names of one workload, half denials that hold all of them but leave out the workload, each with another one."""
    half = size // 2
    rules = [f"allow app-0 -> h{at}.example.com:443 tls" for at in range(half)]
    return _one(rules + [f"deny * except {{app-0, app-{at + 1}}} -> *.example.com" for at in range(half)], half + 1)


def denied_networks(size: int) -> Case:
    """Half networks, half denials of networks in one another that hold all of them, but for one workload."""
    half = size // 2
    rules = [f"allow app-0 -> {address(at)}/28:9000 tcp" for at in range(half)]
    return _one(rules + [f"deny * except {{app-0}} -> 20.0.0.0/8 except {address(at)}" for at in range(half)], 2)


def denied_by_address(size: int) -> Case:
    """Half names with an address, which are denied, and half networks that hold one of them each."""
    half = size // 2
    rules = ["deny team/app-1 -> *.example.com"]
    rules += [f"allow app-0 -> db{at}.example.com:5432 postgres address={address(at)}" for at in range(half)]
    return _one(rules + [f"allow app-1 -> {address(at)}/28:5432 tcp" for at in range(half)], 2)


def bit_by_bit(size: int) -> Case:
    """The internet in small parts for everyone, and most of it for each workload."""
    half = size // 2
    rules = [f"allow * -> {64 + at % 128}.{at // 128}.0.0/16:9000 tcp" for at in range(half)]
    return _one(
        rules
        + [
            f"allow app-{at} -> {{1.0.0.0/2, 64.0.0.0/2, 192.0.0.0/3}}:9000 tcp".replace("1.0.0.0/2", "0.0.0.0/2")
            for at in range(half)
        ],
        half,
    )


def spoofed_wildcards(size: int) -> Case:
    """Wildcards over suffixes that strangers share, in http."""
    return _one([f"allow {WHO} -> *.r{at}.amazonaws.com:80 http" for at in range(size)])


SHAPES: dict[str, tuple[Shape, int]] = {
    "nested-wildcards": (nested_wildcards, 10000),
    "wildcards-of-others": (wildcards_of_others, 10000),
    "one-wildcard-for-all": (one_wildcard_for_all, 2000),
    "names-below-wildcards": (names_below_wildcards, 8000),
    "names-below-wildcards-1.30": (names_below_wildcards_before_exclusions, 8000),
    "wildcards-below-a-wildcard": (wildcards_below_a_wildcard, 8000),
    "deep-names": (deep_name, 8000),
    "one-host-many-namespaces": (one_host_many_namespaces, 8000),
    "one-host-many-ports": (one_host_many_ports, 2000),
    "one-host-many-http-ports": (one_host_many_http_ports, 2000),
    "one-host-all-ports": (one_host_all_ports, 8000),
    "mixed-ports": (mixed_ports, 800),
    "refused": (refused, 2000),
    "refused-by-all": (refused_by_all, 400),
    "refused-everywhere": (refused_everywhere, 400),
    "everyone": (everyone, 1000),
    "by-label": (by_label, 4000),
    "one-label-for-all": (one_label_for_all, 4000),
    "strangers-share-a-label": (strangers_share_a_label, 4000),
    "set-in-set": (set_in_set, 1000),
    "every-set-used": (every_set_used, 800),
    "one-line": (one_line, 32000),
    "one-bad-line": (one_bad_line, 32000),
    "one-word": (one_word, 1024),
    "networks-with-holes": (networks_with_holes, 5000),
    "networks-with-holes-of-many": (networks_with_holes_of_many, 8000),
    "networks-beside-a-service": (networks_beside_a_service, 5000),
    "one-network-with-holes": (one_network_with_holes, 5000),
    "cluster-of-nodes": (cluster_of_nodes, 4000),
    "one-address": (one_address, 4000),
    "internet-for-each": (internet_for_each, 1000),
    "regions-in-regions": (regions_in_regions, 8000),
    "region-of-all": (region_of_all, 8000),
    "unknown-regions": (unknown_regions, 8000),
    "bad-statements": (bad_statements, 10000),
    "unknown-workloads": (unknown_workloads, 4000),
    "unknown-sets": (unknown_sets, 4000),
    "unused-sets": (unused_sets, 10000),
    "suppressions": (suppressions, 10000),
    "protocol-conflicts": (protocol_conflicts, 4000),
    "protocol-conflicts-apart": (protocol_conflicts_apart, 4000),
    "server-first": (server_first, 4000),
    "services": (services, 8000),
    "equal-rules": (equal_rules, 10000),
    "last-days": (last_days, 10000),
    "nested-networks": (nested_networks, 10000),
    "tiles": (tiles, 4000),
    "names-below-a-wildcard-of-all": (names_below_a_wildcard_of_all, 2000),
    "denied-names": (denied_names, 20000),
    "denied-sources": (denied_sources, 4000),
    "denied-all": (denied_all, 10000),
    "denied-to-others": (denied_to_others, 4000),
    "denied-networks": (denied_networks, 10000),
    "denied-by-address": (denied_by_address, 10000),
    "bit-by-bit": (bit_by_bit, 2000),
    "spoofed-wildcards": (spoofed_wildcards, 10000),
}
"""Each shape, and the size at which it is measured."""


def measured(shape: Shape, size: int) -> dict[str, Any]:
    """One compilation of a shape of a size, with the bytes that were read and written; Late when it takes too long."""
    made = shape(size)
    with TemporaryDirectory() as folder:
        result = measure("stages.py", *write_case(folder, *made), limit=LIMIT)
    result["bytes"] = len(made.policy.encode()) + len(made.profile.encode()) + result["output"] + result["report"]
    return result


def row(name: str, shape: Shape, size: int) -> list[str]:
    """A shape's line of the table."""
    few = measured(shape, size // 4)
    try:
        many = measured(shape, size)
    except Late:
        return [name, f"{size:,}", f"> {LIMIT:.0f} s", "", "", "", "", "", ""]
    least = max(0.01, many["cpu"]["total"] / 20)
    stages = [stage for stage in STAGES if many["cpu"].get(stage, 0.0) >= least]
    written = many["bytes"] / few["bytes"]
    growth = {stage: many["cpu"][stage] / max(few["cpu"].get(stage, 0.0), 1e-4) / written for stage in stages}
    worst = max(growth, key=lambda stage: growth[stage], default="")
    found = " ".join(f"{count:,} {code}" for code, count in sorted(many["findings"].items()))
    return [
        name,
        f"{size:,}",
        milliseconds(many["cpu"]["total"]),
        milliseconds(many["wall"]["total"]),
        f"{many['peak']['total'] / 1024:.0f}",
        f"{many['bytes'] / 1024:,.0f}",
        found,
        f"{worst} {milliseconds(many['cpu'][worst])}" if worst else "",
        f"{growth[worst]:.1f}" if worst else "",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, line by line."""
    parser = argparse.ArgumentParser(description="How a compilation grows on policies made to make it slow.")
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help=f"of {', '.join(SHAPES)}")
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes")
    options = parser.parse_args(arguments)
    if unknown := set(options.shapes) - set(SHAPES):
        parser.error(f"no such shape: {', '.join(sorted(unknown))}")
    print(f"Milliseconds of processor time (wall: of wall time), one run; {machine()}\n")
    headings = [
        "shape",
        "size",
        "total ms",
        "wall ms",
        "peak MiB",
        "KiB read and written",
        "findings",
        "grows most",
        "× time ÷ × bytes",
    ]
    rows = [
        row(name, shape, max(40, size // 10) if options.quick else size)
        for name, (shape, size) in SHAPES.items()
        if name in (options.shapes or SHAPES)
    ]
    print(table(headings, rows))


if __name__ == "__main__":
    main()
