"""The command line: arguments in, files and streams out, exit statuses. Nothing is decided here about policies.

Status 0 is clean; 1 is findings at or above `--fail-on`, or drift; 2 is misuse, an unreadable file, or our bug.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from io import TextIOWrapper
from typing import Any, NoReturn

from egresslang import __version__
from egresslang.codes import OTHER_CLUSTER
from egresslang.files import Unreadable, decode, read_bytes, read_policies, read_text
from egresslang.findings import Finding, Severity, errors, in_order, merge_clusters
from egresslang.profile.profile import ClusterProfile
from egresslang.report import FORMATS, Checked, Context, render
from egresslang.report.color import wants_color
from egresslang.syntax.nodes import Deny, Expect, File

CLEAN, FINDINGS, MISUSE, INTERRUPTED = 0, 1, 2, 130

Parser = argparse.ArgumentParser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    import gc

    if sys.stderr is None or sys.stdout is None:  # closed by the caller
        return MISUSE if sys.stderr is None else _misuse("standard output is closed")
    gc.disable()  # worth half of a compilation's time: nothing here is cyclic and large
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        status = _run(arguments)
        sys.stdout.flush()
        return status
    except Unreadable as problem:
        return _misuse(str(problem))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_output()
        return INTERRUPTED
    except OSError as problem:
        _forget_output()
        return _misuse(f"cannot write the result: {problem.strerror}")
    except Exception as problem:
        if os.environ.get("EGRESSC_DEBUG"):
            raise
        return _misuse(
            f"a bug of egressc, please report it: {type(problem).__name__}: {problem} (EGRESSC_DEBUG=1 shows where)"
        )
    finally:
        gc.enable()


def _write(stream: Any, text: str) -> None:
    """Write all of a text: an unbuffered stream takes only what fits, and says so by a number."""
    if not isinstance(stream, TextIOWrapper):
        stream.write(text)
        return
    stream.flush()
    left = memoryview(text.encode(stream.encoding, stream.errors or "strict"))
    while left:
        left = left[stream.buffer.write(left) :]


def _forget_output() -> None:
    """Keep Python from trying again, at its end, to write what cannot be written."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _misuse(message: str) -> int:
    with suppress(OSError):  # whom could it be told, where standard error cannot be written
        sys.stderr.write(f"egressc: {message}\n")
        sys.stderr.flush()
    return MISUSE


def _run(arguments: Sequence[str]) -> int:
    name = next((word for word in arguments if word in COMMANDS), None)
    parser = _parser([name] if name and arguments[0] == name else list(COMMANDS))
    options = parser.parse_args(arguments)
    status: int = options.run(options)
    return status


