"""Analyze: what is wrong with manifests that nobody wrote for us, asked of the model of the mesh they make."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from egresslang import codes
from egresslang.answers.deployed import ask_manifests
from egresslang.documents import Located
from egresslang.existing.acceptance import refusals
from egresslang.existing.cluster import MANIFEST, is_installation
from egresslang.existing.inspected import Inspected
from egresslang.existing.mistakes import mistakes
from egresslang.existing.shapes import Complaint
from egresslang.findings import Finding, Label, Severity, finding, in_order
from egresslang.mesh.configuration import PATHS
from egresslang.mesh.read import CANNOT_JUDGE, VERSIONS, identity_of, is_read, unfolded
from egresslang.profile.installation import form_of
from egresslang.profile.manifests import read
from egresslang.record import record, replace
from egresslang.source import Source, Span
from egresslang.verify.installed import as_values, is_config_map, is_same_mesh

if TYPE_CHECKING:
    from egresslang.profile.profile import ClusterProfile


_ISTIOS = ("ServiceEntry", "Sidecar", "VirtualService", "DestinationRule", "Gateway")
"""Kinds of Istio's networking API; others have some of these names in groups of their own."""


@record
class Analysis:
    """What was found, in order of place; the mesh that was inspected, and every document, those of lists one by one."""

    findings: tuple[Finding, ...]
    inspected: Inspected
    documents: tuple[Located, ...]


def analyze(sources: Iterable[Source], profile: ClusterProfile | None = None, named: Collection[str] = ()) -> Analysis:
    """The findings about some files of manifests, and the mesh they make; a profile says of the cluster what they do not.

    Files that are `named`, and not only found in a folder, are meant to hold manifests.
    """
    documents, found = read_manifests(sources, named)
    unread = {each.span.source for each in found}
    accepted, refused, complaints = _accepted(documents)
    asked, problems = ask_manifests(accepted, profile)
    told = [_recoded(each) for each in problems]
    refused += [
        each for each in accepted if any(_is_in(each, one) for one in told if one.code is codes.UNREAD_MANIFEST)
    ]
    inspected = Inspected(asked, accepted, [each.span.text for each in refused] + [each.text for each in unread])
    found += [*complaints, *told, *mistakes(inspected)]
    return Analysis(tuple(in_order(found)), inspected, tuple(documents))


def read_manifests(sources: Iterable[Source], named: Collection[str] = ()) -> tuple[list[Located], list[Finding]]:
    """The documents of some files, those of lists one by one; of a template one finding, and of others each that cannot be read."""
    documents: list[Located] = []
    found: list[Finding] = []
    for source in sources:
        read_here, problems = read(source, codes.UNREAD_MANIFEST)
        if problems and source.name not in named and not MANIFEST.search(source.text.encode(errors="replace")):
            continue  # some other YAML
        documents += unfolded(read_here)
        found += [_template(source)] if problems and "{{" in source.text else problems
    return documents, found


def _template(source: Source) -> Finding:
    start = source.text.index("{{")
    end = source.text.find("}}", start)
    line = source.text.find("\n", start)
    stop = end + 2 if 0 <= end < (line if line >= 0 else end + 1) else start + 2
    return finding(
        codes.UNREAD_MANIFEST,
        Span(source, start, stop),
        f"`{source.name}` is a template",
        "filled in by Helm or the like",
        notes=["what it becomes is not known, and nothing in it was judged"],
        help="render it first: `helm template CHART | egressc analyze -`",
        severity=Severity.WARNING,
    )


def _accepted(documents: Sequence[Located]) -> tuple[list[Located], list[Located], list[Finding]]:
    """The documents that Istio takes, those that it refuses, and why; values of other charts are no installation."""
    accepted: list[Located] = []
    refused: list[Located] = []
    found: list[Finding] = []
    installations: dict[bool, Located] = {}
    known: dict[object, Located] = {}
    for each in documents:
        value = each.value
        is_map = is_config_map(each)
        if form_of(each) and not is_installation(each):
            continue
        if form_of(each) or is_map:
            first = installations.setdefault(is_map, each)
            if first is not each:
                if not (is_map and is_same_mesh(each, first)):
                    found.append(_second(each, first))
                continue
            found += _ignored_proxy(each)
        identity = identity_of(each)
        first = each if identity is None else known.setdefault(identity, each)
        if first is not each:
            found += [_again(each, first)] if is_read(each) else []
            continue
        found += _unknown_version(each)
        complaints: list[Complaint] = []
        kind, version = (value.get("kind"), value.get("apiVersion")) if isinstance(value, dict) else (None, None)
        if isinstance(kind, str) and isinstance(version, str) and version in VERSIONS:
            complaints = list(refusals(kind, value.get("spec"), _namespace(value)))
        found += [_refused(each, complaint) for complaint in complaints]
        (refused if complaints else accepted).append(each)
    return accepted, refused, found


