"""Fix: the changes that cannot widen a policy are made in its files, again and again until none is left."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from egresslang import fixes
from egresslang.codes import HOSTILE_TEXT
from egresslang.commands.judge import judge
from egresslang.commands.report import Told, conclude
from egresslang.commands.rewrite import rewrite
from egresslang.commands.streams import misuse, write
from egresslang.compile import read
from egresslang.files import STANDARD_INPUT
from egresslang.findings import Finding, errors
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Source
from egresslang.syntax.nodes import File


def fix(options: Any, files: Sequence[File], profiles: Sequence[ClusterProfile], found: Sequence[Finding]) -> int:
    """Mend the policy files, or show how; tells what is left, and returns the status of that."""
    before = [file.source for file in files]
    told = judge(options, files, profiles, found)
    if any(each.span.source not in before for each in errors(found)) or errors(options.problems):
        return conclude(options, told, files, profiles, sys.stdout)  # what is right depends on what cannot be read
    if any(map(_is_undecodable, found)):
        is_stream = any(source.name == STANDARD_INPUT for source in before)
        return conclude(options, told, files, profiles, sys.stderr if is_stream or options.diff else sys.stdout)
    after, made, mended, left = _mend(options, files, profiles, told)
    if options.diff:
        write(sys.stdout, "".join(fixes.diff(*each) for each in zip(before, after, strict=True)))
        return conclude(options, told, files, profiles, sys.stderr)
    problem = rewrite(before, after)
    if problem:
        return misuse(problem)
    printed = [source.text for source in after if source.name == STANDARD_INPUT]
    if made and not options.quiet and options.format == "text":
        changed = sum(old.text != new.text for old, new in zip(before, after, strict=True))
        sys.stderr.write(f"egressc: {_count(made, 'fix', 'fixes')} in {_count(changed, 'file', 'files')}\n")
    if printed:
        write(sys.stdout, printed[0])
    return conclude(options, left, mended, profiles, sys.stderr if printed else sys.stdout)


def _mend(
    options: Any, files: Sequence[File], profiles: Sequence[ClusterProfile], told: Told
) -> tuple[list[Source], int, Sequence[File], Told]:
    """The sources after every change, how many changes were made, and the files and what is told of them then."""
    sources, total = [file.source for file in files], 0
    seen = {tuple(source.text for source in sources)}
    for _ in range(fixes.MOST_ROUNDS):
        offered = fixes.with_suppressions(fixes.safe(told.findings), files)
        changed, made = fixes.apply(sources, [*offered, *fixes.written_out(files)])
        texts = tuple(source.text for source in changed)
        if texts in seen:
            break
        seen.add(texts)
        sources, total = changed, total + made
        files, found = read(sources)
        told = judge(options, files, profiles, [*options.problems, *found])
    return sources, total, files, told


def _is_undecodable(each: Finding) -> bool:
    """Whether a finding is about a byte that is no character, as `files.decode` tells it."""
    return each.code is HOSTILE_TEXT and each.span.text == "\ufffd"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
