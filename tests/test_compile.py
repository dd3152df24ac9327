"""The whole pipeline: what the language promises of its example, and properties of every output.

A random policy is a structure; written twice, in different orders and with different comments, it must compile to
the same bytes.
"""

from __future__ import annotations

import gc
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from egresslang.codes import OUTAGE, OVER_GRANT
from egresslang.compile import Compilation, compile, read
from egresslang.findings import Severity, errors
from egresslang.output import render, stream
from egresslang.profile.load import load
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Source

ROOT = Path(__file__).parents[1]
SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TODAY = date(2026, 11, 23)
KINDS = {"ServiceEntry": "serviceentry", "Sidecar": "sidecar", "IstioOperator": "istiooperator"}
SCHEMAS = {
    kind: jsonschema.Draft202012Validator(json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text()))
    for kind, name in KINDS.items()
}


def compiled(files: dict[str, str], profile: ClusterProfile) -> Compilation:
    parsed, found = read(Source(name, text) for name, text in files.items())
    assert found == []
    return compile(parsed, profile, TODAY, Severity.WARNING)


@cache
def cluster(text: str) -> ClusterProfile:
    profile, found = load(Source("profile.yaml", text), lambda path: Path(path).read_text())
    assert errors(found) == []
    assert profile is not None
    return profile


# The example of the language

EXAMPLE = '''\
# recipes.egress: who in the recipe site may leave the mesh
namespace recipes                      # unqualified workloads below are recipes/…

hosts stripe = api.stripe.com, files.stripe.com
workloads web-tier = frontend, mobile-bff

allow idgen -> httpbin.org:80 http region=us

allow web-tier -> stripe:443 tls
    owner=team-web ticket=SEC-112 expires=2027-06-30
    reason="card payments"

allow orders -> orders-db.us-east1.sql.example.com:5432 postgres
    address=10.20.0.0/24 region=us-east1

allow payments/* -> *.vault.example.com:443 tls
allow {idgen, etl} -> 198.51.100.0/24:9000 tcp except {198.51.100.7, 198.51.100.128/25}
allow scanner -> internet:443 tls reason="checks customers' sites"
allow etl -> norg.${env}.example.com:443 tls cluster=recipes-*
mesh idgen -> otel/agent, recipes/*    # what it keeps of the mesh itself; others keep the profile's list

deny * except {scanner} -> *.dropbox.com     # a guard rail: no other allow may ever reach it

expect idgen  -> httpbin.org:80  allowed
expect orders -> httpbin.org:80  blocked
'''  # fmt: skip


def example_profile() -> ClusterProfile:
    return cluster((ROOT / "tests" / "profile" / "valid" / "recipes.yaml").read_text())


def listed(manifests: Any) -> dict[str, tuple[str, list[str]]]:
    """Mode and hosts of each Sidecar of one listener."""
    found = {}
    for sidecar in manifests.sidecars:
        (listener,) = sidecar.egress
        found[f"{sidecar.namespace}/{sidecar.name}"] = (sidecar.mode, list(listener.hosts))
    return found


def test_the_example_compiles() -> None:
    made = compiled({"recipes.egress": EXAMPLE}, example_profile())
    assert [f"{each.code.id} {each.span.text}" for each in made.findings] == [
        "EGR308 httpbin.org:80 http",
        "EGR306 address=10.20.0.0/24",
        "EGR303 payments/*",
        "EGR306 198.51.100.0/24:9000 tcp except {198.51.100.7, 198.51.100.128/25}",
        "EGR305 internet:443 tls",
    ]
    assert made.manifests is not None
    mesh = "*/*.svc.cluster.local"
    holes = "./198-51-100-0-24.tcp-9000.egressc.invalid"
    assert listed(made.manifests) == {
        "istio-system/default": ("REGISTRY_ONLY", [mesh]),
        "payments/default": ("REGISTRY_ONLY", [mesh, "./*.vault.example.com"]),
        "recipes/etl": ("REGISTRY_ONLY", [mesh, holes, "./norg.prod.example.com"]),
        "recipes/frontend": ("REGISTRY_ONLY", [mesh, "./api.stripe.com", "./files.stripe.com"]),
        "recipes/mobile-bff": ("REGISTRY_ONLY", [mesh, "./api.stripe.com", "./files.stripe.com"]),
        "recipes/idgen": (
            "REGISTRY_ONLY",
            ["otel/agent.otel.svc.cluster.local", "recipes/*.recipes.svc.cluster.local", holes, "./httpbin.org"],
        ),
        "recipes/legacy": ("ALLOW_ANY", [mesh]),
        "recipes/orders": ("REGISTRY_ONLY", [mesh, "./orders-db.us-east1.sql.example.com"]),
        "recipes/scanner": ("REGISTRY_ONLY", [mesh, "./internet.tcp-443.egressc.invalid"]),
    }
    assert made.manifests.installation.mode == "REGISTRY_ONLY"


