"""What is fuzzed: functions of bytes that end in silence for any input, whatever is wrong with it.

A finding or a refusal in words is an answer; anything else that is raised here is a bug. An input of several files is one
text, in which a line `%%%` stands between them; what is not there is empty.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml

from egresslang import codes
from egresslang.answers.deployed import ask_manifests
from egresslang.answers.question import Unanswerable, read_question
from egresslang.answers.search import is_search, read_search
from egresslang.cli import main
from egresslang.commands.fmt import formatted
from egresslang.compile import compile
from egresslang.config import toml
from egresslang.config.find import holds_table
from egresslang.config.load import load as load_config
from egresslang.documents import Located, read
from egresslang.existing import effective_forms
from egresslang.existing.analyze import analyze
from egresslang.existing.effective import effective
from egresslang.existing.importing.importing import import_policy
from egresslang.files import Unreadable, decode
from egresslang.findings import Finding, Severity, errors, in_order
from egresslang.mesh.read import unfolded
from egresslang.policy.resolve import resolve
from egresslang.profile.existing import resources_of
from egresslang.profile.installation import form_of, read_installation
from egresslang.profile.load import load
from egresslang.profile.profile import ClusterProfile
from egresslang.profile.stock import stock
from egresslang.report import FORMATS, Checked, Context, render
from egresslang.source import Source, Span
from egresslang.syntax.parse import parse
from egresslang.syntax.print import show_statement
from egresslang.traffic import audit_text
from egresslang.traffic.audit import audit
from egresslang.traffic.judge import Judge
from egresslang.traffic.observed import observe
from egresslang.traffic.prometheus import Access, Server, ServerError
from egresslang.traffic.window import Window

TODAY = date(2026, 11, 23)
SEPARATOR = b"\n%%%\n"
ROOT = Path(__file__).parents[2]

_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_BUGS = (codes.OVER_GRANT, codes.OUTAGE)
_KNOWN = "namespace recipes\nallow idgen -> httpbin.org:80 http\nallow etl -> *.example.com:443 tls\nallow etl -> 198.51.100.0/24:9000 tcp\n"


def _parts(data: bytes, count: int) -> list[bytes]:
    parts = data.split(SEPARATOR, count - 1)
    return parts + [b""] * (count - len(parts))


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _nothing_beside(path: str) -> str:
    raise FileNotFoundError(2, "No such file or directory", path)


def _profile(data: bytes) -> ClusterProfile | None:
    """The profile of a text, a stock one of none."""
    if not data.strip():
        return stock()
    profile, found = load(Source("profile.yaml", _text(data)), _nothing_beside)
    _are_placed(found)
    return profile


def _are_placed(found: Iterable[Finding]) -> None:
    """Every finding stands at a place of its text, and says something."""
    for each in found:
        assert each.message
        edits = each.fix.edits if each.fix is not None else ()
        for span in (
            each.span,
            *each.elsewhere,
            *(label.span for label in each.related),
            *(edit.span for edit in edits),
        ):
            _is_within(span)


def _is_within(span: Span) -> None:
    assert 0 <= span.start <= span.end <= len(span.source.text), (span.start, span.end, len(span.source.text))
    line, column = span.source.position(span.start)
    assert span.source.offset(line, column) == span.start


def _shows_all(text: str) -> None:
    """Nothing is written that a terminal or a reader would take for something else."""
    hidden = _HIDDEN.search(text)
    assert hidden is None, repr(hidden)


# Texts


def policy_text(data: bytes) -> None:
    """What parses is said again by its print, and all spans lie in the text."""
    source, found = decode("p.egress", data)
    _are_placed(found)
    if found:
        return
    file, found = parse(source)
    _are_placed(found)
    end = 0
    for each in file.statements:
        _is_within(each.span)
        assert end <= each.span.start
        end = each.span.end
        again, problems = parse(Source("again.egress", f"{show_statement(each)}\n"))
        assert not problems
        assert again.statements == (each,)


def format_policy(data: bytes) -> None:
    """The canonical form says the same (`formatted` itself raises where it does not), and its own is itself."""
    made, found = formatted(Source("p.egress", _text(data)))
    if not found:
        again, problems = formatted(made)
        assert not problems
        assert again.text == made.text


def documents(data: bytes) -> None:
    """YAML: each value stands at its place; installations and resources are read from whatever it holds."""
    source = Source("m.yaml", _text(data))
    held, found = read(source)
    _are_placed(found)
    for document in held:
        _stands(document)
        for each in unfolded([document]):
            if form_of(each):
                _are_placed(read_installation(each)[1])
            problems: list[Finding] = []
            list(resources_of(each, "default", problems))
            _are_placed(problems)
    with contextlib.suppress(Unreadable):
        _are_placed(ask_manifests(list(unfolded(held)), None)[1])


def _stands(value: Located) -> None:
    _is_within(value.span)
    _is_within(value.key_span)
    for _, each in value.items():
        _stands(each)
    for each in value.entries():
        _stands(each)


def cluster_profile(data: bytes) -> None:
    """A profile, and the file that it names: what is read can be compiled for."""
    stated, beside = _parts(data, 2)
    profile, found = load(Source("profile.yaml", _text(stated)), lambda _: _text(beside))
    _are_placed(found)
    assert (profile is None) == bool(errors(found))
    if profile is not None:
        _are_placed(compile([], profile, TODAY, Severity.ERROR).findings)


def settings(data: bytes) -> None:
    """egressc.toml, and pyproject.toml: each value stands where TOML has it."""
    document, found = toml.read(Source("egressc.toml", _text(data)))
    _are_placed(found)
    if document is not None:
        _stands(document)
        _says(document)
    _are_placed(load_config("egressc.toml", data)[1])
    if holds_table(data):
        _are_placed(load_config("pyproject.toml", data)[1])


def _says(value: Located) -> None:
    """What is written at the place of each value is that value."""
    for _, each in value.items():
        if not isinstance(each.value, dict) and not (isinstance(each.value, list) and each.text[:1] != "["):
            assert repr(tomllib.loads(f"x = {each.text}\n")["x"]) == repr(each.value)
        _says(each)
    for each in value.entries():
        _says(each)


# The pipeline


@cache
def _schemas() -> dict[str, Any]:
    import jsonschema

    kinds = {"ServiceEntry": "serviceentry", "Sidecar": "sidecar", "IstioOperator": "istiooperator"}
    return {
        kind: jsonschema.Draft202012Validator(json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text()))
        for kind, name in kinds.items()
    }


def compilation(data: bytes) -> None:
    """A policy and a profile: what compiles is valid and verified; the compiler finds no mistake of its own."""
    written, stated = _parts(data, 2)
    profile = _profile(stated)
    file, found = parse(Source("p.egress", _text(written)))
    if profile is None or found:
        return
    made = compile([file], profile, TODAY, Severity.WARNING)
    _are_placed(made.findings)
    assert not [each for each in made.findings if each.code in _BUGS]
    assert (made.manifests is None) == bool(errors(made.findings))
    if made.manifests is None:
        return
    _shows_all(made.text)
    for each in yaml.load_all(made.text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if each.get("kind") in _schemas():
            _schemas()[each["kind"]].validate(each)


def reports(data: bytes) -> None:
    """A policy and the name of its file: every format is well-formed and hides nothing."""
    written, name = _parts(data, 2)
    source = Source(_text(name).strip("\n") or "p.egress", _text(written))
    file, found = parse(source)
    if not found:
        found = list(compile([file], stock(), TODAY, Severity.WARNING).findings)
    found = in_order(found)
    for format in FORMATS:
        for color, width in ((False, None), (True, 40)) if format == "text" else ((False, None),):
            context = Context(
                str(TODAY), Checked(1, 1), color, width, tuple(found[:1]), (source.name,), "/work", "/work/policies"
            )
            text = render(format, found, context)
            _shows_all(re.sub("\x1b\\[[0-9;]*m", "", text) if color else text)
            if format in ("json", "sarif", "gitlab"):
                json.loads(text)
            elif format == "junit":
                ElementTree.fromstring(text)
            elif format == "github":
                assert all(line.startswith("::") for line in text.splitlines()[: len(found)])


# Manifests of others


def analysis(data: bytes) -> None:
    """Manifests: mistakes are told at their places, and who reaches what in every form."""
    with contextlib.suppress(Unreadable):
        _analyse(_text(data))


def _analyse(text: str) -> None:
    made = analyze([Source("m.yaml", text)], None, ["m.yaml"])
    _are_placed(made.findings)
    for form in (effective_forms.table, effective_forms.json, effective_forms.csv):
        text = "".join(form(effective(made.inspected, made.findings)))
        if form is not effective_forms.csv:
            _shows_all(text)


def importing(data: bytes) -> None:
    """Manifests: what is imported is a policy in its canonical form, for a profile that can be read."""
    with contextlib.suppress(Unreadable):
        made = import_policy([Source("m.yaml", _text(data))], None, TODAY)
        _are_placed(made.findings)
        _shows_all(made.text)
        if made.findings:
            return
        again, problems = formatted(Source("p.egress", made.text))
        assert not problems, [each.message for each in problems]
        assert again.text == made.text
        profile, problems = load(Source("profile.yaml", made.profile), lambda _: _text(data))
        assert profile is not None, [each.message for each in problems]


# Traffic


@cache
def _audited() -> tuple[Judge, ClusterProfile]:
    profile = stock()
    file, _ = parse(Source("p.egress", _KNOWN))
    policy, _ = resolve([file], profile, TODAY, Severity.WARNING)
    return Judge(policy, profile), profile


def prometheus(data: bytes) -> None:
    """The bodies of a server's answers, one query after another: all are judged, or the server is told to be none."""
    bodies = data.split(SEPARATOR)

    class Answers(Server):
        asked = 0

        def _answer(self, body: bytes) -> Any:
            self.asked += 1
            return self._parsed(bodies[(self.asked - 1) % len(bodies)], "application/json")

    judge, profile = _audited()
    server = Answers(Access("http://prometheus.example.com"))
    with contextlib.suppress(ServerError):
        server.now()
    with contextlib.suppress(ServerError):
        seen = observe(server, Window(1_795_046_400, 1_795_651_200), profile.cluster_domain, judge.policy.inventory)
        _shows_all(audit_text.show(audit(seen, judge), lambda _, text: text, False))


