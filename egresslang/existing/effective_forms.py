"""Effective egress in its forms: a table for people, JSON (`schemas/effective.schema.json`) and CSV for programs."""

from __future__ import annotations

import csv as format
import io
import json as javascript
from collections.abc import Iterable

from egresslang.existing.effective import ANY, Row
from egresslang.mesh.resources import Origin
from egresslang.report.display import shown

COLUMNS = ("who", "host", "address", "port", "protocol", "dials", "through", "open by accident")
"""The headings of table and CSV."""


def table(rows: Iterable[Row]) -> str:
    """Columns for people, padded; `-` where there is nothing to say."""
    lines = [COLUMNS, *([shown(cell) or "-" for cell in _cells(row)] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(COLUMNS))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines
    )


def csv(rows: Iterable[Row]) -> str:
    """The same with commas (RFC 4180, lines end at LF)."""
    out = io.StringIO()
    writer = format.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(row) for row in rows)
    return out.getvalue()


def json(rows: Iterable[Row]) -> str:
    """One object for each row."""
    return javascript.dumps({"version": 1, "egress": [_object(row) for row in rows]}, indent=2) + "\n"


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
