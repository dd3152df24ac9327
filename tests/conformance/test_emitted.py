"""What others make of our output: kubectl, istioctl, and the rules of Istio's own resource definitions.

Each judge is a function from YAML text to messages, so that any output can be put before it. Judged are the manifests
below, one of every form that the compiler writes, and the outputs that stand in `examples/`.

Needs `kubectl` on the PATH, `cel-expr-python`, the Go module of the judge, and istioctl: `$ISTIOCTL`, or
`tests/conformance/judge/bin/istioctl`.
"""

from __future__ import annotations

import functools
import json
import os
import random
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from egresslang.output import INSTALLATION_FILES, render, stream
from egresslang.record import replace
from egresslang.targets.manifests import (
    EgressListener,
    Endpoint,
    Installation,
    Manifests,
    Port,
    ServiceEntry,
    Sidecar,
)
from egresslang.targets.yaml import emit

pytestmark = pytest.mark.conformance

ROOT = Path(__file__).parents[2]
JUDGE = Path(__file__).parent / "judge"
RESOURCES = ("ServiceEntry", "Sidecar")

# --- the judges ---


def read_by_kubectl(text: str) -> list[Any]:
    """The documents as kubectl reads them, which is how the API server will get them."""
    told = run("kubectl", "label", "--local", "-f", "-", "-o", "json", "egresslang.dev/read=yes", stdin=text)
    documents = []
    while told := told.lstrip():
        document, end = json.JSONDecoder().raw_decode(told)
        del document["metadata"]["labels"]["egresslang.dev/read"]
        documents.append(document)
        told = told[end:]
    return documents


def validated(text: str) -> list[str]:
    """What `istioctl validate` says; it says that a file is valid, or something else."""
    with as_file(text) as name:
        said = run(istioctl(), "validate", "-f", name, check=False, both=True)
    return [line for line in said.splitlines() if line and line != f'"{name}" is valid']


def analyzed(text: str, mesh_config: str = "") -> list[str]:
    """What `istioctl analyze` says of resources, notes included, under a mesh configuration.

    Without a cluster it leaves out the analyzers that read Pods and Namespaces, given or not, so that whom a Sidecar
    selects is not judged here; those that judge ServiceEntries and Sidecars by themselves all run.
    """
    with as_file(text) as name, as_file(mesh_config) as mesh:
        options = ["--use-kube=false", "--all-namespaces", "--output=json", f"--meshConfigFile={mesh}"]
        said = run(istioctl(), "analyze", *options[: 4 if mesh_config else 3], name, check=False)
    return [f"{message['code']} {message['origin']}: {message['message']}" for message in json.loads(said)]


def refused_by_definitions(text: str) -> list[str]:
    """What the API server would say: an unknown field, a wrong type, a rule in CEL that does not hold."""
    messages = []
    for document in yaml.safe_load_all(text):
        schema = definitions()[document["apiVersion"], document["kind"]]
        where = f"{document['kind']} {document['metadata']['name']}"
        errors = Draft202012Validator(schema).iter_errors(document)
        messages += [f"{where}: {error.json_path}: {error.message}" for error in errors]
        messages += [f"{where}: {broken}" for broken in broken_rules(schema, document)]
    return messages


def installed_mesh_config(text: str, form: str) -> Any:
    """The MeshConfig that istiod gets from an installation file in one of its forms.

    Helm values and those of a Sail Istio go into the same charts, here by way of an IstioOperator's `values`.
    """
    document = yaml.safe_load(text)
    if form == "sail":
        values = document["spec"]["values"] | {"global": {"istioNamespace": document["spec"]["namespace"]}}
    elif form == "helm":
        values = document
    if form != "istio":
        document = {"apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator", "spec": {"values": values}}
    with as_file(yaml.safe_dump(document)) as name:
        generated = run(istioctl(), "manifest", "generate", "-f", name)
    config_map = next(made for made in generated.split("\n---\n") if made.startswith("apiVersion: v1\ndata:\n  mesh:"))
    return yaml.safe_load(yaml.safe_load(config_map)["data"]["mesh"])


# --- how they are asked ---


def run(*command: str, stdin: str = "", check: bool = True, both: bool = False) -> str:
    """What a command says on its standard output, or on `both`."""
    environment = os.environ | {"KUBECONFIG": os.devnull}
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, env=environment, check=False)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)}: {done.stderr}")
    return done.stdout + done.stderr if both else done.stdout


