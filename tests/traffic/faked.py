"""A server that answers as it is told, and commands run in this process: for the tests of observed traffic."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs

from egresslang.cli import main

Reply = tuple[int, Mapping[str, str], bytes]
"""Status, headers and body."""

START, END = 1_795_046_400, 1_795_651_200
"""2026-11-19 00:00 and 2026-11-26 00:00 UTC: the week before the end of TODAY."""

TODAY = "2026-11-25"


def vector(*rows: tuple[Mapping[str, str], float], **more: object) -> Reply:
    """The answer of a query."""
    result = [{"metric": dict(labels), "value": [END, str(value)]} for labels, value in rows]
    answer = {"status": "success", "data": {"resultType": "vector", "result": result}, **more}
    return 200, {}, json.dumps(answer).encode()


class Fake(ThreadingHTTPServer):
    """A server on this machine: `reply` makes its answers, `asked` has every query with its headers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply: Callable[[str], Reply | Callable[[BaseHTTPRequestHandler], None]] = lambda query: vector(({}, END))
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def queries(self) -> list[str]:
        return [query for query, _ in self.asked]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients go away in these tests."""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = cast("Fake", self.server)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        query = parse_qs(body)["query"][0]
        server.asked.append((query, dict(self.headers)))
        reply = server.reply(query)
        if callable(reply):
            reply(self)
            return
        status, headers, content = reply
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        cast("Fake", self.server).asked.append(("GET", dict(self.headers)))
        self.send_error(418)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


Series = tuple[str, Mapping[str, str], float]
"""A metric, labels, and how much it grew in each page."""


SEEN = ("idgen", "etl")
"""Workloads of the namespace recipes whose sidecars are scraped, whatever they do."""


def holding(*series: Series, warnings: tuple[str, ...] = (), seen: tuple[str, ...] = SEEN) -> Callable[[str], Reply]:
    """Answers as a Prometheus that has some counters, which were all there before and grew in each page alike."""

    def reply(query: str) -> Reply:
        more = {"warnings": list(warnings)} if warnings else {}
        if query == "vector(time())":
            return vector(({}, END + 86_400), **more)
        if "group by" in query:
            return known(START, END, *(labels for _, labels, _ in series), *map(server, seen if series else ()))
        if query.startswith("count_over_time(group"):
            return vector(({}, 168.0), **more)
        rows = [
            (labels, float(END - 3600) if "timestamp" in query else grown)
            for metric, labels, grown in series
            if fits(query, metric, labels)
        ]
        return vector(*rows, **more)

    return reply


_SELECTOR = re.compile(r'(\w+)\{((?:[^"}]|"(?:\\.|[^"\\])*")*)\}')
_MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)("(?:\\.|[^"\\])*")')


def fits(query: str, metric: str, labels: Mapping[str, str]) -> bool:
    """Whether a counter of a client fits the first selector of a query."""
    found = _SELECTOR.search(query)
    if found is None or found[1] != metric:
        return False
    told = {"reporter": "source", **labels}
    return all(
        (_is_matched(json.loads(text), told.get(name, ""), "~" in sign)) == (sign[0] != "!")
        for name, sign, text in _MATCHER.findall(found[2])
    )


def _is_matched(text: str, value: str, is_pattern: bool) -> bool:
    return re.fullmatch(text, value, re.DOTALL) is not None if is_pattern else text == value


def server(workload: str, namespace: str = "recipes") -> dict[str, str]:
    """The labels of a workload that others ask."""
    return {
        "source_workload": workload,
        "source_workload_namespace": namespace,
        "source_canonical_service": workload,
    }


def known(since: int, until: int, *who: Mapping[str, str]) -> Reply:
    """The answer to who was there, and from when to when."""
    people = [{key: each[key] for key in server("")} for each in who]
    distinct = list({json.dumps(each): each for each in people}.values())
    return vector(
        *((each, since) for each in distinct), *(({**each, "egressc_part": "yes"}, until) for each in distinct)
    )


def labelled(workload: str, service: str, name: str, flags: str = "-", namespace: str = "recipes") -> dict[str, str]:
    """The labels that flows are told apart by."""
    return {
        "source_workload": workload,
        "source_workload_namespace": namespace,
        "source_canonical_service": workload,
        "destination_service": service,
        "destination_service_name": name,
        "response_flags": flags,
    }


class Result:
    """What a command said, and its status."""

    def __init__(self, *arguments: object) -> None:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                self.status = main([str(each) for each in arguments])
            except SystemExit as ended:
                self.status = cast("int", ended.code)
        self.out, self.err = out.getvalue(), err.getvalue()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


PROFILE = """apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: recipes-us}
spec:
  region: us-east1
  istio: {outboundTrafficPolicy: REGISTRY_ONLY}
  defaultNamespace: recipes
  namespaces:
    recipes: {workloads: {idgen: {labels: {app: idgen}}, etl: {labels: {app: etl}}}}
  destinations:
    httpbin.org: {region: us}
    far.example.com: {region: europe-west1}
"""
