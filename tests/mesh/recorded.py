"""What istiod did with every call of the random meshes, as it was recorded.

`judged.json.xz` holds the version of Istio that judged, and for each seed a fingerprint of its mesh and for every call
the tokens seen. The tokens are those of `tests/conformance/judging.py`: `verdict|sees|host|port|dials`; a call that
istiod decides by chance has more than one. `tests/conformance/record.py` writes the file.
"""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "judged.json.xz"


@dataclass(frozen=True)
class Judged:
    """The fingerprint of a mesh, and for each of its calls the tokens seen."""

    fingerprint: str
    tokens: tuple[frozenset[str], ...]


@dataclass(frozen=True)
class Record:
    """The version of Istio that judged, and what it did by seed."""

    istio: str
    judged: Mapping[int, Judged]


def fingerprint(case) -> str:
    """A short hash of all that is asked in a case."""
    proxies = [[one.namespace, one.labels, one.dnsCapture, list(one.ips)] for one in case.proxies]
    calls = [[one.proxy, one.address, one.port, one.protocol, one.name, one.alpn, one.via] for one in case.calls]
    whole = json.dumps([case.meshConfig, case.istio, case.kubernetes, proxies, calls], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:8]


def read(path: Path = FILE) -> Record:
    """The record."""
    written = json.loads(lzma.decompress(path.read_bytes()))
    tokens = [frozenset(one) for one in written["tokens"]]
    judged = {
        int(seed): Judged(mark, tuple(tokens[number] for number in numbers))
        for seed, (mark, numbers) in written["judged"].items()
    }
    return Record(written["istio"], judged)


def write(record: Record, path: Path = FILE) -> None:
    """Replace the record by this one."""
    numbers: dict[frozenset[str], int] = {}
    judged: dict[str, list[object]] = {}
    for seed, one in sorted(record.judged.items()):
        judged[str(seed)] = [one.fingerprint, [numbers.setdefault(tokens, len(numbers)) for tokens in one.tokens]]
    whole = {"istio": record.istio, "tokens": [sorted(tokens) for tokens in numbers], "judged": judged}
    path.write_bytes(lzma.compress(json.dumps(whole, separators=(",", ":")).encode(), preset=9))
