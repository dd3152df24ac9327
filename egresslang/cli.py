"""The command line: arguments in, exit statuses out. What each command does stands in `commands/`.

Status 0 is clean; 1 is findings at or above `--fail-on`, a failed expectation, or drift; 2 is misuse, an unreadable
file, or our bug.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Any, NoReturn

from egresslang import __version__, limits
from egresslang.commands import COMMANDS
from egresslang.commands.streams import CLEAN, INTERRUPTED, MISUSE, forget_output, misuse
from egresslang.files import Unreadable
from egresslang.interruption import raise_lost
from egresslang.replacement import NotWritten

Parser = argparse.ArgumentParser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status. A signal that ends it is raised."""
    import gc

    if sys.stderr is None or sys.stdout is None:  # closed by the caller
        return MISUSE if sys.stderr is None else misuse("standard output is closed")
    gc.disable()  # worth half of a compilation's time: nothing here is cyclic and large
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        status = _run(arguments)
        sys.stdout.flush()
        return status
    except (Unreadable, NotWritten) as problem:
        raise_lost()
        return misuse(str(problem))
    except BrokenPipeError:
        forget_output()
        return INTERRUPTED
    except OSError as problem:
        raise_lost()
        forget_output()
        return misuse(_unwritten(problem))
    except Exception as problem:
        raise_lost()
        if os.environ.get("EGRESSC_DEBUG"):
            raise
        return misuse(
            f"a bug of egressc, please report it: {type(problem).__name__}: {problem} (EGRESSC_DEBUG=1 shows where)"
        )
    finally:
        gc.enable()


def _unwritten(problem: OSError) -> str:
    try:
        os.getcwd()
    except OSError:
        return "the current folder is gone"
    return f"cannot write the result: {problem.strerror}"


def _run(arguments: Sequence[str]) -> int:
    name = next((word for word in arguments if word in COMMANDS), None)
    parser = _parser([name] if name and arguments[0] == name else list(COMMANDS))
    try:
        options = parser.parse_args(arguments)
    except SystemExit as ended:
        return MISUSE if ended.code else CLEAN
    limits.change(dict(getattr(options, "limits", ())))
    if hasattr(options, "paths"):
        from egresslang.commands.configured import configure

        configure(options)
    status: int = options.run(options)
    return status


class _Arguments(Parser):
    """A parser that tells misuse as everything else does, and what it cannot write."""

    def _print_message(self, message: str, file: Any = None) -> None:
        (file or sys.stderr).write(message)

    def error(self, message: str) -> NoReturn:
        from egresslang.report.display import shown

        self.print_usage(sys.stderr)
        sys.stderr.write(f"egressc: {shown(message)}\n")
        raise SystemExit(MISUSE)


class _Command(_Arguments):
    """The parser of one command: `explain FLOW -p FILE PATH` is the same as `explain FLOW PATH -p FILE`."""

    _is_mixing = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._is_mixing:
            return super().parse_known_args(args, namespace)
        self._is_mixing = True
        try:
            known, rest = super().parse_known_args(args)
            return self.parse_known_intermixed_args(args, namespace) if rest else (known, rest)
        finally:
            self._is_mixing = False


def _parser(names: Sequence[str]) -> Parser:
    """The parser of the named commands: building only what is called keeps the start short."""
    parser = _Arguments(prog="egressc", description="Policy as code for traffic that leaves an Istio mesh.")
    parser.add_argument("--version", action="version", version=f"egressc {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Command)
    for name in names:
        module = import_module(COMMANDS[name])
        command = commands.add_parser(name, help=module.SUMMARY, description=summary(name))
        module.describe(command)
        command.set_defaults(run=module.run)
    return parser


def actions(name: str) -> list[argparse.Action]:
    """Each argument of a command, as argparse has it."""
    parser = _Arguments(add_help=False)
    import_module(COMMANDS[name]).describe(parser)
    return parser._actions


def options(name: str) -> list[tuple[str, str]]:
    """Each argument of a command as it is written, and what it is for."""
    shown = []
    for action in actions(name):
        flags = ", ".join(action.option_strings)
        value = action.metavar or ("\\|".join(action.choices) if action.choices else "")
        shown.append((f"{flags} {value if action.nargs != 0 else ''}".strip(), action.help or ""))
    return shown


def summary(name: str) -> str:
    """What a command does, as a sentence."""
    said: str = import_module(COMMANDS[name]).SUMMARY
    return f"{said[0].upper()}{said[1:]}."
