"""What a setting is: a mesh with clients in it, and what becomes of their calls, written as `notation` says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from asking import Proxy
from compiling import compile_text
from meshes import DB, WEB
from policies import Service, kubernetes

from envoy.calls import Mesh

WEB_CALL = f"http {WEB.host}:80 @{WEB.address}"
WEB_ANSWERS = f"allowed {WEB.host}, answer {WEB.endpoint}:80"


@dataclass(frozen=True)
class Client:
    """A pod, and what becomes of each of its calls."""

    namespace: str
    app: str
    calls: Mapping[str, str]

    @property
    def proxy(self) -> Proxy:
        """The pod as the judge knows it."""
        return Proxy(self.namespace, {"app": self.app})


@dataclass(frozen=True)
class Setting:
    """A mesh with clients in it."""

    title: str
    mesh: Mesh
    clients: tuple[Client, ...]


def written(*manifests: str, mode: str = "REGISTRY_ONLY", **config: str) -> Mesh:
    """A mesh of manifests that are written by hand, with the Services `WEB` and `DB`."""
    mesh_config = {"outboundTrafficPolicy": {"mode": mode}, "rootNamespace": "istio-system", **config}
    return Mesh(json.dumps(mesh_config), "".join(manifests), kubernetes((WEB, DB)))


def compiled(policy: str, profile: str, *services: Service) -> Mesh:
    """The mesh that egressc makes of a policy; it has nothing to complain of."""
    result = compile_text(policy, profile)
    assert result.status == 0, result.stderr
    return Mesh(result.mesh_config, result.istio, kubernetes(services))
