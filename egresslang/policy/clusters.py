"""Clusters: which of them `cluster=` means, and what is wrong when it means none.

A policy for many clusters is often looked at for one of them, so a name that is not of this run is no mistake by itself.
It is one when it differs from the name of a given cluster by a slip, or when several clusters are given and it is none.
One letter replaced by another is no slip here: clusters are called `prod-use1` and `prod-usw1`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from egresslang import codes
from egresslang.findings import Edit, Finding, Fix, finding
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Span
from egresslang.suggest import is_misspelling, one_of
from egresslang.syntax import nodes


def matches(pattern: str, cluster: str) -> bool:
    """Whether a name matches a pattern whose only wildcard is `*`: each part is found after the one before it."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == cluster
    *middle, last = rest
    at = len(first)
    for part in middle:
        found = cluster.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return cluster.startswith(first) and cluster.endswith(last) and at <= len(cluster) - len(last)


def unmatched(files: Iterable[nodes.File], profiles: Sequence[ClusterProfile]) -> Iterator[Finding]:
    """Each `cluster=` that means none of the clusters of a run and probably should, where it is written."""
    for file in files:
        for statement in file.statements:
            for attribute in getattr(statement, "attributes", ()):
                if attribute.key == "cluster":
                    yield from _unmatched(attribute, profiles)


def _unmatched(attribute: nodes.Attribute, profiles: Sequence[ClusterProfile]) -> Iterator[Finding]:
    idle = [value for value in attribute.values if not any(_is_meant(value.text, profile) for profile in profiles)]
    names = [profile.name for profile in profiles]
    near = {value: next((name for name in names if _is_slip(value.text, name)), "") for value in idle}
    for value in idle:
        if name := near[value]:
            yield _none(value.text, value.span, f"write `{name}`", Fix(f"write `{name}`", (Edit(value.span, name),)))
    if len(idle) == len(attribute.values) and len(profiles) > 1 and not any(near.values()):
        yield _none(
            ", ".join(value.text for value in idle), attribute.span, f"write {one_of(names)}, or a pattern of it"
        )


def _none(text: str, span: Span, help: str, fix: Fix | None = None) -> Finding:
    label = "holds in none of the given clusters"
    return finding(codes.OTHER_CLUSTER, span, f"no cluster is called `{text}`", label, help=help, fix=fix)


def _is_meant(pattern: str, profile: ClusterProfile) -> bool:
    """Whether a pattern means a cluster, or is none in it, which is told where the statement is resolved."""
    values = profile.variables
    if not pattern or any(name not in values for name in re.findall(r"(?<!\$)\$\{([^}\s]{0,253})\}", pattern)):
        return True
    text = re.sub(r"\$?\$\{([^}\s]{0,253})\}", lambda at: at[0][1:] if at[0][1] == "$" else values[at[1]], pattern)
    return matches(text, profile.name)


def _is_slip(word: str, name: str) -> bool:
    """Whether a word is a name but for case, its separators, a letter too many or too few, or two that changed places."""
    plain, meant = (re.sub(r"[-_.]", "-", each.lower()) for each in (word, name))
    is_replaced = len(plain) == len(meant) and sorted(plain) != sorted(meant)
    return not is_replaced and is_misspelling(plain, meant)
