"""Profile file: the text of a ClusterProfile that describes a cluster, made afresh or from the text that stands.

What comes out can be loaded: files that it cannot name without a finding are left out and told.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from egresslang import codes
from egresslang.documents import Located, read
from egresslang.existing.cluster import Cluster
from egresslang.existing.described import Asked, Described, described, word_of
from egresslang.existing.in_place import Unwritable, rewritten
from egresslang.findings import Finding, errors, finding
from egresslang.profile.beside import ReadFile
from egresslang.profile.load import load
from egresslang.profile.profile import ClusterProfile
from egresslang.profile.validate import validate
from egresslang.profile.version import parse, written
from egresslang.record import record, replace
from egresslang.resources import text
from egresslang.source import Source
from egresslang.targets.yaml import emit

_HEAD = """\
# Made by `egressc profile`, which updates it with `-o`: what manifests tell changes, what people write stays.
"""

MOST = 3
"""Files that are told by name."""

_MOST_ROUNDS = 8
"""How often a profile is tried without the files that findings are about: those of one round hide others at most once or twice."""


@record
class Made:
    """The text of a profile, empty where `findings` are errors, and what is said of it.

    `described` is what it was made from, `remarks` what a reader should know.
    """

    text: str
    described: Described | None
    remarks: tuple[str, ...]
    findings: tuple[Finding, ...]


def make(path: str, name: str, standing: Source | None, cluster: Cluster, read_file: ReadFile, asked: Asked) -> Made:
    """The profile of a cluster for a path: made, or the one that stands there brought up to date; empty, `name` is left as it is."""
    document, problems = (None, []) if standing is None else _standing(standing)
    if problems:
        return Made("", None, (), tuple(problems))
    before: Mapping[str, Any] = _fresh(name or name_for(path)) if document is None else document.value
    if document is not None and name:
        before = {**before, "metadata": {**before["metadata"], "name": name}}
    folder = asked.folder
    left: dict[str, str] = {}
    for _ in range(_MOST_ROUNDS):
        wanted = described(before, cluster, replace(asked, left=frozenset(left)))
        try:
            after = _HEAD + emit([wanted.document]) if document is None else rewritten(document, wanted.document)
        except Unwritable:
            return Made("", None, (), (_cannot_be_changed(document),))
        profile, found = load(Source(path, after), read_file)
        more = _to_leave(errors(found), cluster, folder, before)
        if profile is not None or not more.keys() - left.keys():
            break
        left |= more
    told = [f"not named in the profile: {_some_of(left)}"] if left else []
    if profile is None:
        return Made("", wanted, (), tuple(found))
    return Made(after, wanted, (*wanted.remarks, *told, *_otherwise(profile, cluster)), tuple(found))


def _some_of(left: Mapping[str, str]) -> str:
    """The first files that were left, and why, and how many more there are."""
    shown = [f"`{file}`, {why}" for file, why in left.items()]
    more = f"; and {len(shown) - MOST} more" if len(shown) > MOST else ""
    return "; ".join(shown[:MOST]) + more


def _fresh(name: str) -> dict[str, Any]:
    return {"apiVersion": "egresslang.dev/v1", "kind": "ClusterProfile", "metadata": {"name": name}}


def _standing(source: Source) -> tuple[Located | None, Sequence[Finding]]:
    """The profile that a file holds, or why it is none that can be brought up to date."""
    documents, problems = read(source)
    if problems or not documents:
        return None, problems
    is_profile = isinstance(documents[0].value, dict) and documents[0].value.get("kind") == "ClusterProfile"
    if len(documents) == 1 and is_profile:
        return documents[0], validate(documents[0], json.loads(text("schemas", "profile.schema.json")))
    which = documents[0] if not is_profile else documents[1]
    return None, [finding(codes.BAD_PROFILE, which.heading, f"`{source.name}` is not a ClusterProfile", "something else stands here",
                          help="give `-o` another file")]  # fmt: skip


def _cannot_be_changed(document: Located | None) -> Finding:
    assert document is not None
    return finding(codes.BAD_PROFILE, document.heading, f"`{document.source.name}` cannot be changed in place", "is written in an unusual way",
                   help="write each key on a line of its own, or make a profile afresh beside it")  # fmt: skip


def _to_leave(found: Sequence[Finding], cluster: Cluster, folder: str, before: Mapping[str, Any]) -> dict[str, str]:
    """Files that findings are about, and why they are left; an installation that contradicts what the profile states."""
    places = {os.path.normpath(each.span.source.name): each for each in found}
    files = [*cluster.resources, *(each.file for each in cluster.installations)]
    left = {}
    for file in files:
        each = places.get(os.path.normpath(os.path.join(folder, os.path.relpath(file, folder or "."))))
        if each is not None:
            line, _ = each.span.source.position(each.span.start)
            left[file] = f"as {each.message} (line {line})"
    is_stated = "installation" not in ((before.get("spec") or {}).get("istio") or {})
    if is_stated and any(each.code is codes.PROFILE_MISMATCH for each in found):
        left |= {each.file: "as it does not say what the profile states" for each in cluster.installations if each.file not in left}  # fmt: skip
    return left


def _otherwise(profile: ClusterProfile, cluster: Cluster) -> Iterator[str]:
    """What running objects state and the profile has otherwise."""
    has = {
        "version": written(profile.version),
        "outboundTrafficPolicy": profile.outbound_traffic_policy,
        "rootNamespace": profile.root_namespace,
        "dnsCapture": profile.dns_capture,
        "clusterDomain": profile.cluster_domain,
    }
    for key, value in has.items():
        said = cluster.stated.facts.get(key, value)
        same = parse(str(said)) == parse(str(value)) if key == "version" else said == value
        if not same:
            yield f"`{key}` is {word_of(value)} in the profile, and {word_of(said)} in the cluster"


def name_for(path: str) -> str:
    """The name of a cluster whose profile lies at a path: that of the file, else `cluster`."""
    stem = os.path.splitext(os.path.basename(path))[0]
    return stem if can_be("cluster", stem) else "cluster"


def can_be(kind: str, word: str) -> bool:
    """Whether a word can be what a definition of the profile's schema describes, as `cluster` and `label`."""
    known = json.loads(text("schemas", "profile.schema.json"))["$defs"][kind]
    return len(word) <= known["maxLength"] and bool(re.search(known["pattern"].removesuffix("$") + r"\Z", word))
