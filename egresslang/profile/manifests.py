"""Manifests: documents of Kubernetes, read as Kubernetes reads them, and told of only where somebody looks at them."""

from __future__ import annotations

import re

from egresslang import codes, documents, limits
from egresslang.documents import Located
from egresslang.findings import Code, Finding
from egresslang.limits import Limit
from egresslang.profile.installation import form_of
from egresslang.source import Source

_GROUPS = re.compile(r"egresslang\.dev/|install\.istio\.io/|sailoperator\.io/|cilium\.io/")
KINDS = frozenset((
    "ServiceEntry", "Sidecar", "VirtualService", "DestinationRule", "Gateway", "AuthorizationPolicy",
    "Service", "EndpointSlice", "Namespace", "NetworkPolicy", "ServiceCIDR",
    "Pod", "ReplicationController", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Rollout",
))  # fmt: skip
"""The kinds that some command looks at, beside those of `_GROUPS` and some ConfigMaps."""

_BARE = frozenset(("services", "default"))
"""The keys of a list of Smokescreen, which has no kind."""

_MAPS = re.compile(r"istio(?!-ca-root-cert$)(?:-.+)?|kubeadm-config")


def read(
    source: Source, code: Code = codes.BAD_PROFILE, limit: Limit | None = limits.FILE_SIZE
) -> tuple[list[Located], list[Finding]]:
    """The documents of a text of manifests, as `documents.read` has them, with what Kubernetes allows in them.

    A key that is a number or a boolean is its text, and an alias is what it stands for (sigs.k8s.io/yaml). Of a document
    that nobody looks at and that holds what is not read, such as a tag, only its first two levels are known.
    """
    return documents.read(source, code, limit, may_matter)


def may_matter(document: Located) -> bool:
    """Whether a document, of which two levels are known, may be of a kind that some command looks at."""
    value = document.value
    if not isinstance(value, dict):
        return False
    kind, version = value.get("kind"), value.get("apiVersion")
    if not isinstance(kind, str):
        return kind is not None or bool(form_of(document)) or not _BARE.isdisjoint(value)
    if kind == "ConfigMap":
        name = document.get("metadata", "name")
        return name is not None and _MAPS.fullmatch(str(name.value)) is not None
    return kind in KINDS or kind.endswith("List") or bool(_GROUPS.match(str(version)))