class _Arguments(Parser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        sys.stderr.write(f"egressc: {message}\n")
        raise SystemExit(MISUSE)


def _parser(names: Sequence[str]) -> Parser:
    """The parser of the named commands: building only what is called keeps the start short."""
    parser = _Arguments(prog="egressc", description="Policy as code for traffic that leaves an Istio mesh.")
    parser.add_argument("--version", action="version", version=f"egressc {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in names:
        summary, add_options, run = COMMANDS[name]
        command = commands.add_parser(name, help=summary, description=_sentence(name))
        add_options(command)
        command.set_defaults(run=run)
    return parser


def options(name: str) -> list[tuple[str, str]]:
    """Each argument of a command as it is written, and what it is for."""
    parser = _Arguments(add_help=False)
    COMMANDS[name][1](parser)
    shown = []
    for action in parser._actions:
        flags = ", ".join(action.option_strings)
        value = action.metavar or ("\\|".join(action.choices) if action.choices else "")
        shown.append((f"{flags} {value if action.nargs != 0 else ''}".strip(), action.help or ""))
    return shown


def _sentence(name: str) -> str:
    summary = COMMANDS[name][0]
    return summary[0].upper() + summary[1:] + "."


def _common(command: Parser) -> None:
    command.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="policy files, folders, or - for standard input (default: the current folder)",
    )
    command.add_argument(
        "-p",
        "--profile",
        action="append",
        default=[],
        metavar="FILE",
        dest="profiles",
        help="a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters",
    )
    command.add_argument(
        "--format", choices=list(FORMATS), default="text", help="how findings are written (default: text)"
    )
    command.add_argument(
        "--fail-on",
        choices=["error", "warning", "note"],
        default="error",
        help="the least severity that fails (default: error)",
    )
    command.add_argument(
        "--color", choices=["auto", "always", "never"], default="auto", help="colours of the text format"
    )
    command.add_argument(
        "--today", type=_day, metavar="DATE", help="the day expiry is judged against (default: today, UTC)"
    )
    command.add_argument("-q", "--quiet", action="store_true", help="say nothing when there is nothing to say")
    command.add_argument("-v", "--verbose", action="store_true", help="say what was assumed")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is not a date such as 2027-06-30") from None


def _today(options: Any) -> date:
    if options.today is not None:
        return options.today  # type: ignore[no-any-return]
    from datetime import UTC, datetime

    return datetime.now(UTC).date()


# check


def _describe_check(command: Parser) -> None:
    _common(command)


def _check(options: Any) -> int:
    files, profiles, found = _read(options)
    if not errors(found):
        from egresslang.compile import compile

        found.extend(
            _merged(
                profiles, [compile(files, profile, _today(options), Severity.ERROR).findings for profile in profiles]
            )
        )
    return _report(options, found, files, profiles, sys.stdout)


# compile


def _describe_compile(command: Parser) -> None:
    _common(command)
    command.add_argument(
        "-o", "--output", metavar="DIR", help="write files there instead of one text to standard output"
    )
    command.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail if what stands in DIR is not what the policy compiles to",
    )
    command.add_argument(
        "--kinds",
        type=_kinds,
        metavar="KIND,…",
        help="only these kinds: ServiceEntry, Sidecar, IstioOperator, values, Istio",
    )
    command.add_argument("--namespace", metavar="NS", help="emit this namespace alone; the whole policy is checked")
    command.add_argument(
        "--installation",
        choices=["istio", "helm", "sail"],
        help="how the installation is written (default: as it was read, else istio)",
    )


def _kinds(text: str) -> tuple[str, ...]:
    from egresslang.output import KINDS

    kinds = tuple(kind.strip() for kind in text.split(",") if kind.strip())
    if not kinds:
        raise argparse.ArgumentTypeError(f"no kind; choose from {', '.join(KINDS)}")
    for kind in kinds:
        if kind not in KINDS:
            raise argparse.ArgumentTypeError(f"`{kind}` is not a kind; choose from {', '.join(KINDS)}")
    return kinds


def _compile(options: Any) -> int:
    if options.output == "":
        return _misuse("-o names no folder")
    if options.check and not options.output:
        return _misuse("--check compares with a folder: give it with -o DIR")
    if len(options.profiles) > 1 and not options.output:
        return _misuse("several profiles make several outputs: give a folder with -o DIR")
    files, profiles, found = _read(options)
    made = []
    if not errors(found):
        from egresslang.compile import compile

        made = [compile(files, profile, _today(options), Severity.WARNING) for profile in profiles]
        found.extend(_merged(profiles, [m.findings for m in made]))
    status = _report(options, found, files, profiles, sys.stderr)
    if status != CLEAN:
        return status
    from egresslang.record import replace

    outputs = []
    for profile, compilation in zip(profiles, made, strict=True):
        manifests = compilation.manifests
        assert manifests is not None
        if options.installation and options.installation != manifests.installation.form:
            manifests = replace(
                manifests, installation=replace(manifests.installation, form=options.installation, name="")
            )
        outputs.append((profile, manifests))
    if options.namespace and not any(_has_namespace(options.namespace, *output) for output in outputs):
        return _misuse(f"namespace `{options.namespace}` is in neither the policy nor the profile")
    if options.output:
        return _to_folders(options, outputs)
    from egresslang.output import KINDS, stream

    _write(sys.stdout, stream(outputs[0][1], options.kinds or KINDS, options.namespace))
    return CLEAN


def _has_namespace(namespace: str, profile: ClusterProfile, manifests: Any) -> bool:
    made = (*manifests.service_entries, *manifests.sidecars)
    return namespace in (profile.namespaces or {}) or any(each.namespace == namespace for each in made)