# Whole commands


def _told(*arguments: str, stdin: bytes = b"", **files: bytes) -> tuple[int, str, str]:
    """The status of a command in a folder with some files (`name_suffix`), and what it said; raises what it would hide."""
    out, err, held = io.StringIO(), io.StringIO(), sys.stdin
    os.environ["EGRESSC_DEBUG"] = "1"
    with tempfile.TemporaryDirectory(dir=_SCRATCH) as folder, contextlib.chdir(folder):
        for name, content in files.items():
            Path(name.replace("_", ".")).write_bytes(content)
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin))
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = main(arguments)
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else -1
        finally:
            sys.stdin = held
        said = out.getvalue()
        if "-o" in arguments:
            written = Path(arguments[arguments.index("-o") + 1])
            out.write(written.read_text(errors="replace") if written.exists() else "")
            is_new = written.name.replace(".", "_") not in files  # what stood there before keeps what its author wrote
            said = out.getvalue() if is_new else said
    assert status in (0, 1, 2), status
    assert "cannot write the result" not in err.getvalue()
    assert status == 0 or err.getvalue() or out.getvalue()
    if "--fix" not in arguments:  # which gives a policy back with all that is wrong in it
        _shows_all(said)
    _shows_all(err.getvalue())
    return status, out.getvalue(), err.getvalue()


