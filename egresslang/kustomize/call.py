"""Call: what kustomize asks of the plugin, in each of the ways in which it calls one.

- A legacy exec plugin is given a file with its configuration as first argument. Standard input is empty for a generator
  and holds the build's documents for a validator.
- An exec or container function is given a ResourceList on standard input. The items are the configuration itself for a
  generator, and for a validator the build.

A validator of a build without any resource is called exactly as a generator is, in both ways (kustomize api v0.20,
`fnplugin.go` and `execplugin.go`): `spec.validate` tells them apart.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from egresslang import codes, limits
from egresslang.documents import Located, read
from egresslang.files import Unreadable, decode, read_source
from egresslang.findings import Finding, errors, finding
from egresslang.profile import manifests
from egresslang.record import record
from egresslang.source import Span

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The names that the file of a kustomization may have."""


@record
class Call:
    """A configuration, the resources of the build to validate or None to generate, and whether a ResourceList is wanted."""

    config: Located
    build: tuple[Located, ...] | None
    is_list: bool


def read_call(path: str, stdin: bytes) -> tuple[Call | None, list[Finding]]:
    """What is asked for by a file of configuration, or where `path` is empty by a ResourceList; raises Unreadable."""
    return _legacy(path, stdin) if path else _resource_list(stdin)


def read_config_file(path: str) -> tuple[Located | None, list[Finding]]:
    """The one document of a file of configuration; raises Unreadable."""
    source, found = read_source(path)
    if found:
        return None, found
    documents, found = read(source, codes.BAD_CONFIG, limits.PROFILE_SIZE)
    if not found and len(documents) != 1:
        first = Span(source, 0, min(1, len(source.text)))
        what = f"holds {len(documents)} documents" if documents else "is empty"
        found = [
            finding(
                codes.BAD_CONFIG,
                documents[1].heading if documents else first,
                f"`{path}` {what}",
                "one EgressPolicy is expected",
                help="give each EgressPolicy a file of its own",
            )
        ]
    return (None if found else documents[0]), found


def read_build(name: str, content: bytes) -> tuple[tuple[Located, ...], list[Finding]]:
    """The documents of a build, and what in it cannot be read."""
    source, found = decode(name, content)
    documents: list[Located] = []
    if not found:
        documents, found = manifests.read(source, codes.BAD_CONFIG)
    return tuple(documents), found


def as_written(config: Located, folder: str) -> Located:
    """The same configuration in the file that the kustomization of a folder names, where it can be found.

    kustomize passes it on without comments and with its keys sorted; people know the file that they wrote.
    """
    for path in _named(folder):
        with suppress(Unreadable):
            source, found = read_source(os.path.normpath(path))
            for each in [] if found else read(source, codes.BAD_CONFIG)[0]:
                if _is_same(each.value, config.value):
                    return each
    return config


def folder_of(path: str) -> str:
    """The folder that the paths in a file of configuration are relative to: that of the kustomization which names it, else its own."""
    own = os.path.dirname(path)
    at, real = os.path.abspath(own), os.path.realpath(path)
    while True:
        with suppress(Unreadable):
            if any(os.path.realpath(each) == real for each in _named(at)):
                return os.path.relpath(at)
        above = os.path.dirname(at)
        if above == at:
            return own
        at = above


def _legacy(path: str, stdin: bytes) -> tuple[Call | None, list[Finding]]:
    config, found = read_config_file(path)
    build, problems = read_build("-", stdin)
    found += problems
    if config is None or errors(found):
        return None, found
    return Call(config, build if stdin.strip() or _validates(config) else None, is_list=False), found


def _resource_list(stdin: bytes) -> tuple[Call | None, list[Finding]]:
    documents, found = read_build("-", stdin)
    if errors(found):
        return None, found
    if not documents:
        raise Unreadable("standard input is empty: kustomize gives a ResourceList there, or a file as first argument")
    given = documents[0]
    config = given.get("functionConfig")
    if config is None or given.value.get("kind") != "ResourceList":
        return None, [
            finding(
                codes.BAD_CONFIG,
                given.heading,
                "standard input is no ResourceList with a functionConfig",
                "this stands there",
                help="name the plugin in a kustomization, or compare a build with `egressc kustomize verify CONFIG`",
            )
        ]
    listed = given.get("items")
    items = tuple(listed.entries()) if listed is not None else ()
    is_generator = len(items) == 1 and _is_same(items[0].value, config.value) and not _validates(config)
    return Call(config, None if is_generator else items, is_list=True), found


def _validates(config: Located) -> bool:
    wanted = config.get("spec", "validate")
    return wanted is not None and wanted.value is True


def _is_same(one: Any, other: Any) -> bool:
    return bool(_identity(one) == _identity(other))


def _identity(value: Any) -> Any:
    """What of a configuration kustomize leaves as it is."""
    if not isinstance(value, dict):
        return None
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return value.get("apiVersion"), value.get("kind"), name, value.get("spec")


def _named(folder: str) -> Iterator[str]:
    """The files that the kustomization of a folder names as plugins."""
    path = next((each for name in KUSTOMIZATIONS if os.path.isfile(each := os.path.join(folder, name))), "")
    if not path:
        return
    source, found = read_source(path)
    for kustomization in [] if found else read(source)[0]:
        for key in ("generators", "validators", "transformers"):
            listed = kustomization.get(key)
            for entry in listed.entries() if listed is not None else ():
                if isinstance(entry.value, str) and "\n" not in entry.value:
                    named = os.path.join(folder, entry.value)
                    if os.path.isfile(named):
                        yield named
