"""Options that several commands take, and what they mean."""

from __future__ import annotations

import argparse
from datetime import date
from typing import Any

from egresslang.report import FORMATS

Parser = argparse.ArgumentParser


def policy_options(command: Parser) -> None:
    """Which policy, in which cluster, on which day."""
    command.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="policy files, folders, or - for standard input (default: what egressc.toml says, else the current folder)",
    )
    command.add_argument(
        "-p",
        "--profile",
        action="append",
        default=[],
        metavar="FILE",
        dest="profiles",
        help="a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default: what egressc.toml says)",
    )


def report_options(command: Parser) -> None:
    """How findings are told, and which of them fail."""
    command.add_argument(
        "--format", choices=list(FORMATS), default="text", help="how findings are written (default: text)"
    )
    weighing_options(command)
    command.add_argument("--output-file", metavar="FILE", help="write the report there")


def weighing_options(command: Parser) -> None:
    """Which findings are told, and which of them fail."""
    command.add_argument(
        "--fail-on",
        choices=["error", "warning", "note"],
        help="the least severity that fails (default: what egressc.toml says, else error)",
    )
    command.add_argument(
        "--select",
        action="append",
        type=_codes,
        metavar="CODE,…",
        help="of warnings and notes tell only these: codes, names, or the start of codes such as EGR3",
    )
    command.add_argument(
        "--ignore",
        action="append",
        type=_silenced,
        metavar="CODE,…",
        help="hide these warnings and notes; errors are always told",
    )


def everyday_options(command: Parser) -> None:
    """Colours, the day, how much is said, and how much is read."""
    command.add_argument(
        "--color", choices=["auto", "always", "never"], default="auto", help="colours of the text format"
    )
    command.add_argument(
        "--today", type=day, metavar="DATE", help="the day expiry is judged against (default: today, UTC)"
    )
    command.add_argument("-q", "--quiet", action="store_true", help="say nothing when there is nothing to say")
    command.add_argument("-v", "--verbose", action="store_true", help="say what was assumed")
    bounding_options(command)


def bounding_options(command: Parser) -> None:
    """How much is read, where that is not the default."""
    command.add_argument(
        "--limit",
        action="append",
        default=[],
        type=_limit,
        metavar="NAME=N",
        dest="limits",
        help="let a limit be N, as in `values=20000000` or `file-size=256MiB` (default: what egressc.toml says, else what docs/limits.md does)",
    )


def _limit(text: str) -> tuple[str, int]:
    """The name of a limit and what it is to be."""
    from egresslang.limits import BadLimit, parse

    name, equals, number = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"`{text}` does not say how much: write `{text}=N`")
    try:
        return name, parse(name, number)
    except BadLimit as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _codes(text: str) -> frozenset[str]:
    """The codes that a list of codes, names and starts of codes stands for."""
    from egresslang.config.settings import codes_of, suggestion

    chosen: frozenset[str] = frozenset()
    for word in filter(None, map(str.strip, text.split(","))):
        here = codes_of(word)
        if not here:
            near = suggestion(word)
            raise argparse.ArgumentTypeError(
                f"`{word}` is no code of a finding" + (f"; did you mean `{near}`?" if near else "")
            )
        chosen |= here
    return chosen


def _silenced(text: str) -> frozenset[str]:
    """Those that may be hidden."""
    from egresslang.config.settings import codes_of, silenceable

    chosen = _codes(text)
    for word in filter(None, map(str.strip, text.split(","))):
        if not silenceable(codes_of(word)):
            raise argparse.ArgumentTypeError(f"`{word}` is an error, which nothing silences")
    return chosen


def day(text: str) -> date:
    """The day that an argument names; raises ArgumentTypeError where it names none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is not a date such as 2027-06-30") from None


def today(options: Any) -> date:
    """The day expiry is judged against."""
    if options.today is not None:
        return options.today  # type: ignore[no-any-return]
    from datetime import UTC, datetime

    return datetime.now(UTC).date()
