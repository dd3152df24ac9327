"""Access logs: lines of one workload's sidecar, in Istio's default format, as text or as JSON.

They tell what metrics cannot: the port, the address that was dialled, the name in a TLS hello. The format is that of
Istio's `accessLogFile` without an `accessLogFormat` (MeshConfig reference); what each outcome looks like in it was seen
in a real Envoy. A field that a client fills, such as the user agent, may hold quotes: a line is read from its end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from egresslang import limits
from egresslang.mesh.addresses import Address, parse_address
from egresslang.record import record
from egresslang.traffic.flow import (
    ALLOWED,
    BLOCKED,
    CONNECTIONS,
    LOST,
    PASSED,
    REQUESTS,
    Flow,
    Known,
    Observed,
    Seen,
    read_host,
)
from egresslang.traffic.labels import BLACK_HOLE, FAILED, MISSING, PASSTHROUGH
from egresslang.traffic.prometheus import LATEST
from egresslang.traffic.window import Moment, Window, latest

BLOCK_ALL = "block_all"
"""The route that answers 502 to what nobody registered."""

_HEAD = re.compile(
    r'\[(?P<start_time>[^\]\s]+)\] "(?P<request>.*?)" (?P<response_code>\d+) (?P<response_flags>\S+)(?: |\Z)'
)
_TAIL = re.compile(
    r'[^ ]*"(?P<authority>[^" ]*)" "(?P<upstream_host>[^" ]*)" (?P<upstream_cluster>\S+) \S+ '
    r"(?P<downstream_local_address>\S+) \S+ (?P<requested_server_name>\S+) (?P<route_name>\S+)"
)
_TAIL_WORDS = 8  # found by counting: one expression for the line would try every quote of it with every other
_NOTHING = "-"


Fields = Mapping[str, str]
"""The fields of a line by their names in Istio's JSON; `-` for none."""


@record
class Line:
    """A line that is about traffic out of the pod: the moment (seconds since 1970), and the flow that it tells of."""

    at: float
    flow: Flow


@record
class Told:
    """What lines of an access log say: the flows, from when to when, how many lines were no access log, of how many."""

    flows: tuple[tuple[Flow, Seen], ...]
    first: float
    last: float
    unread: int
    lines: int
    dropped: int


def read_log(
    lines: Iterable[bytes], namespace: str, workload: str, cluster_domain: str, window: Window | None = None
) -> Told:
    """What a workload's sidecar wrote in a window, or at all, added up; what is not of its format is counted."""
    found: dict[Flow, Seen] = {}
    first, last, unread, number, dropped = float("inf"), float("-inf"), 0, 0, 0
    for text in lines:
        if not text.strip():
            continue
        number += 1
        fields = read_fields(text)
        at = None if fields is None else _moment(fields.get("start_time", ""))
        if fields is None or at is None:
            unread += 1
            continue
        if window is not None and not window.start <= at <= window.end:
            continue
        first, last = min(first, at), max(last, at)
        flow = _flow(fields, namespace, workload, cluster_domain)
        if flow is None:
            continue
        before = found.get(flow)
        if before is None and len(found) >= limits.LOGGED.now:
            dropped += 1
            continue
        now = Moment(int(at), int(at))
        before = before or Seen(0, now)
        failed = before.failed + (flow.verdict == ALLOWED and _is_failed(fields))
        found[flow] = Seen(before.count + 1, latest((now, before.last)), "log", failed)
    return Told(tuple(found.items()), first, last, unread, number, dropped)


def observed(told: Told, name: str, namespace: str, workload: str) -> Observed:
    """The same as what was observed of a workload; `name` is what the log is called in remarks."""
    remarks: list[str] = []
    if told.unread:
        remarks.append(
            f"{name}: {told.unread} of {told.lines} lines are not of Istio's default access log, and were left out"
        )
    if told.dropped:
        remarks.append(f"{name}: {told.dropped} lines are left out: they tell of more than {limits.LOGGED.words}")
    if told.last < told.first:
        return Observed(
            0, 0, (), None, remarks=(*remarks, f"{name}: no line of an access log in the time that is asked about")
        )
    start, end = int(told.first), int(told.last)
    known = Known(namespace, workload, start, end)
    return Observed(start, end, told.flows, start, (known,), tuple(remarks), left_out=bool(told.dropped))


def read_fields(text: bytes) -> Fields | None:
    """The fields of a line; None where it is not of the default format."""
    if len(text) > limits.LINE_SIZE.now:
        return None
    line = text.decode("utf-8", "backslashreplace").strip()
    if line.startswith("{"):
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not isinstance(said, dict) or "upstream_cluster" not in said:
            return None
        return {key: _NOTHING if value is None else str(value) for key, value in said.items()}
    start, *words = line.rsplit(" ", _TAIL_WORDS)
    head, tail = _HEAD.match(start), _TAIL.fullmatch(" ".join(words))
    return None if head is None or tail is None else head.groupdict() | tail.groupdict()


def _flow(fields: Fields, namespace: str, workload: str, cluster_domain: str) -> Flow | None:
    """The flow that a line tells of; None where it stays in the mesh or comes in."""
    cluster, route = fields.get("upstream_cluster", _NOTHING), fields.get("route_name", _NOTHING)
    is_http = fields.get("response_code", "0") != "0" or route != _NOTHING
    kind = REQUESTS if is_http else CONNECTIONS
    address, port = _address(fields.get("downstream_local_address", _NOTHING))
    sni = fields.get("requested_server_name", _NOTHING)
    said = fields.get("authority", _NOTHING) if is_http else sni
    host = "" if said == _NOTHING else read_host(said)[0]
    is_tls = not is_http and sni != _NOTHING
    if route == BLOCK_ALL or cluster == BLACK_HOLE:
        verdict = BLOCKED
    elif cluster == PASSTHROUGH:
        verdict = PASSED
    elif cluster.startswith("outbound|"):
        parts = cluster.split("|")
        host, verdict = parts[-1], ALLOWED
        port = _port(parts[1]) or port
        address = None
    elif set(MISSING) & set(fields.get("response_flags", "").split(",")):
        verdict = LOST
    else:
        return None
    if host.endswith(f".svc.{cluster_domain}") and verdict == ALLOWED:
        return None
    return Flow(namespace, workload, host, verdict, kind, port, address, is_tls, _protocol(fields) if is_http else "")


def _protocol(fields: Fields) -> str:
    """`http2` where a request came as HTTP/2, as gRPC does; `%PROTOCOL%` ends the first quoted field of a text."""
    said = fields.get("protocol") or fields.get("request", "").rpartition(" ")[2]
    return "http2" if said == "HTTP/2" else ""


def _is_failed(fields: Fields) -> bool:
    """Whether the answer was a 5xx, or what was asked for was not to be had."""
    code = fields.get("response_code", "0")
    return (len(code) == 3 and code[0] == "5") or bool(set(FAILED) & set(fields.get("response_flags", "").split(",")))


def _address(text: str) -> tuple[Address | None, int]:
    """The address that a client dialled, and the port."""
    host, _, port = text.rpartition(":")
    return parse_address(host.removeprefix("[").removesuffix("]")), _port(port)


def _port(text: str) -> int:
    """A port, 0 where it is none."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
    return number if number < 65536 else 0


def _moment(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return seconds if 0 < seconds < LATEST else None
