"""Redundancies of several clusters: a rule may go only if no cluster in which it holds needs it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from egresslang.codes import REDUNDANT
from egresslang.findings import Finding
from egresslang.policy.policy import Policy
from egresslang.source import Span


def everywhere(found: Sequence[Sequence[Finding]], policies: Sequence[Policy | None]) -> list[Finding]:
    """What is redundant in each cluster in which its rule grants anything, once; nothing if a cluster has no policy.

    A destination is, where the whole rule is in other clusters. A fix is safe only if it is in all clusters.
    """
    told = [[each for each in some if each.code is REDUNDANT] for some in found]
    if not any(told) or not all(policies):
        return []
    live = [_Spans(line.rule.span for line in each.allows if line.is_live) for each in policies if each is not None]
    gone = [_Spans(each.span for each in some) for some in told]
    kept: dict[tuple[str, int, int], Finding] = {}
    for some in told:
        for each in some:
            if all(
                not holds.have(each.span) or adds_none.have(each.span)
                for holds, adds_none in zip(live, gone, strict=True)
            ):
                same = kept.setdefault(each.span.place, each)
                if same.fix is not None and same.fix.safe and each.fix is not None:
                    kept[each.span.place] = each
    return list(kept.values())


class _Spans:
    """Places of policy files of which none has a part of another."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self._spans = sorted((span.source.name, span.start, span.end) for span in spans)

    def have(self, span: Span) -> bool:
        """Whether one of them has all of a place."""
        at = bisect_right(self._spans, (span.source.name, span.start, len(span.source.text))) - 1
        return at >= 0 and self._spans[at][0] == span.source.name and span.end <= self._spans[at][2]
