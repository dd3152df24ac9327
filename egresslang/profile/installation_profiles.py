"""Istio's installation profiles, and what each turns on that decides about outbound traffic.

Read from `manifests/profiles/*.yaml` (istioctl) and `manifests/helm-profiles/*.yaml` (the charts) of the module
istio.io/istio at v0.0.0-20260827124520-eed52ebb66ad: `preview` alone sets ISTIO_META_DNS_CAPTURE, `ambient` and
`openshift-ambient` alone turn ambient on, none sets outboundTrafficPolicy, rootNamespace or clusterDomain. `external`
is what `remote` was called beside it before 1.24.
"""

from __future__ import annotations

from collections.abc import Mapping

PROFILES: Mapping[str, Mapping[str, bool]] = {
    "default": {},
    "demo": {},
    "minimal": {},
    "preview": {"dnsCapture": True},
    "ambient": {"ambient": True},
    "remote": {},
    "external": {},
    "empty": {},
    "openshift": {},
    "openshift-ambient": {"ambient": True},
    "stable": {},
}
"""The facts that each profile changes, by their names in a ClusterProfile."""
