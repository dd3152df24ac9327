"""Reasons: why something may be reached, as the comments and annotations of a manifest say it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from egresslang.documents import Located
from egresslang.source import Source, Span

LONGEST = 300
"""Characters of a reason."""

_TOLD = frozenset(("description", "reason", "purpose"))
"""Annotations that say what a resource is for, by the end of their names."""

_OF_TOOLS = re.compile(r"(?i)source:|yaml-language-server|yamllint|prettier|generated|do not edit|code generated|\W*$")

_COMMENT = re.compile(r"[\"']?[^\S\n]+#(.*)")


def reason_of(manifest: Located, behind: Iterable[str] = ()) -> str:
    """Why a manifest stands there: its annotations, the comments above it, and those `behind` a host of its list."""
    return joined([*_annotated(manifest), *_above(manifest.span), *behind])


def joined(words: Iterable[str]) -> str:
    """Words as one reason, each once."""
    text = " ".join(" ".join(dict.fromkeys(filter(None, words))).split())
    text = "".join(each for each in text if each.isprintable())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3].rstrip()}..."


def reason_of_rule(rules: Located, rule: Located) -> str:
    """Why one rule of a list stands there: the comments above it; above the list, where it is the only one."""
    is_alone = isinstance(rules.value, list) and len(rules.value) == 1
    return joined([*(_above(rules.key_span) if is_alone else ()), *_above(rule.span)])


def reasons_of_sidecar(manifest: Located) -> Iterator[tuple[str, str]]:
    """The hosts that a Sidecar lists, without their namespaces, and why: comments above the list they stand in, or behind them."""
    rules = manifest.get("spec", "egress")
    for rule in rules.entries() if rules is not None else ():
        hosts = rule.get("hosts")
        for each in hosts.entries() if hosts is not None else ():
            words = [
                reason_of_rule(rules, rule) if rules is not None else "",
                _comment_after(each.source, each.span.end),
            ]
            host = str(each.value).rpartition("/")[2]
            if host != "*" and (reason := joined(words)):
                yield host, reason


def _annotated(manifest: Located) -> Iterator[str]:
    place = manifest.get("metadata", "annotations")
    if place is None or not isinstance(place.value, dict):
        return
    for key, value in place.value.items():
        if str(key).rpartition("/")[2].lower() in _TOLD and isinstance(value, str):
            yield value


def _above(span: Span) -> list[str]:
    """The comment lines right above a place."""
    source = span.source
    line, _ = source.position(span.start)
    found: list[str] = []
    while line > 1:
        line -= 1
        text = source.line(line).strip()
        if not text.startswith("#"):
            break
        found.insert(0, text)
    return [word for word in (each.lstrip("#").strip() for each in found) if not _OF_TOOLS.match(word)]


def behind_hosts(manifest: Located) -> dict[str, list[str]]:
    """The comments behind the hosts that a manifest lists."""
    found: dict[str, list[str]] = {}
    hosts = manifest.get("spec", "hosts")
    for each in hosts.entries() if hosts is not None and isinstance(hosts.value, list) else ():
        if word := _comment_after(each.source, each.span.end):
            found.setdefault(str(each.value), []).append(word)
    return found


def _comment_after(source: Source, end: int) -> str:
    found = _COMMENT.match(source.text, end)
    return found[1].strip() if found else ""
