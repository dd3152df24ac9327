"""`egressc kustomize`: the plugin that kustomize calls, its installation, and the comparison of a build with a policy."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import Parser, everyday_options, today
from egresslang.commands.streams import CLEAN, FINDINGS, misuse, write
from egresslang.report import FORMATS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from egresslang.commands.report import Told
    from egresslang.documents import Located
    from egresslang.findings import Finding
    from egresslang.kustomize.config import Config
    from egresslang.source import Source
    from egresslang.syntax.nodes import File

SUMMARY = "be a generator and validator of kustomize, install the plugin, or compare a build with a policy"

INSTALL, VERIFY = "install", "verify"


def describe(command: Parser) -> None:
    """The options of the command."""
    command.add_argument(
        "action",
        nargs="?",
        default="",
        metavar="ACTION",
        help="install puts the plugin where kustomize looks for it; verify compares the build on standard input with what CONFIG compiles to; a file is what kustomize gives a legacy exec plugin (default: a ResourceList on standard input)",
    )
    command.add_argument(
        "config", nargs="?", default="", metavar="CONFIG", help="the EgressPolicy that verify is about"
    )
    command.add_argument(
        "--plugin-home",
        metavar="DIR",
        help="where to install (default: $KUSTOMIZE_PLUGIN_HOME, else the folder in which kustomize looks)",
    )
    command.add_argument(
        "--format", choices=list(FORMATS), default="text", help="how verify writes findings (default: text)"
    )
    everyday_options(command)


def run(options: Any) -> int:
    """Do what is asked for; returns the status."""
    if options.plugin_home is not None and options.action != INSTALL:
        return misuse("--plugin-home goes with install")
    if options.config and options.action != VERIFY:
        return misuse(
            f"what is `{options.config}`? only verify takes a second argument; the plugin takes none (argsOneLiner, args)"
        )
    if options.action == INSTALL:
        return _install(options)
    if options.action != VERIFY:
        return _plugin(options)
    return _verify(options) if options.config else misuse("verify what? give the EgressPolicy: `verify CONFIG < BUILD`")


def _install(options: Any) -> int:
    from egresslang.kustomize.install import NotInstalled, install, plugin_home

    usual = plugin_home({key: value for key, value in os.environ.items() if key != "KUSTOMIZE_PLUGIN_HOME"})
    home = os.path.abspath(options.plugin_home or plugin_home(os.environ))
    try:
        path = install(home)
    except NotInstalled as problem:
        return misuse(str(problem))
    except OSError as problem:
        return misuse(f"cannot write `{problem.filename or home}`: {problem.strerror}")
    write(sys.stdout, f"{path}\n")
    if home not in (os.path.abspath(usual), os.environ.get("KUSTOMIZE_PLUGIN_HOME")) and not options.quiet:
        sys.stderr.write(f"egressc: tell kustomize of it: export KUSTOMIZE_PLUGIN_HOME={home}\n")
    return CLEAN


def _plugin(options: Any) -> int:
    """Generate or validate, as kustomize asks; only resources and findings are ever written."""
    from egresslang.kustomize.call import as_written, read_call
    from egresslang.kustomize.config import read_config
    from egresslang.kustomize.generate import generate, resource_list
    from egresslang.targets.yaml import emit

    options.color, options.format = "never", "text"
    if not options.action and sys.stdin is not None and sys.stdin.isatty():
        return misuse(
            "kustomize gives a ResourceList on standard input, and this is a terminal: see `egressc kustomize --help`"
        )
    call, found = read_call(options.action, _standard_input())
    if call is None:
        return _tell(options, found)
    document = as_written(call.config, "")
    config, found = read_config(document, "", is_passed_on=document is call.config)
    if config is None:
        return _tell(options, found)
    if call.build is not None:
        return _validate(options, config, found, call.build)
    made, files, problems = generate(config, today(options))
    told = _settled(options, config, files, [*found, *problems])
    if made is None or _fails(config, told):
        return _tell(options, told.findings, files, told)
    if told.findings:
        _tell(options, told.findings, files, told)
    write(sys.stdout, resource_list(made.part) if call.is_list else emit(made.part))
    return CLEAN


def _verify(options: Any) -> int:
    from egresslang.kustomize.call import folder_of, read_build, read_config_file
    from egresslang.kustomize.config import read_config

    document, found = read_config_file(options.config)
    if document is None:
        return _tell(options, found)
    config, found = read_config(document, folder_of(options.config))
    if config is None:
        return _tell(options, found)
    if sys.stdin is not None and sys.stdin.isatty():
        return misuse(
            "verify reads a build on standard input: `kubectl kustomize DIR | egressc kustomize verify CONFIG`"
        )
    for assumed in config.profile.assumed if options.verbose else ():
        sys.stderr.write(f"{config.profile.name}: {assumed}\n")
    build, problems = read_build("-", _standard_input())
    if problems:
        return _tell(options, problems)
    return _validate(options, config, found, build, tells_warnings=True)


def _validate(
    options: Any, config: Config, found: Sequence[Finding], build: Sequence[Located], tells_warnings: bool = False
) -> int:
    """Compare a build with what a policy compiles to. A generator has told the warnings already, where both are asked."""
    from egresslang.kustomize.build import compare
    from egresslang.kustomize.generate import generate

    made, files, problems = generate(config, today(options))
    compared = compare(config, made, build) if made is not None else []
    told = _settled(options, config, files, [*found, *problems, *compared])
    fails = _fails(config, told)
    if fails or (tells_warnings and (told.findings or not options.quiet)):
        _tell(options, told.findings, files, told)
    return FINDINGS if fails else CLEAN


def _standard_input() -> bytes:
    from egresslang.files import read_input

    if sys.stdin is None or sys.stdin.isatty():
        return b""
    return read_input(sys.stdin.buffer)


def _settled(options: Any, config: Config, files: Sequence[File], found: Sequence[Finding]) -> Told:
    """What is told once the suppressions in the policy are obeyed, at the places that people know."""
    from egresslang.commands.report import Told, settled
    from egresslang.config.settings import Settings
    from egresslang.findings import in_order
    from egresslang.kustomize.generate import located

    options.settings = Settings()
    told = settled(options, found, files)
    return Told(tuple(in_order(located(config, told.findings))), tuple(in_order(located(config, told.suppressed))))


def _fails(config: Config, told: Told) -> bool:
    from egresslang.findings import Severity

    least = Severity.WARNING if config.is_strict else Severity.ERROR
    return any(each.severity >= least for each in told.findings)


def _tell(options: Any, found: Sequence[Finding], files: Sequence[File] = (), told: Told | None = None) -> int:
    """Write findings to standard error; returns the status of findings."""
    from egresslang.commands.report import tell

    read: Sequence[File | Source] = files or list({id(each.span.source): each.span.source for each in found}.values())
    tell(options, found, read, sys.stderr, told.suppressed if told is not None else ())
    return FINDINGS
