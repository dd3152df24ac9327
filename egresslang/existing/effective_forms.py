"""Effective egress in its forms: a table for people, JSON (`schemas/effective.schema.json`) and CSV for programs.

A form is texts that are written one after another.
"""

from __future__ import annotations

import csv as format
import io
import json as javascript
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

from egresslang.existing.effective import ANY, Row
from egresslang.mesh.resources import Origin
from egresslang.report.display import shown

COLUMNS = ("who", "host", "address", "port", "protocol", "dials", "through", "open by accident")
"""The headings of table and CSV."""

_T = TypeVar("_T")

_AT_A_TIME = 1000


def table(rows: Iterable[Row]) -> Iterator[str]:
    """Columns for people, padded; `-` where there is nothing to say."""
    lines = [COLUMNS, *([shown(cell) or "-" for cell in _cells(row)] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(COLUMNS))]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines
    )
    yield from map("".join, _in_parts(padded))


def csv(rows: Iterable[Row]) -> Iterator[str]:
    """The same with commas (RFC 4180, lines end at LF)."""
    for some in _in_parts(chain([COLUMNS], map(_cells, rows))):
        out = io.StringIO()
        format.writer(out, lineterminator="\n").writerows(some)
        yield out.getvalue()


def json(rows: Iterable[Row]) -> Iterator[str]:
    """One object for each row."""
    yield '{\n  "version": 1,\n  "egress": ['
    before = ""
    for some in _in_parts(map(_object, rows)):
        lines = javascript.dumps(some, indent=2)[1:-2]
        yield before + lines.replace("\n", "\n  ")
        before = ","
    yield "\n  ]\n}\n" if before else "]\n}\n"


def _in_parts(rows: Iterable[_T]) -> Iterator[list[_T]]:
    """Rows, some at a time: a thousand workloads that reach a thousand hosts are much to hold at once."""
    left = iter(rows)
    while some := list(islice(left, _AT_A_TIME)):
        yield some


def _cells(row: Row) -> list[str]:
    who = "any other namespace" if row.namespace == ANY else f"{row.namespace}/{row.workload}"
    host = "everything else" if row.host == ANY else row.host
    through = ", ".join(map(_short, row.through))
    return [who, host, row.address, str(row.port or ""), row.protocol, row.dials, through, " ".join(row.accident)]


def _short(origin: Origin) -> str:
    return f"{origin} ({origin.file}:{origin.line})"


def _object(row: Row) -> dict[str, object]:
    return {
        "namespace": row.namespace,
        "workload": row.workload,
        "host": row.host,
        "address": row.address or None,
        "port": row.port or None,
        "protocol": row.protocol,
        "dials": row.dials,
        "through": [
            {"kind": each.kind, "namespace": each.namespace, "name": each.name, "file": each.file, "line": each.line}
            for each in row.through
        ],
        "openByAccident": list(row.accident),
    }
