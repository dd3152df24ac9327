"""Explain: what becomes of one flow, and why: asked of the mesh model, with the rules that the policy has for it."""

from __future__ import annotations

from egresslang.answers.asked_mesh import AskedMesh, Client
from egresslang.answers.capture import uncaptured
from egresslang.answers.dialling import Dialled, dial, literal
from egresslang.answers.question import Question, Unanswerable
from egresslang.mesh.addresses import Address
from egresslang.mesh.mesh import Proxy, one_of
from egresslang.mesh.outbound import (
    ALLOWED,
    ANSWER,
    ANSWERED,
    BLOCKED,
    CLIENT,
    PASSED,
    REFUSED,
    TLS_IN_TLS,
    UNSTABLE,
    Request,
    Verdict,
)
from egresslang.mesh.resources import Origin
from egresslang.policy import sets
from egresslang.policy.flows import Box, Destinations
from egresslang.policy.granted import Granted, Near, rules_of
from egresslang.policy.policy import PROTOCOL_CLASS, SERVER_FIRST, Grant
from egresslang.record import record
from egresslang.suggest import nearest

_SPOKEN = {"http": "http", "http2": "http2", "grpc": "http2", "tls": "tls", "tcp": "tcp", "udp": "udp"}
"""What each protocol class is on the wire."""

_TOLD_BY_HOST = frozenset({"http", "http2", "grpc"})
"""Protocols that one grant to a name is for, whichever of them it says: a proxy routes all of them by Host."""


@record
class Answer:
    """What becomes of a flow.

    `verdict` is allowed, blocked, passed-through, lost or unstable, `sees` what the client sees, empty where that is not
    one thing. `uncaptured` says why the sidecar sees nothing; `found` is what the model says otherwise. `grants` are
    those the policy has for the flow, one of each rule.
    """

    question: Question
    client: Client
    dialled: Dialled
    verdict: str
    sees: str
    uncaptured: str
    found: Verdict
    grants: tuple[Grant, ...]

    @property
    def place(self) -> str:
        """The host or address that was asked about."""
        return _place(self.question)

    @property
    def flow(self) -> str:
        """The flow as the language writes it, the workload with its namespace."""
        return f"{self.client} -> {self.place}:{self.question.port} {self.question.protocol}"

    @property
    def because(self) -> tuple[Origin, ...]:
        """The resources it follows from."""
        if self.uncaptured:
            return () if self.client.origin is None else (self.client.origin,)
        return self.found.because


def explain(asked: AskedMesh, question: Question) -> Answer | Unanswerable:
    """What becomes of the flow of a question."""
    client = asked.client(question)
    if isinstance(client, Unanswerable):
        return client
    proxy = asked.proxy(client)
    dialled = dial(asked, question, client, proxy)
    if isinstance(dialled, Unanswerable):
        return dialled
    grants = () if asked.granted is None else tuple(rules_of(_granting(asked.granted, question, client)))
    reason = uncaptured(client, asked.capture, question.protocol, dialled.address, question.port)
    if reason:
        found = Verdict(PASSED, ANSWER, dials=CLIENT)
        return Answer(question, client, dialled, PASSED, ANSWER, reason, found, grants)
    found = _asked(proxy, question, dialled)
    return Answer(question, client, dialled, *told(found), "", found, grants)


def _asked(proxy: Proxy, question: Question, dialled: Dialled) -> Verdict:
    """What the model says; where the sidecar's DNS gave the address, at each start the one it gives then."""
    if not dialled.by_dns or not proxy.pod.dns_capture:
        return proxy.ask(_request(question, dialled.address))
    verdicts = [
        verdict
        for start in proxy.starts(by_name=True)
        for verdict in start.ask(_request(question, start.resolve(dialled.by_dns) or dialled.address))
    ]
    return one_of(verdicts)


def _request(question: Question, address: Address) -> Request:
    kind = PROTOCOL_CLASS.get(question.protocol, question.protocol)
    spoken = _SPOKEN[kind]
    name = ""
    if kind in _TOLD_BY_HOST:
        name = _place(question)
    elif kind == "tls":
        name = question.host  # a client says no server name for an address
    return Request(spoken, name, address, question.port, question.protocol in SERVER_FIRST)


def _place(question: Question) -> str:
    return question.host or (literal(question.destination) if question.destination is not None else "")


def told(found: Verdict) -> tuple[str, str]:
    """The verdict and what the client sees, in the words of an answer."""
    if found.verdict == ANSWERED:
        return BLOCKED, ANSWER
    if found.verdict == REFUSED:
        return UNSTABLE, ""
    return found.verdict, TLS_IN_TLS if found.wraps and found.sees == ANSWER else found.sees


# The policy's side


def _granting(granted: Granted, question: Question, client: Client) -> list[Grant]:
    """The grants of a flow."""
    names, addresses = _boxes(question, client)
    if question.host and question.dialled is not None:
        return [*granted.to_name_told(names), *granted.to_address(addresses)]
    return granted.to(names if question.host else addresses)


def _boxes(question: Question, client: Client) -> tuple[Box, Box]:
    """The flow as one to a name and as one to an address."""
    kind = PROTOCOL_CLASS.get(question.protocol, question.protocol)
    protocols = _TOLD_BY_HOST if kind in _TOLD_BY_HOST else frozenset({kind})
    who, port = sets.workload(client.namespace, client.name), sets.ports(question.port)
    names = Destinations(names=sets.host(question.host) if question.host else sets.NOTHING)
    address = question.dialled or question.destination
    addresses = (
        Destinations() if address is None else Destinations(addresses=sets.addresses(address[0], [(address[1],) * 2]))
    )
    return Box(who, names, port, protocols), Box(who, addresses, port, protocols)


def near(asked: AskedMesh, answer: Answer) -> Near | None:
    """The grant that comes nearest to a flow that no rule grants."""
    if asked.granted is None or answer.grants:
        return None
    names, addresses = _boxes(answer.question, answer.client)
    is_name = bool(answer.question.host)
    return asked.granted.near(names if is_name else addresses, is_name and answer.question.dialled is not None)


def like(asked: AskedMesh, answer: Answer) -> str:
    """The host most like the one asked about among those that the workload is granted; empty when none is near."""
    if asked.granted is None or not answer.question.host:
        return ""
    who = sets.workload(answer.client.namespace, answer.client.name)
    grants = asked.granted.to(Box(who, Destinations(names=sets.ANY_NAME)))
    hosts = {host for grant in grants if (host := getattr(grant.destination, "host", ""))}
    return nearest(answer.question.host, hosts)


def by_address(asked: AskedMesh, answer: Answer) -> Grant | None:
    """A grant of addresses on the port, to the workload, where a name was asked about and no address said."""
    question = answer.question
    if asked.granted is None or answer.verdict == ALLOWED or not question.host or question.dialled is not None:
        return None
    who = sets.workload(answer.client.namespace, answer.client.name)
    anywhere = Box(who, Destinations(addresses=sets.ANY_ADDRESS), sets.ports(question.port))
    return next(rules_of(asked.granted.to_address(anywhere)), None)
