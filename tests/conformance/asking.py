"""Ask real istiod code what a proxy does with an outbound request.

The judge is the Go program in `judge/`: it starts a whole istiod over a fake Kubernetes for every case
and sends each call through the listeners, routes and clusters that istiod generates.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import Queue
from types import TracebackType
from typing import Self

BUILT = Path(__file__).parent / "judge" / "bin" / "judge"
"""Where `make conformance` puts the program; the environment variable JUDGE names another one."""


@dataclass(frozen=True)
class Proxy:
    """A pod with a sidecar: its namespace, its labels and, where it matters, its addresses."""

    namespace: str
    labels: dict[str, str] = field(default_factory=dict)
    dnsCapture: bool = False
    ips: tuple[str, ...] = ()


@dataclass(frozen=True)
class Call:
    """One outbound connection of the proxy with this index; `name` is the Host header or the SNI.

    `protocol` is http, http2, tls or tcp; `alpn` is what a TLS client offers. With `via` the client asks the
    proxy's DNS for that name first, and dials `address` only where the proxy does not know it.
    """

    proxy: int
    address: str
    port: int
    protocol: str
    name: str = ""
    alpn: str = ""
    via: str = ""


@dataclass(frozen=True)
class Case:
    """One mesh and what is asked of it; the three texts are YAML."""

    id: str
    meshConfig: str
    istio: str
    kubernetes: str
    proxies: tuple[Proxy, ...]
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Share:
    """One of the clusters that a call is dealt to by weight; `copied` is one that gets a copy and answers nobody."""

    verdict: str
    cluster: str
    type: str = ""
    weight: int = 0
    copied: bool = False


@dataclass(frozen=True)
class Verdict:
    """What became of a call.

    `verdict` is allowed, answered (by the proxy itself: a redirect or a response of its own), blocked,
    passed-through, lost (a route to a cluster that does not exist) or shared (several clusters, in `shared`);
    `sees` is what the client sees: answer, 502, 404 or dropped; `type` is the discovery type of the cluster,
    `dials` what it connects to, empty where that is what the client dialled or named; `address` is what the
    client dialled. A call with `refused` took a listener or a route that a real Envoy refuses.
    """

    verdict: str
    address: str = ""
    sees: str = ""
    listener: str = ""
    virtualHost: str = ""
    cluster: str = ""
    type: str = ""
    dials: tuple[str, ...] = ()
    error: str = ""
    shared: tuple[Share, ...] = ()
    refused: bool = False

    @property
    def host(self) -> str:
        """The registered host whose cluster took the call, empty when none did."""
        parts = self.cluster.split("|")
        return parts[3] if len(parts) == 4 else ""


@dataclass(frozen=True)
class Answer:
    """The judgement of a case: a verdict for each call, or why the mesh could not be built.

    `rejected` is, for each proxy, what a real Envoy would refuse of its configuration. `rolls` are the verdicts of
    each further time the same istiod built the configuration.
    """

    id: str
    verdicts: tuple[Verdict, ...]
    rejected: tuple[tuple[str, ...], ...] = ()
    error: str = ""
    rolls: tuple[tuple[Verdict, ...], ...] = ()


class JudgeMissingError(Exception):
    """The judge is not built."""


def program() -> str:
    """The path of the judge; raises JudgeMissingError when nobody has built it."""
    path = os.environ.get("JUDGE") or str(BUILT)
    if not os.access(path, os.X_OK):
        raise JudgeMissingError(f"no judge at {path}: `make conformance` builds it")
    return path


class Judge:
    """One or more running judges; cases are dealt to them as they become free, answers keep the order."""

    def __init__(self, processes: int = 1) -> None:
        path = program()
        self._running = [
            subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
            for _ in range(processes)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the programs this judge started."""
        for process in self._running:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            process.stdout.close()
            process.terminate()
            process.wait()

    def ask(self, case: Case, rolls: int = 0) -> Answer:
        """The judgement of one case, and how often the same istiod shall judge it again."""
        return self._ask(self._running[0], case, rolls)

    def ask_all(self, cases: Iterable[Case]) -> Iterator[Answer]:
        """The judgement of each case, in order, a few cases ahead of the reader."""
        if len(self._running) == 1:
            for case in cases:
                yield self.ask(case)
            return
        free: Queue[subprocess.Popen[str]] = Queue()
        for process in self._running:
            free.put(process)
        waiting: list[_Asked] = []
        for case in cases:
            waiting.append(_Asked(self._ask, free, case))
            if len(waiting) > 2 * len(self._running):
                yield waiting.pop(0).answer()
        for asked in waiting:
            yield asked.answer()

    @staticmethod
    def _ask(process: subprocess.Popen[str], case: Case, rolls: int = 0) -> Answer:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({**asdict(case), "rolls": rolls}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the judge died over case {case.id}")
        answer = json.loads(line)
        verdicts = tuple(map(_verdict, answer["verdicts"] or ()))
        rejected = tuple(tuple(one) for one in answer["rejected"] or ())
        again = tuple(tuple(map(_verdict, roll["verdicts"] or ())) for roll in answer.get("rolls", ()))
        return Answer(answer["id"], verdicts, rejected, answer.get("error", ""), again)


def _verdict(answered: dict[str, object]) -> Verdict:
    shared = tuple(Share(**share) for share in answered.pop("shared", ()))
    return Verdict(**{**answered, "dials": tuple(answered.pop("dials", ())), "shared": shared})


class _Asked:
    """A case that a thread of its own puts to whichever judge is free."""

    def __init__(self, ask, free: Queue, case: Case) -> None:
        self._result: Answer | BaseException | None = None

        def run() -> None:
            process = free.get()
            try:
                self._result = ask(process, case)
            except BaseException as error:
                self._result = error
            finally:
                free.put(process)

        self._thread = threading.Thread(target=run)
        self._thread.start()

    def answer(self) -> Answer:
        """The judgement, once it is there."""
        self._thread.join()
        if isinstance(self._result, Answer):
            return self._result
        assert self._result is not None
        raise self._result
