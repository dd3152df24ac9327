"""Facts about an installed Istio: what a profile states, what an installation file tells, what Istio does by itself.

A fact goes by the name it has in a ClusterProfile: `outboundTrafficPolicy`, `rootNamespace`, `dnsCapture`,
`clusterDomain`; `ambient` and `autoAllocate` are only ever told by an installation or follow from others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.profile.installation_profiles import PROFILES
from egresslang.profile.profile import NEWEST_KNOWN
from egresslang.profile.version import written
from egresslang.record import record
from egresslang.source import Span

MODES = ("REGISTRY_ONLY", "ALLOW_ANY", "ALLOW_ANY_DYNAMIC_DNS")
"""The modes of meshConfig.outboundTrafficPolicy (api: mesh/v1alpha1/config.proto)."""

ISTIO_DEFAULTS: Mapping[str, Any] = {
    "outboundTrafficPolicy": "ALLOW_ANY",
    "rootNamespace": "istio-system",
    "dnsCapture": False,
    "clusterDomain": "cluster.local",
    "ambient": False,
}
"""What Istio does when nobody says otherwise (`DefaultMeshConfig` in pkg/config/mesh/mesh.go; the istiod chart)."""

CAPTURE = {
    "excludeOutboundPorts": "excludeOutboundPorts",
    "excludeOutboundIPRanges": "excludeIPRanges",
    "includeOutboundPorts": "includeOutboundPorts",
    "includeOutboundIPRanges": "includeIPRanges",
}
"""What leaves traffic out of capture: the end of a pod's annotation, and the key below `global.proxy` that holds where a
pod has none (files/injection-template.yaml of the istiod chart)."""

AUTO_ALLOCATES_SINCE = (1, 25)
"""The first version with PILOT_ENABLE_IP_AUTOALLOCATE on by default (pilot/pkg/features/pilot.go)."""


@record
class Fact:
    """A fact and where it is said."""

    value: Any
    span: Span


@record
class Installation:
    """What an installation file tells: `form` is istio, helm or sail, `heading` where it begins.

    `profile` is the installation profile it builds on; `facts` are those that the file itself says.
    """

    form: str
    name: str
    namespace: str
    profile: Fact | None
    facts: Mapping[str, Fact]
    heading: Span

    def told(self, key: str) -> Any:
        """A fact as this installation has it: said, turned on by its profile, or Istio's default; None if only said."""
        if key in self.facts:
            return self.facts[key].value
        if key == "profile":
            return self.profile.value if self.profile else "default"
        turned_on = PROFILES.get(self.profile.value, {}) if self.profile else {}
        return turned_on.get(key, ISTIO_DEFAULTS.get(key))


def settle(stated: Mapping[str, Fact], installed: Installation | None) -> tuple[dict[str, Any], list[str]]:
    """Every fact, as the profile states it, the installation tells it or Istio has it; and the last kind in words."""
    turned_on = PROFILES.get(stated["profile"].value, {}) if "profile" in stated else {}
    settled: dict[str, Any] = {}
    assumed = []
    for key, default in ISTIO_DEFAULTS.items():
        if key in stated:
            settled[key] = stated[key].value
        elif installed is not None:
            settled[key] = installed.told(key)
        else:
            settled[key] = turned_on.get(key, default)
            if key not in turned_on and not (key == "ambient" and "profile" in stated):
                assumed.append(_assumption(key, default))
    version: Fact | None = stated.get("version") or (installed.facts.get("version") if installed else None)
    settled["version"] = version.value if version else NEWEST_KNOWN
    if version is None:
        assumed.insert(0, f"Istio is {written(NEWEST_KNOWN)}, the newest known version")
    told = installed.told("autoAllocate") if installed else None
    settled["autoAllocate"] = told if told is not None else settled["version"] >= AUTO_ALLOCATES_SINCE
    return settled, assumed


def contradictions(stated: Mapping[str, Fact], installed: Installation) -> Iterator[Finding]:
    """A finding for each fact that a profile states and its installation file has otherwise."""
    for key in ("version", "profile", *ISTIO_DEFAULTS):
        told = installed.told(key)
        if key not in stated or told is None or told == stated[key].value:
            continue
        said = installed.profile if key == "profile" else installed.facts.get(key)
        where = (
            Label(said.span, f"{_shown(told)} here")
            if said
            else Label(installed.heading, f"says nothing of it, so it is {_shown(told)}")
        )
        fact = stated[key]
        yield finding(codes.PROFILE_MISMATCH, fact.span, f"`{key}` is not what is installed", f"{_shown(fact.value)} here", [where],
                      help=f"remove `{key}`: the installation file tells it; or correct the file")  # fmt: skip


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return f"`{written(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _assumption(key: str, default: Any) -> str:
    if default is False:
        return {"dnsCapture": "sidecars do not capture DNS", "ambient": "the mesh has sidecars, it is not ambient"}[key]
    return f"`{key}` is {default}, Istio's default"