def test_a_compilation_leaves_nothing_in_a_circle() -> None:
    """The collector is off in the command line: what stands in a circle stays until the process ends, once a cluster."""
    test_the_example_compiles()  # what is loaded once
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        test_the_example_compiles()
        gc.collect()
        kinds = {type(each) for each in gc.garbage}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert not {each.__qualname__ for each in kinds if each.__module__.startswith("egresslang")}


def test_the_example_leaves_holes_where_it_says() -> None:
    made = compiled({"recipes.egress": EXAMPLE}, example_profile())
    assert made.manifests is not None
    (entry,) = (e for e in made.manifests.service_entries if e.ports[0].number == 9000)
    assert entry.addresses == (
        "198.51.100.0/30", "198.51.100.4/31", "198.51.100.6", "198.51.100.8/29", "198.51.100.16/28",
        "198.51.100.32/27", "198.51.100.64/26",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "enforcement", "outcome"),
    [
        ("", "observe", ([], "ALLOW_ANY")),
        ("", "mesh", (["istio-system/default"], "REGISTRY_ONLY")),
        ("allow idgen -> httpbin.org:80 http", "mesh", (["default/idgen", "istio-system/default"], "REGISTRY_ONLY")),
    ],
)
def test_the_three_options(policy: str, enforcement: str, outcome: tuple[list[str], str]) -> None:
    profile = cluster(
        f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: x}}\nspec: {{enforcement: {enforcement}}}\n"
    )
    manifests = compiled({"p.egress": policy}, profile).manifests
    assert manifests is not None
    assert (sorted(f"{s.namespace}/{s.name}" for s in manifests.sidecars), manifests.installation.mode) == outcome


def test_an_error_stops_before_the_next_phase() -> None:
    """What does not bind is told without what its rules would be found guilty of."""
    text = "allow nobody -> a.example.com:443 tls\nallow recipes/etl -> b.example.com:443 tls\nallow recipes/orders -> b.example.com:443 http\n"
    made = compiled({"p.egress": text}, example_profile())
    assert {finding.code.id for finding in made.findings} == {"EGR104"}
    assert (made.policy, made.manifests) == (None, None)


# Random policies

WORKLOADS = {"shop": ("cart", "pay", "web"), "data": ("etl", "db.v1"), "istio-system": ("gateway",), "empty": ()}
PROFILE = """\
apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {{name: prod-eu}}
spec:
  region: europe-west1
  istio: {{version: "{version}", dnsCapture: {capture}}}
  enforcement: {enforcement}
  observed: [shop/web]
  ipFamilies: [IPv4, IPv6]
  variables: {{env: prod}}
  inMesh: {in_mesh}
  networks: {{pods: [10.4.0.0/14]}}
  destinations: {{far.example.org: {{endpoints: [{{address: 192.0.2.10, region: europe-west1}}, {{address: 192.0.2.20, region: us-east1}}]}}}}
  namespaces:
{namespaces}"""


def profile_text(random: Random) -> str:
    namespaces = "".join(
        f"    {namespace}: {{workloads: {{{', '.join(f'{w}: {{labels: {{app: {w}}}}}' for w in workloads)}}}}}\n"
        for namespace, workloads in WORKLOADS.items()
    )
    return PROFILE.format(
        version=random.choice(["1.28", "1.30", "1.31", "1.32"]),
        capture=random.choice(["true", "false", "false"]),
        enforcement=random.choice(["mesh", "mesh", "workloads", "observe", "{namespaces: [shop, empty]}"]),
        in_mesh=random.choice(['["*/*.svc.cluster.local"]', "[otel/agent.otel.svc.cluster.local]", '["~/*"]']),
        namespaces=namespaces,
    )


@dataclass
class Words:
    """Words whose order means nothing: written joined by `between`, inside `form`."""

    words: Sequence[Any]
    form: str = "{%s}"
    between: str = ", "


@dataclass
class Block:
    """Statements under a namespace line; none above it when the namespace is empty."""

    namespace: str
    statements: list[list[Any]]


HOSTS = ("a.example.com", "b.example.com", "api.a.example.com", "*.example.com", "*.a.example.com", "far.example.org")
NETWORKS = ("192.0.2.0/24", "192.0.2.10", "198.51.100.0/25", "[2001:db8::/33]", "[2001:db8::7]")
HOLES = {"192.0.2.0/24": ("192.0.2.128/25", "192.0.2.7"), "[2001:db8::/33]": ("[2001:db8:4000::/34]",)}
PORTS = {80: "80 http", 443: "443 tls", 8080: "8080 http", 8443: "8443 tls"}


