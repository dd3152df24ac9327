"""Smokescreen: what an ACL of Stripe's CONNECT proxy lets each of its services reach (pkg/smokescreen/acl/v1).

A service is taken for the workload of its name. The proxy lets it tunnel to any port of a name: a policy grants 443 alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from egresslang.documents import Located
from egresslang.existing.importing.intents import Intent, listing, literal, mapping, nobody
from egresslang.existing.importing.unkept import Unkept
from egresslang.existing.workloads import Runs
from egresslang.policy.policy import Addresses, Below, Destination, Name

PORT, PROTOCOL = 443, "tls"
"""What is granted of a name that the proxy tunnels to on any port."""

ACTIONS = frozenset(("open", "report", "enforce"))
_WORKLOAD = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?").fullmatch


def is_acl(document: Located) -> bool:
    """Whether a document is an ACL of smokescreen."""
    value = document.value
    return (
        isinstance(value, dict)
        and value.get("version") == "v1"
        and isinstance(value.get("services"), list)
        and "kind" not in value
    )


def intents(document: Located, workloads: Iterable[Runs], default: str) -> Iterator[Intent]:
    """What an ACL means for each of its services, as a workload of its name."""
    acl = mapping(document.value)
    everybody = _names(acl.get("global_allow_list"))
    denied = _names(acl.get("global_deny_list"))
    known = list(workloads)
    first = True
    seen: set[str] = set()
    for place in document["services"].entries():
        service = mapping(place.value)
        name, action = str(service.get("name")), str(service.get("action"))
        unkept: list[Unkept] = []
        if first:
            unkept += _assumed(document)
            first = False
        if name in seen or not _WORKLOAD(name) or action not in ACTIONS:
            why = "it is no name of a workload, or given twice, or its action is unknown"
            unkept.append(Unkept(f"service {name} of smokescreen", why, place.span))
            yield Intent(document, nobody, False, (), tuple(unkept))
            continue
        seen.add(name)
        own = _names(service.get("allowed_domains"))
        shared = [each for each in everybody if not _meets(each, denied)]
        unkept += [
            Unkept(
                f"smokescreen lets {name} reach {each} but for what is denied to all",
                "a policy cuts no names out of others",
                place.span,
            )
            for each in everybody
            if _meets(each, denied)
        ]
        if action != "enforce":
            unkept.append(
                Unkept(f"the names of service {name}", f"its action is {action}: nobody holds it", place.span)
            )
        if service.get("allowed_external_proxies"):
            unkept.append(
                Unkept(f"service {name} may use proxies outside", "a policy grants the names alone", place.span)
            )
        if service.get("mitm_domains"):
            unkept.append(
                Unkept(
                    f"smokescreen adds headers to what {name} sends, or logs it",
                    "a policy grants the names alone",
                    place.span,
                )
            )
        here = [each for each in known if each.name == name]
        where = here[0] if len(here) == 1 else Runs(default, name, (("app", name),), (("app", name),), "")
        if len(here) > 1:
            unkept.append(
                Unkept(
                    f"service {name} of smokescreen",
                    f"workloads of several namespaces have its name; it is taken for {default}/{name}",
                    place.span,
                )
            )
        ways = tuple((target, PORT, _spoken(target), "") for target in dict.fromkeys([*own, *shared]))
        yield Intent(
            document,
            _Selects(where),
            action == "enforce",
            ways,
            tuple(unkept),
            (where,),
            owner=str(service.get("project") or ""),
            namespaces=(where.namespace,),
        )


class _Selects:
    """Whether a pod is of a workload: it carries the labels that select it."""

    def __init__(self, workload: Runs) -> None:
        self._workload = workload

    def __call__(self, namespace: str, labels: Mapping[str, str], is_whole: bool = True, /) -> bool:
        selector = dict(self._workload.selector)
        return namespace == self._workload.namespace and selector.items() <= labels.items()


def _assumed(document: Located) -> Iterator[Unkept]:
    acl = mapping(document.value)
    why = f"a policy names ports: {PORT} {PROTOCOL} is granted"
    yield Unkept("smokescreen lets services tunnel to any port of a name", why, document.span)
    if default := mapping(acl.get("default")):
        said = f"the default of smokescreen ({default.get('action')}) is for services that the file does not name"
        yield Unkept(said, "a policy grants to workloads by name, and the profile says who is held", document.span)


def _spoken(target: Destination) -> str:
    """What may be said: to an address anything, as the proxy tunnels it."""
    return "tcp" if isinstance(target, Addresses) else PROTOCOL


def _names(value: object) -> list[Destination]:
    texts = [str(each).lower().rstrip(".") for each in listing(value)]
    return [Below(each[2:]) if each.startswith("*.") else literal(each) or Name(each) for each in texts]


def _meets(one: Destination, others: Iterable[Destination]) -> bool:
    """Whether a name, or one below a wildcard, is among others."""
    return any(_holds(one, other) or _holds(other, one) for other in others)


def _holds(one: Destination, other: Destination) -> bool:
    if isinstance(one, Below):
        inner = other.suffix if isinstance(other, Below) else str(other)
        return inner.endswith(f".{one.suffix}") or (isinstance(other, Below) and inner == one.suffix)
    return str(one) == str(other)
