"""Question: one flow as the language writes it, `team-a/idgen -> api.example.com:443 tls`.

`address=` is the address the client dials. What a question may not be is told in one line.
"""

from __future__ import annotations

from egresslang.findings import Finding
from egresslang.mesh.addresses import Address
from egresslang.ranges import BITS
from egresslang.record import record
from egresslang.source import Source, Span
from egresslang.suggest import nearest, one_of
from egresslang.syntax import nodes
from egresslang.syntax.words import read_bracketed, read_member, read_network, read_port, read_target

LONGEST = 4096
"""Characters that a question may have."""

DEFAULT_PROTOCOL = {80: "http", 443: "tls"}
EXAMPLE = "idgen -> httpbin.org:80 http"


@record
class Question:
    """A flow that is asked about: `namespace` is empty where none is written.

    `host` is the name as a client says it, empty for an address; `destination` and `dialled` are addresses, None where
    there is none; `protocol` is a word of the language.
    """

    namespace: str
    workload: str
    host: str
    destination: Address | None
    port: int
    protocol: str
    dialled: Address | None


@record
class Unanswerable:
    """Why a question has no answer, in one line."""

    why: str


def read_question(text: str) -> Question | Unanswerable:
    """The question that a line asks."""
    if len(text) > LONGEST:
        return Unanswerable(f"a question has at most {LONGEST} characters")
    who, arrow, rest = without_comment(text).partition("->")
    words = rest.split()
    if not arrow or not who.strip() or not words:
        return Unanswerable(f"not a flow; write `workload -> host:port protocol`, as in `{EXAMPLE}`")
    source = Source("question", text)
    span = Span(source, 0, len(text))
    member = _workload(who.strip(), span)
    if isinstance(member, Unanswerable):
        return member
    place = _place(words[0], span)
    if isinstance(place, Unanswerable):
        return place
    host, destination, port = place
    dialled: Address | None = None
    protocol = ""
    for word in words[1:]:
        if "=" in word:
            address = _dialled(word, span)
            if isinstance(address, Unanswerable) or dialled is not None:
                return address if isinstance(address, Unanswerable) else Unanswerable("`address=` is given twice")
            dialled = address
        elif protocol or word not in nodes.PROTOCOLS:
            return _no_protocol(word, bool(protocol))
        else:
            protocol = word
    protocol = protocol or DEFAULT_PROTOCOL.get(port, "")
    if not protocol:
        return Unanswerable(f"port `{port}` has no default protocol; write it after the port, as in `{port} tcp`")
    if destination is not None and dialled not in (None, destination):
        return Unanswerable("the destination is an address and `address=` is another; write one of the two")
    return Question(member.namespace, member.name, host, destination, port, protocol, dialled)


def without_comment(text: str) -> str:
    """A line without what follows a `#` at its start or after white space."""
    at = text.find("#")
    while at > 0 and not text[at - 1].isspace():
        at = text.find("#", at + 1)
    return text if at < 0 else text[:at]


def told(problem: Finding) -> Unanswerable:
    """What a reader of the language found wrong, in one line."""
    return Unanswerable(
        ": ".join([problem.message, *filter(None, [problem.label])]) + f"; {problem.help}" * bool(problem.help)
    )


def _workload(text: str, span: Span) -> nodes.WorkloadName | Unanswerable:
    if text[0] == "{" or "[" in text or "," in text:
        return Unanswerable("a question is about one workload; ask about each member by itself")
    if len(text.split()) > 1:
        return Unanswerable(f"`{text}` is not the name of a workload; write one workload before `->`")
    member = read_member(text, span)
    if isinstance(member, Finding):
        return told(member)
    if isinstance(member, nodes.WorkloadName):
        return member
    return Unanswerable(f"`{text}` is many workloads; a question is about one")


def _place(word: str, span: Span) -> tuple[str, Address | None, int] | Unanswerable:
    """Host, address and port of a destination."""
    if word[0] == "{":
        return Unanswerable("a question is about one destination; ask about each by itself")
    end = word.find("]") + 1 if word[0] == "[" else 0
    text, colon, number = (word[:end], word[end : end + 1], word[end + 1 :]) if end else word.partition(":")
    if not end and number.count(":") > 1 and not number.startswith("//"):
        return Unanswerable(f"`{word}` is ambiguous; write an IPv6 address in brackets, as in `[2001:db8::1]:443`")
    if number.startswith("{"):
        return Unanswerable("a question is about one port; ask about each by itself")
    if not colon or not number:
        return Unanswerable("a destination without a port; write it after `:`, as in `:443 tls`")
    port = read_port(number, span)
    if isinstance(port, Finding):
        return told(port)
    target = read_bracketed(text, span) if end else read_target(text, span)
    match target:
        case Finding():
            return told(target)
        case nodes.Host():
            return target.name, None, port
        case nodes.Network() if target.prefix == BITS[target.version]:
            return "", (target.version, target.first), port
        case nodes.Word() if not target.namespace and target.name != "internet":
            return target.name, None, port
        case nodes.Template():
            return Unanswerable(f"`{text}` holds a variable; write what it stands for")
        case nodes.Word():
            return Unanswerable(f"`{text}` is many destinations; a question is about one host or address")
    return Unanswerable(f"`{text}` is many destinations; a question is about one host or address")


def _dialled(word: str, span: Span) -> Address | Unanswerable:
    key, _, value = word.partition("=")
    if key != "address":
        return Unanswerable(f"a question takes no `{key}=`; `address=` is the address the client dials")
    text = value.removeprefix('"').removesuffix('"').removeprefix("[").removesuffix("]")
    network = read_network(text, span)
    if isinstance(network, Finding):
        return told(network)
    if network.prefix != BITS[network.version]:
        return Unanswerable(f"`{text}` is a network; a client dials one address")
    return network.version, network.first


def _no_protocol(word: str, is_second: bool) -> Unanswerable:
    if is_second:
        return Unanswerable(f"`{word}` is too much; one protocol is enough")
    near = nearest(word, nodes.PROTOCOLS)
    return Unanswerable(f"unknown protocol `{word}`; write {f'`{near}`' if near else one_of(nodes.PROTOCOLS)}")
