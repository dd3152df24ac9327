"""The first process inside the namespaces: it builds the networks and runs mesh after mesh.

Run as `python -m envoy.inside` by `running`: meshes, one a line on stdin, are answered in order, one a line on
stdout. When stdin ends it ends, and with it, being the first process of its namespace, everything else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

from envoy import network, sidecar
from envoy.calls import Request, Sight
from envoy.istiod import Istiod, MeshError

_FIRST_PORT = 20000
"""Every call has a port of its own in the whole run, or its lines of the log could be another's."""


class Lab:
    """The networks with a client, a world and an istiod in them."""

    def __init__(self) -> None:
        network.build()
        self._folder = network.RUN / "lab"
        self._folder.mkdir()
        self._xds, self._access_log = self._folder / "xds", self._folder / "access.log"
        self._ports = count(_FIRST_PORT)
        self._world = _start(network.WORLD, "envoy.upstreams", _certificate(self._folder))
        assert self._world.stdout is not None
        if self._world.stdout.readline() != "ready\n":
            raise network.NetworkError("the upstreams do not start")
        self._client = _start(network.CLIENT, "envoy.client")
        self._istiod = Istiod(self._xds, self._access_log)

    def run(self, mesh: dict[str, Any]) -> list[list[dict[str, Any]]]:
        """What was seen of every request of every pod of a mesh."""
        self._istiod.serve(mesh["meshConfig"], mesh["istio"], mesh["kubernetes"])
        return [self._pod(pod) for pod in mesh["pods"]]

    def _pod(self, pod: dict[str, Any]) -> list[dict[str, Any]]:
        self._access_log.unlink(missing_ok=True)
        requests = [Request.read(record) for record in pod["requests"]]
        ports = list(islice(self._ports, len(requests)))
        with sidecar.Sidecar(self._folder, self._xds, pod["namespace"], pod["labels"]):
            seen = self._call(list(zip(ports, (one.record() for one in requests), strict=True)))
        log = sidecar.lines(self._access_log)
        return [Sight(tuple(sees), tuple(log.get(port, ()))).record() for port, sees in zip(ports, seen, strict=True)]

    def _call(self, requests: list[tuple[int, dict[str, Any]]]) -> list[list[str]]:
        assert self._client.stdin is not None
        assert self._client.stdout is not None
        self._client.stdin.write(json.dumps(requests) + "\n")
        self._client.stdin.flush()
        return json.loads(self._client.stdout.readline())


def _start(namespace: str, module: str, *arguments: str) -> subprocess.Popen[str]:
    command = network.inside(namespace, sys.executable, "-m", module, *arguments)
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _certificate(folder: Path) -> str:
    """The file of a key and a certificate that nobody checks."""
    file = str(folder / "certificate.pem")
    new = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    subprocess.run(
        [*new, "-subj", "/CN=world", "-keyout", file, "-out", f"{file}.crt"], check=True, capture_output=True
    )
    with Path(file).open("a", encoding="ascii") as both:
        both.write(Path(f"{file}.crt").read_text(encoding="ascii"))
    return file


def _answers() -> Iterator[dict[str, Any]]:
    try:
        lab = Lab()
    except network.NetworkError as error:
        yield {"error": str(error)}
        return
    yield {"ready": True}
    for line in sys.stdin:
        try:
            yield {"pods": lab.run(json.loads(line))}
        except (MeshError, sidecar.EnvoyError) as error:
            yield {"error": str(error)}


def main() -> None:
    """Answer line by line, first of all that it is ready."""
    if os.getpid() != 1:
        sys.exit("envoy.inside changes mounts and networks: envoy.running starts it in namespaces of its own")
    for answer in _answers():
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
