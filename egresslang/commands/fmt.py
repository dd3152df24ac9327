"""`egressc fmt`: policy files get their one canonical text, in place, and mean what they meant."""

from __future__ import annotations

import sys
from typing import Any

from egresslang.commands.options import Parser, bounding_options
from egresslang.commands.streams import CLEAN, FINDINGS, misuse, write
from egresslang.files import STANDARD_INPUT
from egresslang.findings import Finding, errors
from egresslang.source import Source

SUMMARY = "write policy files in their canonical form, in place"


def describe(command: Parser) -> None:
    """The options of the command."""
    command.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="policy files, folders, or - for standard input, whose text is written to standard output (default: what egressc.toml says, else the current folder)",
    )
    command.add_argument(
        "--check",
        action="store_true",
        help="write nothing; name the files that would change, and fail if there are any",
    )
    command.add_argument(
        "--diff",
        action="store_true",
        help="write nothing; show the changes as a unified diff, and fail if there are any",
    )
    command.add_argument(
        "--color",
        choices=["auto", "always", "never"],
        default="auto",
        help="colours of what is told of files that do not parse",
    )
    command.add_argument("-q", "--quiet", action="store_true", help="do not say how many files were formatted")
    bounding_options(command)
    command.set_defaults(format="text", today=None)


def run(options: Any) -> int:
    """Format the files that parse, tell what is wrong with the others; returns the status."""
    from egresslang.commands.inputs import read_sources
    from egresslang.commands.rewrite import rewrite

    if not options.paths and errors(options.problems):  # which files are meant is what cannot be read
        return _tell(options, options.problems, [])
    before, found = read_sources(options)
    unread = {id(each.span.source) for each in found}
    after = []
    for source in before:
        made, problems = (source, []) if id(source) in unread else formatted(source)
        after.append(made)
        found += problems
    left = {id(each.span.source) for each in found}
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old.text != new.text]
    status = _tell(options, found, before) if found else CLEAN
    if options.diff:
        from egresslang.fixes import diff

        write(sys.stdout, "".join(diff(*each) for each in changed))
    elif options.check:
        from egresslang.report.display import shown

        write(sys.stdout, "".join(f"{shown(old.name)}\n" for old, _ in changed))
    else:
        if problem := rewrite(before, after, named=options.paths or options.settings.policies):
            return misuse(problem)
        for old, new in zip(before, after, strict=True):
            if old.name == STANDARD_INPUT and id(old) not in left:
                write(sys.stdout, new.text)
    is_dry = options.check or options.diff
    if not options.quiet and any(source.name != STANDARD_INPUT for source in before):
        sys.stderr.write(
            f"egressc: {_summary(len(changed), len(before) - len(changed) - len(left), len(left), is_dry)}\n"
        )
    return FINDINGS if is_dry and changed else status


def formatted(source: Source) -> tuple[Source, list[Finding]]:
    """A file in its canonical form; as it is, with what is wrong, when it does not parse.

    What is not yet in it is read again afterwards: raises RuntimeError where it would say anything else.
    """
    from egresslang.syntax.format import show_file, spelled_out
    from egresslang.syntax.parse import parse

    file, problems = parse(source)
    if problems:
        return source, problems
    made = Source(source.name, show_file(file), source.path)
    if made.text != source.text:
        again, wrong = parse(made)
        if wrong or again.statements != tuple(map(spelled_out, file.statements)):
            raise RuntimeError(f"formatting `{source.name}` would change what it says; nothing was written")
    return made, []


def _tell(options: Any, found: list[Finding], sources: list[Source]) -> int:
    from egresslang.commands.report import tell
    from egresslang.syntax.nodes import File

    tell(options, found, [File(source, ()) for source in sources], sys.stderr)
    return FINDINGS


def _summary(changed: int, same: int, left: int, is_dry: bool) -> str:
    """How many files became what: `2 files formatted, 3 already so`."""
    counts = [
        (changed, "would be formatted" if is_dry else "formatted"),
        (same, "already so" if changed else "already formatted"),
        (left, "left as they are" if left > 1 else "left as it is"),
    ]
    told = [(count, words) for count, words in counts if count]
    (first, words), *others = told
    return ", ".join([f"{first} {'file' if first == 1 else 'files'} {words}", *(f"{n} {what}" for n, what in others)])
