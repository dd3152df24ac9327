"""Window: the time that observed traffic is asked about, in pages that a server can answer one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from egresslang.record import record

DAY = 86_400
HOUR = 3_600
LONGEST = 400 * DAY
"""The longest time that may be asked about, in seconds."""

_WHOLE = 24 * 60
"""Seconds of which a page's steps are whole minutes."""

_UNITS = {"m": 60, "h": HOUR, "d": DAY, "w": 7 * DAY}
_PARTS = re.compile(r"(?:\d{1,6}[mhdw])+")


@record
class Page:
    """A part of a window: `length` seconds up to `end`, seconds since 1970; `step` is how exactly a moment is told.

    A server looks at moments that are whole numbers of steps since 1970. Those of the page are reached by asking it at the
    `grid`, after the end, about what was `shift` seconds before.
    """

    end: int
    length: int

    @property
    def step(self) -> int:
        """A twenty-fourth of the page, a minute at least."""
        return max(self.length // 24, 60)

    @property
    def shift(self) -> int:
        """The seconds from the end to the next whole number of steps."""
        return -self.end % self.step

    @property
    def grid(self) -> int:
        """The next whole number of steps after the end."""
        return self.end + self.shift


@record
class Moment:
    """When something happened, as far as that is known: after `after`, at `by` at the latest, in seconds since 1970.

    Both are the same where it is known exactly.
    """

    after: int
    by: int


def latest(moments: Iterable[Moment]) -> Moment:
    """When the last of some things happened, at least one."""
    some = list(moments)
    return Moment(max(each.after for each in some), max(each.by for each in some))


@record
class Window:
    """Time from `start` to `end`, in whole seconds since 1970."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Its seconds."""
        return self.end - self.start

    def pages(self, longest: int = DAY) -> Iterator[Page]:
        """Its days, or parts of some seconds, the newest first; what is left over is the last."""
        end = self.end
        while end > self.start:
            length = min(longest, end - self.start)
            yield Page(end, length)
            end -= length


def longest_gap(length: int) -> int:
    """The seconds for which nothing of somebody may be recorded in so many seconds: a bit more than between two runs of
    what runs once a day.
    """
    return HOUR + min(-(-length // (7 * _WHOLE)) * _WHOLE, DAY)


def read_duration(text: str) -> int:
    """The seconds of a duration such as `90m`, `12h`, `7d`, `2w` or `1d12h`; raises ValueError with what is wrong."""
    if not _PARTS.fullmatch(text):
        raise ValueError(f"`{text}` is not a duration such as 7d, 12h or 90m")
    seconds = sum(int(each[:-1]) * _UNITS[each[-1]] for each in re.findall(r"\d+[mhdw]", text))
    if not 60 <= seconds <= LONGEST:
        raise ValueError(f"`{text}` is not between a minute and {LONGEST // DAY} days")
    return seconds


def show_duration(seconds: int) -> str:
    """Seconds in whole days, hours or minutes, whichever they are."""
    for unit, size in (("d", DAY), ("h", HOUR), ("m", 60)):
        if seconds % size == 0 and seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def show_hours(seconds: int) -> str:
    """About how many hours, or whole days, some seconds are."""
    return show_duration(max(round(seconds / HOUR), 1) * HOUR)


def show_time(seconds: float) -> str:
    """A moment to the minute, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def show_moment(moment: Moment) -> str:
    """A moment to the minute, in UTC, or between which two it was; the end of a day is 24:00 of it."""
    first, last = show_time(moment.after), show_time(moment.by)
    if first == last:
        return last
    if last.endswith(" 00:00") and show_time(moment.by - 60)[:10] == first[:10]:
        return f"{first} to 24:00"
    return f"{first} to {last[11:] if last[:10] == first[:10] else last}"


def iso(seconds: float) -> str:
    """A moment as RFC 3339 has it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
