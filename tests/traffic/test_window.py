"""Durations, and the pages of a window."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egresslang.traffic.flow import read_host
from egresslang.traffic.window import (
    DAY,
    HOUR,
    LONGEST,
    Moment,
    Page,
    Window,
    latest,
    longest_gap,
    read_duration,
    show_duration,
    show_moment,
)


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


NOON = 1_795_608_000
"""2026-11-25 12:00 UTC."""


@pytest.mark.parametrize(
    ("after", "by", "said"),
    [
        (NOON, NOON, "2026-11-25 12:00"),
        (NOON - 3600, NOON, "2026-11-25 11:00 to 12:00"),
        (NOON + 11 * 3600, NOON + 12 * 3600, "2026-11-25 23:00 to 24:00"),
        (NOON + 11 * 3600 + 60, NOON + 12 * 3600 + 60, "2026-11-25 23:01 to 2026-11-26 00:01"),
        (NOON - DAY, NOON, "2026-11-24 12:00 to 2026-11-25 12:00"),
    ],
)
def test_a_moment_says_how_far_it_is_known(after: int, by: int, said: str) -> None:
    assert show_moment(Moment(after, by)) == said


def test_the_latest_of_some_moments() -> None:
    assert latest([Moment(0, 24), Moment(10, 11), Moment(5, 6)]) == Moment(10, 24)


@given(st.integers(60, DAY), st.integers(DAY, 1 << 33))
def test_the_grid_of_a_page_ends_where_it_does(length: int, end: int) -> None:
    page = Page(end, length)
    assert page.grid % page.step == 0
    assert page.grid - page.shift == end
    assert 0 <= page.shift < page.step


@pytest.mark.parametrize("days", [1, 2, 3, 5, 7, 30])
def test_parts_of_a_window_begin_where_a_step_does(days: int) -> None:
    whole = Window(0, days * DAY)
    pages = list(whole.pages(longest_gap(whole.length) - HOUR))
    assert len(pages) == max(days, 7)
    assert all(page.length % page.step == 0 for page in pages)
