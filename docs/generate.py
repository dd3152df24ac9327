"""Write what is derived: `docs/profile.md` from the profile's schema, `docs/cli.md` from the parsers and the schema of
the configuration, `docs/limits.md` from the limits, `docs/findings.md` from the pages of the codes, `docs/alerts.md` from the
kinds of alerts, `docs/performance.md` from what `make bench` measured, and from the parsers the man page and `completions/`.

python docs/generate.py
"""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from egresslang.cli import COMMANDS, options, summary
from egresslang.codes import ALL
from egresslang.findings import Code
from egresslang.limits import ALL as LIMITS
from egresslang.limits import Limit
from egresslang.pages import FOLDER
from egresslang.pages import PROFILE as CLUSTER
from egresslang.pages import page as page_of
from egresslang.pages import summary as summary_of

DOCS = Path(__file__).resolve().parent
SCHEMA = DOCS.parent / "schemas" / "profile.schema.json"
CONFIG_SCHEMA = DOCS.parent / "schemas" / "config.schema.json"

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

`resources` are manifests of what stands in the cluster already, as `kubectl get -o yaml` prints them; what a former run of
`compile` wrote is left out. Sidecars, ServiceEntries, Services and VirtualServices are part of the mesh that a compilation
is proved in (EGR504, EGR507), and that `egressc explain` asks. Workloads (Deployments, StatefulSets, DaemonSets, Jobs,
CronJobs, Rollouts, Pods) and Namespaces tell who has no sidecar or sends past it (EGR506, EGR509) and who carries another
workload's labels (EGR505). A manifest is that of a workload of the profile by its name, or its name with a version after
it (`reviews-v1` of `reviews`), if its pods carry the labels that the workload is selected by.

Without manifests the profile says by itself who has no sidecar or sends past it: `labels` of a namespace, and
`annotations`, `hostNetwork` and `runAsUser` of a workload. A manifest among the `resources` says it better.

## Making one

`egressc profile` reads manifests and prints the profile of the cluster they are for, or writes it with `-o`:

```
kubectl get ns,deploy,sts,ds,cronjob,job,rs,po,svc -A -o yaml | egressc profile - -o clusters/us.yaml
kubectl get cm istio istio-sidecar-injector -n istio-system -o yaml | egressc profile - -o clusters/us.yaml
egressc profile k8s istio/operator.yaml -o clusters/us.yaml
helm template shop charts/shop | egressc profile - -n shop
kubectl kustomize overlays/us | egressc profile -
```

It takes files, folders and standard input: YAML, `List`s, JSON and JSON values one after another. Folders are searched for
`*.yaml`, `*.yml` and `*.json`; what `egressc compile -o` wrote is passed over.

- **Workloads** are Deployments, StatefulSets, DaemonSets, CronJobs, Jobs, Argo Rollouts, Knative Services,
  ReplicationControllers, and what has none of these above it. ReplicaSets, Jobs and Pods go with their controller; of one that
  is not among the manifests, they tell its name and the labels that they have in common. A workload takes its name from
  its controller; where two of a namespace have one name, the CronJob `cart` is `cart-cronjob`.
- **Labels** that a roll-out changes (`pod-template-hash`, `job-name` and their like) are left out. The **selector** is that
  of the controller, if it takes these pods and nobody else's; else all labels but `helm.sh/chart` and
  `app.kubernetes.io/version`; else all. Who has no label that lasts cannot be selected by a Sidecar: it is left out and named.
- **What keeps traffic from a sidecar** is kept: annotations about outbound capture and injection, `hostNetwork`, user 1337, and
  of Namespaces `istio-injection`, `istio.io/rev` and `istio.io/dataplane-mode`. So is the service account, unless it is
  `default`. A workload has a sidecar unless something says otherwise.
- **The installation** is named where a file holds an IstioOperator, Helm values of chart istiod or a Sail `Istio` and nothing
  else; beside it stands the version of istiod's pods, if the file tells none. Without such a file its facts are stated, from
  the ConfigMaps `istio` and `istio-sidecar-injector`, from istiod's image, or from an installation in a stream.
  What objects do not agree on, as two revisions may, is told and not stated.
