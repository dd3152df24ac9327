"""What an installation file tells of the mesh: an IstioOperator, Helm values of chart istiod, or a Sail `Istio`.

All three carry the same map, `meshConfig`, and the same chart values beside it. istioctl lays an IstioOperator's own
`spec.meshConfig` over that of its `spec.values`, and its tag over `global.tag` (`translateIstioOperatorToHelm` in
operator/pkg/render/manifest.go of istio.io/istio).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from egresslang import codes
from egresslang.findings import Finding, Severity, finding, in_order
from egresslang.profile.facts import CAPTURE, MODES, Fact, Installation
from egresslang.profile.installation_profiles import PROFILES
from egresslang.profile.mesh_keys import passed_over
from egresslang.profile.version import parse
from egresslang.suggest import unknown_word

if TYPE_CHECKING:
    from egresslang.documents import Located

CHART_VALUES = frozenset((
    "meshConfig", "pilot", "global", "revision", "revisionTags", "profile", "compatibilityVersion", "defaults", "base", "env",
    "istiodRemote", "cni", "istio_cni", "sidecarInjectorWebhook", "telemetry", "hub", "tag", "experimental", "ownerName",
    "gateways", "gatewayClasses",
))  # fmt: skip
"""Keys of the istiod chart's values (manifests/charts/istio-control/istio-discovery/values.yaml)."""

_TRUE = frozenset(("1", "t", "T", "true", "TRUE", "True"))


def form_of(document: Located) -> str:
    """Which installation file a document is: istio, helm or sail; empty when it is none."""
    value = document.value
    if not isinstance(value, dict):
        return ""
    group, kind = str(value.get("apiVersion", "")).partition("/")[0], value.get("kind")
    if group == "install.istio.io" and kind == "IstioOperator":
        return "istio"
    if group == "sailoperator.io" and kind == "Istio":
        return "sail"
    is_chart = "apiVersion" not in value and "kind" not in value and not CHART_VALUES.isdisjoint(value)
    return "helm" if is_chart else ""


def read_installation(document: Located) -> tuple[Installation, list[Finding]]:
    """The facts of a document that `form_of` knows, and what in them Istio itself would refuse."""
    reader = _Reader(document, form_of(document))
    facts = dict(reader.facts())
    reader.findings += passed_over(document, reader.form)
    name, namespace = reader.identity()
    return Installation(reader.form, name, namespace, reader.profile(), facts, document.heading), in_order(
        reader.findings
    )


