"""Generate: the resources that an EgressPolicy becomes, each marked with the name of its generator."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date

from egresslang import codes
from egresslang.compile import compile, read
from egresslang.findings import Finding, Severity, errors, finding
from egresslang.kustomize.config import Config
from egresslang.kustomize.inline import relocated
from egresslang.output import INSTALLATION_KINDS, documents
from egresslang.record import record, replace
from egresslang.suggest import nearest
from egresslang.syntax.nodes import File
from egresslang.targets.manifests import Manifests
from egresslang.targets.yaml import Document, emit

GENERATOR = "egresslang.dev/generator"
"""The annotation that names the EgressPolicy a resource comes from: others in the same build have their own."""


@record
class Generated:
    """What a policy becomes: `part` is what is asked for, `whole` all that could be."""

    part: tuple[Document, ...]
    whole: tuple[Document, ...]


def generate(config: Config, today: date) -> tuple[Generated | None, list[File], list[Finding]]:
    """The resources of a policy, None when a finding is an error, its parsed texts, and the findings; as `compile` has them."""
    files, found = read(config.sources)
    if errors(found):
        return None, files, found
    made = compile(files, config.profile, today, Severity.WARNING)
    found += made.findings
    if made.manifests is None:
        return None, files, found
    found += _unknown_namespaces(config, made.manifests)
    if errors(found):
        return None, files, found
    manifests = _in_form(made.manifests, config.kinds)
    names = None if config.namespaces is None else {each.value for each in config.namespaces}
    part = [each for each in documents(manifests, config.kinds) if names is None or _namespace(each) in (None, *names)]
    whole = documents(manifests, {"ServiceEntry", "Sidecar", *config.kinds})
    return Generated(*(tuple(_marked(each, config.name) for each in some) for some in (part, whole))), files, found


def located(config: Config, found: Iterable[Finding]) -> list[Finding]:
    """The findings with their places in the files that people wrote."""
    return [relocated(each, config.texts) for each in found]


def resource_list(items: Collection[Document]) -> str:
    """Resources as the answer to a ResourceList."""
    return emit([{"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": list(items)}])


def _in_form(manifests: Manifests, kinds: Collection[str]) -> Manifests:
    """The manifests with the installation in the form that is named, if any is."""
    form = next((form for form, kind in INSTALLATION_KINDS.items() if kind in kinds), manifests.installation.form)
    if form == manifests.installation.form:
        return manifests
    return replace(manifests, installation=replace(manifests.installation, form=form, name=""))


def _namespace(document: Document) -> str | None:
    """Where a resource stands; None for the installation, which is there because it was named."""
    metadata = document["metadata"]
    assert isinstance(metadata, Mapping)
    return None if document["kind"] in INSTALLATION_KINDS.values() else str(metadata["namespace"])


def _marked(document: Document, name: str) -> Document:
    metadata = document["metadata"]
    assert isinstance(metadata, Mapping)
    annotations = metadata.get("annotations", {})
    assert isinstance(annotations, Mapping)
    return {**document, "metadata": {**metadata, "annotations": {**annotations, GENERATOR: name}}}


def _unknown_namespaces(config: Config, manifests: Manifests) -> Iterator[Finding]:
    known = {each.namespace for each in manifests.service_entries} | {each.namespace for each in manifests.sidecars}
    known |= set(config.profile.namespaces or ())
    for each in config.namespaces or ():
        if each.value not in known:
            near = nearest(each.value, known)
            yield finding(
                codes.BAD_CONFIG,
                each.span,
                f"namespace `{each.value}` is in neither the policy nor the profile",
                "nothing would be generated for it",
                help=f"write `{near}`" if near else "correct it, or remove it",
            )
