"""Regions that a profile declares: none lies in itself."""

from __future__ import annotations

from random import Random

from egresslang.findings import Finding
from egresslang.profile.load import load
from egresslang.source import Source


def findings(declared: dict[str, list[str]]) -> list[Finding]:
    listed = ", ".join(f"{name}: [{', '.join(members)}]" for name, members in declared.items())
    text = (
        f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: x}}\nspec: {{regions: {{{listed}}}}}\n"
    )
    return load(Source("p.yaml", text), lambda path: "")[1]


def test_of_regions_in_a_circle_the_first_is_told_and_what_lies_in_them_is_not_told_again() -> None:
    random = Random(1)
    counts = set()
    for _ in range(300):
        names = [f"r{number}" for number in range(random.randint(1, 9))]
        declared = {name: random.sample(names, k=random.randint(0, min(2, len(names)))) for name in names}
        expected, told = [], set[str]()
        for name, members in declared.items():
            for member in members:
                inside = searched(member, declared)
                if name in inside and name not in told:
                    told |= inside
                    expected.append((f"region `{name}` lies in itself", member))
        assert [(each.message, each.span.text) for each in findings(declared)] == expected, declared
        counts.add(len(expected))
    assert {0, 1, 2} <= counts


def searched(outer: str, declared: dict[str, list[str]]) -> set[str]:
    """All regions in one, itself too."""
    found: set[str] = set()
    waiting = [outer]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += declared[name]
    return found
