"""A fact: a small mesh written by hand, and what becomes of some calls in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from asking import Case, Proxy
from meshes import DB, WEB, call
from policies import Service, kubernetes

Verdicts = str | frozenset[str]


@dataclass(frozen=True)
class Fact:
    """A mesh and what becomes of some calls in it, both written as in `meshes.py`.

    A verdict may say more than that module does: `allowed HOST:PORT` and `lost HOST:PORT` name the port of the
    cluster, `allowed HOST:PORT client` says that it connects to what the client dialled and `registry` that it
    connects to what is registered; `passed-through name` is an unregistered host that is dialled by its name; a call
    dealt to several clusters is all their verdicts, joined by ` & `. Where istiod decides by chance the verdict is the
    set of all that may be.
    """

    title: str
    manifests: Sequence[str]
    verdicts: Mapping[str, Verdicts]
    mode: str | None = "REGISTRY_ONLY"
    proxy: Proxy | None = None
    services: Sequence[Service] = (WEB, DB)
    kubernetes: Sequence[Mapping[str, object]] = ()
    mesh: Mapping[str, object] = field(default_factory=dict)

    def case(self) -> Case:
        """The mesh, and its calls in the order of the verdicts."""
        config = {"rootNamespace": "istio-system", **self.mesh}
        if self.mode is not None:
            config["outboundTrafficPolicy"] = {"mode": self.mode}
        further = "".join(f"---\n{json.dumps(one)}\n" for one in self.kubernetes)
        return Case(
            self.title,
            json.dumps(config),
            "".join(self.manifests),
            kubernetes(self.services) + further,
            (self.proxy or Proxy("team-a", {"app": "idgen"}),),
            tuple(map(call, self.verdicts)),
        )


def either(*verdicts: str) -> frozenset[str]:
    """What istiod decides by chance."""
    return frozenset(verdicts)


def worded(token: str, like: Verdicts) -> str:
    """A token of `judging.py` as a verdict is written, with as much as `like` says."""
    wholes = [like] if isinstance(like, str) else sorted(like)
    samples = [sample for whole in wholes for sample in whole.split(" & ")]
    return " & ".join(_worded(one, samples) for one in token.split("&"))


def _worded(token: str, samples: Sequence[str]) -> str:
    verdict, sees, host, port, dials = token.split("|")
    if verdict == "blocked":
        return sees
    if verdict == "passed-through":
        return f"{verdict} {dials}".strip()
    like = next((sample for sample in samples if sample.startswith(verdict)), verdict)
    words = [verdict]
    if " " in like or verdict in ("allowed", "copied"):
        words.append(f"{host}:{port}" if ":" in like else host)
    if like.endswith((" client", " registry")):
        words.append(dials)
    return " ".join(words)