- **Networks** are those that somebody states: ServiceCIDRs, kubeadm's ConfigMap, the flags of the API server. Addresses of
  Services are no range, and nothing is guessed from them. `ipFamilies` are those of Services that run.
- **`resources`** names the files that hold Services, ServiceEntries, Sidecars, VirtualServices, DestinationRules and what
  else a mesh is made of. A profile cannot name a stream, so give these as files:
  `kubectl get svc,se,sidecar,vs,dr -A -o yaml > live.yaml`. A file that `egressc profile --check` would find something
  wrong with, as one that gives an object again, is left out and named.

What cannot be read, as a template of Helm, is a warning at its place, and left out; `--fail-on warning` makes it fail, and
then nothing is written. What names no namespace is for `default`, or the namespace that `-n` says, which becomes the
`defaultNamespace` of the profile.

## Keeping it up to date

With `-o` on a profile that stands, `egressc profile` changes it in place, and nothing where nothing changed:

- What manifests tell of a workload that they show is theirs: labels, annotations, and the rest of the list above. So are the
  labels of namespaces and the facts of Istio that objects state. What is new is put in, in order where the profile is sorted.
- Everything else is left as people wrote it: comments, order, style, and every other key. A selector stays while it takes
  the workload's pods and nobody else's.
- A workload that no manifest shows stays and is named on standard error; `--prune` takes such workloads out. Manifests
  that show no workload at all say nothing of this. A workload whose versions are shown, as `reviews-v1` of `reviews`, stays
  as it is.
- Networks and `resources` are only added to. `installation` stays where it is said, and what runs otherwise is told.

The file is replaced whole, and only by a text that says exactly what is wanted.

## Keys

| key | meaning |
|---|---|
"""

CLI = """# The command line

`python -m egresslang` is the same as `egressc`.

- Standard output carries the result alone: manifests, answers, or the report of `check`. The other commands write
  findings to standard error.
