"""`egressc compile`: a policy becomes manifests, on standard output or in a folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import Parser, everyday_options, policy_options, report_options, today
from egresslang.commands.streams import CLEAN, FINDINGS, misuse, write
from egresslang.findings import Finding, Severity, errors

if TYPE_CHECKING:
    from egresslang.commands.drift import Output
    from egresslang.compile import Compilation
    from egresslang.profile.profile import ClusterProfile
    from egresslang.syntax.nodes import File

SUMMARY = "turn a policy into ServiceEntries, Sidecars and the installation"


def describe(command: Parser) -> None:
    """The options of the command."""
    policy_options(command)
    report_options(command)
    everyday_options(command)
    command.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        help="write files there instead of one text to standard output (default: what egressc.toml says; - is standard output)",
    )
    command.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail if what stands in DIR is not what the policy compiles to",
    )
    command.add_argument(
        "--tracked", action="store_true", help="with --check, fail for a file in DIR that git does not track, too"
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
    from egresslang.commands.report import fails, report
    from egresslang.directory import OutputRefused

    if options.output == "":
        return misuse("-o names no folder")
    says_output = options.output or errors(options.problems)  # a configuration that is wrong may well say one
    if options.check and not says_output:
        return misuse('--check compares with a folder: give it with -o DIR, or write `output = "DIR"` in egressc.toml')
    if options.tracked and not options.check:
        return misuse("--tracked is for --check")
    if len(options.profiles) > 1 and not says_output:
        return misuse("several profiles make several outputs: give a folder with -o DIR")
    files, profiles, found = read_inputs(options)
    made: list[Compilation] = []
    try:
        if not errors(found):
            from egresslang.commands.clusters import compile_each
            from egresslang.policy.clusters import unmatched

            found.extend(unmatched(files, profiles))
            made = compile_each(files, profiles, today(options), Severity.WARNING)
            found.extend(merged(profiles, [each.findings for each in made], [each.policy for each in made]))
        if errors(found) or fails(options, found, files):
            report(options, found, files, profiles, sys.stderr)
            return FINDINGS
        outputs = [_output(options, *each) for each in zip(profiles, made, strict=True)]
        if options.namespace and not any(_has_namespace(options.namespace, output) for output in outputs):
            return misuse(f"namespace `{options.namespace}` is in neither the policy nor the profile")
        if options.check:
            return _check(options, found, files, profiles, outputs)
        report(options, found, files, profiles, sys.stderr)
        if options.output:
            _to_folders(options, outputs)
        else:
            write(sys.stdout, made[0].text if _is_whole(options) else _stream(options, outputs[0]))
        return CLEAN
    except OutputRefused as refused:
        return misuse(f"{refused.message}; {refused.help}")
    except OSError as problem:
        if not options.output:
            raise
        return misuse(f"cannot write `{problem.filename or options.output}`: {problem.strerror}")


def _output(options: Any, profile: ClusterProfile, made: Compilation) -> Output:
    """What a compilation writes: in the form of the installation that is asked for, of the kinds and the namespace."""
    from egresslang import directory
    from egresslang.commands.drift import Output
    from egresslang.output import KINDS, render
    from egresslang.record import replace

    manifests, policy = made.manifests, made.policy
    assert manifests is not None
    assert policy is not None
    if options.installation and options.installation != manifests.installation.form:
        manifests = replace(manifests, installation=replace(manifests.installation, form=options.installation, name=""))
    folder, files = options.output or "", {}
    if options.output:
        folder = directory.below(options.output, profile.name) if len(options.profiles) > 1 else options.output
        files = render(manifests, options.kinds or KINDS, options.namespace)
    cluster = profile.name if options.profiles else ""
    return Output(profile, policy, manifests, folder, files, options.kinds or KINDS, options.namespace, cluster)


def _is_whole(options: Any) -> bool:
    return not (options.kinds or options.namespace or options.installation)


def _stream(options: Any, output: Output) -> str:
    from egresslang.output import KINDS, stream

    return stream(output.manifests, options.kinds or KINDS, options.namespace)


def _has_namespace(namespace: str, output: Output) -> bool:
    entries, sidecars = output.manifests.service_entries, output.manifests.sidecars
    made = {*(each.namespace for each in entries), *(each.namespace for each in sidecars)}
    return namespace in made or namespace in (output.profile.namespaces or {})


def _check(
    options: Any,
    found: list[Finding],
    files: Sequence[File],
    profiles: Sequence[ClusterProfile],
    outputs: Sequence[Output],
) -> int:
    """Compare with what stands in the folders, and tell what a difference means."""
    from egresslang.commands.drift import drifted, tell
    from egresslang.commands.report import report

    compared = [drifted(output) for output in outputs]
    lost: list[str] = []
    if options.tracked:
        from egresslang.commands.tracked import untracked

        lost = untracked(outputs)
    meaning = [finding for each in compared for finding in each.meaning]
    status = report(options, [*found, *meaning], files, profiles, sys.stderr)
    tell(compared, lost, options.quiet)
    return FINDINGS if lost or any(each.lines for each in compared) else status


def _to_folders(options: Any, outputs: Sequence[Output]) -> None:
    from egresslang import directory

    plans = [directory.plan(output.folder, output.files, output.part, output.cluster) for output in outputs]
    for plan in plans:
        if plan.interrupted and not options.quiet:
            sys.stderr.write(f"egressc: a former run left `{plan.directory}` unfinished; finishing it\n")
    directory.write(*plans)
