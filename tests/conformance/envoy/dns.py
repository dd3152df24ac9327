"""A DNS server for the names of the world."""

from __future__ import annotations

import socketserver
import struct
from collections.abc import Mapping
from ipaddress import IPv4Address

_A = 1
_ANSWER, _NO_SUCH_NAME = 0x8180, 0x8183


def reply(query: bytes, names: Mapping[str, str]) -> bytes:
    """The answer to a query of one question: an A record, nothing for other types, or that there is no such name."""
    name, end = _name(query)
    (kind,) = struct.unpack_from("!H", query, end)
    address = names.get(name.lower())
    question = query[12 : end + 4]
    found = b""
    if address is not None and kind == _A:
        # The name points at the question, class IN, one minute.
        found = struct.pack("!HHHIH", 0xC00C, _A, 1, 60, 4) + IPv4Address(address).packed
    flags = _NO_SUCH_NAME if address is None else _ANSWER
    return query[:2] + struct.pack("!HHHHH", flags, 1, 1 if found else 0, 0, 0) + question + found


def _name(query: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    return ".".join(labels), at + 1


def server(names: Mapping[str, str]) -> socketserver.BaseServer:
    """A server on UDP port 53 of every address."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            query, socket = self.request
            socket.sendto(reply(query, names), self.client_address)

    return socketserver.ThreadingUDPServer(("0.0.0.0", 53), Handler)
