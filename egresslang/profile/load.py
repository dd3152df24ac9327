"""From a file to a ClusterProfile: a ClusterProfile document, or an installation file given in its place."""

from __future__ import annotations

import json

from egresslang import codes, limits
from egresslang.documents import Located, read
from egresslang.findings import Finding, Label, errors, finding
from egresslang.profile.beside import ReadFile, read_beside
from egresslang.profile.build import build
from egresslang.profile.facts import ISTIO_DEFAULTS, Fact, Installation, contradictions
from egresslang.profile.installation import form_of, read_installation
from egresslang.profile.profile import ClusterProfile
from egresslang.profile.validate import validate
from egresslang.profile.version import parse, unknown
from egresslang.resources import text
from egresslang.source import Source, Span

_EXPECTED = "an IstioOperator, Helm values of chart istiod, or a Sail `Istio`"


def load(source: Source, read_file: ReadFile) -> tuple[ClusterProfile | None, list[Finding]]:
    """The profile that a file holds, None when a finding is an error; `read_file` gives the files it names.

    An installation file given in its place makes a profile of its facts, without an inventory.
    """
    documents, findings = read(source, limit=limits.PROFILE_SIZE)
    if findings:
        return None, findings
    if len(documents) == 1:
        return load_document(documents[0], read_file)
    return None, [
        _not_one(Span(source, 0, min(1, len(source.text))), source.name, documents, f"a ClusterProfile, {_EXPECTED}")
    ]


def load_document(document: Located, read_file: ReadFile) -> tuple[ClusterProfile | None, list[Finding]]:
    """The profile that a document holds, such as one written inside another file; as `load` does."""
    findings: list[Finding] = []
    if form_of(document):
        installed, findings = read_installation(document)
        profile = build(installed.name or "cluster", installed.heading, None, {}, installed, read_file, findings)
    elif not _is_profile(document):
        return None, [_unrecognised(document, f"a ClusterProfile, {_EXPECTED}")]
    else:
        findings = validate(document, json.loads(text("schemas", "profile.schema.json")))
        if findings:
            return None, findings
        name = document["metadata"]["name"]
        spec = document.get("spec")
        stated = _stated(spec, findings)
        told = _installed(spec, read_file, findings)
        if told is not None:
            findings += contradictions(stated, told)
        profile = build(name.value, name.span, spec, stated, told, read_file, findings)
    return (None if errors(findings) else profile), findings


def _is_profile(document: Located) -> bool:
    value = document.value
    return isinstance(value, dict) and (
        value.get("kind") == "ClusterProfile" or str(value.get("apiVersion", "")).startswith("egresslang.dev/")
    )


def _stated(spec: Located | None, findings: list[Finding]) -> dict[str, Fact]:
    """The facts about Istio that a profile states itself."""
    stated: dict[str, Fact] = {}
    istio = spec.get("istio") if spec is not None else None
    for key, place in istio.items() if istio is not None else ():
        if key in ISTIO_DEFAULTS or key == "profile":
            stated[key] = Fact(place.value, place.span)
        elif key == "version":
            written = place.value if isinstance(place.value, str) else place.text  # 1.30 must not become 1.3
            version = parse(written)
            if version is None:
                findings.append(unknown(written, place.span))
            else:
                stated[key] = Fact(version, place.span)
    if spec is not None and (domain := spec.get("clusterDomain")):
        stated["clusterDomain"] = Fact(domain.value, domain.span)
    return stated


def _installed(spec: Located | None, read_file: ReadFile, findings: list[Finding]) -> Installation | None:
    """What the installation file that a profile names tells; None when it names none, or one that cannot be read."""
    path = spec.get("istio", "installation") if spec is not None else None
    if path is None:
        return None
    documents, found = read_beside(path, read_file)
    findings += found
    if found:
        return None
    if len(documents) != 1:
        findings.append(_not_one(path.span, path.value, documents, _EXPECTED))
        return None
    if not form_of(documents[0]):
        findings.append(_unrecognised(documents[0], _EXPECTED, Label(path.span, "named here as the installation")))
        return None
    installed, found = read_installation(documents[0])
    findings += found
    return installed


def _not_one(span: Span, name: str, documents: list[Located], expected: str) -> Finding:
    if not documents:
        return finding(
            codes.BAD_PROFILE, span, f"`{name}` is empty", f"expected {expected}", help=f"write {expected} into it"
        )
    related = [Label(documents[0].heading, "the first document")]
    return finding(codes.BAD_PROFILE, documents[1].heading, f"`{name}` holds {len(documents)} documents", "one is expected", related,
                   help="give each a file of its own")  # fmt: skip


def _unrecognised(document: Located, expected: str, *related: Label) -> Finding:
    kind = document.get("kind")
    if kind is not None and isinstance(kind.value, str):
        return finding(codes.BAD_PROFILE, kind.span, f"`{kind.value}` does not describe a cluster", f"expected {expected}", related,
                       help=f"give {expected}")  # fmt: skip
    return finding(codes.BAD_PROFILE, document.heading, "this document does not say what it is", f"expected {expected}", related,
                   help="start a profile with `apiVersion: egresslang.dev/v1` and `kind: ClusterProfile`")  # fmt: skip
