"""`egressc compile`: a policy becomes manifests, on standard output or in a folder."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import Parser, everyday_options, policy_options, report_options, today
from egresslang.commands.streams import CLEAN, FINDINGS, misuse, write
from egresslang.findings import Severity, errors

if TYPE_CHECKING:
    from egresslang.profile.profile import ClusterProfile

SUMMARY = "turn a policy into ServiceEntries, Sidecars and the installation"


def describe(command: Parser) -> None:
    """The options of the command."""
    policy_options(command)
    report_options(command)
    everyday_options(command)
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


def run(options: Any) -> int:
    """Compile the policy for each cluster; returns the status."""
    from egresslang.commands.inputs import merged, read_inputs
    from egresslang.commands.report import report

    if options.output == "":
        return misuse("-o names no folder")
    if options.check and not options.output:
        return misuse("--check compares with a folder: give it with -o DIR")
    if len(options.profiles) > 1 and not options.output:
        return misuse("several profiles make several outputs: give a folder with -o DIR")
    files, profiles, found = read_inputs(options)
    made = []
    if not errors(found):
        from egresslang.compile import compile

        made = [compile(files, profile, today(options), Severity.WARNING) for profile in profiles]
        found.extend(merged(profiles, [m.findings for m in made]))
    status = report(options, found, files, profiles, sys.stderr)
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
        return misuse(f"namespace `{options.namespace}` is in neither the policy nor the profile")
    if options.output:
        return _to_folders(options, outputs)
    from egresslang.output import KINDS, stream

    write(sys.stdout, stream(outputs[0][1], options.kinds or KINDS, options.namespace))
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
        return misuse(f"{refused.message}; {refused.help}")
    except OSError as problem:
        return misuse(f"cannot write `{problem.filename or options.output}`: {problem.strerror}")
    return status
