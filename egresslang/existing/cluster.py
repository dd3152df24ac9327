"""Cluster: what manifests tell of the cluster they are for: who runs there, how Istio is installed, what stands there.

Repositories hold more than whole manifests: templates of Helm, patches, values that are filled in later. What cannot be
read as it stands is left out and named.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from egresslang import codes
from egresslang.documents import Located
from egresslang.existing.control_plane import Said, Settled, said_by, settled, stated_by_installation
from egresslang.existing.workloads import Carried, Runs, further_names, gathered, told_apart
from egresslang.files import STANDARD_INPUT
from egresslang.findings import Finding, Severity, finding
from egresslang.mesh import read as mesh
from egresslang.mesh.resources import Labels
from egresslang.mesh.resources import Workload as Manifest
from egresslang.profile.installation import form_of, read_installation
from egresslang.profile.manifests import read
from egresslang.record import record, replace
from egresslang.resources import text
from egresslang.source import Source
from egresslang.targets.documents import MANAGED_BY

MANIFEST = re.compile(rb"(?:^|[\s{,\"'])(?:kind|meshConfig)[\"']?\s*:")
"""What every file has that holds a manifest, or values of chart istiod: others need not be read as YAML."""

DEFAULT = "default"
"""The namespace of a manifest that names none, as with `kubectl apply`."""

NAMESPACE_LABELS = ("istio-injection", "istio.io/rev", "istio.io/dataplane-mode")
"""Labels of a namespace that say whether its pods get a sidecar, and whose."""

_OURS = frozenset(("ServiceEntry", "Sidecar"))
_RENDER = "render it first, and give what `helm template` or `kubectl kustomize` prints"


@record
class Installs:
    """A file that holds an installation and nothing else, and which facts it tells."""

    file: str
    tells: frozenset[str] = frozenset()


@record
class Cluster:
    """Who runs, in order, and what else manifests tell.

    `labels` are those of NAMESPACE_LABELS of each namespace that has a manifest; `installations` are those that have a file of their own; `stated` what objects state, and installations that have no file of their own; `resources` files that hold what a mesh is made of, `nowhere` how many such objects came from a stream;
    `unlabelled` workloads without a label that lasts; `unread` files that were not read, or not as a whole, and `findings` why.
    """

    workloads: tuple[Runs, ...] = ()
    labels: Mapping[str, Labels] = MappingProxyType({})
    installations: tuple[Installs, ...] = ()
    stated: Settled = Settled({}, ())
    resources: tuple[str, ...] = ()
    nowhere: int = 0
    unlabelled: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether no manifest says anything of a cluster."""
        return not (
            self.workloads
            or self.labels
            or self.installations
            or self.stated.facts
            or self.stated.remarks
            or self.resources
            or self.nowhere
        )

    def namespaces(self) -> dict[str, list[Runs]]:
        """The workloads of each namespace."""
        found: dict[str, list[Runs]] = {}
        for each in self.workloads:
            found.setdefault(each.namespace, []).append(each)
        return found


def read_cluster(sources: Iterable[Source], namespace: str = DEFAULT) -> Cluster:
    """The cluster that some files of manifests are for; what names no namespace is taken to be for `namespace`.

    A workload that stands in several files, as a patch beside what it patches, is taken from the one with the most labels.
    """
    reader = _Reader(namespace)
    for source in sources:
        reader.read(source)
    return reader.cluster()


