"""Look-alikes: which names are read as others."""

from __future__ import annotations

import pytest

from egresslang.syntax.look_alikes import punycode, read_as


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("аррӏе.com", "apple.com"), ("xn--80ak6aa92e.com", "apple.com"), ("www.АРРӏЕ.com", "www.apple.com"),
        ("ορο-2.example.com", "opo-2.example.com"), ("apple.com", ""), ("яндекс.com", ""), ("xn--d1acpjx3f.com", ""),
        ("сос.рф", ""), ("xn--n1aag.xn--p1ai", ""), ("bücher.example", ""), ("xn--.com", ""), ("xn--é.com", ""), ("1.com", ""),
    ],
)  # fmt: skip
def test_what_a_name_is_read_as(name: str, plain: str) -> None:
    assert read_as(name) == plain


def test_punycode() -> None:
    assert punycode("www.аррӏе.com") == "www.xn--80ak6aa92e.com"
