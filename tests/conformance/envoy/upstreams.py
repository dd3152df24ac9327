"""Every server of the world, in one process: each says at which address and port it was reached.

Run as `python -m envoy.upstreams CERTIFICATE`; it prints `ready` when everybody listens, and runs until it is ended.
"""

from __future__ import annotations

import socket
import socketserver
import ssl
import sys
import threading

from envoy import dns, http2, world

_TLS_HANDSHAKE = b"\x16"
_METHODS = (b"GET ", b"POST ", b"PRI ")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, tls: ssl.SSLContext) -> None:
        self.tls = tls
        super().__init__(("0.0.0.0", port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves in the middle is no error here."""


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        connection: socket.socket = self.request
        address, port = connection.getsockname()
        where = f"{address}:{port}".encode()
        if port in world.GREETING_PORTS:
            connection.sendall(where + b"\n")
            connection.recv(1)
            return
        if connection.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
            connection = self.server.tls.wrap_socket(connection, server_side=True)
        _serve(connection, where)


def _serve(connection: socket.socket, where: bytes) -> None:
    """Answer a line of plain TCP once, requests of http until the client leaves; always with where it was reached."""
    said = b""
    while more := connection.recv(65536):
        said += more
        if said.startswith(b"PRI ") and len(said) >= len(http2.PREFACE):
            http2.serve(connection, said, where)
            return
        if not said.startswith(_METHODS):
            connection.sendall(where + b"\n")
            return
        while b"\r\n\r\n" in said:
            head, said = said.split(b"\r\n\r\n", 1)
            connection.sendall(_response(head, where))


def _response(head: bytes, where: bytes) -> bytes:
    """200, or the status that the path asks for, and where it was reached."""
    path = head.split(b" ")[1].lstrip(b"/")
    status = path if path.isdigit() else b"200"
    return b"HTTP/1.1 %s -\r\ncontent-length: %d\r\n\r\n%s" % (status, len(where), where)


def main(certificate: str) -> None:
    """Serve every port of the world and its names."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    servers = [dns.server(world.NAMES), *(_Server(port, tls) for port in world.PORTS)]
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1])
