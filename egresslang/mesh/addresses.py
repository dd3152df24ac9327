"""Addresses and networks as numbers, in the forms that manifests have them: host bits may be set, IPv6 in any spelling."""

from __future__ import annotations

from functools import lru_cache

BITS = {4: 32, 6: 128}

Address = tuple[int, int]
"""IP version and number."""

Network = tuple[int, int, int]
"""IP version, first address and length of the prefix."""


@lru_cache(maxsize=65536)
def parse_address(text: str) -> Address | None:
    """An address, None for anything else."""
    return _read(text)


def _read(text: str) -> Address | None:
    parts = text.split(".")
    if len(parts) == 4:
        number = 0
        for part in parts:
            if not part.isdecimal() or not part.isascii() or (len(part) > 1 and part[0] == "0") or len(part) > 3:
                return None
            value = int(part)
            if value > 255:
                return None
            number = number << 8 | value
        return 4, number
    if ":" not in text:
        return None
    import ipaddress

    try:
        return 6, int(ipaddress.IPv6Address(text.partition("%")[0]))
    except ValueError:
        return None


@lru_cache(maxsize=65536)
def parse_network(text: str) -> Network | None:
    """A network or a single address with its host bits cleared, None for anything else."""
    address, slash, length = text.partition("/")
    found = _read(address)  # what is kept of networks need not be kept of addresses too
    if found is None:
        return None
    version, number = found
    bits = BITS[version]
    if not slash:
        return version, number, bits
    if not length.isdecimal() or int(length) > bits:
        return None
    return version, mask(version, number, int(length)), int(length)


def mask(version: int, number: int, length: int) -> int:
    """An address with the bits after a prefix cleared."""
    spare = BITS[version] - length
    return number >> spare << spare


def starts_at_zero(text: str) -> bool:
    """Whether a network is written from 0.0.0.0, which istiod takes for no network at all (pilot/pkg/networking/core)."""
    return text.partition("/")[0] == "0.0.0.0"
