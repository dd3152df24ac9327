"""Search: a question about many flows, `checkout -> *` or `payments/* -> *.example.com:443`, and all that match it.

`*` matches everything here, where the language means by it a workload that is left open. A flow matches that is both
asked about and granted; so a rule is told that grants some of what is asked, and more.

Who asks about a name is told of addresses too where they may be the name's: those that are known of it, and `internet`
and `*`, which hold the addresses of every name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from egresslang.answers.access import order_of
from egresslang.answers.around import EVERY
from egresslang.answers.question import Unanswerable, told, without_comment
from egresslang.findings import Finding
from egresslang.policy import sets
from egresslang.policy.binding import Binding
from egresslang.policy.definitions import INTERNET
from egresslang.policy.flows import ANY_PROTOCOL, ANYWHERE, Box, Destinations
from egresslang.policy.granted import Granted, workloads_of
from egresslang.policy.intervals import union
from egresslang.policy.policy import ANY, PROTOCOL_CLASS, Below, Everything, Grant, Name, Subject
from egresslang.ranges import BITS, internet, network_range
from egresslang.record import record, replace
from egresslang.source import Source, Span
from egresslang.suggest import nearest
from egresslang.syntax import nodes
from egresslang.syntax.words import read_bracketed, read_member, read_network, read_port, read_target

EXAMPLE = "payments/* -> *.example.com:443"


@record
class Search:
    """Flows that are asked about; `namespace` and `workload` are `*` for all, `namespace` empty where none is written.

    `target` is what is written before the port; no `port` and no `protocol` are any. `members` are those of the set that
    is asked about.
    """

    namespace: str
    workload: str
    target: nodes.Host | nodes.Wildcard | nodes.Network | nodes.Anything | nodes.Word
    port: int
    protocol: str
    members: tuple[Subject, ...] = ()


@record
class Match:
    """A grant that has some of the flows; `by_address` where they are those of a name by the addresses it may have."""

    grant: Grant
    by_address: bool = False


def is_search(text: str) -> bool:
    """Whether a question is about many flows: a `*` in it, a network, or a destination without a port."""
    who, arrow, rest = without_comment(text).partition("->")
    words = rest.split()
    if not arrow or not who.strip() or not words:
        return False
    place = words[0]
    end = place.find("]") + 1 if place[0] == "[" else 0
    port = place[end:].partition(":")[2]
    return "*" in who or "*" in place or "/" in place or not port or place.partition(":")[0] == INTERNET


def read_search(text: str) -> Search | Unanswerable:
    """The search that a line asks for."""
    who, _, rest = without_comment(text).partition("->")
    span = Span(Source("question", text), 0, len(text))
    member = read_member(who.strip(), span)
    if isinstance(member, Finding):
        return told(member)
    if isinstance(member, nodes.Labelled) or len(who.split()) > 1:
        return Unanswerable(f"a question names one workload, `namespace/*` or `*`, as in `{EXAMPLE}`")
    place, *more = rest.split()
    end = place.find("]") + 1 if place[0] == "[" else 0
    target_text, _, port_text = (place[:end], place[end : end + 1], place[end + 1 :]) if end else place.partition(":")
    if not end and port_text.count(":") > 1:
        return Unanswerable(f"`{place}` is ambiguous; write an IPv6 address in brackets, as in `[2001:db8::]/32`")
    port = 0 if port_text in ("", ANY) else read_port(port_text, span)
    if isinstance(port, Finding):
        return told(port)
    target = nodes.Anything(span) if target_text == ANY else _target(target_text, bool(end), span)
    if isinstance(target, Finding):
        return told(target)
    if isinstance(target, nodes.Template) or (isinstance(target, nodes.Word) and target.namespace):
        return Unanswerable(f"`{target_text}` is no host, address or network")
    if len(more) > 1 or (more and more[0] not in nodes.PROTOCOLS):
        return Unanswerable(f"`{' '.join(more)}` is no protocol")
    protocol = PROTOCOL_CLASS.get(more[0], more[0]) if more else ""
    if isinstance(member, nodes.AllWorkloads):
        return Search(member.namespace, ANY, target, port, protocol)
    return Search(member.namespace, member.name, target, port, protocol)


def _target(text: str, is_bracketed: bool, span: Span) -> nodes.Target | Finding:
    if is_bracketed:
        return read_bracketed(text, span)
    return read_network(text, span) if "/" in text else read_target(text, span)


def with_members(search: Search, binding: Binding, default: str) -> Search | Unanswerable:
    """The search with the members of the set that it names: one of its namespace, else the only one of the name."""
    namespace = search.namespace or default
    called = [each for each in binding.definitions.called(search.workload) if not each.is_hosts]
    here = [each for each in called if each.namespace in (namespace, "")]
    if not here and not search.namespace:
        here = called
    if not here or search.workload == ANY:
        return search
    if len(here) > 1 and not any(each.namespace == namespace for each in here):
        places = " or ".join(f"`{each.namespace}/{each.name}`" for each in here[:3])
        return Unanswerable(f"`{search.workload}` is no set of namespace `{namespace}`; write {places}")
    found = next((each for each in here if each.namespace == namespace), here[0])
    word = nodes.WorkloadName(found.namespace, found.name, found.span)
    return replace(search, members=tuple(binding.subjects([word], found.namespace or namespace)))


def located(
    search: Search, default: str, known: Mapping[str, Iterable[str]], is_complete: bool
) -> Search | Unanswerable:
    """The search with its namespace: that of the only workload of the name where none is written.

    `known` are the workloads of each namespace; unless they are all there are, others may be asked about.
    """
    if search.members:
        return search
    if search.workload == ANY and (search.namespace == ANY or search.namespace in known or not is_complete):
        return search
    if search.workload == ANY:
        return Unanswerable(f"namespace `{search.namespace}` is not known{_near(search.namespace, known)}")
    namespace = search.namespace or default
    if search.workload in known.get(namespace, ()):
        return _in(search, namespace)
    elsewhere = sorted(each for each, names in known.items() if search.workload in names)
    if not search.namespace and len(elsewhere) == 1:
        return _in(search, elsewhere[0])
    if elsewhere:
        places = " or ".join(f"`{each}/{search.workload}`" for each in elsewhere[:3])
        return Unanswerable(f"`{search.workload}` is no workload of namespace `{namespace}`; write {places}")
    near = _near(search.workload, known.get(namespace, ()))
    if not near and not search.namespace:
        place_of = {name: f"{where}/{name}" for where, names in sorted(known.items()) for name in names}
        like = nearest(search.workload, place_of)
        near = f"; write `{place_of[like]}`" if like else ""
    if is_complete or near:
        return Unanswerable(f"`{search.workload}` is no workload of namespace `{namespace}`{near}")
    return _in(search, namespace)


def _in(search: Search, namespace: str) -> Search:
    return replace(search, namespace=namespace)


def _near(word: str, known: Iterable[str]) -> str:
    near = nearest(word, known)
    return f"; write `{near}`" if near else ""


def matches(search: Search, granted: Granted, addresses: Mapping[str, sets.Addresses]) -> list[Match]:
    """The grants with flows that are asked about; `addresses` are those known of names."""
    box = Box(who_of(search), _where(search.target), _ports(search), _protocols(search))
    found = {id(grant): Match(grant) for grant in granted.to(box)}
    for grant in granted.to(Box(box.workloads, Destinations(addresses=sets.ANY_ADDRESS), box.ports, ANY_PROTOCOL)):
        if id(grant) not in found and _may_be_address(search.target, grant, addresses):
            found[id(grant)] = Match(grant, by_address=True)
    return sorted(found.values(), key=lambda each: (order_of(each.grant), each.grant.rule.span.place))


def who_of(search: Search) -> sets.Workloads:
    """The workloads that are asked about."""
    if search.members:
        return union(map(workloads_of, search.members))
    if search.workload != ANY:
        return sets.workload(search.namespace, search.workload)
    return sets.EVERYONE if search.namespace == ANY else sets.namespace(search.namespace)


def _ports(search: Search) -> sets.Ports:
    return sets.ports(search.port) if search.port else sets.ANY_PORT


def _protocols(search: Search) -> frozenset[str]:
    return frozenset({search.protocol}) if search.protocol else ANY_PROTOCOL


def _where(target: nodes.Target) -> Destinations:
    match target:
        case nodes.Host():
            return Destinations(names=sets.host(target.name))
        case nodes.Wildcard():
            return Destinations(names=sets.wildcard(target.suffix))
        case nodes.Network():
            return Destinations(
                addresses=sets.addresses(target.version, [network_range(target.version, target.first, target.prefix)])
            )
        case nodes.Word() if target.name == INTERNET:
            return Destinations(addresses=union(sets.addresses(version, internet(version)) for version in BITS))
        case nodes.Word():
            return Destinations(names=sets.host(target.name))
    return ANYWHERE


def _may_be_address(target: nodes.Target, grant: Grant, known: Mapping[str, sets.Addresses]) -> bool:
    """Whether a grant to addresses may be to those of a name that is asked about."""
    destination = grant.destination
    if not isinstance(target, nodes.Host | nodes.Wildcard) or isinstance(destination, Name | Below | Everything):
        return False
    if destination.label == INTERNET or destination.label.startswith(EVERY):
        return True
    granted = sets.addresses(destination.version, destination.ranges)
    if isinstance(target, nodes.Host):
        return target.name in known and bool(granted & known[target.name])
    below = f".{target.suffix}"
    return any(bool(granted & some) for name, some in known.items() if name.endswith(below))
