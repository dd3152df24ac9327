"""The model's answer to what the judge was asked, in the judge's words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from asking import Call, Case, Proxy

from egresslang.documents import read as read_documents
from egresslang.mesh.addresses import parse_address
from egresslang.mesh.configuration import configured
from egresslang.mesh.listeners import Pod
from egresslang.mesh.mesh import Mesh
from egresslang.mesh.outbound import Outbound, Request, Verdict
from egresslang.mesh.read import read
from egresslang.mesh.resources import MeshConfig
from egresslang.source import Source


def mesh_of(case: Case) -> Mesh:
    """The mesh of a case."""
    documents, found = read_documents(Source("manifests", f"{case.istio}{case.kubernetes}"))
    assert found == []
    resources, wrong = read(documents)
    assert wrong == []
    return Mesh(resources, config_of(json.loads(case.meshConfig)))


def config_of(said: Mapping[str, object]) -> MeshConfig:
    """A mesh configuration over Istio's defaults."""
    documents, _ = read_documents(Source("values", json.dumps({"meshConfig": said})))
    return configured(documents, MeshConfig())


def pod_of(proxy: Proxy) -> Pod:
    """The pod of a proxy: it has an address of IPv4 where none is said."""
    families = tuple(dict.fromkeys(6 if ":" in each else 4 for each in proxy.ips)) or (4,)
    return Pod(proxy.namespace, proxy.labels, proxy.dnsCapture, families, proxy.ips)


def request_of(call: Call, outbound: Outbound) -> Request:
    """A call as a request, to the address that the proxy's DNS has for the name it goes by."""
    address = outbound.resolve(call.via) if call.via else None
    address = address or parse_address(call.address)
    assert address is not None
    return Request(call.protocol, call.name, address, call.port)


def tokens(case: Case) -> Iterator[frozenset[str]]:
    """For each call the tokens of all that may become of it."""
    mesh = mesh_of(case)
    proxies = [mesh.proxy(pod_of(each)) for each in case.proxies]
    for call in case.calls:
        yield frozenset(
            token(verdict)
            for outbound in proxies[call.proxy].starts(by_name=True)
            for verdict in outbound.ask(request_of(call, outbound))
        )


def token(verdict: Verdict) -> str:
    """A verdict as the judge's are written: it does not know what nobody is behind, nor what a lost call sees."""
    if verdict.verdict == "refused":
        return "refused||||"
    if verdict.parts:
        return "&".join(sorted({_part(each, copied) for each, copied in verdict.parts}))
    return _token(verdict)


def _part(verdict: Verdict, copied: bool) -> str:
    found = _token(verdict)
    return f"copied{found.removeprefix(verdict.verdict)}" if copied else found


def _token(verdict: Verdict) -> str:
    sees = {"allowed": "answer", "lost": ""}.get(verdict.verdict, verdict.sees)
    dials = verdict.dials
    if verdict.verdict == "passed-through":
        dials = "name" if dials == "registry" else ""
    return f"{verdict.verdict}|{sees}|{verdict.host}|{verdict.port or ''}|{dials}"


def disagreements(case: Case, judged: Iterable[frozenset[str]]) -> Iterator[str]:
    """Where the model does not say what the judge said.

    Of what istiod decides by chance the judge has seen several things, though perhaps not all.
    """
    for number, (call, said, seen) in enumerate(zip(case.calls, tokens(case), judged, strict=True)):
        if not (seen <= said and (len(seen) > 1) == (len(said) > 1)):
            yield f"{number} {case.proxies[call.proxy]} {call}: model {sorted(said)}, judge {sorted(seen)}"
