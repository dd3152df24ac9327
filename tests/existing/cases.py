"""Flawed meshes: a folder each in `flawed/`, with a mistake (`bad.yaml`), without it (`good.yaml`), and what follows (`case.yaml`).

A case says the code and its name, the text that is underlined, and flows: who asks (`namespace/pod`), the call as `conformance/meshes.py`
writes it, and the verdict in the bad mesh and in the good one; `chance` is one thing or another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FLAWED = Path(__file__).parent / "flawed"
BAD, GOOD = "bad", "good"


@dataclass(frozen=True)
class Asked:
    """A call by a pod, and what becomes of it in either mesh."""

    pod: str
    call: str
    bad: str
    good: str

    def verdict(self, which: str) -> str:
        """The verdict in one of the two."""
        return self.bad if which == BAD else self.good


@dataclass(frozen=True)
class Case:
    """A mesh with one mistake, and its twin without."""

    name: str
    code: str
    code_name: str
    underlined: str
    flows: tuple[Asked, ...]

    def path(self, which: str) -> Path:
        """The manifests of one of the two."""
        return FLAWED / self.name / f"{which}.yaml"

    def text(self, which: str) -> str:
        """Their text."""
        return self.path(which).read_text(encoding="utf-8")

    def documents(self, which: str) -> list[dict[str, Any]]:
        """Their documents."""
        return [each for each in yaml.safe_load_all(self.text(which)) if each]

    def labels(self, which: str, pod: str) -> dict[str, str]:
        """The labels of a pod of the mesh; one that it does not have has its name as `app`."""
        namespace, name = pod.split("/")
        for each in self.documents(which):
            metadata = each.get("metadata", {})
            if (each["kind"], metadata.get("namespace"), metadata.get("name")) == ("Pod", namespace, name):
                return dict(metadata["labels"])
        return {"app": name}


def read(name: str) -> Case:
    """The case of a folder."""
    said = yaml.safe_load((FLAWED / name / "case.yaml").read_text(encoding="utf-8"))
    code, code_name = said["code"].split()
    return Case(name, code, code_name, said["underlined"], tuple(Asked(**each) for each in said["flows"]))


def every() -> Iterator[Case]:
    """All cases, in the order of their names."""
    for folder in sorted(FLAWED.iterdir()):
        yield read(folder.name)


CASES = tuple(every())
