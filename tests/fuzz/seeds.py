"""Seeds: what each target starts from: texts that this folder keeps for it, and those that other tests and examples have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CORPUS = HERE / "corpus"
CRASHES = HERE / "crashes"
"""Inputs that once were bugs, in a folder for each target."""

_KINDS = {
    "policies": ["tests/broken/*.egress", "tests/fixtures/language/*.egress", "tests/answers/histories/*/*.egress", "examples/**/*.egress"],
    "profiles": ["tests/profile/*/*.yaml", "tests/profile/broken/files/*.yaml", "tests/fixtures/language/*.yaml"],
    "manifests": ["tests/existing/flawed/*/bad.yaml", "examples/**/expected/**/*.yaml"],
}  # fmt: skip
"""Texts of one kind: a folder of the corpus, and where others lie."""

_OF_TARGETS = {
    "policy_text": "policies", "format_policy": "policies", "fixing": "policies", "reports": "policies",
    "compilation": "policies", "difference": "policies", "drawing": "policies", "alerting": "policies",
    "cluster_profile": "profiles", "documents": "manifests", "analysis": "manifests", "importing": "manifests",
    "inventories": "manifests",
}  # fmt: skip


def seeds(target: str) -> list[bytes]:
    """The seeds of a target, in an order that stays."""
    return [path.read_bytes() for path in paths(target)]


def paths(target: str) -> Iterator[Path]:
    """The files that hold them: those of this folder first."""
    yield from own(target)
    for pattern in _KINDS.get(_OF_TARGETS.get(target, ""), ()):
        yield from sorted(ROOT.glob(pattern))


def own(target: str) -> Iterator[Path]:
    """The files of this folder: those of the target, and those of the kind that it reads."""
    yield from _below(CORPUS / target)
    yield from _below(CORPUS / _OF_TARGETS.get(target, "none"))


def crashes(target: str) -> Iterator[Path]:
    """The inputs that once were bugs."""
    yield from _below(CRASHES / target)


def _below(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.glob("*")) if path.is_file())