def _to_folders(options: Any, outputs: Sequence[tuple[ClusterProfile, Any]]) -> int:
    from egresslang import directory
    from egresslang.output import KINDS, render

    several = len(outputs) > 1
    plans = []
    status = CLEAN
    try:
        for profile, manifests in outputs:
            where = os.path.join(options.output, profile.name) if several else options.output
            files = render(manifests, options.kinds or KINDS, options.namespace)
            part = None if options.namespace is None else [f"{options.namespace}.yaml"]
            if options.check:
                for drift in directory.compare(where, files, part):
                    status = FINDINGS
                    sys.stdout.write(f"{drift.kind}: {os.path.join(where, drift.path)}\n")
            else:
                plans.append(directory.plan(where, files, part))
        for plan in plans:
            if plan.interrupted and not options.quiet:
                sys.stderr.write(f"egressc: a former run left `{plan.directory}` unfinished; finishing it\n")
            directory.write(plan)
    except directory.OutputRefused as refused:
        return _misuse(f"{refused.message}; {refused.help}")
    except OSError as problem:
        return _misuse(f"cannot write `{problem.filename or options.output}`: {problem.strerror}")
    return status


# What both need


def _merged(profiles: Sequence[ClusterProfile], found: Sequence[Sequence[Finding]]) -> list[Finding]:
    """The findings of all clusters; that a rule is for other clusters is told only when it is for none of these."""
    elsewhere = Counter(place for each in found for place in {f.span.place for f in each if f.code is OTHER_CLUSTER})
    kept = [
        [f for f in each if f.code is not OTHER_CLUSTER or elsewhere[f.span.place] == len(profiles)] for each in found
    ]
    return merge_clusters([profile.name for profile in profiles], kept)


def _read(options: Any) -> tuple[list[File], list[ClusterProfile], list[Finding]]:
    """The parsed policy files, the profiles, and what is wrong with either."""
    from egresslang.compile import read

    sources, found = read_policies(options.paths or ["."], None if sys.stdin is None else sys.stdin.buffer)
    files = [File(source, ()) for source in sources]
    if not found:
        files, found = read(sources)
    profiles, problems = _profiles(options)
    return files, profiles, found + problems


def _profiles(options: Any) -> tuple[list[ClusterProfile], list[Finding]]:
    if not options.profiles:
        from egresslang.profile.stock import stock

        if options.format == "text" and not options.quiet:
            sys.stderr.write(
                "egressc: no profile: workloads are those the policy names, by their label app, in a stock Istio\n"
            )
        return [stock()], []
    from egresslang.profile.load import load

    profiles: list[ClusterProfile] = []
    found: list[Finding] = []
    for path in options.profiles:
        source, problems = decode(path, read_bytes(path))
        profile = None
        if not problems:
            profile, problems = load(source, read_text)
        found.extend(problems)
        if profile is not None:
            profiles.append(profile)
    names = [profile.name for profile in profiles]
    for name in {name for name in names if names.count(name) > 1}:
        raise Unreadable(f"two profiles are called `{name}`: their outputs would be one")
    return profiles, found


def _report(
    options: Any, found: Sequence[Finding], files: Sequence[File], profiles: Sequence[ClusterProfile], stream: Any
) -> int:
    shown = in_order(found)
    if options.verbose:
        for profile in profiles:
            for assumed in profile.assumed:
                sys.stderr.write(f"{profile.name}: {assumed}\n")
    if options.format == "text" and not options.quiet:
        claims = sum(isinstance(statement, Deny | Expect) for file in files for statement in file.statements)
        if claims:
            sys.stderr.write(f"egressc: {claims} deny and expect lines are read but not judged yet\n")
    if shown or options.format != "text" or (stream is sys.stdout and not options.quiet):
        terminal = stream.isatty()
        width = os.get_terminal_size(stream.fileno()).columns if terminal else None
        rules = sum(hasattr(statement, "attributes") for file in files for statement in file.statements)
        context = Context(
            str(_today(options)), Checked(rules, len(files)), wants_color(options.color, os.environ, terminal), width
        )
        text = render(options.format, shown, context)
        _write(stream, text)
    least = Severity[options.fail_on.upper()]
    return FINDINGS if any(each.severity >= least for each in shown) else CLEAN


COMMANDS: dict[str, tuple[str, Callable[[Parser], None], Callable[[Any], int]]] = {
    "compile": ("turn a policy into ServiceEntries, Sidecars and the installation", _describe_compile, _compile),
    "check": ("tell every finding, write nothing", _describe_check, _check),
}
"""Each command: what it does, its options, how it runs."""
