"""Texts: what the first files of a project say."""

from __future__ import annotations

import json
from collections.abc import Iterable

from egresslang import __version__
from egresslang.existing.cluster import Cluster
from egresslang.existing.described import described
from egresslang.targets.yaml import emit

HOME = "https://github.com/egresslang/egresslang"
REVISION = f"v{__version__}"
COMPILE = "egressc-compile"
HOOKS = ("egressc-fmt", "egressc-check", "egressc-profile", COMPILE)

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
policies = [{policies}]
profiles = ["{profile}"]
output = "{output}"
"""

PROFILES = 'profiles = ["{profile}"]  # then `egressc init` makes it where it is not there'
OUTPUT = 'output = "{output}"  # for `egressc compile`, its hook egressc-compile, and `egressc compile --check` in CI'
"""Lines that a configuration may lack."""


def configuration(policies: Iterable[str], profile: str, output: str) -> str:
    """An egressc.toml."""
    listed = ", ".join(json.dumps(each, ensure_ascii=False) for each in policies)
    return _CONFIGURATION.format(policies=listed, profile=profile, output=output)


_HOOKS = """\
# `pre-commit install` makes every commit and merge pass these: https://pre-commit.com
default_install_hook_types: [pre-commit, pre-merge-commit]
repos:
- repo: {repo}
  rev: {rev}
  hooks:
"""


def hooks(url: str, revision: str, is_compiled: bool = True) -> str:
    """A configuration of pre-commit with the hooks of egressc, that of compiled manifests where there are any."""
    repo, rev = (emit([{"": each}]).partition(": ")[2].strip() for each in (url, revision))
    listed = HOOKS if is_compiled else [each for each in HOOKS if each != COMPILE]
    return _HOOKS.format(repo=repo, rev=rev) + "".join(f"  - id: {each}\n" for each in listed)


_RIGHT = "The policy is right."
_RIGHT_AND_COMPILED = "The policy is right, and the manifests that are committed are those it compiles to."

_GITHUB = f"""\
# {{what}}
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
    - uses: actions/checkout@11d5960a326750d5838078e36cf38b85af677262 # v4.4.0
    - uses: actions/setup-python@a26af69be951a213d495a4c3e4e4022e16d87065 # v5.6.0
      with:
        python-version: "3.13"
    - run: python -m pip install egresslang=={__version__}
    - run: egressc fmt --check
    - run: egressc check --format github
{{compared}}"""

_GITLAB = f"""\
# {{what}}
egress:
  image: python:3.13-slim
  script:
  - python -m pip install egresslang=={__version__}
  - egressc fmt --check
  - egressc check --format gitlab --output-file egress.json || egressc check
{{compared}}  artifacts:
    when: always
    reports:
      codequality: egress.json
"""


def github(is_compiled: bool) -> str:
    """A workflow of GitHub Actions."""
    return _ci(_GITHUB, "    - run: egressc compile --check\n", is_compiled)


def gitlab(is_compiled: bool) -> str:
    """A `.gitlab-ci.yml`."""
    return _ci(_GITLAB, "  - egressc compile --check\n", is_compiled)


def _ci(text: str, compares: str, is_compiled: bool) -> str:
    what = _RIGHT_AND_COMPILED if is_compiled else _RIGHT
    return text.format(what=what, compared=compares if is_compiled else "")
