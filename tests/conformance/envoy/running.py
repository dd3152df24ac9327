"""Run meshes with real Envoys, from outside of the namespaces in which they run."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from envoy import needs, traces
from envoy.calls import Mesh, Pod, Sight

_HERE = Path(__file__).parents[1]


class RunError(Exception):
    """A mesh could not be run; the message says why."""


class Running:
    """A laboratory: networks, upstreams, an istiod. On leaving, or when this process dies, nothing stays behind.

    `way` is one of `needs.ways`, `module` what runs inside, `token` marks every process that is started; raises NeedsError or
    RunError.
    """

    def __init__(self, way: Sequence[str] = (), module: str = "envoy.inside") -> None:
        self.token = secrets.token_hex(8)
        self.process = subprocess.Popen(
            (*(way or needs.ways()[0]), sys.executable, "-m", module),
            cwd=_HERE,
            env={**os.environ, "PATH": needs.path(), traces.VARIABLE: self.token},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        try:
            self._answer()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End it and everything that it started."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def run(self, mesh: Mesh, pods: Sequence[Pod]) -> tuple[tuple[Sight, ...], ...]:
        """What was seen of each request of each pod; raises RunError."""
        return tuple(tuple(map(Sight.read, sights)) for sights in self.logged(mesh, pods))

    def logged(self, mesh: Mesh, pods: Sequence[Pod]) -> list[Any]:
        """What the module inside answers for each pod; raises RunError."""
        assert self.process.stdin is not None
        told = {
            "meshConfig": mesh.mesh_config,
            "istio": mesh.istio,
            "kubernetes": mesh.kubernetes,
            "pods": [
                {
                    "namespace": pod.proxy.namespace,
                    "labels": pod.proxy.labels,
                    "requests": [request.record() for request in pod.requests],
                }
                for pod in pods
            ],
        }
        # Where nobody reads any more there is no answer either, and that is the error.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(told) + "\n")
            self.process.stdin.flush()
        found: list[Any] = self._answer()["pods"]
        return found

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RunError(f"`{' '.join(map(str, self.process.args))}` died")
        answer = json.loads(line)
        if "error" in answer:
            raise RunError(answer["error"])
        return answer
