"""Prometheus: instant queries over HTTP, as Prometheus, Thanos, Mimir and Cortex answer them (`/api/v1/query`).

An answer is whole or an error, and an error is one line without a secret. Nothing follows a redirect: the token would.
"""

from __future__ import annotations

import http.client
import json
import math
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib import error, parse, request

from egresslang import limits
from egresslang.record import record

LATEST = 1 << 33
"""Seconds since 1970 of the latest moment that anybody means: the year 2242."""

LONGEST_WAIT = 30.0
"""The most seconds between two tries, whatever a server asks for."""

_CHUNK = 65_536
_AGAIN = frozenset({429, 502, 503, 504})
_LONGEST_MESSAGE = 200
_BACK_OFF = 0.5


class ServerError(Exception):
    """A server that gave no usable answer: why, in one line without a secret."""


@record
class Access:
    """Where a server is and how it is asked: `headers` hold secrets, `timeout` is in seconds for each try.

    `tls` is None where nothing but the system's own certificates is asked for.
    """

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    tls: ssl.SSLContext | None = None
    timeout: float = 30.0
    retries: int = 2

    def __repr__(self) -> str:
        return f"Access({self.url!r})"


@record
class Row:
    """One element of a vector: its labels and its value."""

    labels: Mapping[str, str]
    value: float


