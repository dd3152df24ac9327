"""How cases write down a call and what becomes of it, each in a line.

A call is written as in `meshes`, `PROTOCOL NAME:PORT`, and dials the address that the name has in the world;
`@ADDRESS` dials another, and the name `-` is none: no Host header, no SNI. More words say how the client departs
from the ordinary: `HTTP/1.0`, `CONNECT`, `/404` (a path: the upstream answers with that status), `+HOST` (another
request on the same connection), `waits` (for the server to speak first), `grpc` (over http2).

What becomes of it is written `VERDICT, SIGHT`: the verdict of the access log in the words of `meshes`, and what the
client saw in those of `Sight`, with the name of who answered. One word is both, several requests have a `;` between.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest

from envoy.calls import Request, Sight
from envoy.world import NAMES, STRANGER

_NAMED = {address: name for name, address in NAMES.items()}


def request(text: str) -> Request:
    """A call as it is written."""
    protocol, target, *words = text.split()
    name, _, port = target.rpartition(":")
    if protocol == "tcp":
        found = Request(name, int(port), protocol)
    else:
        address = NAMES.get(name.lower().rstrip("."), STRANGER)
        found = Request(address, int(port), protocol, "" if name == "-" else name)
    for word in words:
        found = _with(found, word)
    return found


def _with(request: Request, word: str) -> Request:
    match word:
        case "CONNECT":
            return replace(request, method=word)
        case "HTTP/1.0":
            return replace(request, version="1.0")
        case "waits":
            return replace(request, waits=True)
        case "grpc":
            return replace(request, grpc=True)
    match word[0]:
        case "@":
            return replace(request, address=word[1:])
        case "+":
            return replace(request, then=(*request.then, word[1:]))
        case "/":
            return replace(request, path=word)
    raise ValueError(f"not a word of a call: {word}")


def told(sight: Sight) -> str:
    """What became of a call, as it is written."""
    both = zip_longest(sight.verdicts, sight.sees, fillvalue="")
    return "; ".join(_named(sees) if verdict in ("", sees) else f"{verdict}, {_named(sees)}" for verdict, sees in both)


def _named(sees: str) -> str:
    said, _, where = sees.rpartition(" ")
    address, _, port = where.partition(":")
    return f"{said} {_NAMED[address]}:{port}" if address in _NAMED else sees