def statement(random: Random, namespace: str, sets: dict[str, str]) -> list[Any]:
    """An allow or mesh line as words, with nests of words in any order."""
    workloads = [f"{ns}/{w}" for ns, names in WORKLOADS.items() for w in names]
    workloads += [f"{ns}/*" for ns in WORKLOADS if ns != "istio-system"] + ["*", *WORKLOADS.get(namespace, ())]
    workloads += [name for name, kind in sets.items() if kind == "workloads"]
    sources = Words(random.sample(workloads, random.choice([1, 1, 2, 3])))
    if random.random() < 0.1:
        services = ["otel/agent", "data/*", "shop/cart"]
        return ["mesh ", sources, " -> ", Words(random.sample(services, 2), "%s")]
    attributes: list[Any] = random.sample(["owner=team", "ticket=X-1", 'reason="a # b"', "cluster={prod-*, dev-*}"], 2)
    shape = random.random()
    if shape < 0.5:
        choice = [h for h in HOSTS if h.startswith("*")] if random.random() < 0.2 else [*HOSTS, "${env}.example.net"]
        hosts = random.sample([*choice, *(n for n, kind in sets.items() if kind == "hosts")], random.choice([1, 2]))
        ports = Words(random.sample(sorted(PORTS.values()), random.choice([1, 1, 2])))
        destination: list[Any] = [Words(hosts), ":", ports]
        if hosts == ["far.example.org"] and random.random() < 0.5:
            attributes.append("region=eu")
    elif shape < 0.7:
        networks = random.sample(NETWORKS, random.choice([1, 2]))
        destination = [
            Words(networks),
            ":",
            Words(random.sample(["443 tcp", "9000 tcp", "80 http"], random.choice([1, 2]))),
        ]
        holes = [hole for network in networks for hole in HOLES.get(network, ())]
        if holes and random.random() < 0.7:
            destination += [" except ", Words(random.sample(holes, random.randint(1, len(holes))))]
    elif shape < 0.9:
        host = random.choice(["db.example.net", "mq.example.net"])
        destination = [f"{host}:{random.choice(['5432 postgres', '9000 tcp', '443 tcp'])}"]
        attributes.append(Words(random.sample(["192.0.2.30", "198.51.100.0/25", "192.0.2.0/26"], 2), "address={%s}"))
    elif shape < 0.97:
        destination = ["internet:", random.choice(["443 tls", "9000 tcp"])]
        attributes = ['reason="checks"']
    else:
        sources.words = [word for word in sources.words if word != "*"] or ["shop/cart"]
        destination, attributes = ["*"], ['reason="moving"']
    return ["allow ", sources, " -> ", *destination, " ", Words(attributes, "%s", " ")]


def policy(random: Random) -> dict[str, list[Block]]:
    """Files of blocks of statements."""
    files: dict[str, list[Block]] = {}
    for number in range(random.choice([1, 2, 3])):
        blocks = [Block("", []), *(Block(ns, []) for ns in random.sample(sorted(WORKLOADS), 2))]
        for block in blocks[1:]:
            sets: dict[str, str] = {}
            if random.random() < 0.5:
                name = f"hosts-{number}"
                sets[name] = "hosts"
                block.statements.append(
                    [f"hosts {name} = ", Words(["c.example.com", "d.example.com", "*.d.example.com"], "%s")]
                )
            if random.random() < 0.3:
                name = f"people-{number}"
                sets[name] = "workloads"
                block.statements.append([f"workloads {name} = ", Words(["shop/cart", "data/etl"], "%s")])
            for _ in range(random.randint(1, 4)):
                block.statements.append(statement(random, block.namespace, sets))
        files[f"policies/{number}.egress"] = blocks
    return files


def written(files: dict[str, list[Block]], random: Random) -> dict[str, str]:
    """The files as text, everything that has no order in a random one, with random comments and blank lines."""
    order = list(files)
    random.shuffle(order)
    return {name: "".join(_block(block, random) for block in files[name]) for name in order}


def _block(block: Block, random: Random) -> str:
    lines = [f"namespace {block.namespace}\n"] if block.namespace else []
    statements = list(block.statements)
    random.shuffle(statements)
    for each in statements:
        text = "".join(part if isinstance(part, str) else _words(part, random) for part in each)
        lines.append(random.choice(["", "\n", "# a comment\n", "\r\n"]))
        lines.append(
            text.replace(" ", random.choice([" ", "  ", "\n    ", " # why\n    "]), 1)
            if random.random() < 0.5
            else text
        )
        lines.append(random.choice(["\n", "   \n", "  # a comment, with -> and {\n", "\r\n"]))
    return "".join(lines)