class _Reader:
    """Looks up facts in the places where each form of installation may say them."""

    def __init__(self, document: Located, form: str) -> None:
        self.findings: list[Finding] = []
        self.form = form
        self._document = document
        self._spec = document if form == "helm" else document.get("spec")
        self._values = document if form == "helm" else self._at(self._spec, "values")

    def facts(self) -> Iterator[tuple[str, Fact]]:
        """Every fact that the file says."""
        yield from self._mode()
        yield from self._words()
        yield from self._environment()
        yield from self._proxies()
        yield from self._capture()

    def profile(self) -> Fact | None:
        """The installation profile that the file builds on."""
        found = self._at(self._spec, "profile")
        found = found or self._value("profile") or self._value("global", "profile")
        if found is None or not self._is_string(found, "profile"):
            return None
        if self.form == "istio" and ("/" in found.value or found.value.endswith((".yaml", ".yml"))):
            self.findings.append(finding(codes.PROFILE_MISMATCH, found.span, f"`{found.value}` is not read", "an installation profile of its own",
                                         notes=["what it turns on is not known; Istio's defaults are taken"],
                                         help="say what it turns on in the file itself", severity=Severity.WARNING))  # fmt: skip
        elif found.value not in PROFILES:
            self.findings.append(unknown_word(found.span, found.value, "installation profile", PROFILES))
        return Fact(found.value, found.span)

    def identity(self) -> tuple[str, str]:
        """Name and namespace of the resource; of Helm values, only the namespace of istiod."""
        if self.form == "helm":
            return "", self._text(self._value("global", "istioNamespace"))
        metadata = self._document.get("metadata")
        return (
            self._text(self._at(metadata, "name")),
            self._text(self._at(self._spec if self.form == "sail" else metadata, "namespace")),
        )

    def _at(self, place: Located | None, *path: str) -> Located | None:
        """What stands below these keys of a place, None where nothing does; what should be a mapping and is none is told."""
        for key in path:
            if place is not None and not isinstance(place.value, dict):
                self._not_a(place, "a mapping", "write its keys below it, without quotes")
                return None
            place = place and place.get(key)
        return place

    def _value(self, *path: str) -> Located | None:
        return self._at(self._values, *path)

    def _mesh(self, *path: str) -> Located | None:
        own = self._at(self._spec, "meshConfig", *path) if self.form == "istio" else None
        return own or self._value("meshConfig", *path)

    def _mode(self) -> Iterator[tuple[str, Fact]]:
        """The mode; an empty policy means REGISTRY_ONLY, the first of the enum (`ApplyMeshConfig` was asked)."""
        policy = self._mesh("outboundTrafficPolicy")
        if policy is None:
            return
        if not isinstance(policy.value, dict):
            mode = policy.value if policy.value in MODES else MODES[0]
            help = f"write `{{mode: {mode}}}`"
            self._tell(policy, "`outboundTrafficPolicy` is not a mapping", "istiod does not start with this", help)
            return
        said = policy.get("mode")
        if said is None:
            yield "outboundTrafficPolicy", Fact(MODES[0], policy.key_span)
        elif said.value in MODES:
            yield "outboundTrafficPolicy", Fact(said.value, said.span)
        else:
            self.findings.append(unknown_word(said.span, str(said.value), "mode", MODES))

    def _words(self) -> Iterator[tuple[str, Fact]]:
        """Facts that are one word: a namespace, a domain, a version."""
        operator = self._at(self._spec, "namespace") if self.form == "sail" else None
        # The chart's root namespace is istiod's own unless meshConfig says another (templates/configmap.yaml).
        places = {
            "rootNamespace": self._mesh("rootNamespace") or operator or self._value("global", "istioNamespace"),
            "clusterDomain": self._value("global", "proxy", "clusterDomain"),
        }
        for key, place in places.items():
            if place is not None and place.value != "" and self._is_string(place, place.key_span.text):
                yield key, Fact(place.value, place.span)
        for tag in self._tags():
            version = parse(tag.value if isinstance(tag.value, str) else tag.text) if self._is_scalar(tag) else None
            if version is not None:
                yield "version", Fact(version, tag.span)
                return

    def _tags(self) -> Iterator[Located]:
        own = {"istio": "tag", "sail": "version"}.get(self.form)
        found = [self._at(self._spec, own) if own else None, self._value("pilot", "tag"), self._value("global", "tag")]
        return (place for place in found if place is not None)

    def _environment(self) -> Iterator[tuple[str, Fact]]:
        """What istiod's own environment switches."""
        compatibility = self._at(self._spec, "compatibilityVersion") or self._value("compatibilityVersion")
        if compatibility is not None and self._is_scalar(compatibility):
            old = parse(str(compatibility.value if isinstance(compatibility.value, str) else compatibility.text))
            if old is not None and old <= (1, 24):  # its compatibility profile turns the allocation off
                yield "autoAllocate", Fact(False, compatibility.span)
        for key, variable in (("autoAllocate", "PILOT_ENABLE_IP_AUTOALLOCATE"), ("ambient", "PILOT_ENABLE_AMBIENT")):
            found = self._variables().get(variable)
            if found is not None and self._is_scalar(found):
                yield key, Fact(str(found.value) in _TRUE, found.span)
        ztunnel = self._at(self._spec, "components", "ztunnel", "enabled")
        if ztunnel is not None and not isinstance(ztunnel.value, bool):
            self._not_a(ztunnel, "`true` or `false`", "write `true` or `false`, without quotes")
        elif ztunnel is not None and ztunnel.value:
            yield "ambient", Fact(True, ztunnel.span)

    def _proxies(self) -> Iterator[tuple[str, Fact]]:
        """What every sidecar's metadata switches; the older way of allocating addresses works beside istiod's."""
        metadata = self._mesh("defaultConfig", "proxyMetadata")
        for key, variable in (
            ("dnsCapture", "ISTIO_META_DNS_CAPTURE"),
            ("autoAllocate", "ISTIO_META_DNS_AUTO_ALLOCATE"),
        ):
            found = self._at(metadata, variable)
            if found is not None and self._is_string(found, variable) and (key == "dnsCapture" or found.value in _TRUE):
                yield key, Fact(found.value in _TRUE, found.span)

    def _capture(self) -> Iterator[tuple[str, Fact]]:
        """What is left out of capture in every pod that says nothing else."""
        for annotation, key in CAPTURE.items():
            found = self._value("global", "proxy", key)
            if found is not None and found.value not in ("", None) and self._is_scalar(found):
                yield annotation, Fact(str(found.value), found.key_span.to(found.span))

    def _variables(self) -> Mapping[str, Located]:
        """istiod's environment, as chart values or as an IstioOperator's list write it."""
        environment = self._value("pilot", "env")
        if environment is not None and not isinstance(environment.value, dict):
            self._not_a(environment, "a mapping", "write `NAME: value` lines below it")
        variables = dict(environment.items()) if environment is not None else {}
        entries = self._at(self._spec, "components", "pilot", "k8s", "env")
        if entries is not None and not isinstance(entries.value, list):
            self._not_a(entries, "a list", "write entries `{name: …, value: …}`")
        for entry in entries.entries() if entries is not None else ():
            name, value = self._at(entry, "name"), self._at(entry, "value")
            if name is not None and value is not None:
                variables[str(name.value)] = value
        return variables

    def _is_scalar(self, place: Located) -> bool:
        if isinstance(place.value, dict | list):
            self._not_a(place, "a string", "write a word")
            return False
        return True

    def _text(self, place: Located | None) -> str:
        return place.value if place is not None and self._is_string(place, place.key_span.text) else ""

    def _not_a(self, place: Located, what: str, help: str) -> None:
        self._tell(place, f"`{place.key_span.text}` is not {what}", f"Istio wants {what} here", help)

    def _is_string(self, place: Located, name: str) -> bool:
        if isinstance(place.value, str):
            return True
        help = f'quote it: `"{place.text}"`' if isinstance(place.value, bool | int | float) else "write a word"
        self._tell(place, f"`{name}` is not a string", "Istio wants text here", help)
        return False

    def _tell(self, place: Located, message: str, label: str, help: str) -> None:
        span = place.heading if isinstance(place.value, dict | list) else place.span
        self.findings.append(finding(codes.BAD_PROFILE, span, message, label, help=help))
