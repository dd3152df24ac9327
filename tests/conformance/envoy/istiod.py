"""A real istiod that serves one mesh after the other."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

BUILT = Path(__file__).parents[1] / "judge" / "bin" / "ads"
"""Where `make conformance` puts the program."""

_STOCK_ENVOY = {"PILOT_ENABLE_METADATA_EXCHANGE": "false", "PILOT_ENABLE_ALPN_FILTER": "false"}
"""Without the filters that only Istio's own build of Envoy has; istiod reads these when it starts."""

_NO_CERTIFICATES = """---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: no-certificates, namespace: istio-system}
spec: {mtls: {mode: DISABLE}}
"""
"""Envoy would wait for a certificate for ever."""

_LOGGED = {
    "port": "%DOWNSTREAM_REMOTE_PORT%",
    "code": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "cluster": "%UPSTREAM_CLUSTER_RAW%",
    "route": "%ROUTE_NAME%",
    "upstream": "%UPSTREAM_HOST%",
    "ended": "%CONNECTION_TERMINATION_DETAILS%",
    "sni": "%REQUESTED_SERVER_NAME%",
}
"""The names of a `Line`, and the client's port, which tells whose line it is."""


class MeshError(Exception):
    """Istiod does not take the mesh; the message is its own."""


class Istiod:
    """A running ads program, which serves xDS on `socket` and has Envoys write `access_log`."""

    def __init__(self, socket: Path, access_log: Path) -> None:
        self._socket = socket
        self._access_log = access_log
        self._process = subprocess.Popen(
            [BUILT],
            env={**os.environ, **_STOCK_ENVOY},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def serve(self, mesh_config: str, istio: str, kubernetes: str) -> None:
        """Serve this mesh instead of the last one; raises MeshError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        mesh = {
            "meshConfig": json.dumps(self._with_log(yaml.safe_load(mesh_config))),
            "istio": istio + _NO_CERTIFICATES,
            "kubernetes": kubernetes,
            "socket": str(self._socket),
        }
        self._process.stdin.write(json.dumps(mesh) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "the ads program died"}')
        if "error" in answer:
            raise MeshError(answer["error"])

    def _with_log(self, mesh_config: dict[str, Any]) -> dict[str, Any]:
        return {
            **mesh_config,
            "enableAutoMtls": False,
            "defaultProviders": {},
            "accessLogFile": str(self._access_log),
            "accessLogEncoding": "JSON",
            "accessLogFormat": json.dumps(_LOGGED),
        }