def _unknown_version(manifest: Located) -> list[Finding]:
    """A warning where a kind of Istio's is of a version or group that Istio does not have: nobody reads it."""
    value = manifest.value
    if not isinstance(value, dict) or value.get("kind") not in _ISTIOS:
        return []
    version = value.get("apiVersion")
    if isinstance(version, str) and (version in VERSIONS or ("/" in version and "istio.io" not in version)):
        return []
    place = manifest["kind"] if version is None else manifest["apiVersion"]
    return [
        finding(
            codes.UNREAD_MANIFEST,
            place.heading if isinstance(place.value, dict | list) else place.span,
            f"this {value['kind']} is of no version that Istio has",
            "no cluster takes it",
            notes=["what is in it was not judged, and is no part of the mesh"],
            help="write `apiVersion: networking.istio.io/v1`",
            severity=Severity.WARNING,
        )
    ]


def _again(manifest: Located, first: Located) -> Finding:
    name = manifest["metadata"]["name"]
    return finding(
        codes.UNREAD_MANIFEST,
        name.span,
        f"{manifest.value['kind']} `{name.value}` is given twice",
        "this one is not read",
        [Label(first["metadata"]["name"].span, "this one is read")],
        help="give the manifests of one cluster at a time: render overlays first",
        severity=Severity.WARNING,
    )


def _second(installation: Located, first: Located) -> Finding:
    return finding(
        codes.UNREAD_MANIFEST,
        installation.heading,
        "a second installation is not read",
        "of another revision, or another cluster",
        [Label(first.heading, "this one is read")],
        help="give those of one cluster and one revision at a time",
        severity=Severity.WARNING,
    )


def _ignored_proxy(installation: Located) -> list[Finding]:
    """A warning where the mesh names an `egressProxy`: MeshConfig has no such field, and istiod passes over it."""
    values = as_values(installation, []) if is_config_map(installation) else installation
    for path in (path for paths in PATHS.values() for path in paths):
        proxy = None if values is None else values.get(*path, "outboundTrafficPolicy", "egressProxy")
        if proxy is not None:
            return [
                finding(
                    codes.UNREAD_MANIFEST,
                    proxy.key_span,
                    "`egressProxy` of the mesh is not read",
                    "Istio knows it in a Sidecar alone",
                    notes=["what nobody registered goes straight out, or is blocked, as the mode says"],
                    help="write it in the `outboundTrafficPolicy` of a Sidecar: the default one of the root namespace holds for all",
                    severity=Severity.WARNING,
                )
            ]
    return []


def _namespace(value: dict[str, object]) -> str:
    metadata = value.get("metadata")
    return str(metadata.get("namespace") or "default") if isinstance(metadata, dict) else "default"


def _refused(manifest: Located, complaint: Complaint) -> Finding:
    reached = manifest
    for key in ("spec", *complaint.path):
        try:
            reached = reached[key]
        except (KeyError, IndexError, TypeError):
            break
    is_key = complaint.is_key or isinstance(reached.value, dict | list)
    return finding(
        codes.REFUSED_MANIFEST,
        reached.heading if is_key else reached.span,
        complaint.message,
        complaint.label,
        notes=[f"Istio refuses this {manifest.value['kind']}: what stood there before goes on"],
        help=complaint.help,
    )


def _recoded(problem: Finding) -> Finding:
    """What is said of the manifests of a profile, as it is said here: what Istio takes and is not modelled, as a warning."""
    if problem.code is not codes.BAD_PROFILE:
        return problem
    if problem.message.startswith(CANNOT_JUDGE):
        notes = ["Istio takes it; what it does is not known here, and nothing is told about its hosts"]
        return replace(problem, code=codes.UNREAD_MANIFEST, severity=Severity.WARNING, notes=(*problem.notes, *notes))
    return replace(problem, code=codes.REFUSED_MANIFEST)


def _is_in(manifest: Located, problem: Finding) -> bool:
    """Whether a finding is about something in a manifest."""
    span = manifest.span
    return span.source is problem.span.source and span.start <= problem.span.start < span.end