class Server:
    """A server that answers queries; `warnings` gathers what it says about its answers, once each, `no_numbers` counts
    values that were left out: NaN and infinite ones.
    """

    def __init__(self, access: Access, wait: Callable[[float], None] = time.sleep) -> None:
        self.access = access
        self.warnings: dict[str, None] = {}
        self.no_numbers = 0
        self._wait = wait
        handlers: list[request.BaseHandler] = [_NoRedirect()]
        if access.tls is not None:
            handlers.append(request.HTTPSHandler(context=access.tls))
        self._opener = request.build_opener(*handlers)

    def query(self, expression: str, at: int | None = None) -> list[Row]:
        """The vector that an expression has at a moment, the server's present without one; raises ServerError.

        What has no finite number is left out, and counted.
        """
        asked = {"query": expression} if at is None else {"query": expression, "time": str(at)}
        return list(self._rows(self._answer(parse.urlencode(asked).encode())))

    def now(self) -> int:
        """What the server's clock says, in seconds since 1970."""
        rows = self.query("vector(time())")
        if len(rows) != 1 or not 0 < rows[0].value < LATEST:
            raise ServerError(self._said("does not tell its time"))
        return int(rows[0].value)

    def _answer(self, body: bytes) -> Any:
        for left in range(self.access.retries, -1, -1):
            pause = _BACK_OFF * 2 ** (self.access.retries - left)
            try:
                return self._once(body)
            except _Passing as problem:
                if not left:
                    tries = self.access.retries + 1
                    raise ServerError(f"{problem}{f' ({tries} tries)' if tries > 1 else ''}") from problem
                self._wait(min(problem.after or pause, LONGEST_WAIT))
        raise AssertionError("a try returns or raises")

    def _once(self, body: bytes) -> Any:
        asked = request.Request(f"{self.access.url}/api/v1/query", body, dict(self.access.headers), method="POST")
        until = time.monotonic() + self.access.timeout
        try:
            with self._opener.open(asked, timeout=self.access.timeout) as response:
                return self._parsed(self._read(response, until), response.headers.get_content_type())
        except error.HTTPError as problem:
            with problem:
                raise self._refused(problem, until) from problem
        except error.URLError as problem:
            raise self._unreachable(problem.reason) from problem
        except (OSError, http.client.HTTPException) as problem:
            raise self._unreachable(problem) from problem

    def _read(self, response: Any, until: float) -> bytes:
        """All of an answer, within its time and its size."""
        parts, size = [], 0
        while part := response.read1(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > limits.ANSWER_SIZE.now:
                more = limits.ANSWER_SIZE
                raise ServerError(
                    self._said(
                        f"answers with more than {more.shown}: ask for less, with a shorter --since; {more.help}"
                    )
                )
            if time.monotonic() > until:
                raise _Passing(self._said(f"does not finish its answer within {self.access.timeout:g} s"))
        if response.length:
            raise _Passing(self._said("ends its answer half-way"))
        return b"".join(parts)

    def _parsed(self, content: bytes, kind: str) -> Any:
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError) as problem:
            what = (
                f"answers with {kind}, which is no JSON" if kind != "application/json" else "answers with broken JSON"
            )
            raise ServerError(self._said(f"{what}: is this the address of a Prometheus?")) from problem
        if not isinstance(answer, dict) or answer.get("status") not in ("success", "error"):
            raise ServerError(self._said("does not answer as a Prometheus does"))
        if answer["status"] == "error":
            raise ServerError(self._said(f"refuses the query: {_line(answer.get('error'))}"))
        warnings = answer.get("warnings")
        for each in warnings if isinstance(warnings, list) else ():
            self.warnings[_line(each)] = None
        return answer.get("data")

    def _rows(self, data: Any) -> list[Row]:
        wrong = ServerError(self._said("does not answer as a Prometheus does"))
        if not isinstance(data, dict) or data.get("resultType") != "vector" or not isinstance(data.get("result"), list):
            raise wrong
        rows = []
        for each in data["result"]:
            try:
                labels, value = each["metric"], float(each["value"][1])
            except (TypeError, KeyError, IndexError, ValueError):
                raise wrong from None
            if not isinstance(labels, dict) or not all(isinstance(word, str) for word in labels.values()):
                raise wrong
            if math.isfinite(value):
                rows.append(Row(labels, value))
            else:
                self.no_numbers += 1
        return rows

    def _refused(self, problem: error.HTTPError, until: float) -> ServerError:
        """What a status other than 200 means."""
        code = problem.code
        if code in (401, 403):
            return ServerError(
                self._said(f"refuses the credentials ({code})" if self._is_known else f"asks for credentials ({code})")
            )
        if 300 <= code < 400:
            return ServerError(self._said(f"is somewhere else ({code}): give its own address"))
        if code == 404:
            return ServerError(self._said("has no /api/v1/query (404): give the address above `/api/v1`"))
        said = ""
        try:
            answer = json.loads(self._read(problem, until))
            said = f": {_line(answer['error'])}"
        except (ServerError, OSError, http.client.HTTPException, ValueError, LookupError, TypeError, RecursionError):
            pass
        line = self._said(f"answers {code} {_line(problem.reason)}{said}".rstrip())
        return _Passing(line, _seconds(problem.headers.get("Retry-After"))) if code in _AGAIN else ServerError(line)

    def _unreachable(self, reason: object) -> ServerError:
        if isinstance(reason, TimeoutError):
            return _Passing(self._said(f"does not answer within {self.access.timeout:g} s"))
        if isinstance(reason, ssl.SSLCertVerificationError):
            return ServerError(self._said(f"shows a certificate that is not trusted: {_line(reason.verify_message)}"))
        if isinstance(reason, ssl.SSLError):
            return ServerError(self._said(f"does not agree on TLS: {_line(reason.reason or reason)}"))
        if isinstance(reason, http.client.IncompleteRead):
            return _Passing(self._said("ends its answer half-way"))
        if isinstance(reason, http.client.HTTPException):
            return _Passing(self._said("breaks off, or does not speak HTTP"))
        words = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
        return _Passing(self._said(f"cannot be reached: {_line(words)}"))

    def _said(self, what: str) -> str:
        return f"`{self.access.url}` {what}"

    @property
    def _is_known(self) -> bool:
        return any(name == "Authorization" for name, _ in self.access.headers)


class _Passing(ServerError):
    """What may be over at the next try; `after` is how many seconds the server asks to wait, 0 where it does not."""

    def __init__(self, why: str, after: float = 0.0) -> None:
        super().__init__(why)
        self.after = after


class _NoRedirect(request.HTTPRedirectHandler):
    """Leaves a redirect unfollowed: it is told as an error."""

    def redirect_request(self, *_: Any) -> None:
        """No request."""


def _line(said: object) -> str:
    """What a server said, on one line of bounded length."""
    text = " ".join(str(said).split())
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}…"


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isascii() and text.isdecimal() else 0.0
