"""The client: every fault is one line and no secret, what may pass is tried again, and an answer is whole or an error."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from faked import END, Fake, vector

from egresslang.traffic.prometheus import Access, Row, Server, ServerError

SECRET = "hunter2-token"


def asking(url: str, retries: int = 0, timeout: float = 5.0, waits: list[float] | None = None) -> Server:
    waited: list[float] = [] if waits is None else waits
    return Server(Access(url, (("Authorization", f"Bearer {SECRET}"),), None, timeout, retries), waited.append)


def problem(server: Server) -> str:
    with pytest.raises(ServerError) as raised:
        server.query("up")
    said = str(raised.value)
    assert "\n" not in said
    assert SECRET not in said
    assert SECRET not in repr(server.access)
    return said


def test_an_answer_is_asked_for_with_post_and_the_token(fake: Fake) -> None:
    fake.reply = lambda _: vector(({"a": "x"}, 2.5), ({"a": "y"}, float("nan")))
    assert asking(fake.url).query('up{a="ü"}', 12) == [Row({"a": "x"}, 2.5)]
    query, headers = fake.asked[0]
    assert query == 'up{a="ü"}'
    assert headers["Authorization"] == f"Bearer {SECRET}"


def test_the_servers_clock(fake: Fake) -> None:
    assert asking(fake.url).now() == END


@pytest.mark.parametrize("rows", [[], [({}, -1.0)], [({}, 1e300)], [({}, 1.0), ({"a": "b"}, 2.0)]])
def test_no_clock(fake: Fake, rows: list[Any]) -> None:
    fake.reply = lambda _: vector(*rows)
    with pytest.raises(ServerError, match="does not tell its time"):
        asking(fake.url).now()


def test_down() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    waits: list[float] = []
    assert problem(asking(url, retries=2, waits=waits)) == f"`{url}` cannot be reached: Connection refused (3 tries)"
    assert waits == [0.5, 1.0]


def test_unknown_name() -> None:
    assert "cannot be reached: " in problem(asking("http://prometheus.invalid:9090"))


def test_slow_to_answer(fake: Fake) -> None:
    fake.reply = lambda _: lambda handler: time.sleep(0.5)
    assert problem(asking(fake.url, timeout=0.1)) == f"`{fake.url}` does not answer within 0.1 s"


def test_slow_to_finish(fake: Fake) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(40):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.02)

    fake.reply = lambda _: drip
    assert problem(asking(fake.url, timeout=0.2)) == f"`{fake.url}` does not finish its answer within 0.2 s"


@pytest.mark.parametrize("chunked", [False, True])
def test_half_an_answer(fake: Fake, chunked: bool) -> None:
    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        content = vector()[2]
        if chunked:
            handler.send_header("Transfer-Encoding", "chunked")
        else:
            handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(b"%x\r\n" % len(content) * chunked + content[: len(content) // 2])
        handler.close_connection = True

    fake.reply = lambda _: half
    assert problem(asking(fake.url)) == f"`{fake.url}` ends its answer half-way"


def test_no_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with listener.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert problem(asking(url)) == f"`{url}` breaks off, or does not speak HTTP"
        thread.join()


def test_a_huge_answer(fake: Fake, lowered: Callable[[str, int], None]) -> None:
    lowered("answer-size", 1 << 20)
    fake.reply = lambda _: (200, {}, b" " * (2 << 20))
    assert "answers with more than 1 MiB: ask for less, with a shorter --since" in problem(asking(fake.url))


WRONG = [
    (b"<html>sign in</html>", {"Content-Type": "text/html"}, "answers with text/html, which is no JSON: is this"),
    (b'{"status": "succ', {}, "answers with broken JSON: is this the address of a Prometheus?"),
    (b"[" * 100_000, {}, "answers with broken JSON"),
    (b"\xff\xfe", {}, "answers with broken JSON"),
    (b"[]", {}, "does not answer as a Prometheus does"),
    (b'{"status": "success"}', {}, "does not answer as a Prometheus does"),
    (b'{"status": "success", "data": {"resultType": "matrix", "result": []}}', {}, "does not answer as"),
    (b'{"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}}]}}', {}, "does not answer as"),
    (b'{"status": "success", "data": {"resultType": "vector", "result": [{"metric": {"a": 1}, "value": [1, "2"]}]}}', {}, "does not answer as"),
    (b'{"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "x"]}]}}', {}, "does not answer as"),
    (b'{"status": "error", "error": "bad\\nthing"}', {}, "refuses the query: bad thing"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "headers", "said"), WRONG)
def test_wrong_json(fake: Fake, content: bytes, headers: dict[str, str], said: str) -> None:
    fake.reply = lambda _: (200, headers, content)
    assert f"`{fake.url}` {said}" in problem(asking(fake.url, retries=3))
    assert len(fake.asked) == 1


ERROR = json.dumps({"status": "error", "errorType": "execution", "error": "too many samples"}).encode()


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (400, ERROR, "answers 400 Bad Request: too many samples"),
        (422, ERROR, "answers 422 Unprocessable Entity: too many samples"),
        (500, b"<html>", "answers 500 Internal Server Error"),
        (404, b"", "has no /api/v1/query (404): give the address above `/api/v1`"),
        (401, b"", "refuses the credentials (401)"),
        (403, b"", "refuses the credentials (403)"),
    ],
)
def test_a_status_is_told(fake: Fake, status: int, content: bytes, said: str) -> None:
    fake.reply = lambda _: (status, {}, content)
    assert problem(asking(fake.url, retries=2)) == f"`{fake.url}` {said}"
    assert len(fake.asked) == 1, "it would be the same again"


def test_credentials_that_are_missing(fake: Fake) -> None:
    fake.reply = lambda _: (401, {}, b"")
    assert problem(Server(Access(fake.url, retries=0))) == f"`{fake.url}` asks for credentials (401)"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_tried_again(fake: Fake, status: int) -> None:
    replies = [(status, {"Retry-After": "7"}, b""), (status, {"Retry-After": "9999"}, b""), vector(({}, 1.0))]
    fake.reply = lambda _: replies.pop(0)
    waits: list[float] = []
    assert asking(fake.url, retries=2, waits=waits).query("up") == [Row({}, 1.0)]
    assert waits == [7.0, 30.0]


def test_what_does_not_pass(fake: Fake) -> None:
    fake.reply = lambda _: (503, {}, ERROR)
    assert (
        problem(asking(fake.url, retries=1))
        == f"`{fake.url}` answers 503 Service Unavailable: too many samples (2 tries)"
    )


def test_a_redirect_is_not_followed(fake: Fake) -> None:
    fake.reply = lambda _: (302, {"Location": f"{fake.url}/elsewhere"}, b"")
    assert problem(asking(fake.url)) == f"`{fake.url}` is somewhere else (302): give its own address"
    assert len(fake.asked) == 1


def test_warnings_are_kept_once(fake: Fake) -> None:
    fake.reply = lambda _: vector(({}, 1.0), warnings=["store a is\ndown", "store b is down"])
    server = asking(fake.url)
    for _ in range(2):
        server.query("up")
    assert list(server.warnings) == ["store a is down", "store b is down"]


def test_a_long_message_is_cut(fake: Fake) -> None:
    content: Any = {"status": "error", "error": "x" * 10_000}
    fake.reply = lambda _: (400, {}, json.dumps(content).encode())
    assert len(problem(asking(fake.url))) < 300
