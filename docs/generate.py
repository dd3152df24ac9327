"""Write the pages that are derived: `docs/profile.md` from the profile's schema, `docs/cli.md` from the parsers.

python docs/generate.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from egresslang.cli import COMMANDS, options

DOCS = Path(__file__).resolve().parent
SCHEMA = DOCS.parent / "schemas" / "profile.schema.json"

PROFILE = """# The profile

A YAML document that describes the cluster a policy is compiled for, given with `-p`. Nothing but `metadata.name` is
required; every default is the one Istio itself has, and `-v` prints what was assumed. Unknown keys, wrong types,
anchors, tags and duplicate keys are findings at their place. `schemas/profile.schema.json` completes it in editors:

```yaml
# yaml-language-server: $schema=https://egresslang.dev/schemas/profile.schema.json
apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: recipes-us}
spec:
  region: us-east1
  istio: {version: "1.31", outboundTrafficPolicy: REGISTRY_ONLY}
  namespaces:
    recipes:
      workloads:
        idgen: {labels: {app: idgen, tier: back}, selector: {app: idgen}}
```

Instead of a profile, `-p` takes an IstioOperator file, Helm values of chart istiod, or a Sail `Istio`: then the
installation is known and the inventory is not, and workloads are those the policy names, selected by the label `app`.
With no `-p` at all nothing is known but a stock Istio.

What `lint` asks for and what `resources` hold is read and typed; no finding is made of it yet.

| key | meaning |
|---|---|
"""

CLI = """# The command line

`python -m egresslang` is the same as `egressc`.

- Standard output carries the result alone: manifests, or the report of `check`. `compile` writes findings to standard error.
- Exit status: 0 clean; 1 findings at or above `--fail-on`, or drift; 2 misuse, an unreadable file, or a bug.
  On 1 and 2 `compile` writes nothing.
- `PATH` is a file, a folder that is searched for `*.egress` (hidden folders are not), or `-`. All files are one policy.
- With several `-p` the policy is compiled for each cluster into `DIR/<cluster>/`. A finding that only some clusters have
  carries the cluster's name.
- `-o DIR` writes `DIR/<namespace>.yaml` and `DIR/installation/`, each file whole, and last `.egressc`, which names every
  file and its hash. A run that was killed leaves only whole files; the next one, and `--check`, see that it was not
  finished. Only files that a former run wrote are changed or removed; nothing is written through a link.
- The annotation `egresslang.dev/source` names policy files relative to `egressc.toml`, else the git root, else the
  current folder.
- `EGRESSC_DEBUG=1` shows where a bug happened.
"""


def profile_page() -> str:
    """The page about the profile, a row for each key of the schema."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    rows = [f"| `{key}` | {text} |\n" for key, text in _keys(schema["properties"]["spec"], "") if text]
    return PROFILE + "".join(rows)


def _keys(schema: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, child in schema.get("properties", {}).items():
        yield prefix + key, child.get("description", "").replace("|", "\\|")
        yield from _keys(child, f"{prefix}{key}.")
    each = schema.get("additionalProperties")
    if isinstance(each, dict):
        yield from _keys(each, f"{prefix}<name>.")
    if "items" in schema:
        yield from _keys(schema["items"], f"{prefix.removesuffix('.')}[].")


def cli_page() -> str:
    """The page about the command line, with the help of every command."""
    return CLI + "".join(_command(name) for name in COMMANDS)


def _command(name: str) -> str:
    summary = COMMANDS[name][0]
    rows = [f"| `{written}` | {meaning} |\n" for written, meaning in options(name)]
    return f"\n## egressc {name}\n\n{summary[0].upper()}{summary[1:]}.\n\n| argument | meaning |\n|---|---|\n{''.join(rows)}"


PAGES = {"profile.md": profile_page, "cli.md": cli_page}
"""Each derived page and what makes it."""

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
