"""The application beside the sidecar: it does what it is told and says what it saw.

Run as `python -m envoy.client`: a list of pairs (own port, request) a line on stdin is answered by a line on stdout,
a list of what was seen of each. The requests of a line are sent at once.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException, HTTPResponse

from envoy import http2
from envoy.calls import Request

PATIENCE = 2.0
"""Seconds of silence after which a call hangs; every other outcome takes milliseconds."""

_WHERE = re.compile(rb"[0-9.]+:[0-9]+")


def see(port: int, request: Request) -> list[str]:
    """What a client that calls from its own `port` sees, one text for each request on the connection."""
    try:
        with socket.create_connection((request.address, request.port), PATIENCE, ("0.0.0.0", port)) as connection:
            match request.protocol:
                case "http":
                    return _http(connection, request)
                case "http2":
                    return [_http2(connection, request)]
                case "tls":
                    return [_tls(connection, request)]
                case _:
                    return [_tcp(connection, request)]
    except TimeoutError:
        return ["hangs"]
    except OSError:
        return ["dropped"]


def _http(connection: socket.socket, request: Request) -> list[str]:
    seen: list[str] = []
    for name in (request.name, *request.then):
        try:
            connection.sendall(_head(request, name))
            seen.append(_answer(connection, request.method))
        except (OSError, HTTPException) as error:
            return [*seen, "hangs" if isinstance(error, TimeoutError) else "dropped"]
    return seen


def _head(request: Request, name: str) -> bytes:
    target = f"{name}:{request.port}" if request.method == "CONNECT" else request.path
    host = f"Host: {name}\r\n" if name else ""
    return f"{request.method} {target} HTTP/{request.version}\r\n{host}\r\n".encode()


def _tls(connection: socket.socket, request: Request) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(connection, server_hostname=request.name or None) as secured:
        secured.sendall(b"GET / HTTP/1.1\r\nHost: inside\r\n\r\n")
        return _answer(secured)


def _tcp(connection: socket.socket, request: Request) -> str:
    if not request.waits:
        connection.sendall(b"hello\n")
    line = connection.makefile("rb").readline()
    return f"answer {line.decode().strip()}" if line else "dropped"


def _answer(connection: socket.socket, method: str = "GET") -> str:
    response = HTTPResponse(connection, method=method)
    response.begin()
    return _said(response.status, response.read())


def _http2(connection: socket.socket, request: Request) -> str:
    return _said(*http2.ask(connection, request.name, request.grpc))


def _said(status: int, body: bytes) -> str:
    """What a response is; one whose body is no address and port is Envoy's own."""
    if not _WHERE.fullmatch(body):
        return str(status)
    return f"answer {body.decode()}" if status == 200 else f"{status} of {body.decode()}"


def main() -> None:
    """Answer line by line."""
    with ThreadPoolExecutor(64) as pool:
        for line in sys.stdin:
            seen = pool.map(lambda pair: see(pair[0], Request.read(pair[1])), json.loads(line))
            print(json.dumps(list(seen)), flush=True)


if __name__ == "__main__":
    main()
