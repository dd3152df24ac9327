"""Configuration: the mesh-wide settings that an installation among manifests makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from egresslang.documents import Located
from egresslang.mesh.read import outbound_policy
from egresslang.mesh.resources import MeshConfig
from egresslang.record import replace

PATHS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "IstioOperator": (("spec", "values", "meshConfig"), ("spec", "meshConfig")),
    "Istio": (("spec", "values", "meshConfig"),),
    "": (("meshConfig",),),
}
"""Where a kind of installation has its MeshConfig, the last of them counting; Helm values have no kind."""


def configured(documents: Iterable[Located], config: MeshConfig) -> MeshConfig:
    """A configuration with what the installations among some documents say of it; raises `read.WrongShape`."""
    for document in documents:
        value = document.value
        kind = value.get("kind", "") if isinstance(value, dict) else None
        for path in PATHS.get(kind, ()) if isinstance(kind, str) else ():
            config = _with(config, _at(value, path))
    return config


def _at(value: Any, path: Iterable[str]) -> Mapping[str, Any]:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _with(config: MeshConfig, said: Mapping[str, Any]) -> MeshConfig:
    policy = outbound_policy(said)
    if policy is not None:
        config = replace(config, policy=replace(policy, proxy=None))  # of the mesh istiod takes the mode alone
    root = said.get("rootNamespace")
    if isinstance(root, str) and root:
        config = replace(config, root_namespace=root)
    for key, field in (
        ("defaultServiceExportTo", "service_export_to"),
        ("defaultVirtualServiceExportTo", "virtual_service_export_to"),
        ("defaultDestinationRuleExportTo", "destination_rule_export_to"),
    ):
        listed = said.get(key)
        if isinstance(listed, list) and listed:
            config = replace(config, **{field: tuple(map(str, listed))})
    timeout = said.get("protocolDetectionTimeout")
    if timeout is not None:
        config = replace(config, detects_in_time=str(timeout).strip("0.smh") != "")
    metadata = _at(said, ("defaultConfig", "proxyMetadata"))
    if "ISTIO_META_DNS_CAPTURE" in metadata:
        config = replace(config, dns_capture=str(metadata["ISTIO_META_DNS_CAPTURE"]).lower() == "true")
    return config
