"""Config: what an EgressPolicy says, its files read; what is wrong with it is told at its place."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from egresslang import codes
from egresslang.documents import Located
from egresslang.files import Unreadable, is_below, read_policies, read_source, read_text
from egresslang.findings import Finding, errors, finding
from egresslang.kustomize.inline import Inline, inline
from egresslang.profile.beside import ReadFile
from egresslang.profile.load import load, load_document
from egresslang.profile.profile import ClusterProfile
from egresslang.profile.stock import stock
from egresslang.profile.validate import validate
from egresslang.record import record
from egresslang.resources import text
from egresslang.source import Source, Span

KINDS = ("ServiceEntry", "Sidecar")
"""What is generated where `kinds` is not said: what kubectl can apply beside the workloads."""

_INSTALLATIONS = ("IstioOperator", "Istio")


@record
class Config:
    """A valid EgressPolicy: its policy texts, of which `texts` are inline, the cluster, and what of the result is wanted.

    `namespaces` are where their names are written, None for all; `span` is that of its name.
    """

    name: str
    span: Span
    sources: tuple[Source, ...]
    texts: tuple[Inline, ...]
    profile: ClusterProfile
    kinds: tuple[str, ...]
    namespaces: tuple[Located, ...] | None
    is_strict: bool


def read_config(document: Located, folder: str, is_passed_on: bool = False) -> tuple[Config | None, list[Finding]]:
    """The configuration of a document, None when a finding is an error; its paths are relative to a folder, and stay below.

    `is_passed_on` when the document is what kustomize made of it, and not what somebody wrote.
    """
    found = validate(document, json.loads(text("schemas", "egresspolicy.schema.json")), codes.BAD_CONFIG)
    if found:
        return None, found
    spec, name = document["spec"], document["metadata"]["name"]
    texts: tuple[Inline, ...] = ()
    if (written := spec.get("policy")) is not None:
        texts = (inline(written, f"EgressPolicy/{name.value}", is_passed_on),)
    sources, found = _policies(spec.get("policies"), folder)
    if spec.get("policies") is None and not texts:
        found.append(
            finding(codes.BAD_CONFIG, spec.heading, "there is no policy", "neither `policies` nor `policy` is given",
                    help="name policy files under `policies:`, or write the policy under `policy: |`")
        )  # fmt: skip
    profile, problems = _profile(spec.get("profile"), folder)
    found += [*problems, *_two_installations(spec.get("kinds"))]
    if profile is None or errors(found):
        return None, found
    kinds, namespaces, strict = spec.get("kinds"), spec.get("namespaces"), spec.get("strict")
    config = Config(
        name.value,
        name.span,
        (*sources, *(each.source for each in texts)),
        texts,
        profile,
        tuple(kinds.value) if kinds is not None else KINDS,
        tuple(namespaces.entries()) if namespaces is not None else None,
        strict is not None and strict.value is True,
    )
    return config, found


def _policies(listed: Located | None, folder: str) -> tuple[list[Source], list[Finding]]:
    entries = list(listed.entries()) if listed is not None else []
    paths = [os.path.normpath(os.path.join(folder, each.value)) for each in entries]
    found = [problem for each, path in zip(entries, paths, strict=True) for problem in _objection(each, path, folder)]
    if listed is None or found:
        return [], found
    try:
        sources, found = read_policies(paths, None)
    except Unreadable as problem:
        return [], [_leads_wrong(listed, str(problem), "needs a policy", "correct the paths, or remove `policies`")]
    outside = next((each for each in sources if not is_below(each.name, folder)), None)
    if outside is not None:
        return [], [_escape(listed, outside.name)]
    return sources, found


def _profile(written: Located | None, folder: str) -> tuple[ClusterProfile | None, list[Finding]]:
    if written is None:
        return stock(), []
    if isinstance(written.value, dict):
        return load_document(written, _reader(folder))
    path = os.path.normpath(os.path.join(folder, written.value))
    if found := list(_objection(written, path, folder)):
        return None, found
    try:
        source, found = read_source(path)
    except Unreadable as problem:
        return None, [_leads_wrong(written, str(problem), "no profile", "correct the path")]
    return (None, found) if found else load(source, _reader(folder))


def _reader(folder: str) -> ReadFile:
    """Gives the files that a profile names, as long as they lie below the folder."""

    def read(path: str) -> str:
        if not is_below(path, folder):
            raise OSError(0, "outside the kustomization", path)
        return read_text(path)

    return read


def _objection(entry: Located, path: str, folder: str) -> Iterator[Finding]:
    if not is_below(path, folder):
        yield _escape(entry, path)
    elif not os.path.exists(path):
        yield _leads_wrong(
            entry, f"`{entry.value}` does not exist", "leads nowhere", "correct the path: it is relative to the kustomization"
        )  # fmt: skip


def _escape(entry: Located, path: str) -> Finding:
    return _leads_wrong(
        entry,
        f"`{path}` is not in or below the kustomization",
        "leads out of its folder",
        "move the file below the kustomization, as kustomize asks of every file, or build at a folder that holds both",
    )


def _leads_wrong(entry: Located, message: str, label: str, help: str) -> Finding:
    span = entry.heading if isinstance(entry.value, list) else entry.span
    return finding(codes.BAD_CONFIG, span, message, label, help=help)


def _two_installations(kinds: Located | None) -> Iterator[Finding]:
    named = [each for each in kinds.entries() if each.value in _INSTALLATIONS] if kinds is not None else []
    if len({each.value for each in named}) > 1:
        yield finding(
            codes.BAD_CONFIG,
            named[1].span,
            "one cluster has one installation",
            "a second form of it",
            help="name the form that installed Istio: IstioOperator or Istio",
        )
