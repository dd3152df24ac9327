"""As much of HTTP/2 without TLS as one request and its answer take: frames, and no state of compressed headers."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GO_AWAY = 0, 1, 3, 4, 6, 7
_ACK = _END_STREAM = 0x1
_END_HEADERS = 0x4
_INDEXED_STATUS = {0x88: 200, 0x89: 204, 0x8A: 206, 0x8B: 304, 0x8C: 400, 0x8D: 404, 0x8E: 500}
_LITERAL_STATUS = (0x48, 0x08, 0x18)
_DIGITS = {
    "00000": "0",
    "00001": "1",
    "00010": "2",
    "011001": "3",
    "011010": "4",
    "011011": "5",
    "011100": "6",
    "011101": "7",
    "011110": "8",
    "011111": "9",
}
"""The Huffman code of RFC 7541, of digits alone."""


def ask(connection: socket.socket, authority: str, grpc: bool) -> tuple[int, bytes]:
    """The status and the body of a request; raises ConnectionError where there is no answer."""
    method = b"\x83" if grpc else b"\x82"
    content = b"\x5f" + _text("application/grpc") if grpc else b""
    block = method + b"\x86\x84\x41" + _text(authority) + content
    connection.sendall(PREFACE + _frame(_SETTINGS, 0, 0) + _frame(_HEADERS, _END_STREAM | _END_HEADERS, 1, block))
    status, body = 0, b""
    for kind, flags, _, payload in _frames(connection):
        if kind in (_RESET, _GO_AWAY):
            break
        if kind == _HEADERS:
            status = status or _status(payload)
        if kind == _DATA:
            body += payload
        if kind in (_HEADERS, _DATA) and flags & _END_STREAM:
            return status, body
    raise ConnectionResetError


def serve(connection: socket.socket, said: bytes, body: bytes) -> None:
    """Answer every request with 200 and the body; `said` is what was read already, from the preface on."""
    connection.sendall(_frame(_SETTINGS, 0, 0))
    for kind, flags, stream, payload in _frames(connection, said.removeprefix(PREFACE)):
        if kind in (_SETTINGS, _PING) and not flags & _ACK:
            connection.sendall(_frame(kind, _ACK, 0, payload if kind == _PING else b""))
        if kind == _HEADERS:
            head = _frame(_HEADERS, _END_HEADERS, stream, b"\x88")
            connection.sendall(head + _frame(_DATA, _END_STREAM, stream, body))


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def _frames(connection: socket.socket, said: bytes = b"") -> Iterator[tuple[int, int, int, bytes]]:
    while True:
        while len(said) < 9 or len(said) < 9 + int.from_bytes(said[:3], "big"):
            more = connection.recv(65536)
            if not more:
                return
            said += more
        end = 9 + int.from_bytes(said[:3], "big")
        kind, flags, stream = struct.unpack("!BBI", said[3:9])
        yield kind, flags, stream, said[9:end]
        said = said[end:]


def _text(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("ascii")


def _status(block: bytes) -> int:
    """The status of a response; it is the first header."""
    if block[0] in _INDEXED_STATUS:
        return _INDEXED_STATUS[block[0]]
    assert block[0] in _LITERAL_STATUS, block
    length, packed = block[1] & 0x7F, block[1] & 0x80
    text = block[2 : 2 + length]
    return int(_unpacked(text) if packed else text)


def _unpacked(text: bytes) -> str:
    bits, found, code = f"{int.from_bytes(text, 'big'):0{8 * len(text)}b}", "", ""
    for bit in bits:
        code += bit
        if code in _DIGITS:
            found, code = found + _DIGITS[code], ""
    return found
