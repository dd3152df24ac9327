"""Cilium: what CiliumNetworkPolicies and CiliumClusterwideNetworkPolicies let pods reach by name and by address.

A policy with egress rules holds the pods that it selects, unless `enableDefaultDeny` says otherwise. Nothing is widened: a
`*` of `matchPattern` is one label, where `*.example.com` of a policy is every depth, which `**.` of Cilium is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from egresslang.documents import Located
from egresslang.existing.importing.intents import (
    SPOKEN,
    Intent,
    Way,
    listing,
    literal,
    mapping,
    name_of,
    named,
    namespace_of,
    network,
    nobody,
)
from egresslang.existing.importing.ports import numbers
from egresslang.existing.importing.reasons import reason_of_rule
from egresslang.existing.importing.selectors import alternatives, takes, words
from egresslang.existing.importing.unkept import Unkept
from egresslang.existing.workloads import Runs
from egresslang.mesh.resources import Labels
from egresslang.policy.policy import Addresses, Below, Destination, Name

CLUSTERWIDE = "CiliumClusterwideNetworkPolicy"
KINDS = ("CiliumNetworkPolicy", CLUSTERWIDE)
NAMESPACE = "io.kubernetes.pod.namespace"
"""The label by which Cilium selects pods of a namespace."""

_BEYOND = re.compile(r"io\.cilium\.|[^/]*:").match
"""Labels that pods have in Cilium alone: of their namespace, their service account, and those of other sources."""

_PEERS = frozenset(("toFQDNs", "toCIDR", "toCIDRSet"))
_RESTRICTS = frozenset(("rules", "serverNames", "terminatingTLS", "originatingTLS", "listener"))


def is_cilium(document: Located) -> bool:
    """Whether a document is a policy of Cilium."""
    value = document.value
    return (
        isinstance(value, dict) and str(value.get("apiVersion")).startswith("cilium.io/") and value.get("kind") in KINDS
    )


def intents(document: Located, default: str) -> Iterator[Intent]:
    """What each spec of a policy of Cilium means."""
    if "spec" in document and isinstance(document["spec"].value, dict):
        yield _intent(document, document["spec"], default)
    if "specs" in document and isinstance(document["specs"].value, list):
        yield from (
            _intent(document, each, default) for each in document["specs"].entries() if isinstance(each.value, dict)
        )


def _intent(document: Located, place: Located, default: str) -> Intent:
    value, spec, name = mapping(document.value), mapping(place.value), name_of(document)
    metadata = mapping(value.get("metadata"))
    namespace = "" if value["kind"] == CLUSTERWIDE else namespace_of(document, default)
    denies = listing(spec.get("egressDeny"))
    if spec.get("egress") is None and not denies:
        return Intent(document, nobody, False, ())
    if "endpointSelector" not in spec:
        whose = "is about nodes" if "nodeSelector" in spec else "has a spec without `endpointSelector`"
        told = Unkept(f"{name} {whose}", "a policy is about the pods of workloads", place.span, is_flow=True)
        return Intent(document, nobody, False, (), (told,))
    selector, beyond, other = _selector(mapping(spec["endpointSelector"]), namespace)
    ways: list[Way] = []
    unkept: list[Unkept] = []
    if denies:
        why = "what it takes from other policies is not known here, and nothing is granted to the pods that it selects"
        unkept.append(Unkept(f"{name} has egressDeny", why, place.span))
    for number, _ in enumerate(listing(spec.get("egress"))):
        rules = place["egress"]
        reason = reason_of_rule(rules, rules[number])
        for each in _of_rule(rules[number], name):
            if isinstance(each, Unkept):
                unkept.append(each)
            else:
                ways.append((*each, reason))
    if other:
        why = "a CiliumNetworkPolicy is for its own namespace: nothing is granted for it"
        unkept.append(Unkept(f"{name} selects pods of {other}", why, place.span, is_flow=True))
    found = None if beyond else alternatives(selector)

    def selects(where: str, carried: Mapping[str, str], is_whole: bool = True, /) -> bool | None:
        verdict = takes(selector, {**carried, NAMESPACE: where}, is_whole)
        return None if verdict and beyond else verdict

    return Intent(
        document,
        selects,
        mapping(spec.get("enableDefaultDeny")).get("egress") is not False,
        () if denies or other else tuple(ways),
        tuple(dict.fromkeys(unkept)),
        None if found is None else _invented(str(metadata.get("name")), found),
        bool(denies),
        selected=f"pods by `{words(mapping(spec['endpointSelector']))}`",
        namespaces=tuple(_namespaces(selector)),
    )


def _invented(policy: str, found: Sequence[Labels]) -> tuple[Runs, ...] | None:
    """Workloads for pods with some labels, where these say the namespace and more."""
    split = [(dict(each).pop(NAMESPACE, ""), tuple(one for one in each if one[0] != NAMESPACE)) for each in found]
    if not all(namespace and labels for namespace, labels in split):
        return None
    combined = [labels for _, labels in split]
    return tuple(named(policy, namespace, labels, combined) for namespace, labels in split)


def _selector(selector: Mapping[str, object], own: str) -> tuple[Mapping[str, object], bool, str]:
    """A selector of pods with the namespace among their labels: that of the policy, if it is of one.

    Whether it looks at anything but labels of pods (of namespaces, of nodes, service accounts), which is left out of it; and
    another namespace that it names.
    """
    labels = {_bare(key): value for key, value in mapping(selector.get("matchLabels")).items()}
    expressions = [
        {**mapping(each), "key": _bare(str(mapping(each).get("key")))}
        for each in listing(selector.get("matchExpressions"))
    ]
    seen = {key: value for key, value in labels.items() if not _BEYOND(key)}
    kept = [each for each in expressions if not _BEYOND(str(each["key"]))]
    is_beyond = (len(seen), len(kept)) != (len(labels), len(expressions))
    read = {"matchLabels": seen, "matchExpressions": kept}
    if not own:
        return read, is_beyond, ""
    others = sorted({*_namespaces(read)} - {own})
    kept = [each for each in kept if each["key"] != NAMESPACE]
    return {"matchLabels": {**seen, NAMESPACE: own}, "matchExpressions": kept}, is_beyond, ", ".join(others)


def _namespaces(selector: Mapping[str, object]) -> list[str]:
    """The namespaces that a selector names, whether it takes their pods or not."""
    said = mapping(selector.get("matchLabels")).get(NAMESPACE)
    expressions = map(mapping, listing(selector.get("matchExpressions")))
    more = (value for each in expressions if each.get("key") == NAMESPACE for value in listing(each.get("values")))
    return [*([str(said)] if said else []), *map(str, more)]


def _bare(key: str) -> str:
    return re.sub(r"^(?:k8s|any):", "", key)


def _of_rule(place: Located, name: str) -> Iterator[tuple[Destination, int, str] | Unkept]:
    rule = mapping(place.value)
    others = sorted(key for key in rule if key not in _PEERS and key != "toPorts")
    if others:
        why = "a policy is about names and addresses outside the cluster"
        yield Unkept(f"{name} has a rule with {', '.join(others)}", why, place.span)
        return
    if not rule.keys() & _PEERS:
        if rule:
            yield Unkept(
                f"{name} lets pods reach everything on a port",
                "write `internet` or networks if they are meant",
                place.span,
            )
        return
    targets = list(_targets(place, rule, name))
    yield from (each for each in targets if isinstance(each, Unkept))
    found = [each for each in targets if not isinstance(each, Unkept)]
    if not rule.get("toPorts") and found:
        yield Unkept(
            f"{name} lets pods reach {', '.join(map(str, found[:3]))} on every port", "a policy names ports", place.span
        )
        return
    for each in map(mapping, listing(rule.get("toPorts"))):
        if limits := sorted(key for key in each if key in _RESTRICTS and each[key]):
            why = "a policy does not look at that, and would let through more"
            yield Unkept(
                f"{name} lets pods reach {', '.join(map(str, found[:3]))} by {', '.join(limits)}", why, place.span
            )
            continue
        ports, problems = numbers(place, listing(each.get("ports")), name)
        yield from problems
        for port in ports:
            yield from ((target, port, _spoken(target, port)) for target in found)


def _spoken(target: Destination, port: int) -> str:
    return "tcp" if isinstance(target, Addresses) else SPOKEN.get(port, "tcp")


def _targets(place: Located, rule: Mapping[str, object], name: str) -> Iterable[Destination | Unkept]:
    for each in map(mapping, listing(rule.get("toFQDNs"))):
        pattern = str(each.get("matchName") or each.get("matchPattern") or "").lower().rstrip(".")
        if literal(pattern) is not None:
            yield Unkept(f"{name} lets pods reach the name {pattern}", "it is an address, and no DNS name", place.span)
        elif "*" not in pattern:
            yield Name(pattern)
        elif pattern.startswith("**.") and "*" not in pattern[3:]:
            yield Below(pattern[3:])
        else:
            why = "a `*` there is one label at most; `*.name` in a policy is every depth, and would let through more"
            yield Unkept(f"{name} lets pods reach {pattern}", why, place.span)
    for cidr in listing(rule.get("toCIDR")):
        yield network(str(cidr), ()) or Unkept(f"{name} has the network {cidr}", "it is none", place.span)
    for each in map(mapping, listing(rule.get("toCIDRSet"))):
        cidr = each.get("cidr")
        holes = list(map(str, listing(each.get("except"))))
        yield network(str(cidr), holes) or Unkept(
            f"{name} has the network {cidr}", "it is none, or nothing is left of it", place.span
        )
