"""What is advised where a statement is not written as the language wants it."""

from __future__ import annotations

import pytest

from egresslang.source import Source
from egresslang.syntax.parse import parse


def advice(text: str) -> list[str]:
    """The help of each finding of a text."""
    return [each.help for each in parse(Source("p.egress", text))[1]]


@pytest.mark.parametrize(
    ("port", "help"),
    [
        ("80-82 http", "write `{80, 81, 82}`, each with its protocol"),
        ("8000-9000 tcp", "write the ports one by one, as in `{8000 tcp, 8001 tcp}`"),
        ("9000-8000 tcp", "write the ports one by one, as in `{8000 tcp, 8001 tcp}`"),
        ("65534-65539 tcp", "write the ports one by one, as in `{8000 tcp, 8001 tcp}`"),
        ("443/tcp", "write `443 tcp`"),
        ("udp/53", "write `53 udp`"),
        ("443tls", "write `443 tls`"),
        ("443x", "write a number from 1 to 65535, then the protocol"),
        ("https", "write `443 https`"),
        ("ssh", "write `22 tcp`"),
        ("any", "write the ports that are needed; a `deny` or `expect` without a port is about all of them"),
        ("4٤3", "write it with the digits 0 to 9"),
    ],
)
def test_what_to_write_for_a_port(port: str, help: str) -> None:
    assert advice(f"allow a -> x.example.com:{port}") == [help]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("allow httpbin.org:80 -> idgen http", "allow idgen -> httpbin.org:80 http"),
        ("allow httpbin.org:80 -> idgen http owner=x", "allow idgen -> httpbin.org:80 http"),
        ("allow idgen httpbin.org:80 ->", "allow idgen -> httpbin.org:80"),
        ("allow team/* httpbin.org:80 http ->", "allow team/* -> httpbin.org:80 http"),
        ("deny [2001:db8::1]:443 -> *", "deny * -> [2001:db8::1]:443"),
    ],
)
def test_who_comes_first(text: str, meant: str) -> None:
    assert advice(text) == [f"write who first: `{meant}`"]
    assert advice(meant) == []
