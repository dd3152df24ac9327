"""`egressc completion`: what makes a shell complete the command line."""

from __future__ import annotations

import sys
from typing import Any

from egresslang.commands.options import Parser
from egresslang.commands.streams import CLEAN, write

SUMMARY = "print what makes a shell complete the command line"

SHELLS = ("bash", "fish", "zsh")


def describe(command: Parser) -> None:
    """The options of the command."""
    command.add_argument("shell", metavar="SHELL", choices=SHELLS, help="bash, fish or zsh")


def run(options: Any) -> int:
    """Print the script of a shell; returns the status."""
    from egresslang.resources import text

    write(sys.stdout, text("completions", f"egressc.{options.shell}"))
    return CLEAN