- Exit status: 0 clean, or any answer; 1 findings at or above `--fail-on`, a failed expectation, drift, what `diff --fail-if`
  names, or a file that `fmt` cannot parse, or would change with `--check` or `--diff`; 2 misuse, an unreadable file, or a
  bug; 130 interrupted, or nobody reads the result any more; 143 and 129 ended by SIGTERM or SIGHUP.
  [What a run leaves](#what-a-run-leaves) says what of its files stands then.
- `PATH` is a file, a folder that is searched for `*.egress`, or `-`. All files are one policy. Below a folder neither hidden
  folders are searched nor links to folders, lest a link lead in a circle or out of the repository: name those. Links to
  files are read where they do not lead out of the project.
- `fmt` formats each file for itself and needs no profile: [the canonical form](formatting.md). `--check` names files on
  standard output, and standard error says how many were formatted.
- With several `-p` the policy is compiled for each cluster into `DIR/<cluster>/`. A finding that only some clusters have
  carries the cluster's name.
- `-o DIR` writes `DIR/<namespace>.yaml` and `DIR/installation/`, and `.egressc`, which names every file and its hash, and
  the cluster.
- Only files that a former run wrote are changed or removed. They are generated: what was edited in one is overwritten,
  and the file goes when the policy no longer needs it; `--check` tells of it before. A folder that holds another
  cluster's files is refused, and so is one that another run is writing to.
- DIR itself may be a link; nothing below it is written through one, be it a file, `installation` or a cluster's folder.
- The annotation `egresslang.dev/source` names policy files relative to `egressc.toml`, else the git root, else the
  current folder.
- `--format sarif`, `github`, `gitlab` and `junit` are for code scanning, for annotations of GitHub Actions, for GitLab's
  code quality and for test reports. Files are named by their path below the root of the git repository, wherever the
  command runs. Fingerprints are made from path, code and statement: a finding that only moved is no new one. SARIF and
  JUnit list what the policy suppresses, with its reason. `upload-sarif` remarks that it would make other fingerprints.
  `--format markdown` is for the summary of a job: a heading, a table of codes, and the findings in one fenced block.
- [Alerts](alerts.md) says what Prometheus is to watch of a policy.
- [Hooks](hooks.md) and [CI](ci.md) say how these commands run before a commit, in CI, and in Argo CD.
- Every input has a [limit](limits.md), which `--limit NAME=N` changes.
- `EGRESSC_DEBUG=1` shows where a bug happened.
- [What access changed](diff.md) is about `diff`, and about questions that many flows answer.
- `audit` and `learn` ask a Prometheus, or read access logs: [observed traffic](audit.md). A server that gives no usable
  answer is one line and status 2, and no file is written. No secret is taken from an argument.
- [Questions and answers](#questions-and-answers) says what `explain` may be asked, [the configuration](#the-configuration)
  what a project can say once for all runs, and [Findings](findings.md) has the page of every code.
"""

CONFIG = """
## The configuration

`egressc.toml`, or `[tool.egressc]` in `pyproject.toml`, is looked for in the folder of the first PATH (the current one
where there is none) and upward; the nearest holds, and in one folder `egressc.toml` comes first. With it, plain
`egressc check` does the right thing in a hook and in CI:

```toml
#:schema https://egresslang.dev/schemas/config.schema.json
policies = ["policies"]
profiles = ["clusters/recipes-us.yaml", "clusters/recipes-eu.yaml"]
output = "manifests"
fail-on = "warning"
ignore = ["EGR308"]

[severity]
EGR302 = "error"

[[overrides]]
paths = ["policies/legacy"]
ignore = ["everyone"]
```

- The command line goes before it: PATH instead of `policies`, `-p` instead of `profiles`, `-o` instead of `output`,
  `--fail-on` and `--select` instead of theirs; `--ignore` adds to `ignore`. `compile` writes to `output` unless a part is
  asked for (`--kinds`, `--namespace`, `--installation`), which goes to standard output, or `-o -`.
- Errors are always told: `select`, `ignore`, `severity` and a suppression are about warnings and notes. What they hide is
  counted in the last line of the report.
- A suppression in the policy comes first, then `severity`, then `select` and `ignore`; of several overrides that hold for
  a file the last one counts.
- A PATH that is the folder of the file stands for the project: for the `policies` that it names, not for all that lies
  below. Elsewhere `egressc check team-a` is the same as `egressc check` in `team-a`.
- A run obeys one file. Policy files that have another, nearer one are refused, unless `policies` of the file that is obeyed
  names them, or a folder above them.
- What is wrong with the file is a finding at its place (EGR511).

| key | meaning |
|---|---|
"""

SUPPRESSION = """
## Suppressing a finding

```egress
allow idgen -> *.shop.example.com:443 tls  # egressc: ignore EGR302, EGR303 -- the vendor shards by customer
```

- The comment stands on a line of the statement, or in the comment lines directly above it, and silences these warnings
  and notes of this statement. The reason after `--` is required (EGR407); an error is never silenced.
- What holds for several statements and is told once (EGR306, EGR308) is told at the first that does not silence it.
- Suppressed findings are counted in the last line of every report, and listed with their reasons in SARIF.
- A suppression that silences nothing is a finding (EGR408), told by `check` when nothing is wrong that would have kept a
  rule from looking, and not for rules that hold in no cluster of the run.

## Fixing

`egressc check --fix` changes the policy files: it applies the fixes that cannot widen the policy, writes out the default
protocol of an allow and writes hosts in lower case, again and again until nothing is left, and then reports what is.
Of two fixes that overlap the first is applied, and the next round does the rest. `--diff` shows the same as a unified
diff on standard output and writes nothing; the report of the files as they stand goes to standard error.

- Files are replaced whole, and none through a link. The policy of standard input is printed, fixed, to standard output,
  and the report goes to standard error.
- The status is that of the findings that are left; with `--diff`, of the findings of the files as they stand.
- A fix that is found in some of several clusters only is not applied.
"""

FINDINGS = """# Findings

Every finding has a code, a name and a page; `egressc explain EGR204`, or `egressc explain protocol-conflict`, prints the
page. Codes are never reused. A line of `^` in an example marks what the finding underlines in the line above it, and is
no part of the text. The examples are checked, on 2026-11-23, for this cluster where they bring none:

```yaml
"""

BOUNDS = """# Limits

A policy, a profile and manifests are read in everybody's commit, and often come from somebody who asks for review. Each
input has a limit, so that no text exhausts who reads it; the limits admit 100,000 rules, manifests of 12,000 objects and
fifty profiles at once. What is over one is an error that names it (EGR008), or one line and status 2 where there is
nothing to show; nothing is cut short in silence, and nothing is written.

A limit is raised, or lowered, with `--limit NAME=N`, as often as there are limits to change, and in `egressc.toml`:

```toml
[limits]
values = 20000000
file-size = "256MiB"
```

The command line goes before the file. Who checks what strangers send gives `--limit` for what is to hold whatever their
`egressc.toml` says. A limit changes no result, only whether there is one.

| limit | default | of |
|---|---|---|
"""

READING = """
## What is read and written

- Below a folder neither hidden folders are searched nor links to folders. A link to a file is read where it leads to a file
  of the same project (the folder of `egressc.toml` or `.git` above, else the folder that is searched); one that leads out
  is refused, lest the text of some other file end in a report. A path that is given on the command line is read wherever it
  leads.
- Devices are not read. A pipe is read where it is named on the command line, and never waited for where it is only found, or
  named by a profile.
- Anchors, aliases, merge keys and tags are refused in a profile, in what is given as one, and in an EgressPolicy: a value is
  what its own text says. In manifests an alias is read as Kubernetes reads it, as what it stands for, up to `aliased-values`
  and `nesting`; merge keys and tags are refused in what matters to egress, and passed over in all else.
- Regular expressions of egressc itself take time in proportion to the text. One that a VirtualService brings is run only
  where it cannot backtrack; where it could, what it matches counts as unknown.
- Nothing below DIR of `-o DIR` is written through a link; `fmt` and `--fix` write through one only where the link itself is a
  path on the command line. Names of policies, workloads and hosts never shape a path, and the names of namespaces and
  clusters that do are those Kubernetes accepts.
- No shell is ever called; git is, with its arguments as a list.
- What a policy says (reasons, owners, names of files) is data in every output: quoted in YAML, escaped in Markdown, HTML,
  DOT, Mermaid, XML, workflow commands and templates of Prometheus, and without control characters on a terminal.
"""

QUESTIONS = """
## What a run leaves

All that a run writes is first written whole, beside where it belongs, and brought to the disk; only then is each file
renamed to its place.

| what happens | what stands then |
|---|---|
| status 1 | nothing was written, but for a report that was asked for |
| status 2: no room, no right, a bug | the same: all is as it was, and a folder that was made goes again |
| Ctrl-C, SIGTERM, SIGHUP | all is as it was, or all is as it was to be: a signal waits for the renames. One line says which, but for Ctrl-C where it is the former |
| SIGKILL, a power cut, a rename that fails | each file is old or new. Between two renames, which is the one moment that no file system takes back, some are old and some new |
| a second run at the same time | `compile -o` refuses a folder that another is writing to, and what changed since it looked; `fmt`, `check --fix` and `profile -o` refuse a file that changed since they read it |

- For `compile -o` `.egressc` says *unfinished* from before the first rename until after the last, of each cluster's folder:
  `compile --check` tells of it (`unfinished: DIR/.egressc`), and the next run finishes it and says so. With several
  clusters all folders are written aside before the first file of any is renamed.
- `fmt` and `check --fix` have no such mark, and need none: run them again.
- What a killed run left aside (`.egressc.….tmp`) is removed by the next one that writes in that folder, and read by none.
- A file that is replaced keeps its permissions and, if root replaces it, its owner. A file without the right to write is
  left alone, and so is one that stands where `init` would make one. A link leads to the file that is replaced, where it was
  named; a pipe or a device is written to as it is.
- The disk needs room for what is replaced twice.

## Questions and answers

A question is one flow as the language writes it, with `address=` for the address the client dials when that matters. One
with `*`, a network or no port is about [many flows](diff.md#who-may-reach-what), and answered with all that match.

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
  namespace says otherwise. Documents of kinds that are not looked at are named on standard error.

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
| `sees` | what the client sees: `answer`, `404`, `502`, `503`, `dropped` (accepted, then closed), `hangs`, `tls-in-tls` (a DestinationRule wraps the client's TLS in TLS: nothing it understands); null where it is not one thing. `blocked` with `answer` is an answer of the sidecar itself |
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
    schema = json.loads(CONFIG_SCHEMA.read_text(encoding="utf-8"))
    config = [f"| `{key}` | {text} |\n" for key, text in _keys(_resolved(schema, schema), "") if text]
    return CLI + "".join(_command(name) for name in COMMANDS) + CONFIG + "".join(config) + SUPPRESSION + QUESTIONS


def _resolved(part: Any, schema: dict[str, Any]) -> Any:
    """A schema with what it refers to in place, but for descriptions of its own."""
    if isinstance(part, list):
        return [_resolved(each, schema) for each in part]
    if not isinstance(part, dict):
        return part
    meant = schema["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else {}
    return {key: _resolved(each, schema) for key, each in (meant | part).items() if key != "$defs"}


def limits_page() -> str:
    """The page about limits, with a row for each."""
    return BOUNDS + "".join(map(_limit, LIMITS.values())) + READING


def _limit(limit: Limit) -> str:
    most = f"; at most {limit.show(limit.highest)}" if limit.highest is not None else ""
    return f"| `{limit.name}` | {limit.show(limit.default)} | {limit.bounds}{most} |\n"


def findings_page() -> str:
    """The pages of all codes, with a table of them first."""
    codes = sorted(ALL, key=lambda code: code.id)
    rows = "".join(
        f"| [{code.id}](#{_anchor(code)}) | {code.name} | {_weighs(code)} | {summary_of(code)} |\n" for code in codes
    )
    pages = "".join("\n" + _one_level_down(page_of(code)) for code in codes)
    cluster = Path(FOLDER, CLUSTER).read_text(encoding="utf-8")
    return f"{FINDINGS}{cluster}```\n\n| code | name | severity | when |\n|---|---|---|---|\n{rows}{pages}"


def _one_level_down(text: str) -> str:
    """A page with each heading one level lower; what stands in its examples is none."""
    parts = re.split(r"^(```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else re.sub(r"^#", "##", part, flags=re.MULTILINE) for part in parts)


def _anchor(code: Code) -> str:
    return f"{code.id} {code.name}".lower().replace(" ", "-")


def _weighs(code: Code) -> str:
    return str(code.severity) if code.milder is None else f"{code.severity} / {code.milder}"


def _command(name: str) -> str:
    rows = [f"| `{written}` | {meaning} |\n" for written, meaning in options(name)]
    return f"\n## egressc {name}\n\n{summary(name)}\n\n| argument | meaning |\n|---|---|\n{''.join(rows)}"


MANUAL = runpy.run_path(str(DOCS / "manual.py"))
COMPLETIONS = runpy.run_path(str(DOCS / "completions.py"))
ALERTS = runpy.run_path(str(DOCS / "alerting.py"))
PERFORMANCE = runpy.run_path(str(DOCS / "performance.py"))

PAGES = {
    "profile.md": profile_page,
    "cli.md": cli_page,
    "findings.md": findings_page,
    "limits.md": limits_page,
    "alerts.md": ALERTS["page"],
    "performance.md": PERFORMANCE["page"],
    "egressc.1": MANUAL["page"],
    **{f"../completions/{name}": make for name, make in COMPLETIONS["SCRIPTS"].items()},
}
"""Each derived file, as it is found from here, and what makes it."""

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
