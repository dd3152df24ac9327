"""Build: what kustomize has made of the resources of a policy, compared with what the policy compiles to.

All that is wanted must be there, in its namespace, under its name, with its spec and our labels. Further labels and
annotations are fine, unless another ServiceEntry of the same host has other labels: Istio merges those only if their
labels are equal. Nor may a resource carry the annotation by which kustomize drops it in the end. What carries our label
beyond that grants what nobody has read in the policy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from egresslang import codes
from egresslang.documents import Located, read
from egresslang.findings import Finding, Label, finding
from egresslang.kustomize.config import Config
from egresslang.kustomize.generate import GENERATOR, Generated
from egresslang.mesh.read import Identity, identity_of, unfolded
from egresslang.source import Source, Span
from egresslang.targets.documents import MANAGED_BY
from egresslang.targets.yaml import emit

MOST = 10
"""Missing resources that are told by name."""

LOCAL = "config.kubernetes.io/local-config"
"""kustomize takes a resource with this annotation out of the build after the validators have run, unless it says exactly
`false` (kustomize api v0.21, `resource/factory.go`)."""

_BUILD = "build with `kubectl kustomize --enable-alpha-plugins`, or for an exec function with `kustomize build --enable-alpha-plugins --enable-exec`"  # fmt: skip
_OUT = "keep the resources of egressc out of {}: name the EgressPolicy in a kustomization that has none"


def compare(config: Config, made: Generated, build: Iterable[Located]) -> list[Finding]:
    """Every way in which the resources of a build are not those that a policy compiles to."""
    wanted = _by_identity(read(Source("", emit(made.whole)), limit=None)[0])
    asked = _by_identity(read(Source("", emit(made.part)), limit=None)[0])
    standing: dict[Identity, list[Located]] = {}
    strays: list[tuple[Identity, Located]] = []
    documents = list(unfolded(build))
    for each in documents:
        identity = identity_of(each, "")
        if identity is None or not (identity in asked or _is_ours(each, config.name)):
            continue
        if identity in wanted:
            standing.setdefault(identity, []).append(each)
        else:
            strays.append((identity, each))
    found = [finding for name, here in standing.items() for each in here for finding in _changed(wanted[name], each)]
    found += [finding for here in standing.values() for each in here for finding in _dropped(each)]
    missing = [name for name in asked if name not in standing]
    moved, left = _moved(missing, strays, wanted)
    found += [_elsewhere(name, identity, each) for name, (identity, each) in moved.items()]
    found += [_stale(identity, each) for identity, each in left]
    found += _missing(config.span, [name for name in missing if name not in moved], len(asked))
    return found + list(_split(standing, documents))


def _by_identity(documents: Iterable[Located]) -> dict[Identity, Located]:
    return {identity: each for each in documents if (identity := identity_of(each, ""))}


def _is_ours(manifest: Located, generator: str) -> bool:
    """Whether a resource carries our label and no other generator's name."""
    key, value = MANAGED_BY
    labels, annotations = manifest.get("metadata", "labels"), manifest.get("metadata", "annotations")
    named = annotations.get(GENERATOR) if annotations is not None else None
    is_managed = labels is not None and isinstance(labels.value, dict) and labels.value.get(key) == value
    return is_managed and (named is None or named.value == generator)


def _moved(
    missing: Sequence[Identity], strays: Sequence[tuple[Identity, Located]], wanted: dict[Identity, Located]
) -> tuple[dict[Identity, tuple[Identity, Located]], list[tuple[Identity, Located]]]:
    """What is missing and stands under another name or in another namespace; and the strays that are none of it."""
    left = dict(enumerate(strays))
    moved: dict[Identity, tuple[Identity, Located]] = {}
    for same in (_same_name, _same_spec):
        known: dict[object, list[int]] = {}
        for at, (identity, each) in left.items():
            known.setdefault(same(identity, each), []).append(at)
        for name in missing:
            here = known.get(same(name, wanted[name])) if name not in moved else None
            if here:
                moved[name] = left.pop(here.pop(0))
    return moved, list(left.values())


def _same_name(identity: Identity, manifest: Located) -> object:
    return (identity[1], identity[3], _same_spec(identity, manifest))


def _same_spec(identity: Identity, manifest: Located) -> object:
    return (identity[1], json.dumps(manifest.value.get("spec"), sort_keys=True, default=str))


def _elsewhere(name: Identity, identity: Identity, manifest: Located) -> Finding:
    metadata = manifest["metadata"]
    _, kind, namespace, called = identity
    if namespace == name[2]:
        return _told(metadata["name"].span, f"{kind} `{name[3]}` is called `{called}` in the build",
                     "renamed", _OUT.format("`namePrefix:` and `nameSuffix:`"))  # fmt: skip
    place = metadata.get("namespace")
    return _told(
        metadata["name"].span if place is None else place.span,
        f"{kind} `{name[3]}` stands in `{namespace}`, not in `{name[2]}`" if namespace else f"{kind} `{name[3]}` has lost its namespace `{name[2]}`",
        "another scope: it governs other pods",
        _OUT.format("`namespace:`"),
    )  # fmt: skip


def _stale(identity: Identity, manifest: Located) -> Finding:
    _, kind, namespace, name = identity
    where = f"{namespace}/{name}" if namespace else name
    return _told(manifest["metadata"]["name"].span, f"the policy does not compile to {kind} `{where}`",
                 f"carries the label `{MANAGED_BY[0]}: {MANAGED_BY[1]}`", "remove it, or its label if it is none of egressc's")  # fmt: skip


