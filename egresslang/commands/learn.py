"""`egressc learn`: observed traffic → proposed rules, with the evidence in comments."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import Parser, everyday_options, policy_options, today
from egresslang.commands.streams import CLEAN, FINDINGS, misuse, put
from egresslang.commands.traffic import one_policy, read_audit, traffic_options

if TYPE_CHECKING:
    from datetime import date

    from egresslang.findings import Finding
    from egresslang.policy.policy import Grant
    from egresslang.profile.profile import ClusterProfile
    from egresslang.syntax.nodes import File
    from egresslang.traffic.learn import Declared

SUMMARY = "propose rules for observed traffic, with the evidence in comments"

_PROTOCOLS = {"HTTP": "http", "HTTP2": "http2", "GRPC": "grpc", "TLS": "tls", "HTTPS": "tls"}
"""Protocols of ServiceEntries, as the language calls those that go by a name."""

_PROBE = "probe.egressc.example"
"""A destination that no profile knows anything of: names below `example` are nobody's (RFC 6761)."""

_READ = ("config", "bearer_token_file", "basic_auth_file", "client_certificate", "client_key", "ca_file")
"""Options whose files are read."""


def describe(command: Parser) -> None:
    """The options of the command."""
    policy_options(command)
    traffic_options(command)
    command.add_argument(
        "--wildcard",
        action="append",
        type=_suffix,
        default=[],
        metavar="*.SUFFIX",
        dest="wildcards",
        help="propose this wildcard instead of the names below it that were seen; repeat it for several",
    )
    command.add_argument(
        "--attempted", action="store_true", help="propose what was attempted and blocked, too: somebody has to read it"
    )
    command.add_argument(
        "--attribute",
        action="append",
        type=_attribute,
        default=[],
        metavar="KEY=VALUE",
        dest="attributes",
        help="give each rule this attribute, such as one that the profile requires; repeat it for several",
    )
    command.add_argument(
        "-o", "--output", metavar="FILE", dest="file", help="write it there (default: standard output)"
    )
    everyday_options(command)
    command.set_defaults(format="text")


def run(options: Any) -> int:
    """Write the proposal; returns the status.

    The policy files that are given, or that the project names, are those it is added to; none is needed.
    """
    from egresslang.commands.report import tell
    from egresslang.compile import compile
    from egresslang.findings import Severity
    from egresslang.source import Source
    from egresslang.syntax.parse import parse
    from egresslang.traffic.learn import Asked, learn

    if options.file == "":
        return misuse("-o names no file")
    given = one_policy(options, _inputs)
    if given is None:
        return FINDINGS
    files, policy, profile = given
    missing = [key for key in profile.lint.require if key not in dict(options.attributes)]
    if missing:
        return misuse(
            f"the profile requires {', '.join(f'`{key}`' for key in missing)} of each rule: "
            f"give --attribute {missing[0]}=…"
        )
    for key, value in options.attributes:
        if key == "expires" and value < today(options).isoformat():
            return misuse(f"--attribute expires={value} is over: the rules would grant nothing")

    if why := _misused(options.attributes, profile, today(options)):
        return misuse(why)
    if which := _input(options, files, profile):
        return misuse(f"-o {options.file} would write over {which}, which is read: name another file")
    files, problems = _standing(files, profile, today(options))
    if problems:
        tell(options, problems, files, sys.stderr)
        return FINDINGS

    def check(source: Source) -> tuple[Sequence[Finding], Sequence[Grant]]:
        file, _ = parse(source)
        made = compile([*files, file], profile, today(options), Severity.WARNING)
        return made.findings, () if made.policy is None else made.policy.grants

    made = read_audit(options, policy, profile)
    asked = Asked(tuple(options.wildcards), options.attempted, tuple(options.attributes))
    learned = learn(made, profile, _declared(profile), asked, check)
    put(options.file, learned.text)
    if not options.quiet:
        told = f"{len(learned.rules)} rules proposed, {len(learned.apart)} flows kept apart"
        sys.stderr.write(f"egressc: {told}\n")
        for remark in made.observed.remarks:
            from egresslang.report.display import shown

            sys.stderr.write(f"egressc: incomplete: {shown(remark)}\n")
    return CLEAN