@contextmanager
def as_file(text: str) -> Iterator[str]:
    """The name of a file that holds a text."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        yield file.name


@functools.cache
def istioctl() -> str:
    """The istioctl to ask."""
    place = Path(os.environ.get("ISTIOCTL") or JUDGE / "bin" / "istioctl")
    if not os.access(place, os.X_OK):
        pytest.fail(f"no istioctl at {place}: set ISTIOCTL, or `go build -o bin/ istio.io/istio/istioctl/cmd/istioctl`")
    return str(place)


@functools.cache
def definitions() -> dict[tuple[str, str], Any]:
    """The schema of every Istio resource by apiVersion and kind, unknown fields refused."""
    listed = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", "istio.io/istio"], cwd=JUDGE, capture_output=True, text=True, check=True
    )
    file = Path(listed.stdout.strip(), "manifests/charts/base/files/crd-all.gen.yaml")
    schemas = {}
    for definition in filter(None, yaml.load_all(file.read_text(), yaml.CSafeLoader)):
        spec = definition["spec"]
        for version in spec["versions"]:
            schema = version["schema"]["openAPIV3Schema"]
            schema["properties"] |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {}}
            schemas[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = closed(schema)
    return schemas


def closed(schema: Any) -> Any:
    """A structural schema that refuses the fields it does not name, as kubectl's strict validation does."""
    inner = {key: closed(value) for key, value in schema.get("properties", {}).items()}
    made = schema | ({"properties": inner, "additionalProperties": False} if inner else {})
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = closed(made[key])
    return made


def broken_rules(schema: Any, value: Any, path: str = "$") -> Iterator[str]:
    """The CEL rules of a schema that a value breaks, there and below."""
    for rule in schema.get("x-kubernetes-validations", ()):
        answer = cel_program(rule["rule"]).eval(data={"self": value}).plain_value()
        if answer is not True:
            yield f"{path}: {rule['message']}" + ("" if answer is False else f" ({answer})")
    if isinstance(value, dict):
        for key, inner in value.items():
            known = schema.get("properties", {}).get(key) or schema.get("additionalProperties") or {}
            yield from broken_rules(known, inner, f"{path}.{key}")
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from broken_rules(schema.get("items", {}), inner, f"{path}[{index}]")


@functools.cache
def cel_program(rule: str) -> Any:
    from cel_expr_python import cel  # type: ignore[import-untyped]
    from cel_expr_python.ext.ext_strings import ExtStrings  # type: ignore[import-untyped]

    return cel.NewEnv(variables={"self": cel.Type.DYN}, extensions=[ExtStrings()]).compile(rule)


# --- what they are asked about ---

SOURCES = ("recipes.egress", "more/no.egress")
IN_MESH = "*/*.svc.cluster.local"
TLS = Port(443, "TLS", "tls-443")
HTTP = Port(80, "HTTP", "http-80")


def entry(name: str, host: str, port: Port, resolution: str, **more: Any) -> ServiceEntry:
    return ServiceEntry("recipes", name, (host,), (port,), resolution, sources=SOURCES, **more)


def sidecar(name: str, *egress: EgressListener, mode: str = "REGISTRY_ONLY") -> Sidecar:
    return Sidecar("recipes", name, (("app", name), ("version", "1.10")), mode, egress, SOURCES)


def default(namespace: str) -> Sidecar:
    listed = EgressListener((IN_MESH, "istio-system/time.example.com"))
    return Sidecar(namespace, "default", None, "REGISTRY_ONLY", (listed,), SOURCES)


def listed(*hosts: str, port: Port | None = None) -> EgressListener:
    return EgressListener((IN_MESH, *hosts), port)


EVERY_FORM = Manifests(
    (
        replace(entry("time", "time.example.com", TLS, "DNS", export_to=("*",)), namespace="istio-system"),
        entry("name", "api.example.com", TLS, "DNS"),
        replace(entry("ports", "on.example.com", TLS, "DNS"), ports=(HTTP, TLS, Port(50051, "GRPC", "grpc-50051"))),
        entry("database", "db.example.com", Port(5432, "TCP", "tcp-5432"), "NONE", addresses=("10.20.0.0/24",)),
        entry(
            "network",
            "net.egress.invalid",
            Port(9000, "TCP", "tcp-9000"),
            "NONE",
            addresses=("198.51.100.0/25", "203.0.113.7", "2001:db8::/32"),
        ),
        entry(
            "address",
            "ip-203-0-113-9.egress.invalid",
            HTTP,
            "STATIC",
            addresses=("203.0.113.9",),
            endpoints=(Endpoint("203.0.113.9"),),
        ),
        entry(
            "in-region",
            "eu.example.com",
            TLS,
            "STATIC",
            endpoints=(Endpoint("203.0.113.10", "us-east1"), Endpoint("2001:db8::7", "us-east1/us-east1-b")),
        ),
        entry("wildcard", "*.vault.example.com", TLS, "DYNAMIC_DNS"),
        entry("old-wildcard", "*.old.example.com", HTTP, "NONE"),
        entry("below", "x.vault.example.com", Port(8080, "HTTP2", "http2-8080"), "DNS"),
        entry("variant", "api.example.org", TLS, "DNS", export_to=("payments",)),
    ),
    (
        default("istio-system"),
        default("recipes"),
        sidecar("names", listed("./api.example.com", "./on.example.com", "istio-system/time.example.com")),
        sidecar("ports", listed("./on.example.com", port=TLS), listed("./api.example.com")),
        sidecar("locked", listed(port=HTTP), listed("./on.example.com")),
        sidecar("wildcard", listed("./*.vault.example.com", "~./x.vault.example.com")),
        sidecar("networks", listed("./db.example.com", "./net.egress.invalid", "./ip-203-0-113-9.egress.invalid")),
        sidecar("exact", EgressListener(("otel/agent.otel.svc.cluster.local", "./eu.example.com", "./*.invalid"))),
        sidecar("open", listed(), mode="ALLOW_ANY"),
    ),
    Installation("REGISTRY_ONLY", "istio", "recipes", "istio-system", "istio-system", SOURCES),
)


