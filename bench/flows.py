"""How the algebra of flows grows: `python -m bench.flows [SIZE…]`, sizes from 1000 to 100000 unless told.

Each row is a shape of policy that invites quadratic work, in seconds of CPU time. `x` is the time in relation to the
size before it: about 10 for ten times the rules is linear. Building the index is counted, making the boxes only where
the row says so. The cyclic garbage collector is off, as it is in the command line.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Sequence
from itertools import islice
from random import Random

from egresslang.policy.flow_index import FlowIndex, diff, redundant
from egresslang.policy.flows import ANYWHERE, Box, Destinations, Protocols
from egresslang.policy.intervals import union
from egresslang.policy.sets import (
    ANY_ADDRESS,
    EVERYONE,
    Addresses,
    Names,
    Workloads,
    addresses,
    host,
    namespace,
    network,
    ports,
    wildcard,
    workload,
)

TLS: Protocols = frozenset({"tls"})
HTTPS = ports(443)
TEN = 10 << 24
WHO = workload("recipes", "idgen")
INTERNET = ANY_ADDRESS - union(network(f"{first}.0.0.0/12") for first in range(0, 240, 6))


def to(names: Names, who: Workloads = WHO, port: int = 443) -> Box:
    return Box(who, Destinations(names), HTTPS if port == 443 else ports(port), TLS)


def into(some: Addresses, who: Workloads = WHO, port: int = 443) -> Box:
    return Box(who, Destinations(addresses=some), HTTPS if port == 443 else ports(port))


def span(first: int, last: int) -> Addresses:
    return addresses(4, [(first, last)])


def someone(number: int) -> Workloads:
    return workload(f"team-{number % 30}", f"app-{number % 1000}")


# Shapes: so many boxes of a kind.


def mixed(size: int) -> list[Box]:
    """What policies look like: hosts, some wildcards and networks, some rules for all, a few duplicates."""
    random = Random(1)
    boxes = []
    for _ in range(size):
        number, kind = random.randrange(size), random.random()
        who = EVERYONE if kind < 0.01 else namespace(f"team-{number % 30}") if kind < 0.05 else someone(number)
        if random.random() < 0.15:
            base = TEN + (random.randrange(1 << 16) << 8)
            boxes.append(into(span(base, base + 255), who, random.choice([443, 5432])))
        elif random.random() < 0.1:
            boxes.append(to(wildcard(f"s{number % 997}.example.com"), who))
        else:
            boxes.append(to(host(f"h{number}.s{number % 997}.example.com"), who, random.choice([443, 443, 80])))
    return boxes


def nested_wildcards(size: int) -> list[Box]:
    """Chains of wildcards, each below the one before, a hundred deep."""
    chains = ([".".join(["l"] * depth + [f"c{chain}"]) for depth in range(100)] for chain in range(size // 100 + 1))
    return [to(wildcard(suffix)) for suffix in islice((suffix for chain in chains for suffix in chain), size)]


def deep_wildcards(size: int) -> list[Box]:
    """Wildcards a hundred labels deep that have nothing to do with one another."""
    return [to(wildcard(".".join([f"x{number}"] + ["l"] * 100))) for number in range(size)]


def nested_networks(size: int) -> list[Box]:
    return [into(span(TEN + number, TEN + 2 * size - number)) for number in range(size)]


def staircase(size: int) -> list[Box]:
    """Networks that each overlap twenty others; half of them are redundant."""
    return [into(span(TEN + 10 * number, TEN + 10 * number + 105)) for number in range(size)]


def apart(size: int) -> list[Box]:
    """Networks with gaps, in one workload."""
    return [into(span(TEN + 4 * number, TEN + 4 * number + 1)) for number in range(size)]


def big_over_tiles(size: int) -> list[Box]:
    """Half small networks for everyone, half workloads with one that these make up."""
    half = size // 2
    tiles = [into(span(TEN + 4 * number, TEN + 4 * number + 3), EVERYONE) for number in range(half)]
    whole = span(TEN, TEN + 4 * half - 1)
    return [box for pair in zip(tiles, (into(whole, workload("team", f"w{n}")) for n in range(half)), strict=True)
            for box in pair]  # fmt: skip


def everyone_and_namespaces(size: int) -> list[Box]:
    """Half networks for everyone, half one network in each of as many namespaces."""
    half = size // 2
    shared = [into(span(TEN + 8 * number, TEN + 8 * number + 3), EVERYONE) for number in range(half)]
    return shared + [into(span(TEN + 8 * n + 2, TEN + 8 * n + 9), namespace(f"n{n}")) for n in range(half)]


def internet_for_each(size: int) -> list[Box]:
    return [into(INTERNET, workload("team", f"w{number}")) for number in range(size)]


def one_host_many_sources(size: int) -> list[Box]:
    return [to(host("api.example.com"), workload("team", f"w{number}")) for number in range(size)]


def one_host_many_ports(size: int) -> list[Box]:
    return [to(host("api.example.com"), workload("team", f"w{n // 60000}"), 1 + n % 60000) for n in range(size)]


def equal(size: int) -> list[Box]:
    return [to(host("api.example.com"))] * (size // 2) + [into(span(TEN, TEN + 255))] * (size // 2)


def by_label(size: int) -> list[Box]:
    """Rules for the same five hundred workloads."""
    many = union(workload("team", f"w{number}") for number in range(500))
    return [to(host(f"h{number}.example.com"), many) for number in range(size)]


def open_workloads(size: int) -> list[Box]:
    """Half workloads that may go anywhere, half hosts on ports of their own for everyone."""
    half = size // 2
    return [Box(workload("team", f"w{number}"), ANYWHERE) for number in range(half)] + [
        to(host(f"h{number}.example.com"), EVERYONE, 1 + number % 60000) for number in range(half)
    ]


def wildcards_for_some(size: int) -> list[Box]:
    """Half workloads with one wildcard, half hosts below it for others."""
    half = size // 2
    return [to(wildcard("example.com"), workload("team", f"w{number}")) for number in range(half)] + [
        to(host(f"h{number}.example.com"), workload("team", f"v{number}")) for number in range(half)
    ]


# Questions.


def overlaps(denied: Sequence[Box], allowed: Sequence[Box]) -> int:
    index = FlowIndex((box, number) for number, box in enumerate(denied))
    return sum(1 for box in allowed for _ in index.overlapping(box))


def deny_one_host(size: int) -> int:
    """Each source denied one host that other sources are allowed."""
    denied = [Box(workload("team", f"w{number}"), Destinations(host("api.example.com"))) for number in range(size)]
    return overlaps(denied, [to(host("api.example.com"), workload("team", f"v{number}")) for number in range(size)])


def deny_except(size: int) -> int:
    """Everyone but one denied a host each, everyone allowed a host each, half of them the same."""
    most = EVERYONE - workload("ops", "scanner")
    denied = [Box(most, Destinations(host(f"h{number}.example.com"))) for number in range(size)]
    return overlaps(denied, [to(host(f"h{number * 2}.example.com"), someone(number)) for number in range(size)])


def deny_ports(size: int) -> int:
    """One host on many ports, denied on the odd and allowed on the even."""
    name = host("api.example.com")
    denied = [to(name, workload("team", f"w{n // 30000}"), 1 + n % 30000 * 2) for n in range(size)]
    return overlaps(denied, [to(name, workload("team", f"w{n // 30000}"), 2 + n % 30000 * 2) for n in range(size)])


def deny_wide(size: int) -> int:
    """Wildcards denied to namespaces, hosts below other wildcards allowed to their workloads, asked the other way."""
    allowed = [to(host(f"h.s{number}.example.com"), workload(f"n{number}", "app")) for number in range(size)]
    return overlaps(
        allowed, [Box(namespace(f"n{n}"), Destinations(wildcard(f"s{n + 1}.example.com"))) for n in range(size)]
    )


def deny_networks(size: int) -> int:
    """Long and short networks denied; those allowed lie between the short ones."""
    denied = nested_networks(10) + [into(span(TEN * 2 + 4 * n, TEN * 2 + 4 * n + 1), EVERYONE) for n in range(size)]
    return overlaps(denied, [into(span(TEN * 2 + 4 * n + 2, TEN * 2 + 4 * n + 3), someone(n)) for n in range(size)])


def changed(size: int) -> int:
    """The difference of two mixed policies that share most of their rules."""
    boxes = mixed(size + size // 50)
    return sum(map(len, diff(boxes[:size], boxes[size // 50 :])))


def changed_networks(size: int) -> int:
    """A staircase of networks that becomes one of another step."""
    return sum(map(len, diff(staircase(size), [into(span(TEN + 12 * n, TEN + 12 * n + 5)) for n in range(size)])))


def holes_cut(size: int) -> int:
    """One wildcard that replaces as many hosts below it."""
    return sum(
        map(len, diff([to(host(f"h{number}.example.com")) for number in range(size)], [to(wildcard("example.com"))]))
    )


def redundancy(shape: Callable[[int], list[Box]]) -> Callable[[int], Callable[[], int]]:
    def prepare(size: int) -> Callable[[], int]:
        boxes = shape(size)
        return lambda: len(redundant(boxes))

    return prepare


def whole(question: Callable[[int], int]) -> Callable[[int], Callable[[], int]]:
    return lambda size: lambda: question(size)


REDUNDANCY = (
    mixed, nested_wildcards, deep_wildcards, nested_networks, staircase, apart, big_over_tiles, everyone_and_namespaces,
    internet_for_each, one_host_many_sources, one_host_many_ports, equal, by_label, open_workloads, wildcards_for_some,
)  # fmt: skip
QUESTIONS = (
    deny_one_host, deny_except, deny_ports, deny_wide, deny_networks, changed, changed_networks, holes_cut,
)  # fmt: skip
ROWS = {f"redundant: {shape.__name__}": redundancy(shape) for shape in REDUNDANCY} | {
    f"with boxes made: {question.__name__}": whole(question) for question in QUESTIONS
}


def seconds(work: Callable[[], int]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main(sizes: Sequence[int]) -> None:
    """Print a row for each shape, and for each size its seconds and their relation to the size before."""
    gc.disable()
    print(f"{'rules':44}" + "".join(f"{size:>9}     x" for size in sizes))
    for name, prepare in ROWS.items():
        row = f"{name.replace('_', ' '):44}"
        before = 0.0
        for size in sizes:
            took = min(seconds(prepare(size)) for _ in range(3 if size < 50000 else 1))
            row += f"{took:9.3f}{took / before if before else 0:6.1f}" if before else f"{took:9.3f}      "
            before = took
            gc.collect()
        print(row, flush=True)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [1000, 10000, 100000])
