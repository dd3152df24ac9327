"""Given: the documents that are imported, and those among them that stay in the cluster as they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from egresslang.documents import Located
from egresslang.existing.cluster import DEFAULT
from egresslang.existing.importing.intents import listing
from egresslang.existing.importing.unkept import Unkept
from egresslang.files import STANDARD_INPUT
from egresslang.findings import Finding
from egresslang.mesh.read import is_read, unfolded
from egresslang.profile.existing import resources_of
from egresslang.profile.installation import form_of
from egresslang.profile.manifests import read
from egresslang.profile.profile import ClusterProfile, Resource
from egresslang.source import Source
from egresslang.verify.installed import is_config_map

REPLACED = ("ServiceEntry", "Sidecar")
"""The kinds that a policy compiles to, and so replaces."""


MADE = "# Stays in the cluster beside an imported policy, from "
"""How a file begins that holds what stays of files that hold more."""

_DECIDE = frozenset(("ServiceEntry", "VirtualService", "DestinationRule", "Service"))


def documents_of(sources: Iterable[Source]) -> tuple[list[Located], list[Unkept]]:
    """The documents of some files, those of lists one by one, and what could not be read."""
    documents: list[Located] = []
    unread: list[Unkept] = []
    for source in sources:
        here, problems = read(source)
        documents += unfolded(here)
        unread += [Unkept(f"not read: {each.message}", each.label, each.span) for each in problems]
    return documents, unread


def is_mesh(documents: Iterable[Located]) -> bool:
    """Whether any document is one that a policy replaces."""
    return any(isinstance(each.value, dict) and each.value.get("kind") in REPLACED for each in documents)


def rest(profile: ClusterProfile, documents: Iterable[Located]) -> Iterator[Resource]:
    """What stays in the cluster beside a policy: what a profile names, and what is not replaced of the manifests."""
    problems: list[Finding] = []
    given = [
        each for document in documents if _is_whole(document) for each in resources_of(document, DEFAULT, problems)
    ]
    here = {_identity(each) for each in given}
    yield from (each for each in profile.resources if _identity(each) not in here)
    seen = set()
    for each in given:
        if _stays(each, profile) and _identity(each) not in seen:
            seen.add(_identity(each))
            yield each


def is_left(source: Source) -> bool:
    """Whether a profile can name a file that holds nothing that a policy replaces and no installation, and that has a say."""
    read_here, problems = read(source)
    documents = list(unfolded(read_here))
    for each in documents:
        list(resources_of(each, DEFAULT, problems))
    is_plain = not problems and all(_is_whole(each) for each in documents)
    return source.name != STANDARD_INPUT and is_plain and not is_mesh(documents) and any(map(is_read, documents))


def unnamed(sources: Iterable[Source], profile: ClusterProfile) -> list[Located]:
    """What stays beside a policy and has a say, but stands in files that a profile cannot name, each once."""
    found: dict[tuple[str, str, str], Located] = {}
    for source in sources:
        read_here, problems = read(source)
        for document in unfolded(read_here):
            if _has_a_say(document) and _is_whole(document):
                for each in resources_of(document, DEFAULT, problems):
                    if _stays(each, profile):
                        found.setdefault(_identity(each), document)
    return list(found.values())


def _has_a_say(document: Located) -> bool:
    return is_read(document) or (isinstance(document.value, dict) and document.value.get("kind") == "WorkloadEntry")


def unlisted(documents: Iterable[Located], profile: ClusterProfile) -> list[str]:
    """The kinds and names of what stays beside a policy, decides where flows go, and is not among a profile's resources."""
    known = {_identity(each) for each in profile.resources}
    problems: list[Finding] = []
    kept = [each for document in documents if is_read(document) and _is_whole(document) for each in resources_of(document, DEFAULT, problems)]  # fmt: skip
    return [f"{each.kind} {each.namespace}/{each.name}" for each in kept if each.kind in _DECIDE and _stays(each, profile) and _identity(each) not in known]  # fmt: skip


def file_of(documents: Iterable[Located]) -> str:
    """Manifests as one file, each as it is written, or as JSON where it is part of a list."""
    documents = list(documents)
    names = dict.fromkeys(each.source.name for each in documents)
    texts = [each.span.text if each.source.position(each.span.start)[1] == 1 else json.dumps(each.value, indent=2) for each in documents]  # fmt: skip
    heads = "".join(f"{MADE}{name}.\n" for name in names)
    return heads + "---\n".join(f"{text.rstrip()}\n" for text in texts)


def _is_whole(document: Located) -> bool:
    value = document.value
    is_named = (
        isinstance(value, dict) and isinstance(value.get("metadata"), dict) and bool(value["metadata"].get("name"))
    )
    return is_named and not form_of(document) and not is_config_map(document)


def _stays(each: Resource, profile: ClusterProfile) -> bool:
    """Whether a policy does not replace a resource; what is inside the mesh stays where the profile lists it."""
    if each.kind != "ServiceEntry" or each.spec.get("location") != "MESH_INTERNAL":
        return each.kind not in REPLACED
    return all(f"{each.namespace}/{host}" in profile.in_mesh for host in listing(each.spec.get("hosts")))


def _identity(each: Resource) -> tuple[str, str, str]:
    return each.kind, each.namespace, each.name
