"""An index of intervals of numbers: which overlap a range, and which reaches furthest from a point."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Entry = tuple[int, int, int]
"""An interval `[start, end)` with a start of at least 0, and the number of the set that it belongs to."""


class IntervalIndex:
    """Intervals sorted by start under a tree of their furthest ends; each question costs log n, and as much a result.

    The leaves of the tree stand at `_size` and after it, in the order of the entries, node `i` has the children `2i`
    and `2i + 1`, and holds the furthest end below it: 0 for leaves that are no entry, or no longer.
    """

    __slots__ = ("_ends", "_entries", "_size", "_starts")

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = sorted(entries)
        self._starts = [start for start, _, _ in self._entries]
        self._size = 1 << max(len(self._entries) - 1, 0).bit_length()
        padding = [0] * (self._size - len(self._entries))
        self._ends = [0] * self._size + [end for _, end, _ in self._entries] + padding
        for node in range(self._size - 1, 0, -1):
            self._ends[node] = max(self._ends[2 * node], self._ends[2 * node + 1])

    def overlapping(self, start: int, end: int) -> Iterator[Entry]:
        """The entries that share a point with `[start, end)`, by their starts."""
        return self._ending_after(start, bisect_left(self._starts, end))

    def reach(self, point: int, skipped: Entry | None = None) -> int:
        """The furthest end of the entries that start at or before a point, leaving out one of them; 0 if there is none."""
        stop = bisect_right(self._starts, point)
        if skipped is None:
            return self._furthest(0, stop)
        at = self._position(skipped)
        return max(self._furthest(0, at), self._furthest(at + 1, stop))

    def furthest(self, point: int) -> Entry | None:
        """The entry that holds a point and reaches furthest from it."""
        end = self.reach(point)
        return None if end <= point else next(self._ending_after(end - 1, bisect_right(self._starts, point)))

    def discard(self, entry: Entry) -> None:
        """Take an entry out."""
        self._set(entry, 0)

    def restore(self, entry: Entry) -> None:
        """Have an entry again that was taken out."""
        self._set(entry, entry[1])

    def _set(self, entry: Entry, end: int) -> None:
        ends, node = self._ends, self._size + self._position(entry)
        ends[node] = end
        while node > 1:
            end = max(ends[node], ends[node ^ 1])
            node >>= 1
            if ends[node] == end:
                break
            ends[node] = end

    def _position(self, entry: Entry) -> int:
        first = bisect_left(self._starts, entry[0])
        return bisect_left(self._entries, entry, first, bisect_right(self._starts, entry[0], first))

    def _furthest(self, start: int, stop: int) -> int:
        """The furthest end of the entries from index `start` up to `stop`."""
        ends, left, right, found = self._ends, start + self._size, stop + self._size, 0
        while left < right:
            if left & 1:
                found = found if found > ends[left] else ends[left]
                left += 1
            if right & 1:
                right -= 1
                found = found if found > ends[right] else ends[right]
            left >>= 1
            right >>= 1
        return found

    def _ending_after(self, point: int, stop: int) -> Iterator[Entry]:
        """The entries with an index below `stop` that end after a point."""
        waiting = [(1, 0, self._size)]  # a node, and the index and number of the leaves below it
        while waiting:
            node, first, count = waiting.pop()
            if first >= stop or self._ends[node] <= point:
                continue
            if count == 1:
                yield self._entries[first]
            else:
                half = count // 2
                waiting.append((2 * node + 1, first + half, half))
                waiting.append((2 * node, first, half))
