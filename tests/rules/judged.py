"""Rules judge policies: what one of them says, and where."""

from __future__ import annotations

import textwrap
from datetime import date
from types import ModuleType

from egresslang.compile import read
from egresslang.findings import Finding, Severity, errors
from egresslang.policy.policy import Policy
from egresslang.policy.resolve import resolve
from egresslang.profile.load import load
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Source

TODAY = date(2026, 11, 23)


def cluster(spec: str = "") -> ClusterProfile:
    """A profile with lines of its spec; without an inventory."""
    text = "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: prod}\nspec:\n  enforcement: mesh\n"
    lines = textwrap.indent(textwrap.dedent(spec), "  ")
    text = text.replace("  enforcement: mesh\n", "") if "enforcement:" in lines else text
    profile, problems = load(Source("profile.yaml", text + lines), lambda path: path)
    assert errors(problems) == [], problems
    assert profile is not None
    return profile


def resolved(policy: str, profile: ClusterProfile) -> Policy:
    """A policy that has no errors before the rules judge it."""
    files, problems = read([Source("p.egress", textwrap.dedent(policy))])
    assert problems == []
    made, problems = resolve(files, profile, TODAY, Severity.WARNING)
    assert errors(problems) == []
    return made


def found(rule: ModuleType, policy: str, spec: str = "") -> list[Finding]:
    """What a rule finds in a policy."""
    profile = cluster(spec)
    return list(rule.check(resolved(policy, profile), profile))


def told(rule: ModuleType, policy: str, spec: str = "") -> list[str]:
    """Line and underlined text of each finding, then the lines of the other places."""
    return [
        f"{each.span.place[1]} {each.span.text}" + "".join(f" < {label.span.place[1]}" for label in each.related)
        for each in found(rule, policy, spec)
    ]
