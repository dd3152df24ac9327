"""Mesh keys: what an installation writes that Istio passes over, and that would decide who reaches what.

istiod drops a key of its MeshConfig that it does not know, in silence (`ApplyJSON` in pkg/util/protomarshal/protomarshal.go
of istio.io/istio), and takes those it knows as camelCase or as the proto has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from egresslang import codes
from egresslang.findings import Finding, finding
from egresslang.suggest import nearest

if TYPE_CHECKING:
    from egresslang.documents import Located

Path = tuple[str, ...]

_MESH = [
    "proxy_listen_port",
    "proxy_inbound_listen_port",
    "proxy_http_port",
    "connect_timeout",
    "hbone_idle_timeout",
    "protocol_detection_timeout",
    "tcp_keepalive",
    "ingress_class",
    "ingress_service",
    "ingress_controller_mode",
    "ingress_selector",
    "enable_tracing",
    "access_log_file",
    "access_log_format",
    "access_log_encoding",
    "enable_envoy_access_log_service",
    "disable_envoy_listener_log",
    "default_config",
    "outbound_traffic_policy",
    "inbound_traffic_policy",
    "config_sources",
    "enable_auto_mtls",
    "trust_domain",
    "trust_domain_aliases",
    "ca_certificates",
    "default_service_export_to",
    "default_virtual_service_export_to",
    "default_destination_rule_export_to",
    "root_namespace",
    "locality_lb_setting",
    "zone_aware_lb_setting",
    "dns_refresh_rate",
    "h2_upgrade_policy",
    "inbound_cluster_stat_name",
    "outbound_cluster_stat_name",
    "certificates",
    "service_settings",
    "service_scope_configs",
    "enable_prometheus_merge",
    "verify_certificate_at_client",
    "ca",
    "extension_providers",
    "default_providers",
    "discovery_selectors",
    "path_normalization",
    "default_http_retry_policy",
    "mesh_mTLS",
    "tls_defaults",
    "default_traffic_policy",
    "service_entry_visibility",
]
_PROXY = [
    "config_path",
    "binary_path",
    "service_cluster",
    "tracing_service_name",
    "drain_duration",
    "discovery_address",
    "discovery_refresh_delay",
    "zipkin_address",
    "statsd_udp_address",
    "envoy_metrics_service_address",
    "proxy_admin_port",
    "availability_zone",
    "control_plane_auth_policy",
    "custom_config_file",
    "stat_name_length",
    "concurrency",
    "proxy_bootstrap_template_path",
    "interception_mode",
    "tracing",
    "sds",
    "envoy_access_log_service",
    "envoy_metrics_service",
    "proxy_metadata",
    "runtime_values",
    "status_port",
    "extra_stat_tags",
    "gateway_topology",
    "termination_drain_duration",
    "mesh_id",
    "readiness_probe",
    "proxy_stats_matcher",
    "hold_application_until_proxy_starts",
    "ca_certificates_pem",
    "image",
    "private_key_provider",
    "proxy_headers",
    "file_flush_interval",
    "file_flush_min_size_kb",
    "stats_compression",
    "connection_settings",
]
FIELDS: Mapping[Path, tuple[str, ...]] = {
    (): tuple(_MESH),
    ("defaultConfig",): tuple(_PROXY),
    ("outboundTrafficPolicy",): ("mode", "tls"),
}
"""The fields of a MeshConfig and of two messages in it, as mesh/v1alpha1 of istio.io/api names them (1.31)."""

DECIDING: Mapping[Path, frozenset[str]] = {
    (): frozenset((
        "outboundTrafficPolicy", "rootNamespace", "defaultConfig", "discoverySelectors", "protocolDetectionTimeout",
        "defaultServiceExportTo", "defaultVirtualServiceExportTo", "defaultDestinationRuleExportTo",
    )),
    ("defaultConfig",): frozenset(("proxyMetadata", "interceptionMode")),
    ("outboundTrafficPolicy",): frozenset(("mode",)),
}  # fmt: skip
"""Those of them that decide about outbound traffic."""

_MESH_CONFIG = "meshConfig"
_ELSEWHERE: Mapping[str, tuple[Path, ...]] = {
    "istio": (("spec",), ("spec", "values"), ("spec", "values", "global"), ("spec", "values", "pilot")),
    "sail": (("spec",), ("spec", "values"), ("spec", "values", "global"), ("spec", "values", "pilot")),
    "helm": ((), ("global",), ("pilot",)),
}
"""Where keys of a MeshConfig are written by mistake."""

_OWN: Mapping[str, tuple[Path, ...]] = {
    "istio": (("spec", _MESH_CONFIG), ("spec", "values", _MESH_CONFIG)),
    "sail": (("spec", "values", _MESH_CONFIG),),
    "helm": ((_MESH_CONFIG,),),
}
_ALIKE = 0.8
"""How much a key is like the one that is meant."""


def camel_case(field: str) -> str:
    """The name of a field of a proto in JSON."""
    first, *others = field.split("_")
    return first + "".join(each[:1].upper() + each[1:] for each in others)


def passed_over(document: Located, form: str) -> Iterator[Finding]:
    """A finding for each key of an installation of a form that is meant to decide about outbound traffic and does not."""
    own = _OWN[form]
    for path in own:
        mesh = document.get(*path)
        for below in FIELDS:
            found = mesh and mesh.get(*below)
            if found is not None:
                yield from _misspelt(found, below)
    for path in _ELSEWHERE[form]:
        place = document.get(*path)
        for key, value in place.items() if place is not None else ():
            if key in DECIDING[()] or key.lower() == "outboundtrafficpolicy":
                yield _misplaced(value, key, ".".join((*own[0], nearest(key, DECIDING[()]))))
            elif key.lower() == _MESH_CONFIG.lower() and (*path, key) not in own:
                yield _misplaced(value, key, ".".join(own[0]))


def _misspelt(place: Located, path: Path) -> Iterator[Finding]:
    fields = {camel_case(each): each for each in FIELDS[path]}
    deciding = DECIDING[path]
    for key, value in place.items():
        near = key if key in fields else nearest(key, fields, _ALIKE)
        if fields.get(near) == key and near in deciding and key != near:
            yield _unread(value, key, near)
        elif key not in fields and key not in fields.values() and near in deciding:
            yield finding(codes.PROFILE_MISMATCH, value.key_span, f"unknown key `{key}`", "istiod passes over it in silence",
                          help=f"write `{near}`")  # fmt: skip
        elif not path and key in (_MESH_CONFIG, "mesh"):
            yield _misplaced(value, key, "")
        elif path and key in DECIDING[()]:
            yield _misplaced(value, key, f"{_MESH_CONFIG}.{key}")


def _unread(value: Located, key: str, known: str) -> Finding:
    return finding(codes.PROFILE_MISMATCH, value.key_span, f"`{key}` is not read", "istiod reads it, egressc does not",
                   notes=["what it says would be taken for what Istio does by itself"], help=f"write `{known}`, which is the same to Istio")  # fmt: skip


def _misplaced(value: Located, key: str, right: str) -> Finding:
    help = f"write it as `{right}`" if right else "write what is in it one level further up"
    return finding(codes.PROFILE_MISMATCH, value.key_span, f"`{key}` does nothing here", "Istio passes over it in silence", help=help)  # fmt: skip
