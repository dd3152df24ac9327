"""From the parts of a profile, each in its shape, to a ClusterProfile with every default filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from egresslang.findings import Finding
from egresslang.profile.existing import read_resources
from egresslang.profile.facts import CAPTURE, Fact, Installation, settle
from egresslang.profile.in_mesh import read_in_mesh
from egresslang.profile.inventory import read_enforcement, read_inventory, read_observed
from egresslang.profile.places import read_destinations, read_networks, read_regions
from egresslang.profile.profile import ClusterProfile, Lint, Member
from egresslang.profile.profile import Installation as Installed
from egresslang.profile.version import judge
from egresslang.source import Span

if TYPE_CHECKING:
    from egresslang.documents import Located
    from egresslang.profile.beside import ReadFile


def build(name: str, span: Span, spec: Located | None, stated: Mapping[str, Fact], installed: Installation | None,
          read_file: ReadFile, findings: list[Finding]) -> ClusterProfile:  # fmt: skip
    """The profile that a valid `spec` describes, with the facts it states and those of an installation file.

    What contradicts itself or does not exist is added to `findings`; the profile is to be used only without errors.
    """

    def part(*path: str) -> Located | None:
        return spec.get(*path) if spec is not None else None

    facts, assumed = settle(stated, installed)
    if said := stated.get("version") or (installed.facts.get("version") if installed else None):
        facts["version"], found = judge(said.value, said.span)
        findings += found
    domain, mode = facts["clusterDomain"], facts["outboundTrafficPolicy"]
    default_namespace = _word(part("defaultNamespace"), "default")
    inventory = read_inventory(part("namespaces"), findings, assumed)
    enforcement = read_enforcement(part("enforcement"), mode, inventory, findings)
    in_mesh: tuple[str, ...] = (f"*/*.svc.{domain}",)
    if (listed := part("inMesh")) is not None:
        in_mesh, found = read_in_mesh(listed, domain)
        findings += found
    families = part("ipFamilies")
    for said_where, assumption in {
        "namespaces": "workloads are those the policy names, selected by the label `app`",
        "enforcement": f"`enforcement` is {enforcement.level}, as {mode} is installed",
        "inMesh": f"every Sidecar keeps `{in_mesh[0]}` reachable" if in_mesh else "",
        "ipFamilies": "the cluster speaks IPv4 only",
        "defaultNamespace": "workloads without a namespace are in `default`",
    }.items():
        if part(said_where) is None:
            assumed.append(assumption)
    return ClusterProfile(
        name=name,
        span=span,
        region=_word(part("region"), ""),
        default_namespace=default_namespace,
        version=facts["version"],
        outbound_traffic_policy=mode,
        root_namespace=facts["rootNamespace"],
        dns_capture=facts["dnsCapture"],
        auto_allocate=facts["autoAllocate"],
        ambient=facts["ambient"],
        installation=Installed(installed.form, installed.name, installed.namespace) if installed else Installed(),
        enforcement=enforcement,
        observed=read_observed(part("observed"), default_namespace, inventory, findings),
        variables=_mapping(part("variables")),
        hosts=_sets(part("hosts")),
        cluster_domain=domain,
        in_mesh=in_mesh,
        ip_families=tuple(dict.fromkeys(families.value)) if families is not None else ("IPv4",),
        networks=read_networks(part("networks"), findings),
        regions=read_regions(part("regions"), findings),
        namespaces=inventory,
        destinations=read_destinations(part("destinations"), findings),
        lint=_lint(part("lint")),
        resources=read_resources(part("resources"), default_namespace, read_file, findings),
        assumed=tuple(assumed),
        capture={
            key: Member(installed.facts[key].value, installed.facts[key].span)
            for key in CAPTURE
            if installed and key in installed.facts
        },
        mode_span=_told("outboundTrafficPolicy", stated, installed),
    )


def _told(key: str, stated: Mapping[str, Fact], installed: Installation | None) -> Span | None:
    """Where a fact is told: in the profile, in the installation file, or by what that file does not say."""
    if said := stated.get(key) or (installed.facts.get(key) if installed else None):
        return said.span
    return installed.heading if installed else None


def _word(place: Located | None, default: str) -> str:
    return str(place.value) if place is not None else default


def _mapping(place: Located | None) -> dict[str, str]:
    return dict(place.value) if place is not None else {}


def _sets(hosts: Located | None) -> dict[str, tuple[Member, ...]]:
    if hosts is None:
        return {}
    return {
        name: tuple(Member(entry.value, entry.span) for entry in entries.entries()) for name, entries in hosts.items()
    }


def _lint(lint: Located | None) -> Lint:
    asked = Lint()
    if lint is None:
        return asked
    require, ipv4, ipv6 = lint.get("require"), lint.get("max-network", "ipv4"), lint.get("max-network", "ipv6")
    soon = lint.get("expires-soon")
    return Lint(
        tuple(dict.fromkeys(require.value)) if require is not None else asked.require,
        int(ipv4.value) if ipv4 is not None else asked.max_ipv4,
        int(ipv6.value) if ipv6 is not None else asked.max_ipv6,
        int(soon.value.removesuffix("d")) if soon is not None else asked.expires_soon_days,
    )