_SCRATCH = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
_DAY = f"--today={TODAY}"


def fixing(data: bytes) -> None:
    """What is fixed needs no more fixes, and parses no worse."""
    _, once, _ = _told("check", "--fix", "-q", _DAY, "-", stdin=data)
    if once:
        _, twice, _ = _told("check", "--fix", "-q", _DAY, "-", stdin=once.encode())
        assert twice == once


def question(data: bytes) -> None:
    """A question, a policy and a profile: an answer, or why there is none."""
    asked, written, stated = _parts(data, 3)
    flow = _text(asked).replace("\0", "").strip("\n")
    if not is_search(flow):
        read_question(flow)
    elif not isinstance(read_search(flow), Unanswerable):
        assert not _HIDDEN.search(flow) or flow
    files = {"p_egress": written or _KNOWN.encode(), **({"p_yaml": stated} if stated else {})}
    profile = ("-p", "p.yaml") if stated else ()
    format = ("text", "json")[len(data) % 2]
    _told("explain", flow, "p.egress", f"--format={format}", _DAY, *profile, **files)


def difference(data: bytes) -> None:
    """Two policies and a profile: what differs is told; a policy and itself differ in nothing."""
    before, after, stated = _parts(data, 3)
    files = {"a_egress": before, "b_egress": after, **({"p_yaml": stated} if stated else {})}
    profile = ("-p", "p.yaml") if stated else ()
    for head in ("b.egress", "a.egress"):
        format = ("text", "json", "markdown", "sarif")[len(data) % 4]
        status, out, _ = _told("diff", head, "--base=a.egress", f"--format={format}", _DAY, *profile, **files)
        if status == 0 and format in ("json", "sarif"):
            made = json.loads(out)
            if head == "a.egress" and format == "json":
                assert not made["changes"]


