"""EGR640 not-on-template: an annotation or label about a pod's sidecar that stands on what makes the pods, and not on them."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import FRESH, flow
from egresslang.existing.inspected import Inspected
from egresslang.findings import Finding, finding

CODE = codes.NOT_ON_TEMPLATE

_INJECT = "sidecar.istio.io/inject"
_PREFIX = "traffic.sidecar.istio.io/"
_ANNOTATIONS = frozenset((_INJECT, "proxy.istio.io/config", "istio.io/reroute-virtual-interfaces"))


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each one that the injector would read of a pod (pkg/kube/inject of istio.io/istio), where the template does not say it."""
    for each in inspected.resources.workloads:
        manifest = each.origin.manifest_span
        if manifest is None or each.origin.kind in ("Pod", "Service"):
            continue
        labels = manifest.get("metadata", "labels")
        annotations = manifest.get("metadata", "annotations")
        said = [("annotation", *item) for item in annotations.items()] if annotations is not None else []
        said += [("label", *item) for item in labels.items() if item[0] == _INJECT] if labels is not None else []
        on_pods = {*each.annotations, *(key for key, _ in each.labels)}
        path = "spec.jobTemplate.spec.template" if each.origin.kind == "CronJob" else "spec.template"
        for what, key, value in said:
            if (key in _ANNOTATIONS or key.startswith(_PREFIX)) and key not in on_pods:
                asked = flow(inspected, each.origin.namespace, dict(each.labels), "tls", FRESH, 443)
                yield finding(
                    CODE, value.key_span, f"the {what} `{key}` of {each.origin} does nothing", "read of pods alone",
                    notes=["its pods have what the mesh says: what this was to capture, or to leave out, is as without it", *asked.notes],
                    help=f"write it below `{path}.metadata.{what}s`",
                )  # fmt: skip
