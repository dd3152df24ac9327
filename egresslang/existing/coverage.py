"""Coverage: whether a match of a VirtualService takes all that a later one asks for, so that nothing is left for that.

Of http the first route that takes a request holds (Envoy's route table). Of tls and tcp the most specific server name or network holds,
wherever it stands, so that only equal ones are in each other's way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

Match = Mapping[str, Any]
"""A match as it is written."""

_NAMES = frozenset({"name", "statPrefix"})
"""What says nothing of a request."""

_TEXTS = frozenset({"uri", "method", "scheme", "authority"})
_SEVERAL = frozenset({"headers", "queryParams"})
_LISTS = frozenset({"sniHosts", "destinationSubnets"})


def covers(first: Match, later: Match, gateways: Collection[str]) -> bool:
    """Whether the first takes whatever the later one does; `gateways` are those of the VirtualService."""
    return all(
        _asks_less(key, asked, later, gateways, bool(first.get("ignoreUriCase")))
        for key, asked in first.items()
        if key not in _NAMES and key != "ignoreUriCase" and asked not in (None, "", 0, [], {})
    )


def covers_connection(first: Match, later: Match, gateways: Collection[str]) -> bool:
    """The same of tls and tcp: one without conditions takes all, any other nothing that asks for a name or network besides."""
    is_as_narrow = all(first.get(key) or not later.get(key) for key in _LISTS)
    return covers(first, later, gateways) and (is_as_narrow or not first)


def _asks_less(key: str, asked: Any, later: Match, gateways: Collection[str], ignores_case: bool) -> bool:
    """Whether one condition of a match holds wherever the later one does."""
    also = later.get(key)
    if key == "uri" and _is_any_path(asked):
        return True
    if key == "gateways":
        return set(also or gateways or ("mesh",)) <= set(asked)
    if also is None:
        return False
    if key in _TEXTS:
        is_path = key == "uri"
        if is_path and later.get("ignoreUriCase") and not ignores_case:
            return False
        return _is_part(asked, also, is_path and ignores_case)
    if key in _SEVERAL:
        return all(name in also and (not text or _is_part(text, also[name] or {})) for name, text in asked.items())
    if key == "sourceLabels":
        return all(also.get(name) == value for name, value in asked.items())
    if key in _LISTS:
        return bool(also) and set(also) <= set(asked)
    return bool(asked == also)


def _is_any_path(asked: Any) -> bool:
    return asked in ({"prefix": "/"}, {"prefix": ""}, {"regex": ".*"})


def _is_part(asked: Mapping[str, str], also: Mapping[str, str], ignores_case: bool = False) -> bool:
    """Whether every text that one match takes is taken by another; of expressions only equal ones are known to be."""
    prefix, text = asked.get("prefix"), also.get("exact", also.get("prefix"))
    if prefix is not None and text is not None:
        return text.lower().startswith(prefix.lower()) if ignores_case else text.startswith(prefix)
    return asked == also
