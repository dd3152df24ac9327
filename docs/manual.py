"""The man page, from the parsers: `man ./docs/egressc.1` shows it."""

from __future__ import annotations

import re
from textwrap import wrap

from egresslang import __version__
from egresslang.cli import COMMANDS, options, summary

DATE = "2026-11-23"
"""The day the words below were last changed."""

HEAD = """.\\" Written by docs/generate.py.
.TH EGRESSC 1 {date} "egressc {version}" "User Commands"
.SH NAME
egressc \\- policy as code for traffic that leaves an Istio mesh
.SH SYNOPSIS
.B egressc
.I COMMAND
.RI [ ARGUMENT \\|.\\|.\\|.\\&]
.br
.B egressc
.RB [ \\-\\-help | \\-\\-version ]
.SH DESCRIPTION
.B egressc
compiles a policy, text such as
.PP
.RS
.nf
allow idgen \\-> httpbin.org:80 http
.fi
.RE
.PP
into Istio resources that make exactly that true: ServiceEntries, Sidecars and
the mode of the installation.
Every compilation is read back by a model of the mesh, which must find the
flows of the policy, no more and no less.
.PP
.B egressc init
makes a first policy and all that stands around it.
.SH COMMANDS
"""

TAIL = """.SH EXIT STATUS
.TP
.B 0
Clean, or any answer.
.TP
.B 1
Findings at or above \\fB\\-\\-fail\\-on\\fP, a failed expectation, or drift.
.TP
.B 2
Misuse, an unreadable file, or a bug.
.TP
.B 130
Interrupted, or nobody reads the result any more.
.TP
.BR 129 ", " 143
Ended by SIGHUP or SIGTERM.
.SH ENVIRONMENT
.TP
.B EGRESSC_DEBUG
If set, show where a bug happened.
.TP
.BR NO_COLOR ", " FORCE_COLOR ", " TERM
No colours, colours, and no colours where it is
.IR dumb ,
unless
.B \\-\\-color
says otherwise.
.SH FILES
.TP
.I egressc.toml
What a project asks for, looked for in the folder of the first PATH and upward;
a table
.I tool.egressc
in
.I pyproject.toml
is the same.
.TP
.I .egressc
In a folder of output: the files that were written, and their hashes.
.SH EXAMPLES
.nf
egressc init
egressc check
egressc explain \\(aqidgen \\-> httpbin.org:80 http\\(aq
egressc compile policies \\-p cluster.yaml \\-o manifests
.fi
.SH SEE ALSO
.BR kubectl (1)
.PP
The page of a finding:
.B egressc explain
.IR CODE .
"""


def page() -> str:
    """The man page in the macros of man(7)."""
    return HEAD.format(date=DATE, version=__version__) + "".join(map(_command, COMMANDS)) + TAIL


def _command(name: str) -> str:
    lines = [f".SS egressc {name}\n", f"{_text(summary(name))}\n"]
    for written, meaning in options(name):
        flags, value = re.fullmatch(r"((?:-\S+ ?)*)(.*)", written.replace("\\|", "|"), re.DOTALL).groups()  # type: ignore[union-attr]
        shown = [f"\\fB{_text(flag)}\\fP" for flag in flags.replace(",", "").split()]
        head = ", ".join(shown) + (" " if flags and value else "") + (f"\\fI{_text(value)}\\fP" if value else "")
        lines.append(f".TP\n{head}\n{_text(_sentence(meaning))}\n")
    return "".join(lines)


def _sentence(meaning: str) -> str:
    return f"{meaning[:1].upper()}{meaning[1:]}."


def _text(words: str) -> str:
    """Words as roff prints them: what stands in back quotes is bold, and a dash is the one of a command line."""
    escaped = words.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    escaped = re.sub(r"`([^`]*)`", r"\\fB\1\\fP", escaped).replace("…", "\\&.\\|.\\|.")
    lines = wrap(escaped, 78, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f"\\&{line}" if line.startswith(".") else line for line in lines)