CAPTURES_DNS = emit(
    [{"defaultConfig": {"proxyMetadata": {"ISTIO_META_DNS_CAPTURE": "true", "PILOT_ENABLE_IP_AUTOALLOCATE": "true"}}}]
)
"""The mesh configuration of an installation whose sidecars answer DNS."""


def outputs() -> Iterator[Any]:
    """Texts of ServiceEntries and Sidecars: every form there is, and every output folder in `examples/`."""
    yield pytest.param(stream(EVERY_FORM, RESOURCES), id="every-form")
    ours = "app.kubernetes.io/managed-by: egressc"
    files = [path for path in sorted(ROOT.glob("examples/**/*.yaml")) if path.parent.name != "installation"]
    written = {path: text for path in files if ours in (text := path.read_text())}
    for folder in sorted({path.parent for path in written}):
        together = "---\n".join(text for path, text in written.items() if path.parent == folder)
        yield pytest.param(together, id=str(folder.relative_to(ROOT)))


judged = pytest.mark.parametrize("text", list(outputs()))


@judged
def test_kubectl_reads_what_was_meant(text: str) -> None:
    assert read_by_kubectl(text) == list(yaml.safe_load_all(text))


@judged
def test_istioctl_finds_it_valid(text: str) -> None:
    assert validated(text) == []


def needs_dns_capture(text: str) -> bool:
    """Whether a TCP name without addresses stands in the text: compiled only where the profile has DNS capture."""
    specs = [document["spec"] for document in yaml.safe_load_all(text) if document["kind"] == "ServiceEntry"]
    return any(
        spec["resolution"] == "DNS" and any(port["protocol"] == "TCP" for port in spec["ports"]) for spec in specs
    )


@judged
def test_istioctl_has_nothing_to_say(text: str) -> None:
    assert analyzed(text, CAPTURES_DNS if needs_dns_capture(text) else "") == []


@judged
def test_the_resource_definitions_accept_it(text: str) -> None:
    assert refused_by_definitions(text) == []


@pytest.mark.parametrize("mode", ["REGISTRY_ONLY", "ALLOW_ANY"])
@pytest.mark.parametrize("form", INSTALLATION_FILES)
def test_istiod_gets_the_mode_from_every_form(form: str, mode: str) -> None:
    made = replace(EVERY_FORM, installation=replace(EVERY_FORM.installation, form=form, mode=mode))
    mesh_config = installed_mesh_config(render(made)[INSTALLATION_FILES[form]], form)
    assert mesh_config["outboundTrafficPolicy"] == {"mode": mode}
    assert mesh_config["rootNamespace"] == "istio-system"


@pytest.mark.parametrize(("namespace", "root"), [("istio-system", "mesh"), ("mesh", "mesh"), ("mesh", "istio-system")])
@pytest.mark.parametrize("form", INSTALLATION_FILES)
def test_istiod_gets_the_root_namespace_from_every_form(form: str, namespace: str, root: str) -> None:
    installation = replace(EVERY_FORM.installation, form=form, namespace=namespace, root_namespace=root)
    made = replace(EVERY_FORM, installation=installation)
    assert installed_mesh_config(render(made)[INSTALLATION_FILES[form]], form)["rootNamespace"] == root


@pytest.mark.parametrize("form", ["istio", "sail"])
def test_kubectl_reads_the_installation(form: str) -> None:
    made = replace(EVERY_FORM, installation=replace(EVERY_FORM.installation, form=form))
    text = render(made)[INSTALLATION_FILES[form]]
    assert read_by_kubectl(text) == list(yaml.safe_load_all(text))