def drawing(data: bytes) -> None:
    """A policy and a profile as a picture."""
    written, stated = _parts(data, 2)
    files = {"p_egress": written, **({"p_yaml": stated} if stated else {})}
    format = ("html", "json", "dot", "mermaid")[len(data) % 4]
    _told("graph", "p.egress", f"--format={format}", _DAY, *(("-p", "p.yaml") if stated else ()), **files)


def alerting(data: bytes) -> None:
    """A policy and a profile as alerts that Prometheus can load."""
    written, stated = _parts(data, 2)
    files = {"p_egress": written, **({"p_yaml": stated} if stated else {})}
    status, out, _ = _told("alerts", "p.egress", _DAY, *(("-p", "p.yaml") if stated else ()), **files)
    if status == 0:
        list(yaml.safe_load_all(out))


def inventories(data: bytes) -> None:
    """Manifests and a profile that stands: a profile is made of both, and made again it stays."""
    manifests, standing = _parts(data, 2)
    into = ("profile", "m.yaml", "-o", "cluster.yaml")
    status, once, _ = _told(*into, m_yaml=manifests, **({"cluster_yaml": standing} if standing else {}))
    if status == 0:
        again, twice, err = _told(*into, m_yaml=manifests, cluster_yaml=once.encode())
        assert (again, twice) == (0, once), err


def access_log(data: bytes) -> None:
    """An access log: it is audited and learned from."""
    files = {"p_egress": _KNOWN.encode(), "a_log": data}
    _told(
        "audit",
        "p.egress",
        "--access-log=recipes/idgen=a.log",
        f"--format={('text', 'json')[len(data) % 2]}",
        _DAY,
        **files,
    )
    status, out, err = _told("learn", "p.egress", "--access-log=recipes/idgen=a.log", "--attempted", _DAY, **files)
    assert status == 0, err
    assert not parse(Source("learned.egress", out))[1]


def resource_list(data: bytes) -> None:
    """What kustomize gives to a function."""
    status, out, _ = _told("kustomize", stdin=data)
    if status == 0 and out:
        list(yaml.safe_load_all(out))


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each
    for each in (
        policy_text, format_policy, documents, cluster_profile, settings, compilation, reports, analysis, importing,
        prometheus, access_log, fixing, question, difference, drawing, alerting, inventories, resource_list,
    )
}  # fmt: skip
"""Every target by its name, which is that of its folder of seeds."""
