"""Rule files: the rules of a policy in its clusters, as a file of Prometheus or as PrometheusRules of its operator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from egresslang.policy.policy import ANY
from egresslang.record import record
from egresslang.targets.documents import MANAGED_BY, SOURCE, source_text
from egresslang.targets.naming import unique
from egresslang.targets.yaml import Document, emit
from egresslang.traffic.alerts import alerts, expiring, telemetry
from egresslang.traffic.labels import Cluster
from egresslang.traffic.recordings import recordings
from egresslang.traffic.watched import Watch

REST = "others"
"""What the group of the rest of the mesh is called."""


@record
class Group:
    """Rules that are evaluated one after the other; `name` is unique among the clusters, `files` are the policy's."""

    name: str
    rules: tuple[Document, ...]
    files: tuple[str, ...]

    @property
    def document(self) -> Document:
        """As Prometheus reads it."""
        return {"name": self.name, "rules": list(self.rules)}


def groups(watch: Watch, cluster: Cluster) -> Iterator[Group]:
    """The recordings and what is asked of the whole cluster, then the alerts of each namespace and of all others."""
    name = f"egressc/{watch.profile.name}"
    whole = (*recordings(watch, cluster), telemetry(cluster), *expiring(watch, cluster))
    yield Group(name, whole, tuple(sorted(watch.policy.files)))
    for namespace, some in groupby(watch.everybody(), key=lambda each: each.subject.namespace):
        watched = list(some)
        yield Group(
            f"{name}/{REST if namespace == ANY else f'namespace/{namespace}'}",
            tuple(rule for each in watched for rule in alerts(each, cluster)),
            tuple(sorted({file for each in watched for file in each.files})),
        )


def rules_file(made: Iterable[Group]) -> str:
    """A rules file of Prometheus."""
    return emit([{"groups": [group.document for group in made]}])


def prometheus_rules(made: Sequence[Group]) -> str:
    """A PrometheusRule for each group: what etcd keeps as one resource is bounded."""
    names = unique({group.name: group.name for group in made})
    return emit(_prometheus_rule(names[group.name], group) for group in made)


def _prometheus_rule(name: str, group: Group) -> Document:
    metadata: Document = {
        "name": name,
        "labels": dict([MANAGED_BY]),
        "annotations": {SOURCE: source_text(group.files)},
    }
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": metadata,
        "spec": {"groups": [group.document]},
    }
