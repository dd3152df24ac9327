"""A finding in plain lines of text, for reports that draw no source."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang.findings import Finding, Label
from egresslang.report.display import shown
from egresslang.report.place import Path


def title(finding: Finding) -> str:
    """What is wrong, in one line, with the cluster if only some have it."""
    cluster = f" (cluster {finding.cluster})" if finding.cluster else ""
    return shown(finding.message + cluster)


def remarks(finding: Finding, path: Path) -> Iterator[str]:
    """What else there is to say, a line each: about its place and others, the consequences, the way out."""
    for label in (Label(finding.span, finding.label), *finding.related):
        if label.text:
            name, line, column = label.span.place
            yield f"{shown(path(name))}:{line}:{column}: {shown(label.text)}"
    yield from (f"note: {shown(note)}" for note in finding.notes)
    if finding.help:
        yield f"help: {shown(finding.help)}"
    if finding.fix is not None and finding.fix.safe:
        yield f"fix: {shown(finding.fix.title)}"
