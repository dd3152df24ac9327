"""Cluster: what the manifests of a repository tell of the cluster they are for: who runs there, how Istio is installed.

Repositories hold more than whole manifests: templates of Helm, patches, values that are filled in later. What cannot be
read as it stands is left out and named.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from egresslang.documents import Located, read
from egresslang.mesh import read as mesh
from egresslang.mesh.resources import Labels, selects
from egresslang.mesh.resources import Workload as Controller
from egresslang.profile.installation import form_of
from egresslang.record import record
from egresslang.resources import text
from egresslang.source import Source

MANIFEST = re.compile(rb"(?:^|[\s{,\"'])kind[\"']?\s*:")
"""What every file has that holds a manifest: others need not be read as YAML."""

DEFAULT = "default"
"""The namespace of a manifest that names none, as with `kubectl apply`."""


@record
class Runs:
    """A workload: the labels of its pods, what selects them and nobody else, and why no sidecar sees it, empty if one does."""

    namespace: str
    name: str
    labels: Labels
    selector: Labels
    uncaptured: str


@record
class Cluster:
    """Who runs, in order; files that say how Istio is installed; files that were not read, or not as a whole."""

    workloads: tuple[Runs, ...] = ()
    installations: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    def namespaces(self) -> dict[str, list[Runs]]:
        """The workloads of each namespace."""
        found: dict[str, list[Runs]] = {}
        for each in self.workloads:
            found.setdefault(each.namespace, []).append(each)
        return found


def read_cluster(sources: Iterable[Source]) -> Cluster:
    """The cluster that some files of manifests are for.

    A workload that stands in several files, as a patch beside what it patches, is taken from the one with the most labels.
    """
    found: dict[tuple[str, str], Runs] = {}
    installations, unread = [], []
    writable = _Writable()
    for source in sources:
        documents, problems = read(source)
        is_whole = not problems
        for document in mesh.unfolded(documents):
            if is_installation(document):
                installations.append(source.name)
            resources, wrong = mesh.read([document], namespace=DEFAULT)
            is_whole = is_whole and not wrong
            for each in map(_runs, resources.workloads):
                known = found.get((each.namespace, each.name))
                if not writable(each):
                    is_whole = is_whole and not each.labels
                elif known is None or len(each.labels) > len(known.labels):
                    found[each.namespace, each.name] = each
        if not is_whole:
            unread.append(source.name)
    workloads = tuple(_alone(found.values()))
    return Cluster(workloads, tuple(dict.fromkeys(installations)), tuple(unread))


def is_installation(document: Located) -> bool:
    """Whether a document is an installation file for sure: the values of any other chart have keys of Istio's, too."""
    form = form_of(document)
    return form in ("istio", "sail") or (form == "helm" and "meshConfig" in document)


def _runs(controller: Controller) -> Runs:
    """A workload, selected as its controller does where that says it in labels alone."""
    origin = controller.origin
    manifest = origin.manifest_span
    matched = manifest.get("spec", "selector", "matchLabels") if manifest is not None else None
    is_plain = matched is not None and isinstance(matched.value, dict) and _are_text(matched.value)
    selector = tuple(sorted(matched.value.items())) if matched is not None and is_plain else controller.labels
    return Runs(origin.namespace, origin.name, controller.labels, selector, controller.uncaptured)


def _are_text(labels: Mapping[object, object]) -> bool:
    return all(isinstance(value, str) for value in labels.values())


class _Writable:
    """Whether a profile can say a workload: names and labels that wait for a value, as `${NAME}`, it cannot."""

    def __init__(self) -> None:
        known = json.loads(text("schemas", "profile.schema.json"))["$defs"]
        labels = known["labels"]
        self._namespace, self._name = known["label"], known["name"]
        self._key, self._value = labels["propertyNames"], labels["additionalProperties"]

    def __call__(self, each: Runs) -> bool:
        return (
            bool(each.labels)
            and _fits(each.namespace, self._namespace)
            and _fits(each.name, self._name)
            and all(_fits(key, self._key) and _fits(value, self._value) for key, value in each.labels)
        )


def _fits(word: str, schema: Mapping[str, str]) -> bool:
    return bool(re.search(schema["pattern"].removesuffix("$") + r"\Z", word)) and len(word) <= int(schema["maxLength"])


def _alone(workloads: Iterable[Runs]) -> Iterator[Runs]:
    """The workloads in order, each selected by all of its labels where its controller's selector is not its own."""
    every = sorted(workloads, key=lambda each: (each.namespace, each.name))
    carried: dict[str, list[dict[str, str]]] = {}
    for each in every:
        carried.setdefault(each.namespace, []).append(dict(each.labels))
    for each in every:
        selected = sum(selects(each.selector, labels) for labels in carried[each.namespace])
        is_own = bool(each.selector) and selects(each.selector, dict(each.labels)) and selected == 1
        yield Runs(each.namespace, each.name, each.labels, each.selector if is_own else each.labels, each.uncaptured)
