"""Filter chains: which one of a listener takes a connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from egresslang.mesh.addresses import Address, mask
from egresslang.mesh.listeners import Chain

HTTP = frozenset({"http", "http2"})
"""What the HTTP inspector of a listener knows for HTTP; HTTP/1.0 is raw bytes to it."""


class ChainTable:
    """The filter chains of a listener, found by what they match.

    Envoy decides step by step and never goes back: the longest network, then the longest server name, then plaintext or
    TLS, then the sniffed protocol; at each step only what matches stays, and if nothing does what asks for nothing.
    """

    __slots__ = ("_default", "_networks", "_rest", "is_refused", "reads_http", "reads_tls", "waits")

    def __init__(self, chains: Iterable[Chain]) -> None:
        self._default: Chain | None = None
        self.reads_tls = self.reads_http = self.is_refused = False
        networks: dict[tuple[int, int], dict[int, _Names]] = {}
        self._rest = _Names()
        for chain in chains:
            self.reads_tls = self.reads_tls or bool(chain.sni)
            if chain.matches_all:
                self._default = chain
                continue
            self.reads_http = self.reads_http or chain.http
            for version, first, length in chain.ranges:
                names = networks.setdefault((version, length), {}).setdefault(first, _Names())
                self.is_refused |= not names.add(chain)
            if not chain.ranges:
                self.is_refused |= not self._rest.add(chain)
        self.waits = self.reads_tls or self.reads_http
        self._networks = dict(sorted(networks.items(), key=lambda each: -each[0][1]))

    def passes_all(self, address: Address) -> bool:
        """Whether all that is said to an address is for one chain."""
        return self._of_network(address).is_one or (self._default is not None and self._of_network(address).is_empty)

    def leaves_all(self, address: Address) -> bool:
        """Whether all that is said to an address, but for the names it tells, is left to the outbound policy."""
        return self._default is None and self._of_network(address).has_names_alone

    def server_names(self, address: Address) -> Mapping[str, Sequence[Chain]]:
        """The chains for an address by server name."""
        return self._of_network(address).named

    def match(self, address: Address, protocol: str, name: str) -> Chain | None:
        """The chain that takes a connection (outbound.Request), None if it is left to the outbound policy."""
        names = self._of_network(address)
        is_tls = protocol == "tls"
        chains = names.find(name.lower() if is_tls and self.reads_tls else "")
        is_plain = not is_tls or not self.reads_tls
        plain = [chain for chain in chains if chain.http]
        if plain:
            chains = plain if is_plain else [chain for chain in chains if not chain.http]
            if is_plain and not (protocol in HTTP and self.reads_http):
                chains = [chain for chain in chains if not chain.http]
        return chains[0] if chains else self._default

    def _of_network(self, address: Address) -> _Names:
        version, number = address
        for (of, length), found in self._networks.items():
            if of == version:
                names = found.get(mask(version, number, length))
                if names is not None:
                    return names
        return self._rest


_NONE: dict[str, list[Chain]] = {}
"""No names: of networks there are many, and few of them tell names."""


class _Names:
    """Filter chains by server name."""

    __slots__ = ("_any", "named")

    def __init__(self) -> None:
        self.named: dict[str, list[Chain]] = _NONE
        self._any: list[Chain] = []

    @property
    def is_one(self) -> bool:
        """Whether there is but one chain, for whatever is said."""
        return not self.named and len(self._any) == 1 and not self._any[0].http

    @property
    def is_empty(self) -> bool:
        """Whether there is no chain."""
        return not self.named and not self._any

    @property
    def has_names_alone(self) -> bool:
        """Whether there is no chain but for names."""
        return not self._any

    def add(self, chain: Chain) -> bool:
        """Add a chain; whether a real Envoy takes it: not one that matches the very same as another, nor a name that is
        a wildcard in part."""
        if not chain.sni or "*" in chain.sni:
            return _add(self._any, chain)
        if self.named is _NONE:
            self.named = {}
        is_taken = True
        for name in chain.sni:
            is_whole = "*" not in name or name.startswith("*.")
            is_taken = _add(self.named.setdefault(name, []), chain) and is_whole and is_taken
        return is_taken

    def find(self, name: str) -> list[Chain]:
        """The chains of a server name, of the longest wildcard above it, else those for any; empty for no name."""
        if name and self.named:
            if name in self.named:
                return self.named[name]
            at = name.find(".")
            while at >= 0:
                if (wild := f"*{name[at:]}") in self.named:
                    return self.named[wild]
                at = name.find(".", at + 1)
        return self._any


def _add(chains: list[Chain], chain: Chain) -> bool:
    """Add a chain to those of the same name; whether none of them is for the same protocol."""
    is_other = chain.http not in [each.http for each in chains]
    chains.append(chain)
    return is_other
