"""Overlooked: manifests that an answer or a comparison takes no account of, told in one line."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from egresslang.documents import Located

MOST = 5
"""Kinds that are told by name."""


def tell_overlooked(documents: Iterable[Located]) -> None:
    """Say on standard error which kinds of documents, those of lists one by one, were not looked at, and where the first is."""
    from egresslang.report.display import shown

    kinds: dict[str, list[Located]] = {}
    for each in documents:
        if not _is_looked_at(each):
            kinds.setdefault(_kind(each), []).append(each)
    told = [f"{len(each)} {kind} ({each[0].source.name}:{each[0].heading.place[1]})" for kind, each in kinds.items()]
    if len(told) > MOST:
        told[MOST:] = [f"{len(told) - MOST} more kinds"]
    if told:
        sys.stderr.write(f"egressc: not looked at: {shown(', '.join(told))}\n")


def _is_looked_at(document: Located) -> bool:
    from egresslang.mesh.read import is_read
    from egresslang.profile.installation import form_of
    from egresslang.verify.installed import is_config_map

    value = document.value
    is_namespace = isinstance(value, dict) and value.get("kind") == "Namespace"
    return is_namespace or is_read(document) or bool(form_of(document)) or is_config_map(document)


def _kind(document: Located) -> str:
    """What a document is called: its kind, with the version where a kind of that name is looked at in others."""
    from egresslang.mesh.read import is_kind

    value = document.value
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or not kind:
        return "document without kind"
    version = value.get("apiVersion")
    if not isinstance(version, str) or not version:
        return f"{kind} without apiVersion"
    return f"{kind} of {version}" if is_kind(kind) else kind
