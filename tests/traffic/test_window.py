"""Durations, and the pages of a window."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egresslang.traffic.flow import read_host
from egresslang.traffic.window import DAY, LONGEST, Window, read_duration, show_duration


@pytest.mark.parametrize(("text", "seconds"), [("90m", 5400), ("12h", 43_200), ("7d", 7 * DAY), ("4w", 28 * DAY), ("1d12h", 36 * 3600)])  # fmt: skip
def test_durations(text: str, seconds: int) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "7 d", "-7d", "7d ", "7D", "1y", "0m", "9999999d", "401d"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        read_duration(text)


@given(st.integers(1, LONGEST // 60))
def test_a_shown_duration_is_read_again(minutes: int) -> None:
    assert read_duration(show_duration(minutes * 60)) == minutes * 60


@given(st.integers(60, LONGEST), st.integers(0, 1 << 33))
def test_pages_are_the_window(length: int, end: int) -> None:
    pages = list(Window(end - length, end).pages())
    assert sum(page.length for page in pages) == length
    assert [page.end for page in pages] == [end - at * DAY for at in range(len(pages))]
    assert all(0 < page.length <= DAY and page.step >= 60 for page in pages)


@pytest.mark.parametrize(
    ("said", "host", "port"),
    [
        ("a.example.com", "a.example.com", 0),
        ("A.example.com.:8080", "a.example.com", 8080),
        ("[2001:db8::1]:80", "[2001:db8::1]", 80),
        ("2001:db8::1", "2001:db8::1", 0),
        ("a.example:0", "a.example:0", 0),
        ("a.example:99999", "a.example:99999", 0),
        (":80", ":80", 0),
        ("", "", 0),
    ],
)
def test_host_headers(said: str, host: str, port: int) -> None:
    assert read_host(said) == (host, port)
