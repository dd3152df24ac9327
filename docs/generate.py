"""Write the pages that are derived: `docs/profile.md` from the profile's schema, `docs/cli.md` from the parsers.

python docs/generate.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from egresslang.cli import COMMANDS, options, summary

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

What `lint` asks for and what `resources` hold is read and typed; no finding is made of it yet. `egressc explain` takes
`resources` for part of the mesh, without what a former run of `compile` wrote.

| key | meaning |
|---|---|
"""

CLI = """# The command line

`python -m egresslang` is the same as `egressc`.

- Standard output carries the result alone: manifests, answers, or the report of `check`. The other commands write
  findings to standard error.
- Exit status: 0 clean, or any answer; 1 findings at or above `--fail-on`, a failed expectation, or drift; 2 misuse, an
  unreadable file, or a bug. On 1 and 2 `compile` writes nothing.
- `PATH` is a file, a folder that is searched for `*.egress` (hidden folders are not), or `-`. All files are one policy.
- With several `-p` the policy is compiled for each cluster into `DIR/<cluster>/`. A finding that only some clusters have
  carries the cluster's name.
- `-o DIR` writes `DIR/<namespace>.yaml` and `DIR/installation/`, each file whole, and last `.egressc`, which names every
  file and its hash. A run that was killed leaves only whole files; the next one, and `--check`, see that it was not
  finished. Only files that a former run wrote are changed or removed; nothing is written through a link.
- The annotation `egresslang.dev/source` names policy files relative to `egressc.toml`, else the git root, else the
  current folder.
- `EGRESSC_DEBUG=1` shows where a bug happened.
- [Questions and answers](#questions-and-answers) says what `explain` may be asked.
"""

QUESTIONS = """
## Questions and answers

A question is one flow as the language writes it, with `address=` for the address the client dials when that matters:

```
team-a/idgen -> api.example.com:443 tls
team-a/idgen -> 203.0.113.7:5432 tcp
idgen -> evil.example:443 tls address=203.0.113.7
idgen -> web.shared:80 http
```

- A workload is one of the profile, one that the policy names, or one of the workloads among the manifests (Deployments,
  StatefulSets, DaemonSets, Jobs, CronJobs, Rollouts, Pods). A bare name is that of the default namespace, else of the
  only namespace that has it. Where there is no inventory, any other workload may be asked about: it is taken to carry
  the label `app` with its name, and the answer says so.
- Where `address=` is not said, the client dials what the sidecar's DNS answers under DNS capture; the cluster IP of a
  Service; an address that the policy or a ServiceEntry of `resolution: NONE` gives for the name; else one that nothing
  in the mesh mentions.
- A missing protocol is `http` on port 80 and `tls` on 443. `mysql` is a client that waits for the server to speak.
- The answer comes from the output of the compiler as text, read back by a model of the mesh, with the profile's
  `resources` beside it. `--manifests` asks any other manifests: an installation among them (IstioOperator, Helm values
  of chart istiod, Sail `Istio`, or the ConfigMap `istio` of a cluster) says what is configured, else Istio's defaults
  hold, and `-p` adds a profile's workloads, facts and resources. A workload has a sidecar unless its manifest or its
  namespace says otherwise.

`egressc explain -` reads one question a line and answers each in order; with `--format json` an answer is one object a
line (`schemas/answer.schema.json`), shown here on several:

```json
{"question": "team-a/idgen -> api.example.com:443 tls", "verdict": "allowed", "sees": "answer",
 "host": "api.example.com", "port": 443, "dials": "registry",
 "because": [{"kind": "Sidecar", "namespace": "team-a", "name": "idgen", "file": "team-a.yaml", "line": 15},
             {"kind": "ServiceEntry", "namespace": "team-a", "name": "api-example-com", "file": "team-a.yaml", "line": 1}],
 "rules": [{"file": "recipes.egress", "line": 7, "text": "allow idgen -> api.example.com:443 tls"}]}
```

| key | meaning |
|---|---|
| `verdict` | `allowed`; `blocked`; `passed-through`: nobody looked; `lost`: a route to a cluster that does not exist; `unstable`: one thing or another, as `possible` lists, or what was configured before |
| `sees` | what the client sees: `answer`, `404`, `502`, `503`, `dropped` (accepted, then closed), `hangs`; null where it is not one thing. `blocked` with `answer` is an answer of the sidecar itself |
| `host`, `port` | the registered host that took the flow, null when none did |
| `dials` | `registry`: the sidecar resolved the name itself; `client`: the address is the one the client chose |
| `because` | the resources it follows from; files of compiled output are named as `-o DIR` writes them |
| `rules` | the rules that grant the flow, in their own words |
| `error` | why a question has no answer; it has no other key but `question`, and the next one is answered |

The text form also names the listener, route and cluster, the nearest rule where none grants the flow, the line of the
sidecar's access log, and the Istio metric with its labels.

`egressc test` judges the policy and not what is enforced: an expectation holds or fails alike in every mode.
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
    """The page about the command line, with the help of every command, and what may be asked."""
    return CLI + "".join(_command(name) for name in COMMANDS) + QUESTIONS


def _command(name: str) -> str:
    rows = [f"| `{written}` | {meaning} |\n" for written, meaning in options(name)]
    return f"\n## egressc {name}\n\n{summary(name)}\n\n| argument | meaning |\n|---|---|\n{''.join(rows)}"


PAGES = {"profile.md": profile_page, "cli.md": cli_page}
"""Each derived page and what makes it."""

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
