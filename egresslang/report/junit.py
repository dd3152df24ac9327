"""The junit format: a test suite for each file, with one test case that passes when nothing was found in it.

Each finding is a test case that failed, each suppressed one a test case that was skipped, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from egresslang.findings import Finding
from egresslang.report import Context
from egresslang.report.display import shown
from egresslang.report.place import Path, paths
from egresslang.report.prose import remarks, title


def report(findings: Sequence[Finding], context: Context) -> str:
    """The findings and the files that have none as one XML document."""
    path = paths(context)
    failed: dict[str, list[Finding]] = {path(name): [] for name in context.files}
    skipped: dict[str, list[Finding]] = {}
    for held, several in ((failed, findings), (skipped, context.suppressed)):
        for each in several:
            held.setdefault(path(each.span.source.name), []).append(each)
    names = sorted({*failed, *skipped})
    suites = [_suite(name, failed.get(name, []), skipped.get(name, []), path) for name in names]
    tests = sum(len(failed.get(name, [])) + len(skipped.get(name, [])) for name in names)
    tests += sum(not failed.get(name) for name in names)
    counts = f'tests="{tests}" failures="{len(findings)}" errors="0" time="0"'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="egressc check" {counts}>\n'
        + "".join(suites)
        + "</testsuites>\n"
    )


def _suite(name: str, failed: Sequence[Finding], skipped: Sequence[Finding], path: Path) -> str:
    """One file: its findings, or that there are none, and what is suppressed in it."""
    passed = 0 if failed else 1
    counts = f'tests="{len(failed) + len(skipped) + passed}" failures="{len(failed)}" errors="0" skipped="{len(skipped)}" time="0"'
    lines = [f'  <testsuite name="{_escaped(name)}" {counts}>\n']
    if passed:
        lines.append(f'    <testcase classname="{_escaped(name)}" name="no findings" time="0"/>\n')
    lines += [_failure(name, each, path) for each in failed]
    lines += [_skip(name, each) for each in skipped]
    return "".join(lines) + "  </testsuite>\n"


def _failure(name: str, finding: Finding, path: Path) -> str:
    _, line, column = finding.span.place
    told = "\n".join([f"{path(finding.span.source.name)}:{line}:{column}: {finding.severity}", *remarks(finding, path)])
    return (
        f"    {_case(name, finding)}\n"
        f'      <failure type="{finding.code.id} {finding.code.name}" message="{_escaped(title(finding))}">{_escaped(told)}</failure>\n'
        "    </testcase>\n"
    )


def _skip(name: str, finding: Finding) -> str:
    reason = _escaped(f"{title(finding)}: suppressed: {finding.suppressed}")
    return f'    {_case(name, finding)}\n      <skipped message="{reason}"/>\n    </testcase>\n'


def _case(name: str, finding: Finding) -> str:
    _, line, column = finding.span.place
    called = f"{line}:{column} {finding.code.id} {finding.code.name}"
    if finding.cluster:
        called += f" (cluster {finding.cluster})"
    return f'<testcase classname="{_escaped(name)}" name="{_escaped(called)}" time="0">'


def _escaped(text: str) -> str:
    """A text in XML: what XML 1.0 cannot hold is shown as an escape, as on a terminal."""
    return escape("\n".join([shown(line) for line in text.split("\n")]))
