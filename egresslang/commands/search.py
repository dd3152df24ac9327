"""What `egressc explain` does with a question about many flows: every grant that matches, in each cluster."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import today
from egresslang.commands.streams import CLEAN, FINDINGS, misuse, write

if TYPE_CHECKING:
    from egresslang.answers.asked_mesh import AskedMesh
    from egresslang.answers.question import Unanswerable
    from egresslang.answers.search_forms import Flows


def search_policy(options: Any) -> int:
    """Answer from the policy, for all clusters; returns the status."""
    from egresslang.answers.around import around_policy
    from egresslang.answers.compiled import clients
    from egresslang.answers.left_open import left_open
    from egresslang.answers.question import Unanswerable
    from egresslang.answers.search import located, matches, read_search, who_of, with_members
    from egresslang.answers.search_forms import Flows
    from egresslang.commands.inputs import merged, read_inputs
    from egresslang.commands.report import tell
    from egresslang.findings import Severity, errors
    from egresslang.policy.binding import Binding
    from egresslang.policy.denials import KnownAddresses
    from egresslang.policy.granted import Granted
    from egresslang.policy.policy import ANY
    from egresslang.policy.resolve import resolve
    from egresslang.policy.sets import workload_patterns
    from egresslang.report.display import shown

    asked = read_search(options.flow)
    if isinstance(asked, Unanswerable):
        return _unanswerable(asked)
    files, profiles, found = read_inputs(options)
    resolved = [] if errors(found) else [resolve(files, each, today(options), Severity.WARNING) for each in profiles]
    if not errors(found):
        found = [*found, *merged(profiles, [problems for _, problems in resolved])]
    if errors(found):
        tell(options, errors(found), files, sys.stderr)
        return FINDINGS
    answers: list[Flows] = []
    problem: Unanswerable | None = None
    for profile, (policy, _) in zip(profiles, resolved, strict=True):
        known = _by_namespace([(each.namespace, each.name) for each in clients(policy, profile)])
        here = with_members(asked, Binding(files, profile, []), profile.default_namespace)
        if not isinstance(here, Unanswerable):
            here = located(here, profile.default_namespace, known, profile.namespaces is not None)
        if isinstance(here, Unanswerable):
            problem = here
            continue
        if here.workload not in (ANY, *known.get(here.namespace, ())) and not here.members and not options.quiet:
            who = shown(f"{here.namespace}/{here.workload}")
            sys.stderr.write(f"egressc: nothing names `{who}`: it has what everybody has\n")
        granted = Granted([*policy.grants, *around_policy(policy, profile)])
        addresses = KnownAddresses(policy, profile).addresses
        open_to_all = left_open(policy, profile) & who_of(here)
        patterns = tuple(workload_patterns(open_to_all))
        name = profile.name if options.profiles else ""
        answers.append(Flows(name, tuple(matches(here, granted, addresses)), patterns))
    if not answers and problem is not None:
        return _unanswerable(problem)
    return _tell(options, answers)


def search_manifests(options: Any, mesh: AskedMesh) -> int:
    """Answer from manifests; returns the status."""
    from egresslang.answers.effective import effective
    from egresslang.answers.question import Unanswerable
    from egresslang.answers.search import located, matches, read_search
    from egresslang.answers.search_forms import Flows
    from egresslang.policy.granted import Granted
    from egresslang.policy.policy import ANY

    if not mesh.clients:
        return misuse("no workload is known to ask about: add the manifests of workloads, or a profile with -p")
    asked = read_search(options.flow)
    known = _by_namespace(mesh.clients)
    here = asked if isinstance(asked, Unanswerable) else located(asked, mesh.default_namespace, known, True)
    if isinstance(here, Unanswerable):
        return _unanswerable(here)
    clients = [
        each
        for each in mesh.clients.values()
        if here.namespace in (ANY, each.namespace) and here.workload in (ANY, each.name)
    ]
    granted = Granted(effective(mesh, clients))
    return _tell(options, [Flows("", tuple(matches(here, granted, {})))])


def _by_namespace(clients: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for namespace, name in clients:
        found.setdefault(namespace, []).append(name)
    return found


def _unanswerable(problem: Unanswerable) -> int:
    from egresslang.report.display import shown

    return misuse(shown(problem.why))


def _tell(options: Any, answers: list[Flows]) -> int:
    from egresslang.answers import search_forms

    match options.format:
        case "json":
            text = search_forms.as_json(options.flow.strip(), str(today(options)), answers)
        case "csv":
            text = search_forms.as_csv(answers)
        case _:
            from egresslang.report.color import painter, wants_color

            paint = painter(wants_color(options.color, os.environ, sys.stdout.isatty()))
            text = search_forms.as_text(answers, paint)
    write(sys.stdout, text)
    return CLEAN