class _Reader:
    """Reads file after file."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._writable = _Writable()
        self._manifests: list[Manifest] = []
        self._labels: dict[str, Labels] = {}
        self._installations: list[Installs] = []
        self._said: list[Said] = []
        self._resources: list[str] = []
        self._nowhere = 0
        self._findings: list[Finding] = []

    def read(self, source: Source) -> None:
        documents, problems = read(source)
        if problems and re.search(r"[{$]\{", source.text):
            problems = [finding(codes.BAD_PROFILE, problems[0].span, f"`{source.name}` is a template, not a manifest",
                                "cannot be read from here on", help=_RENDER)]  # fmt: skip
        before = len(self._findings)
        self._left_out(problems)
        standing = 0
        for document in mesh.unfolded(documents):
            odd: list[Finding] = []
            if is_installation(document):
                if documents == [document] and source.name != STANDARD_INPUT:
                    self._installations.append(Installs(source.name, frozenset(read_installation(document)[0].facts)))
                else:
                    self._said += stated_by_installation(document, source.name, odd)
            self._said += said_by(document, odd)
            self._left_out(odd)
            before += len(odd)
            self._namespaces(document)
            resources, wrong = mesh.read([document], namespace=self._namespace)
            self._left_out(wrong)
            for each in resources.workloads:
                if problem := self._writable(each):
                    self._left_out([problem])
                else:
                    self._manifests.append(each)
            standing += not resources.workloads and not wrong and mesh.is_read(document) and not _is_ours(document)
        if standing and source.name == STANDARD_INPUT:
            self._nowhere += standing
        elif standing and len(self._findings) == before:
            self._resources.append(source.name)

    def cluster(self) -> Cluster:
        workloads = gathered(self._manifests)
        labelled = [each for each in workloads if each.labels]
        return Cluster(
            tuple(told_apart(labelled, Carried(labelled))),
            self._labels,
            tuple(self._installations),
            settled(self._said),
            tuple(dict.fromkeys(self._resources)),
            self._nowhere,
            tuple(str(each) for each in workloads if not each.labels),
            tuple(dict.fromkeys(each.span.source.name for each in self._findings)),
            tuple(self._findings),
        )

    def _left_out(self, problems: Iterable[Finding]) -> None:
        for each in problems:
            notes = (*each.notes, "it is left out of the profile")
            self._findings.append(replace(each, severity=Severity.WARNING, notes=notes))

    def _namespaces(self, document: Located) -> None:
        """Take in the labels of a Namespace, where it is one that a profile can name."""
        value = document.value
        if not isinstance(value, dict) or (value.get("apiVersion"), value.get("kind")) != ("v1", "Namespace"):
            return
        metadata = value.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if isinstance(name, str) and self._writable.is_namespace(name):
            labels = metadata.get("labels") if isinstance(metadata, dict) else None
            labels = labels if isinstance(labels, dict) else {}
            told = tuple((key, labels[key]) for key in NAMESPACE_LABELS if self._writable.is_label(labels.get(key)))
            self._labels[name] = max(told, self._labels.get(name, ()), key=len)


def is_installation(document: Located) -> bool:
    """Whether a document is an installation file for sure: the values of any other chart have keys of Istio's, too."""
    form = form_of(document)
    return form in ("istio", "sail") or (form == "helm" and "meshConfig" in document)


def _is_ours(document: Located) -> bool:
    """Whether a former compilation wrote an object: the next one replaces it."""
    key, value = MANAGED_BY
    label = document.get("metadata", "labels", key)
    return document.value["kind"] in _OURS and label is not None and label.value == value


class _Writable:
    """Whether a profile can say a workload: names and labels that wait for a value, as `${NAME}`, it cannot."""

    def __init__(self) -> None:
        known = json.loads(text("schemas", "profile.schema.json"))["$defs"]
        labels = known["labels"]
        self._namespace, self._name = known["label"], known["name"]
        self._key, self._value = labels["propertyNames"], labels["additionalProperties"]

    def __call__(self, each: Manifest) -> Finding | None:
        words = [(each.origin.namespace, self._namespace), (each.origin.name, self._name)]
        words += [(name, self._name) for name in further_names(each)]
        words += [pair for key, value in each.labels for pair in ((key, self._key), (value, self._value))]
        for word, schema in words:
            if not _fits(word, schema):
                place = each.origin.place or (each.origin.manifest_span and each.origin.manifest_span.heading)
                assert place
                return finding(codes.BAD_PROFILE, place, f"`{word}` is not {schema['title']}", f"of {each.origin.kind} `{each.origin.name}`",
                               help=_RENDER if re.search(r"[{$%]", word) else "correct it")  # fmt: skip
        return None

    def is_namespace(self, word: str) -> bool:
        """Whether a word can name a namespace."""
        return _fits(word, self._namespace)

    def is_label(self, value: object) -> bool:
        """Whether something can be the value of a label."""
        return isinstance(value, str) and _fits(value, self._value)


def _fits(word: str, schema: Mapping[str, str]) -> bool:
    return bool(re.search(schema["pattern"].removesuffix("$") + r"\Z", word)) and len(word) <= int(schema["maxLength"])
