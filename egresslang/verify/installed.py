"""Installed: the mesh configuration that manifests hold: an installation, or the ConfigMap that istiod reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from egresslang import codes
from egresslang.documents import Located, read
from egresslang.files import Unreadable
from egresslang.findings import Finding, errors, finding
from egresslang.mesh.configuration import configured
from egresslang.mesh.read import WrongShape
from egresslang.mesh.resources import MeshConfig
from egresslang.profile.facts import AUTO_ALLOCATES_SINCE, CAPTURE, Installation
from egresslang.profile.installation import form_of, read_installation
from egresslang.profile.version import judge
from egresslang.record import record, replace
from egresslang.source import Source, Span

CONFIG_MAP = re.compile(r"istio(?:-(?!sidecar-injector).+)?")
"""The ConfigMap whose `data.mesh` istiod reads, and those of its revisions (templates/configmap.yaml of the istiod chart)."""

_FACTS = {"rootNamespace": "root_namespace", "clusterDomain": "cluster_domain", "dnsCapture": "dns_capture"}
"""What an installation tells of the mesh, and where a MeshConfig has it."""


@record
class Installed:
    """What is configured for the mesh, whether hosts get virtual addresses by themselves, and what is left out of capture.

    `mode_span` is where the outbound policy is written, None for Istio's default.
    """

    config: MeshConfig
    allocates: bool
    capture: Mapping[str, str] = MappingProxyType({})
    mode_span: Span | None = None


def installed(documents: Iterable[Located], default: Installed) -> tuple[Installed, list[Finding]]:
    """The configuration among some documents, the default where there is none.

    What the ConfigMap says holds; an installation beside it tells version and domain. Two installations, or two
    ConfigMaps that say something else, as those of two revisions may, raise Unreadable.
    """
    found: list[Finding] = []
    installations, maps = [], []
    for document in documents:
        if form_of(document):
            installations.append(document)
        elif is_config_map(document):
            maps.append(document)
    maps = [each for at, each in enumerate(maps) if not any(is_same_mesh(each, first) for first in maps[:at])]
    for several in (installations, maps):
        if len(several) > 1:
            places = [f"`{each.source.name}:{each.heading.place[1]}`" for each in several[:2]]
            raise Unreadable(f"two installations, at {' and '.join(places)}: leave one of them out")
    settled = default
    for document in [*installations, *filter(None, (as_values(each, found) for each in maps))]:
        told, problems = read_installation(document)
        found += problems
        settled = _over(settled, document, told, found)
    return settled, found


def is_config_map(document: Located) -> bool:
    """Whether a document is a ConfigMap that istiod, or one of its revisions, reads."""
    value = document.value
    if not isinstance(value, dict) or value.get("kind") != "ConfigMap":
        return False
    name, mesh = document.get("metadata", "name"), document.get("data", "mesh")
    return (
        name is not None
        and CONFIG_MAP.fullmatch(str(name.value)) is not None
        and mesh is not None
        and isinstance(mesh.value, str)
    )


def is_same_mesh(one: Located, other: Located) -> bool:
    """Whether two ConfigMaps configure the mesh alike, as those of two revisions should."""
    first, second = as_values(one, []), as_values(other, [])
    return first is not None and second is not None and first.value == second.value


def as_values(config_map: Located, found: list[Finding]) -> Located | None:
    """The text of `data.mesh` as chart values, which hold the same map."""
    text = "".join(f"  {line}\n" for line in config_map["data"]["mesh"].value.splitlines())
    documents, problems = read(Source(f"{config_map.source.name} (data.mesh)", f"meshConfig:\n{text}"))
    found += problems
    return documents[0] if documents else None


def _over(before: Installed, document: Located, told: Installation, found: list[Finding]) -> Installed:
    """A configuration with what an installation says put over it."""
    values = document.get("spec", "values") if told.form == "istio" else None
    try:
        config = configured([document] if values is None else [values, document], before.config)
    except WrongShape as wrong:
        if not errors(found):
            found.append(_none_that_istio_accepts(document, wrong.words))
        return before
    facts = {field: told.facts[key].value for key, field in _FACTS.items() if key in told.facts}
    config = replace(config, **{"dns_capture": config.dns_capture or told.told("dnsCapture"), **facts})
    mode_span = before.mode_span
    if mode := told.facts.get("outboundTrafficPolicy"):
        mode_span = mode.span
        config = replace(config, policy=replace(config.policy, mode=mode.value))
    allocates = before.allocates
    if version := told.facts.get("version"):
        known, problems = judge(version.value, version.span)
        found += problems
        config = replace(config, version=known)
        allocates = known >= AUTO_ALLOCATES_SINCE
    if (stated := told.told("autoAllocate")) is not None:
        allocates = stated
    capture = {key: told.facts[key].value for key in CAPTURE if key in told.facts}
    return Installed(config, allocates, {**before.capture, **capture}, mode_span)


def _none_that_istio_accepts(document: Located, words: str) -> Finding:
    return finding(
        codes.BAD_PROFILE,
        document.heading,
        "this mesh configuration is none that Istio accepts",
        words,
        help="correct it, or leave it out",
    )