def _inputs(options: Any) -> tuple[list[File], list[ClusterProfile], list[Finding]]:
    """As every command reads them, but that a policy need not be there."""
    from egresslang.commands.inputs import read_inputs, read_profiles
    from egresslang.findings import errors

    if options.paths or options.settings.policies or errors(options.problems):
        return read_inputs(options)
    profiles, found = read_profiles(options)
    return [], profiles, [*options.problems, *found]


def _misused(attributes: Sequence[tuple[str, str]], profile: ClusterProfile, day: date) -> str:
    """Why no rule can have these attributes in this cluster, or would grant nothing with them; empty where rules can."""
    from egresslang.findings import Severity, errors
    from egresslang.policy.resolve import resolve
    from egresslang.source import Source
    from egresslang.syntax.parse import parse

    said = "".join(f" {key}={value}" for key, value in attributes)
    file, found = parse(Source("--attribute", f"allow * -> {_PROBE}:443 tls{said}\n"))
    if not found:
        policy, found = resolve([file], profile, day, Severity.ERROR)
        if not errors(found) and not policy.grants:
            return f"--attribute: the rules would grant nothing: {found[0].message}"
    return f"--attribute: {errors(found)[0].message}" if errors(found) else ""


def _input(options: Any, files: Sequence[File], profile: ClusterProfile) -> str:
    """The file that -o names, by any path to it, where it is one that is read; empty where it is none."""
    if options.file in (None, "-") or not os.path.exists(options.file):
        return ""
    named = [
        *(file.source.name for file in files),
        *options.profiles,
        *(each.span.source.name for each in profile.resources),
        *(said.partition("=")[2] for said in options.logs),
        *(getattr(options, name) for name in _READ),
    ]
    return next((each for each in named if each and os.path.isfile(each) and os.path.samefile(each, options.file)), "")


def _standing(files: list[File], profile: ClusterProfile, day: date) -> tuple[list[File], list[Finding]]:
    """The policy that a proposal is added to, and why none can be: it does not compile by itself.

    What is expected of it and does not hold may hold with the proposal, and is left out.
    """
    from egresslang.codes import EXPECTATION_FAILED
    from egresslang.compile import compile
    from egresslang.findings import Severity, errors
    from egresslang.record import replace

    def problems() -> list[Finding]:
        return errors(compile(files, profile, day, Severity.WARNING).findings)

    found = problems()
    failed = {each.span.place for each in found if each.code is EXPECTATION_FAILED}
    if failed:
        files = [
            replace(file, statements=tuple(each for each in file.statements if each.span.place not in failed))
            for file in files
        ]
        found = problems()
    return files, found


def _declared(profile: ClusterProfile) -> Declared:
    """The ports of the hosts that stand in the cluster already."""
    from egresslang.verify.verify import standing

    held: dict[str, list[tuple[int, str]]] = {}
    for entry in standing(profile)[0].service_entries:
        for host in entry.hosts:
            for port in entry.ports:
                protocol = _PROTOCOLS.get(port.protocol.upper())
                if protocol is not None and (port.number, protocol) not in held.setdefault(host, []):
                    held[host].append((port.number, protocol))
    return held


def _suffix(text: str) -> str:
    from egresslang.findings import Finding
    from egresslang.source import Source, Span
    from egresslang.syntax.nodes import Wildcard
    from egresslang.syntax.words import read_target

    target = read_target(text, Span(Source("wildcard", text), 0, len(text)))
    if isinstance(target, Finding) or not isinstance(target, Wildcard):
        raise argparse.ArgumentTypeError(f"`{text}` is not a wildcard such as *.example.com")
    return target.suffix


def _attribute(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if key not in ("owner", "ticket", "reason", "expires", "region") or not equals or not value.isprintable():
        raise argparse.ArgumentTypeError(f"`{text}` is not an attribute of a rule such as owner=team-web")
    if key == "expires":
        from egresslang.commands.options import day

        value = day(value).isoformat()
    if not re.fullmatch(r"[\w./@:+-]+", value, re.ASCII):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        value = f'"{escaped}"'
    return key, value