def _missing(span: Span, missing: Sequence[Identity], total: int) -> Iterator[Finding]:
    if not missing:
        return
    names = [
        f"{kind} `{namespace}/{name}`" if namespace else f"{kind} `{name}`" for _, kind, namespace, name in missing
    ]
    notes = [f"missing: {', '.join(names[:MOST])}{f', and {len(names) - MOST} more' if len(names) > MOST else ''}"]
    if len(missing) == total:
        yield finding(codes.BUILD_MISMATCH, span, "the build holds nothing of this policy", f"compiles to {_count(total)}", notes=notes,
                      help=_BUILD)  # fmt: skip
    else:
        yield finding(codes.BUILD_MISMATCH, span, f"the build lacks {_count(len(missing))} of this policy", f"compiles to {_count(total)}", notes=notes,
                      help="keep patches and components from removing them")  # fmt: skip


def _count(number: int) -> str:
    return f"{number} resource{'' if number == 1 else 's'}"


def _changed(wanted: Located, standing: Located) -> Iterator[Finding]:
    """What of a resource is not as it was compiled: the first difference of its spec, and our labels."""
    kind, name = standing.value["kind"], standing.value["metadata"]["name"]
    if difference := next(_differences("spec", wanted, standing), None):
        path, place, expected = difference
        label = f"the policy compiles to {_shown(expected)}"
        yield _told(place, f"`{path}` of {kind} `{name}` is not what the policy compiles to", label, "change the policy, and not what it compiles to")  # fmt: skip
    labels = standing.get("metadata", "labels")
    here = labels.value if labels is not None and isinstance(labels.value, dict) else {}
    for key, ours in wanted["metadata"]["labels"].items():
        if here.get(key) != ours.value:
            named = labels[key] if labels is not None and key in here else standing["metadata"]["name"]
            yield _told(named.span, f"{kind} `{name}` has lost the label `{key}: {ours.value}`", "without it",
                        "leave the labels of egressc as they are; others may be added")  # fmt: skip


def _dropped(standing: Located) -> Iterator[Finding]:
    """That kustomize drops a resource after all, as it is marked as one for its own use."""
    annotations = standing.get("metadata", "annotations")
    if (
        annotations is None
        or not isinstance(annotations.value, dict)
        or annotations.value.get(LOCAL, "false") == "false"
    ):
        return
    kind, name = standing.value["kind"], standing.value["metadata"]["name"]
    yield _told(annotations[LOCAL].span, f"kustomize leaves {kind} `{name}` out of what it builds", f"marked with `{LOCAL}`",
                "keep this annotation off the resources of egressc, in `commonAnnotations:`, patches and transformers")  # fmt: skip


def _differences(key: str, wanted: Located, standing: Located, path: str = "") -> Iterator[tuple[str, Span, Any]]:
    """Where what stands below a key differs: the path, the place, and what was expected; None where nothing was."""
    path = f"{path}.{key}" if path else key
    if key not in standing:
        yield path, standing.heading, wanted[key].value
        return
    yield from _difference(path, wanted[key], standing[key])


def _difference(path: str, wanted: Located, standing: Located) -> Iterator[tuple[str, Span, Any]]:
    mine, theirs = wanted.value, standing.value
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for key, place in standing.items():
            if key not in mine:
                yield f"{path}.{key}", place.key_span, None
        for key in mine:
            yield from _differences(key, wanted, standing, path)
    elif isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        for at in range(len(mine)):
            yield from _difference(f"{path}[{at}]", wanted[at], standing[at])
    elif (mine, mine.__class__) != (theirs, theirs.__class__):
        is_block = isinstance(theirs, dict | list)
        yield path, standing.heading if is_block else standing.span, mine


def _shown(value: Any) -> str:
    if value is None:
        return "nothing there"
    return f"`{json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value}`"


def _split(ours: Mapping[Identity, list[Located]], build: Iterable[Located]) -> Iterator[Finding]:
    """ServiceEntries whose labels are not those of ours for the same host in the same namespace."""
    known = {(name[2], host): each[0] for name, each in ours.items() for host in _hosts(each[0])}
    for each in build:
        identity = identity_of(each, "")
        for host in _hosts(each) if identity is not None else ():
            one = known.get((identity[2], host)) if identity is not None else None
            if one is not None and _labels(one) != _labels(each):
                yield finding(
                    codes.BUILD_MISMATCH,
                    (each.get("metadata", "labels") or each["metadata"]).heading,
                    f"other labels split the ServiceEntries of `{host}`",
                    "these labels",
                    [Label((one.get("metadata", "labels") or one["metadata"]).heading, "and these")],
                    ["Istio merges ServiceEntries of one host only if their labels are equal: the ports of one lead nowhere"],
                    "leave one of them out, or give both the same labels",
                )  # fmt: skip


def _hosts(manifest: Located) -> list[str]:
    """The hosts of a ServiceEntry; none of anything else."""
    hosts = manifest.get("spec", "hosts") if manifest.value.get("kind") == "ServiceEntry" else None
    listed = hosts.value if hosts is not None and isinstance(hosts.value, list) else []
    return [each for each in listed if isinstance(each, str)]


def _labels(manifest: Located) -> Any:
    return manifest.value["metadata"].get("labels") or {}


def _told(span: Span, message: str, label: str, help: str) -> Finding:
    return finding(codes.BUILD_MISMATCH, span, message, label, help=help)
