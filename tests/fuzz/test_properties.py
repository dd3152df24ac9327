"""What hypothesis draws for the same targets: texts that say something, where mutations mostly break what does.

Trees of statements become policies; manifests, profiles, settings and answers have anything in place of anything.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from seeds import CORPUS
from targets import SEPARATOR, TARGETS

sys.path.insert(0, str(Path(__file__).parents[1] / "syntax"))

from drawn import statements, texts

JUNK = (
    None, True, 7, -1, 1.5, 10**400, float("nan"), "", "x", "*", ".", "/", "a/b", "*.com", "{{ x }}", "${x}", "\0", "é\u202e", "1.2.3.4/33", "::/0", "a" * 300,
    "REGISTRY_ONLY", "default", "2026-11-23", [], {}, [None], [[]], ["*/*"], {"": ""}, {"a": None}, {"kind": "List", "items": [{}]}, {"number": "80"},
)  # fmt: skip
"""What may stand where something else is meant."""


def _read(folder: str) -> list[Any]:
    """The documents of the seeds that are whole YAML."""
    found = []
    for path in sorted((CORPUS / folder).iterdir()):
        try:
            found.append(list(yaml.safe_load_all(path.read_bytes())))
        except yaml.YAMLError:
            continue
    return found


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each container in a value, and each key or index of it."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


@st.composite
def _changed(draw: st.DrawFn, wholes: Sequence[Any]) -> Any:
    """One of some values, with anything in one to three of its places."""
    value = copy.deepcopy(draw(st.sampled_from(wholes)))
    for _ in range(draw(st.integers(1, 3))):
        if places := list(_places(value)):
            container, key = draw(st.sampled_from(places))
            container[key] = copy.deepcopy(draw(st.sampled_from(JUNK)))
    return value


PROFILES, MANIFESTS, LISTS = _read("profiles"), _read("manifests"), _read("resource_list")
LINE = {
    "start_time": "2026-11-20T02:37:41Z", "upstream_cluster": "outbound|443||a.example.com", "response_code": 0, "response_flags": "UF,URX",
    "downstream_local_address": "198.51.100.7:9000", "requested_server_name": "a.example.com", "authority": "b.example.com:80", "route_name": "allow_any",
}  # fmt: skip
ANSWERS = [json.loads(each) for each in (CORPUS / "prometheus" / "several").read_bytes().split(SEPARATOR)]

policies = st.lists(statements, max_size=5).flatmap(texts).map(lambda drawn: drawn[0].encode())
profiles = _changed(PROFILES).map(lambda some: yaml.safe_dump_all(some, allow_unicode=True).encode())
manifests = _changed(MANIFESTS).map(lambda some: yaml.safe_dump_all(some).encode())


def _together(*parts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.tuples(*parts).map(SEPARATOR.join)


DRAWN: dict[str, tuple[st.SearchStrategy[bytes], int]] = {
    "policy_text": (policies, 40),
    "format_policy": (policies, 40),
    "fixing": (policies, 15),
    "reports": (_together(policies, st.text(max_size=20).map(str.encode)), 25),
    "compilation": (_together(policies, st.one_of(st.just(b""), profiles)), 60),
    "difference": (_together(policies, policies), 10),
    "drawing": (policies, 15),
    "alerting": (policies, 15),
    "question": (_together(st.sampled_from([b"a -> b.example.com:443", b"* -> *", b"a/* -> 10.0.0.0/8"]), policies), 15),
    "cluster_profile": (_together(profiles, profiles), 60),
    "documents": (manifests, 40),
    "analysis": (manifests, 60),
    "importing": (manifests, 20),
    "inventories": (_together(manifests, st.one_of(st.just(b""), profiles)), 25),
    "settings": (st.lists(st.tuples(st.sampled_from(["policies", "select", "severity", "overrides", "a.b", '"é"']), st.sampled_from(['"x"', "[]", '["EGR3", "x"]', "{a = 1}", "{EGR308 = 'note'}", "[{paths = ['*']}]", "1979-05-27", "1e3", '"""\n"""'])), max_size=3).map(lambda some: "\n".join(f"{key} = {value}  # c" for key, value in some).encode()), 60),
    "prometheus": (st.lists(_changed(ANSWERS), min_size=1, max_size=4).map(lambda some: SEPARATOR.join(json.dumps(each).encode() for each in some)), 60),
    "access_log": (st.lists(_changed([LINE]), max_size=4).map(lambda some: "\n".join(map(json.dumps, some)).encode()), 10),
    "resource_list": (_changed(LISTS).map(lambda some: yaml.safe_dump_all(some).encode()), 40),
}  # fmt: skip
"""What each target is given, and how often."""


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_is_drawn_is_answered(name: str) -> None:
    drawn, often = DRAWN[name]

    @settings(max_examples=often, deadline=None)
    @given(drawn)
    def answered(data: bytes) -> None:
        TARGETS[name](data)

    answered()
