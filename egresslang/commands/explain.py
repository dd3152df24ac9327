"""`egressc explain`: what becomes of one flow, or of many, and why; and which flows match a question about many."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import Parser, everyday_options, policy_options, today
from egresslang.commands.streams import CLEAN, FINDINGS, misuse, write

if TYPE_CHECKING:
    from egresslang.answers.asked_mesh import AskedMesh
    from egresslang.profile.profile import ClusterProfile

SUMMARY = "say what becomes of a flow: allowed or blocked, by which rule, through what, and what the client sees"

MANY = "-"
"""The question that stands for those of standard input, one a line."""

ALONE = "a question about many flows is asked by itself, as in `egressc explain '* -> api.example.com'`; - takes exact flows"
"""Why a line of standard input has no answer."""


def describe(command: Parser) -> None:
    """The options of the command."""
    command.add_argument(
        "flow",
        metavar="FLOW",
        help="a flow as the language writes it, such as `idgen -> httpbin.org:80 http`; with `*`, a wildcard, a network or no port, such as `* -> api.example.com`, all flows that match; - reads exact flows from standard input, one a line; a code or name of a finding, such as EGR204, prints its page",
    )
    policy_options(command)
    command.add_argument(
        "--manifests",
        action="append",
        default=[],
        metavar="PATH",
        help="ask these manifests instead of a policy: files, folders, or - for standard input; repeat it for several",
    )
    command.add_argument(
        "--format",
        choices=["text", "json", "csv"],
        default="text",
        help="how answers are written; json is one object a line, or one document of all flows that match; csv is for these alone (default: text)",
    )
    everyday_options(command)


def run(options: Any) -> int:
    """Answer the question or questions, or print the page of a finding; returns the status."""
    if re.fullmatch(r"[\w-]*\w", word := options.flow.strip()):
        return _print_page(options, word)
    from egresslang.answers.search import is_search

    is_many = options.flow != MANY and is_search(options.flow)
    problem = _misuse(options, is_many)
    if problem:
        return misuse(problem)
    if is_many and not options.manifests:
        from egresslang.commands.search import search_policy

        return search_policy(options)
    asked = _from_manifests(options) if options.manifests else _from_policy(options)
    if asked is None:
        return FINDINGS
    if is_many:
        from egresslang.commands.search import search_manifests

        return search_manifests(options, asked)
    if options.flow == MANY:
        return _answer_all(options, asked)
    return _answer_one(options, asked)


def _print_page(options: Any, word: str) -> int:
    """Print the page of a code, given by itself or by its name."""
    from egresslang import codes
    from egresslang.config.settings import suggestion
    from egresslang.pages import page

    code = next((each for each in codes.ALL if word.lower() in (each.id.lower(), each.name)), None)
    if code is None:
        near = suggestion(word)
        hint = f"did you mean `{near}`?" if near else "a flow has an arrow, as in `idgen -> httpbin.org:80 http`"
        return misuse(f"`{word}` is not a flow, nor a code or name of a finding; {hint}")
    text = page(code)
    if options.format == "json":
        import json

        text = json.dumps({"code": code.id, "name": code.name, "severity": str(code.severity), "page": text}) + "\n"
    write(sys.stdout, text)
    return CLEAN


def _misuse(options: Any, is_many: bool) -> str:
    if options.manifests and options.paths:
        return "--manifests asks manifests instead of a policy: leave the policy files out"
    if options.format == "csv" and not is_many:
        return "csv is a table of all flows that match, as of `* -> api.example.com`; ask for text or json"
    if len(options.profiles) > 1 and (options.manifests or not is_many):
        return "several profiles are several meshes: ask one at a time"
    streams = [*options.paths, *options.manifests, *([MANY] if options.flow == MANY else [])]
    if streams.count(MANY) > 1:
        return "standard input holds one thing: questions, policy or manifests; give the others as files"
    return ""


def _from_policy(options: Any) -> AskedMesh | None:
    """The mesh that the policy makes; None after telling why there is none."""
    from egresslang.answers.compiled import ask_policy
    from egresslang.codes import CUT_OFF, EXPECTATION_FAILED, OUTAGE, OVER_GRANT
    from egresslang.commands.inputs import read_inputs
    from egresslang.commands.report import tell
    from egresslang.compile import compile
    from egresslang.findings import Severity, errors
    from egresslang.targets.istio import lower

    files, profiles, found = read_inputs(options)
    _assumed(options, profiles)
    asked = None
    if not errors(found):
        (profile,) = profiles
        made = compile(files, profile, today(options), Severity.WARNING)
        found = list(made.findings)
        manifests = made.manifests
        # what is not as it was expected or meant is what people ask about
        asking = {EXPECTATION_FAILED, OVER_GRANT, OUTAGE, CUT_OFF}
        if made.policy is not None and {each.code for each in errors(found)} <= asking:
            if manifests is None:
                manifests, problems = lower(made.policy, profile)
                found = [each for each in found if each.code is not EXPECTATION_FAILED] + problems
            asked, problems = ask_policy(made.policy, manifests, profile)
            found += problems
            if {each.code for each in errors(found)} - asking:
                asked = None
    if errors(found):
        tell(options, found, files, sys.stderr)
    return asked


def _from_manifests(options: Any) -> AskedMesh | None:
    """The mesh that manifests make; None after telling why there is none."""
    from egresslang.answers.deployed import ask_manifests
    from egresslang.commands.inputs import read_profiles
    from egresslang.commands.overlooked import tell_overlooked
    from egresslang.commands.report import tell
    from egresslang.files import read_manifests
    from egresslang.findings import errors
    from egresslang.mesh.read import unfolded
    from egresslang.profile.manifests import read

    sources, found = read_manifests(options.manifests, None if sys.stdin is None else sys.stdin.buffer)
    documents = []
    for source in sources if not found else ():
        read_here, problems = read(source)
        documents += read_here
        found += problems
    profiles: list[ClusterProfile] = []
    if options.profiles:
        profiles, problems = read_profiles(options)
        found += problems
        _assumed(options, profiles)
    asked = None
    if not errors(found):
        asked, problems = ask_manifests(documents, profiles[0] if profiles else None)
        found += problems
    if errors(found):
        tell(options, found, sources, sys.stderr)
        return None
    if not options.quiet:
        tell_overlooked(unfolded(documents))
    return asked


def _assumed(options: Any, profiles: Iterable[ClusterProfile]) -> None:
    for profile in profiles if options.verbose else ():
        for assumed in profile.assumed:
            sys.stderr.write(f"{profile.name}: {assumed}\n")


def _answer_one(options: Any, asked: AskedMesh) -> int:
    from egresslang.answers.explain import explain
    from egresslang.answers.question import Unanswerable, read_question
    from egresslang.report.display import shown

    question = read_question(options.flow)
    answer = question if isinstance(question, Unanswerable) else explain(asked, question)
    if isinstance(answer, Unanswerable):
        return misuse(shown(answer.why))
    write(sys.stdout, _shown(options, asked, options.flow, answer))
    return CLEAN


def _answer_all(options: Any, asked: AskedMesh) -> int:
    from egresslang.answers.explain import explain
    from egresslang.answers.question import Unanswerable, read_question
    from egresslang.answers.search import is_search
    from egresslang.files import bounded_lines

    if sys.stdin is None:
        return misuse("standard input is closed")
    is_first = True
    for line in bounded_lines(sys.stdin.buffer):
        text = line.decode("utf-8", "backslashreplace").rstrip("\r\n")
        question = Unanswerable(ALONE) if is_search(text) else read_question(text)
        answer = question if isinstance(question, Unanswerable) else explain(asked, question)
        if options.format == "text" and not is_first:
            write(sys.stdout, "\n")
        is_first = False
        write(sys.stdout, _shown(options, asked, text, answer))
        sys.stdout.flush()  # whoever asked may wait for it before asking more
    return CLEAN


def _shown(options: Any, asked: AskedMesh, text: str, answer: Any) -> str:
    if options.format == "json":
        from egresslang.answers import answer_json

        return answer_json.show(text, answer) + "\n"
    from egresslang.answers import answer_text
    from egresslang.report.color import painter, wants_color

    return answer_text.show(asked, text, answer, painter(wants_color(options.color, os.environ, sys.stdout.isatty())))