def test_kubectl_reads_every_string() -> None:
    """As values and as keys, 20,000 made from what YAML readers stumble over."""
    chance = random.Random(3)
    parts = [*"017._-+eExo:,#=<~*&!|>%@`'\"\\/[]{}?ynaZ", "010", "0x", "0b", "no", "on", "true", "null", " "]
    parts += ["\t", "\n", "\r", "\0", "\x1b", "\x7f", "\x85", "é", "\u2028", "\u202e", "\ufeff", "\U0001f600"]
    words = [*parts, *("".join(chance.choices(parts, k=chance.randint(1, 6))) for _ in range(20_000)), "12:30:45", ""]
    words += ["2026-11-23", "0o10", "1_000", "1.10", "1e3", ".inf", ".nan", "<<", "off", "Yes", "NULL", "0b101"]
    document: Any = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "strings", "labels": {"a": "b"}},
        "data": {f"k{number}": word for number, word in enumerate(words)} | dict.fromkeys(words, "value"),
    }
    assert read_by_kubectl(emit([document])) == [document]


# --- that the judges can speak: each is shown something it must refuse ---


def test_kubectl_reads_bare_words_as_something_else() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {a: b}}\ndata: {region: no, port: 010}\n"
    assert read_by_kubectl(text)[0]["data"] == {"region": False, "port": 8}


NAMED = EVERY_FORM.service_entries[1]
WORKLOAD = EVERY_FORM.sidecars[2]
ADDRESSLESS = replace(NAMED, ports=(Port(5432, "TCP", "tcp-5432"),))


def text_of(*made: ServiceEntry | Sidecar) -> str:
    entries = tuple(one for one in made if isinstance(one, ServiceEntry))
    sidecars = tuple(one for one in made if isinstance(one, Sidecar))
    return stream(Manifests(entries, sidecars, EVERY_FORM.installation), RESOURCES)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (replace(NAMED, hosts=("api..example.com",)), "domain name"),
        (replace(NAMED, resolution="STATIC", addresses=("x",)), "is not a valid IP"),
        (replace(WORKLOAD, egress=(EgressListener(("api.example.com",)),)), "must be of form namespace/dnsName"),
    ],
)
def test_istioctl_finds_invalid_what_is(made: ServiceEntry | Sidecar, message: str) -> None:
    assert message in " ".join(validated(text_of(made)))


def codes(messages: list[str]) -> list[str]:
    return [message.split()[0] for message in messages]


def test_istioctl_speaks_of_tcp_without_addresses() -> None:
    assert codes(analyzed(text_of(ADDRESSLESS))) == ["IST0134"]


def test_istioctl_is_silent_about_it_where_names_get_addresses() -> None:
    assert analyzed(text_of(ADDRESSLESS), CAPTURES_DNS) == []


def test_istioctl_speaks_of_one_host_with_two_protocols() -> None:
    everyones = replace(NAMED, namespace="istio-system", export_to=("*",), ports=(Port(443, "HTTP", "http-443"),))
    assert codes(analyzed(text_of(NAMED, everyones))) == ["IST0177", "IST0177"]
    elsewhere = replace(everyones, namespace="payments", export_to=(".",))
    assert analyzed(text_of(NAMED, elsewhere)) == []


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (replace(NAMED, hosts=()), r"\$\.spec\.hosts: \[\] should be non-empty"),
        (replace(NAMED, hosts=("*",)), r"\$\.spec\.hosts\[0\]: hostname cannot be wildcard"),
        (replace(NAMED, addresses=("10.0.0.0/8",)), r"\$\.spec: CIDR addresses are allowed only for NONE/STATIC"),
        (replace(NAMED, resolution="NONE", endpoints=(Endpoint("::1"),)), r"\$\.spec: NONE mode cannot set endpoints"),
        (replace(NAMED, ports=(TLS, replace(TLS, name="b"))), r"\$\.spec\.ports: port number cannot be duplicated"),
        (replace(NAMED, ports=(Port(0, "TLS", "a"),)), r"\$\.spec\.ports\[0\]\.number: port must be between 1-65535"),
        (replace(NAMED, addresses=("10.0.0.1",) * 257), r"\$\.spec\.addresses: .* is too long"),
        (replace(WORKLOAD, selector=(("app", "*"),)), r"\.labels\.app: wildcard is not supported in selector"),
        (replace(WORKLOAD, mode="ALLOW_ANY_DYNAMIC_DNS"), r"\$\.spec\.outboundTrafficPolicy\.mode: .* is not one of"),
    ],
)
def test_the_resource_definitions_refuse_what_they_should(made: ServiceEntry | Sidecar, message: str) -> None:
    said = refused_by_definitions(text_of(made))
    assert any(re.search(message, line, re.DOTALL) for line in said), said


def test_the_resource_definitions_refuse_an_unknown_field() -> None:
    text = text_of(NAMED).replace("  location:", "  locations:")
    assert any("'locations' was unexpected" in line for line in refused_by_definitions(text))