def _words(words: Words, random: Random) -> str:
    shuffled = [each if isinstance(each, str) else _words(each, random) for each in words.words]
    random.shuffle(shuffled)
    if len(shuffled) == 1 and words.form == "{%s}":
        return shuffled[0]
    return words.form % words.between.join(shuffled)


def outcome(files: dict[str, str], profile: ClusterProfile) -> str:
    """What a policy compiles to, or the codes of what stops it."""
    made = compiled(files, profile)
    if made.manifests is None:
        return " ".join(sorted({finding.code.id for finding in made.findings if finding.severity is Severity.ERROR}))
    return stream(made.manifests)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_neither_order_nor_comments_change_a_byte(seed: int) -> None:
    random = Random(seed)
    profile = cluster(profile_text(random))
    files = policy(random)
    first = outcome(written(files, random), profile)
    for _ in range(3):
        assert outcome(written(files, random), profile) == first


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_every_output_is_well_formed(seed: int) -> None:
    random = Random(seed)
    made = compiled(written(policy(random), random), cluster(profile_text(random)))
    assert not {each.code for each in made.findings} & {OVER_GRANT, OUTAGE}
    if made.manifests is None:
        assert errors(made.findings)
        return
    text = stream(made.manifests)
    assert text == stream(made.manifests)
    documents = list(yaml.load_all(text, Loader=SafeLoader))
    assert documents == list(YAML(typ="safe", pure=False).load_all(StringIO(text)))
    assert is_consistent(documents)
    in_files = [each for content in render(made.manifests).values() for each in yaml.safe_load_all(content)]
    assert sorted(map(str, in_files)) == sorted(map(str, documents))


def test_every_output_follows_its_schema() -> None:
    for seed in range(100):
        random = Random(seed)
        profile = cluster(profile_text(random))
        for document in yaml.load_all(outcome(written(policy(random), random), profile), Loader=SafeLoader):
            if isinstance(document, dict):
                SCHEMAS[document["kind"]].validate(document)


def is_consistent(documents: list[dict[str, Any]]) -> bool:
    """Names are unique labels, hosts have one entry, and every Sidecar lists only what stands there and is seen there."""
    keys = [(d["kind"], d["metadata"].get("namespace"), d["metadata"]["name"]) for d in documents]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name) for _, _, name in keys)
    entries: dict[tuple[str, str], list[str]] = {}
    for document in documents:
        if document["kind"] == "ServiceEntry":
            (host,) = document["spec"]["hosts"]
            key = document["metadata"]["namespace"], host
            assert key not in entries
            assert host == host.lower()
            assert len(host) <= 253
            entries[key] = document["spec"]["exportTo"]
    for document in documents:
        if document["kind"] == "Sidecar":
            here = document["metadata"]["namespace"]
            for listener in document["spec"]["egress"]:
                assert listener["hosts"]
                for listing in listener["hosts"]:
                    is_seen(listing.removeprefix("~"), here, entries)
    return True


def is_seen(listing: str, here: str, entries: dict[tuple[str, str], list[str]]) -> None:
    namespace, host = listing.split("/")
    if host.endswith((".svc.cluster.local", ".none.egressc.invalid")):
        return
    namespace = here if namespace == "." else namespace
    exported = entries[namespace, host]
    assert "*" in exported or here in exported or (namespace == here and "." in exported), f"{listing} in {here}"


def test_enough_random_policies_compile() -> None:
    """The properties above look at outputs, not at refusals."""
    made = 0
    for seed in range(60):
        random = Random(seed)
        made += compiled(written(policy(random), random), cluster(profile_text(random))).manifests is not None
    assert made >= 30


def test_chance_changes_no_byte(tmp_path: Path) -> None:
    """Sets of strings iterate in an order that a start of Python chooses."""
    random = Random(7)
    for name, text in written(policy(random), random).items():
        (tmp_path / Path(name).name).write_text(text, newline="")
    (tmp_path / "profile.yaml").write_text(profile_text(Random(11)))
    command = [sys.executable, "-m", "egresslang", "compile", str(tmp_path), "-p", str(tmp_path / "profile.yaml")]
    said = []
    for chance in ("1", "2", "3"):
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": chance}
        done = subprocess.run(command, check=False, capture_output=True, env=env, cwd=tmp_path, timeout=60)
        said.append((done.returncode, done.stdout, done.stderr))
    assert said[0] == said[1] == said[2]
    assert said[0][0] == 0
