"""Resources that stand in the cluster already, from manifests inside a profile or beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from egresslang import codes
from egresslang.documents import items_of
from egresslang.findings import Finding, Label, finding
from egresslang.profile.profile import Resource

if TYPE_CHECKING:
    from egresslang.documents import Located
    from egresslang.profile.beside import ReadFile


def read_resources(
    listed: Located | None, default_namespace: str, read_file: ReadFile, findings: list[Finding]
) -> tuple[Resource, ...]:
    """The resources of a profile's list: manifests of any kind, lists of them, and paths of files that hold them."""
    resources: list[Resource] = []
    for entry in listed.entries() if listed is not None else ():
        manifests = [entry]
        if isinstance(entry.value, str):
            from egresslang.profile.beside import read_beside
            from egresslang.profile.manifests import read

            manifests, found = read_beside(entry, read_file, read)
            findings += found
        for manifest in manifests:
            resources += resources_of(manifest, default_namespace, findings)
    findings += _given_twice(resources)
    return tuple(resources)


def _given_twice(resources: Iterable[Resource]) -> Iterator[Finding]:
    """A finding for each further manifest of one group, kind, namespace and name."""
    known: dict[tuple[str, str, str, str], Resource] = {}
    for each in resources:
        identity = each.api_version.rpartition("/")[0], each.kind, each.namespace, each.name
        first = known.setdefault(identity, each)
        if first is not each:
            yield finding(
                codes.BAD_PROFILE,
                each.span,
                f"{each.kind} `{each.name}` is given twice",
                "in a cluster this one would replace the first",
                (Label(first.span, "first here"),),
                help="leave one of them out",
            )


def resources_of(manifest: Located, default_namespace: str, findings: list[Finding]) -> Iterator[Resource]:
    """The resources of a manifest: one, or those of a list."""
    items = items_of(manifest)
    if items is not None:
        for item in items:
            yield from resources_of(item, default_namespace, findings)
        return
    words = {
        key: _word(manifest, path, findings)
        for key, path in (("apiVersion", ("apiVersion",)), ("kind", ("kind",)), ("name", ("metadata", "name")))
    }
    metadata, spec = manifest.get("metadata"), manifest.get("spec")
    if None in words.values() or metadata is None:
        return
    if spec is not None and not isinstance(spec.value, dict):
        findings.append(
            finding(
                codes.BAD_PROFILE,
                spec.heading,
                "`spec` is not a mapping",
                f"the spec of `{words['name']}`",
                help="write a mapping",
            )
        )
        return
    namespace, labels = metadata.get("namespace"), metadata.get("labels")
    yield Resource(
        str(words["apiVersion"]),
        str(words["kind"]),
        str(namespace.value) if namespace is not None else default_namespace,
        str(words["name"]),
        {key: str(value.value) for key, value in labels.items()} if labels is not None else {},
        spec.value if spec is not None else {},
        metadata["name"].span,
        manifest,
    )


def _word(manifest: Located, path: tuple[str, ...], findings: list[Finding]) -> str | None:
    found = manifest.get(*path)
    if found is not None and isinstance(found.value, str):
        return found.value
    name = ".".join(path)
    span = manifest.heading if found is None else found.span
    findings.append(finding(codes.BAD_PROFILE, span, f"`{name}` of a manifest is missing" if found is None else f"`{name}` is not a string",
                            "not a Kubernetes resource", help="give whole manifests, as `kubectl get -o yaml` prints them"))  # fmt: skip
    return None
