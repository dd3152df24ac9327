"""What `egressc audit` costs where it is asked about many series: `python bench/traffic.py [--series N …]`.

Debian's Prometheus holds counters of Istio's, a thousand flows of them, each counted by ever more pods. The server adds
up; what travels, and the memory of egressc, is that of the flows. Needs prometheus and promtool on PATH.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import Request, urlopen

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "tests", "conformance"))
sys.path.append(HERE)

from children import ENVIRONMENT, machine, table  # noqa: E402
from metrics import END, REQUESTS, serving  # noqa: E402

FLOWS = 1_000
WORKLOADS = 100
SPAN = 3_600
"""Seconds that the samples span: two for each series."""

PROFILE = (
    "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: large}\nspec: {defaultNamespace: shop}\n"
)
POLICY = "".join(f"allow w{at} -> h{at}.example.com:80 http\n" for at in range(WORKLOADS))


def write_samples(path: Path, series: int) -> None:
    """OpenMetrics text of so many counters, of `FLOWS` flows."""
    with path.open("w", encoding="ascii") as file:
        file.write(f"# TYPE {REQUESTS.removesuffix('_total')} counter\n")
        for at in range(series):
            flow, pod = at % FLOWS, at // FLOWS
            labels = (
                f'reporter="source",source_workload="w{flow % WORKLOADS}",source_workload_namespace="shop",'
                f'destination_service="h{flow}.example.com",destination_service_name="h{flow}.example.com",'
                f'response_flags="-",response_code="200",pod="{pod}"'
            )
            file.write(f"{REQUESTS}{{{labels}}} 1 {END - SPAN}\n{REQUESTS}{{{labels}}} 3 {END - SPAN // 2}\n")
        file.write("# EOF\n")


class _Counting(ThreadingHTTPServer):
    """Hands on what is asked, and counts the bytes that are answered."""

    daemon_threads = True

    def __init__(self, url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Through)
        self.url = url
        self.bytes = self.queries = 0


class _Through(BaseHTTPRequestHandler):
    server: _Counting

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with urlopen(Request(f"{self.server.url}{self.path}", body), timeout=1200) as answer:
            content = answer.read()
        self.server.bytes += len(content)
        self.server.queries += 1
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def counting(url: str) -> Iterator[_Counting]:
    """A server between egressc and Prometheus."""
    with _Counting(url) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def measure(series: int) -> list[str]:
    """A row: the series, the flows told, queries, bytes, seconds of wall and processor time, and peak memory."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        samples = folder / "samples.txt"
        write_samples(samples, series)
        blocks = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(samples), str(folder / "data")]
        subprocess.run(blocks, check=True, stdout=subprocess.DEVNULL)
        samples.unlink()
        (folder / "policy.egress").write_text(POLICY)
        (folder / "profile.yaml").write_text(PROFILE)
        with serving(folder / "data", "--query.timeout=20m") as url, counting(url) as server:
            asked = ["audit", str(folder / "policy.egress"), "-p", str(folder / "profile.yaml"), "--since", "2h"]
            asked += ["--prometheus", f"http://127.0.0.1:{server.server_address[1]}", "--timeout", "1200"]
            command = [sys.executable, __file__, "--child", *asked, "--today", "2026-11-25", "--format", "json"]
            started = time.perf_counter()
            done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=True)
            wall = time.perf_counter() - started
            told, used = json.loads(done.stdout), json.loads(done.stderr)
    flows = len(told["flows"])
    assert sum(flow["count"] for flow in told["flows"]) >= 3 * series * 0.9, "each pod asked three times"
    return [
        f"{series:,}", f"{flows:,}", str(server.queries), f"{server.bytes / 1024:.0f}", f"{wall:.1f}",
        f"{used['cpu']:.2f}", f"{used['peak'] / 1024:.0f}",
    ]  # fmt: skip


def child(arguments: list[str]) -> None:
    """Run egressc, and tell on standard error what it took."""
    from egresslang.cli import main

    status = main(arguments)
    used = resource.getrusage(resource.RUSAGE_SELF)
    sys.stderr.write(json.dumps({"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss}))
    sys.exit(status)


def main() -> None:
    """Print the table."""
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    series = parser.parse_args().series
    print(f"{machine()}\n")
    headings = ["series", "flows", "queries", "KiB answered", "wall s", "CPU s of egressc", "peak MiB of egressc"]
    print(table(headings, [measure(each) for each in series]))


if __name__ == "__main__":
    main()
