"""Keys of a mesh that Istio passes over in silence, and that were to close it."""

from __future__ import annotations

import pytest

from egresslang.documents import read
from egresslang.profile.installation import read_installation
from egresslang.profile.mesh_keys import DECIDING, FIELDS, camel_case
from egresslang.source import Source

OPERATOR = "{apiVersion: install.istio.io/v1alpha1, kind: IstioOperator, spec: {%s}}"
SAIL = "{apiVersion: sailoperator.io/v1, kind: Istio, spec: {%s}}"
CLOSED = "{mode: REGISTRY_ONLY}"


def told(text: str) -> list[tuple[str, str, str]]:
    (document,), findings = read(Source("i.yaml", text))
    assert findings == []
    return [(str(each.severity), each.span.text, each.help) for each in read_installation(document)[1]]


@pytest.mark.parametrize(
    ("text", "key", "right"),
    [
        ("meshConfig: {outBoundTrafficPolicy: %s}", "outBoundTrafficPolicy", "`outboundTrafficPolicy`"),
        ("meshConfig: {outboundTraficPolicy: %s}", "outboundTraficPolicy", "`outboundTrafficPolicy`"),
        ("meshConfig: {outbound-traffic-policy: %s}", "outbound-traffic-policy", "`outboundTrafficPolicy`"),
        ("meshConfig: {outbound_traffic_policy: %s}", "outbound_traffic_policy", "the same to Istio"),
        ("meshConfig: {outboundTrafficPolicy: {Mode: ALLOW_ANY}}", "Mode", "`mode`"),
        ("meshConfig: {rootNameSpace: a}", "rootNameSpace", "`rootNamespace`"),
        ("meshConfig: {discoverySelector: []}", "discoverySelector", "`discoverySelectors`"),
        ("meshConfig: {defaultServiceExportsTo: ['.']}", "defaultServiceExportsTo", "`defaultServiceExportTo`"),
        ("meshConfig: {defaultConfig: {proxyMetaData: {}}}", "proxyMetaData", "`proxyMetadata`"),
        ("meshConfig: {defaultConfig: {outboundTrafficPolicy: %s}}", "outboundTrafficPolicy", "`meshConfig.outbound"),
        ("meshConfig: {meshConfig: {outboundTrafficPolicy: %s}}", "meshConfig", "one level further up"),
        ("meshConfig: {}, outboundTrafficPolicy: %s", "outboundTrafficPolicy", "meshConfig.outboundTrafficPolicy`"),
        ("meshConfig: {}, global: {outboundTrafficPolicy: %s}", "outboundTrafficPolicy", "meshConfig.outbound"),
        ("meshConfig: {}, global: {meshConfig: {rootNamespace: a}}", "meshConfig", "meshConfig`"),
    ],
)
def test_a_key_that_does_nothing_is_an_error(text: str, key: str, right: str) -> None:
    text = text.replace("%s", CLOSED)
    for form in ("{%s}", OPERATOR.replace("%s", "values: {%s}"), SAIL.replace("%s", "values: {%s}")):
        ((severity, underlined, help),) = told(form.replace("%s", text))
        assert (severity, underlined) == ("error", key)
        assert right in help


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (OPERATOR % f"outboundTrafficPolicy: {CLOSED}", "outboundTrafficPolicy"),
        (OPERATOR % f"meshconfig: {{outboundTrafficPolicy: {CLOSED}}}", "meshconfig"),
        (SAIL % f"meshConfig: {{outboundTrafficPolicy: {CLOSED}}}", "meshConfig"),
    ],
)
def test_the_level_counts(text: str, key: str) -> None:
    ((_, underlined, help),) = told(text)
    assert underlined == key
    assert "meshConfig" in help


@pytest.mark.parametrize("path", FIELDS)
def test_no_key_that_istio_knows_is_told(path: tuple[str, ...]) -> None:
    for field in FIELDS[path]:
        for key in {field, camel_case(field)} - ({field} if camel_case(field) in DECIDING[path] else set()):
            text = f"{{{key}: {{}}}}" if (*path, key) in FIELDS else f"{{{key}: REGISTRY_ONLY}}"
            for each in reversed(path):
                text = f"{{{each}: {text}}}"
            about = [help for _, underlined, help in told(f"{{meshConfig: {text}}}") if underlined == key]
            assert about == [], key


@pytest.mark.parametrize("key", ["mixerCheckServer", "sdsUdsPath", "enableClientSidePolicyCheck", "x", "localityLb"])
def test_other_keys_are_not_told(key: str) -> None:
    assert told(f"{{meshConfig: {{{key}: a}}, global: {{{key}: a}}, {key}: a}}") == []


def test_what_decides_is_known() -> None:
    for path, keys in DECIDING.items():
        assert keys <= set(map(camel_case, FIELDS[path]))
    assert camel_case("mesh_mTLS") == "meshMTLS"
