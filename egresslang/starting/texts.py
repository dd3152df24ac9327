"""Texts: what the first files of a project say."""

from __future__ import annotations

from egresslang import __version__
from egresslang.existing.cluster import Cluster
from egresslang.existing.described import described
from egresslang.targets.yaml import emit

HOME = "https://github.com/egresslang/egresslang"
REVISION = f"v{__version__}"
HOOKS = ("egressc-fmt", "egressc-check", "egressc-profile", "egressc-compile")

_POLICY = """\
# Who may leave the mesh, and for where: one line for each thing that is granted, nothing else is.
# {home}/blob/{revision}/docs/language.md has every statement.

namespace {namespace}

{body}"""

_EXAMPLE = """\
# An example, and a name that nobody owns: write the first real destination in its place. What is compiled from this
# file closes everything that it does not grant to the workloads it names.
allow {name} -> api.example.com:443 tls

# What must hold, whoever changes the lines above: every check judges it.
expect {name} -> api.example.com:443 allowed

# And what must not.
expect {name} -> example.org:443 blocked
"""

_COMMENTED = """\
# allow {name} -> api.example.com:443 tls
"""


def policy(namespace: str, name: str, is_live: bool = True) -> str:
    """A policy of one rule for a workload and its tests; one that is not live is the rule as a comment."""
    body = (_EXAMPLE if is_live else _COMMENTED).format(name=name)
    return _POLICY.format(home=HOME, revision=REVISION, namespace=namespace, body=body)


_PROFILE = """\
# The cluster that the policy is compiled for. Unsaid, everything is as Istio has it by default.
# {home}/blob/{revision}/docs/profile.md has every key.
apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata:
  name: cluster
spec:
"""

_INSTALLED = """\
  # What is really installed: its mode (REGISTRY_ONLY, ALLOW_ANY) says who is held to the policy.
  istio:
    installation: {path}
"""

_ASSUMED = """\
  # What is installed: REGISTRY_ONLY, or Istio's default. `installation:` with the path of an IstioOperator file, Helm
  # values of chart istiod or a Sail Istio says it better.
  istio:
    outboundTrafficPolicy: ALLOW_ANY
  # Who is held to the policy: observe (nobody yet), workloads (those that it names: so it is, unsaid, under ALLOW_ANY),
  # the namespaces of a list, or mesh.
  # enforcement: workloads
"""

_INVENTORY = """\
  # Who runs here: the labels of the pods, and what a Sidecar selects them by. Nobody else can be granted anything.
  # `egressc profile MANIFEST… -o` with this file brings it up to date.
"""

_NOBODY = """\
  # Who runs here. Until it is said, workloads are those that the policy names, with the label app.
  # namespaces:
  #   {namespace}:
  #     workloads:
  #       {name}:
  #         labels: {{app: {name}, tier: web}}
  #         selector: {{app: {name}}}
"""


def profile(cluster: Cluster, installation: str, example: tuple[str, str]) -> str:
    """A ClusterProfile with these workloads and this installation file, empty where it is not known."""
    head = _PROFILE.format(home=HOME, revision=REVISION)
    if installation:
        quoted = emit([{"": installation}]).partition(": ")[2].strip()
        head += _INSTALLED.format(path=quoted)
    else:
        head += _ASSUMED
    namespaces = described({}, cluster).document.get("spec", {}).get("namespaces")
    if not namespaces:
        return head + _NOBODY.format(namespace=example[0], name=example[1])
    return head + _INVENTORY + "".join(f"  {line}\n" for line in emit([{"namespaces": namespaces}]).splitlines())


_CONFIGURATION = """\
#:schema https://egresslang.dev/schemas/config.schema.json
policies = ["policies"]
profiles = ["{profile}"]
output = "{output}"
"""


def configuration(profile: str, output: str) -> str:
    """An egressc.toml."""
    return _CONFIGURATION.format(profile=profile, output=output)


def hooks(url: str, revision: str) -> str:
    """A configuration of pre-commit with the hooks of egressc."""
    return (
        f"# `pre-commit install` makes every commit pass these: https://pre-commit.com\nrepos:\n{hook(url, revision)}"
    )


def hook(url: str, revision: str) -> str:
    """The entry of its `repos`."""
    repo, rev = (emit([{"": each}]).partition(": ")[2].strip() for each in (url, revision))
    return f"- repo: {repo}\n  rev: {rev}\n  hooks:\n" + "".join(f"  - id: {each}\n" for each in HOOKS)


GITHUB = f"""\
# The policy is right, and the manifests that are committed are those it compiles to.
name: egress
on:
  pull_request:
  push:
    branches: [main, master]
permissions:
  contents: read
jobs:
  egress:
    runs-on: ubuntu-latest
    steps:
    - uses: actions/checkout@v4
    - uses: actions/setup-python@v5
      with:
        python-version: "3.13"
    - run: python -m pip install egresslang=={__version__}
    - run: egressc fmt --check
    - run: egressc check --format github
    - run: egressc compile --check
"""

GITLAB = f"""\
# The policy is right, and the manifests that are committed are those it compiles to.
egress:
  image: python:3.13-slim
  script:
  - python -m pip install egresslang=={__version__}
  - egressc fmt --check
  - egressc check --format gitlab --output-file egress.json || egressc check
  - egressc compile --check
  artifacts:
    when: always
    reports:
      codequality: egress.json
"""
