"""A real Prometheus that holds what it is told: blocks that promtool makes of samples, served by Debian's Prometheus."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

SCRAPE = 120
"""Seconds between two samples."""

END = 1_795_651_200
"""The end of all samples: 2026-11-26 00:00 UTC."""

Labels = Mapping[str, str]
Counter = tuple[str, Labels, list[tuple[int, float]]]
"""A metric, its labels, and its samples: the moment and the value."""

REQUESTS, CONNECTIONS = "istio_requests_total", "istio_tcp_connections_closed_total"


def sampled(metric: str, labels: Labels, start: int, events: Mapping[int, float], end: int = END) -> Counter:
    """A counter that is born at `start` with 0 and grows by some at moments, in samples to `end`."""
    samples, value = [], 0.0
    left = sorted(events.items())
    for at in range(start, end + 1, SCRAPE):
        while left and left[0][0] <= at:
            value += left.pop(0)[1]
        samples.append((at, value))
    return metric, labels, samples


def openmetrics(counters: list[Counter]) -> str:
    """The samples as OpenMetrics text."""
    lines: list[str] = []
    for metric in sorted({name for name, _, _ in counters}):
        lines.append(f"# TYPE {metric.removesuffix('_total')} counter")
        for name, labels, samples in counters:
            if name == metric:
                said = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
                lines += [f"{metric}{{{said}}} {value:g} {at}" for at, value in samples]
    return "\n".join([*lines, "# EOF", ""])


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@contextmanager
def prometheus(folder: Path, counters: list[Counter], *options: str) -> Iterator[str]:
    """The address of a Prometheus that has the counters, and nothing else."""
    for tool in ("prometheus", "promtool"):
        assert shutil.which(tool), f"{tool} is not on PATH (Debian package prometheus)"
    (folder / "samples.txt").write_text(openmetrics(counters), encoding="utf-8")
    blocks = [
        "promtool",
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        str(folder / "samples.txt"),
        str(folder / "data"),
    ]
    made = subprocess.run(blocks, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    with serving(folder / "data", *options) as url:
        yield url


@contextmanager
def serving(
    data: Path, *options: str, ca: Path | None = None, client: tuple[Path, Path] | None = None
) -> Iterator[str]:
    """The address of a Prometheus over a folder of blocks; with `ca` it speaks TLS, to a client with certificate and key."""
    tls = None
    if ca is not None:
        tls = ssl.create_default_context(cafile=ca)
        if client is not None:
            tls.load_cert_chain(*client)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        "prometheus",
        "--config.file=/dev/null",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=100y",
    ]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=error", *options]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"{'http' if tls is None else 'https'}://127.0.0.1:{port}"
        deadline = time.monotonic() + 30
        while not _is_ready(url, tls):
            assert process.poll() is None, "prometheus does not start"
            assert time.monotonic() < deadline, "prometheus does not become ready"
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


def _is_ready(url: str, tls: ssl.SSLContext | None) -> bool:
    try:
        with urlopen(f"{url}/-/ready", timeout=5, context=tls):
            return True
    except HTTPError as asked:
        with asked:
            return asked.code == 401
    except OSError:
        return False
