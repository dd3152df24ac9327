"""Words: an address is read as the standard library reads it."""

from __future__ import annotations

import ipaddress

from drawn import NOWHERE
from hypothesis import example, given
from hypothesis import strategies as st

from egresslang.syntax.nodes import Network
from egresslang.syntax.words import read_network

_octet = st.one_of(st.integers(0, 256).map(str), st.sampled_from(("0", "00", "08", "", "1000", "+1", "a")))
_address = st.one_of(st.lists(_octet, min_size=3, max_size=5).map(".".join), st.ip_addresses(v=4).map(str))
_prefix = st.one_of(st.just(""), st.integers(0, 33).map(lambda n: f"/{n}"), st.sampled_from(("/", "/08", "/-1")))


@given(_address, _prefix)
@example("10.0.0.0", "/08")
@example("10.0.0.0", "/8")
@example("10.0.0.1", "/8")
@example("10.128.0.0", "/8")
@example("10.0.0.256", "")
@example("0.0.0.0", "/0")
def test_an_ipv4_network_is_what_the_standard_library_reads(address: str, prefix: str) -> None:
    try:
        known = ipaddress.IPv4Network(address + prefix)
    except ValueError:
        known = None
    read = read_network(address + prefix, NOWHERE)
    if known is None:
        assert not isinstance(read, Network)
    else:
        assert read == Network(4, int(known.network_address), known.prefixlen, NOWHERE)
