"""Near misses: what is registered under a name, where manifests alone say so, and why it does not take a flow."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang.answers.asked_mesh import AskedMesh
from egresslang.answers.explain import Answer
from egresslang.mesh.registry import Registered

MOST = 3
"""How many are told."""


def of(asked: AskedMesh, answer: Answer) -> Iterator[str]:
    """The registered hosts that are the name asked about, or wildcards above it, each with what keeps it from taking it."""
    name = answer.question.host
    if not name:
        return
    labels = name.split(".")
    wildcards = [f"*.{'.'.join(labels[at:])}" for at in range(1, len(labels))]
    by_host = asked.mesh.registry().by_host
    told = 0
    for host in (name, *wildcards):
        for service in by_host.get(host, {}).values():
            yield f"{service.origin}{_place(service)} {_why(asked, answer, service)}"
            told += 1
            if told == MOST:
                return


def _place(service: Registered) -> str:
    origin = service.origin
    return f" ({origin.file}:{origin.line})" if origin.file else ""


def _why(asked: AskedMesh, answer: Answer, service: Registered) -> str:
    client, question = answer.client, answer.question
    what = f"registers `{service.host}`"
    ports = ", ".join(f"{port.number} {port.protocol or 'unset'}" for port in service.ports) or "none"
    if not asked.mesh.registry().view(client.namespace).sees(service):
        return f"{what}, which is not exported to `{client.namespace}`"
    imported = asked.proxy(client).scope.services.get(service.host)
    if imported is None or imported.namespace != service.namespace:
        sidecar = asked.proxy(client).sidecar
        return f"{what}, which {sidecar.origin if sidecar is not None else client} does not import"
    if imported.port(question.port) is None:
        return f"{what} on other ports: {ports}"
    return f"{what} with {ports}"
