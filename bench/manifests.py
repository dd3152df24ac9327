"""How `egressc profile` grows with manifests: `python bench/manifests.py [--sizes N…]`.

For each shape: the processor time in which so many documents become a profile, and then bring that profile up to date
after every tenth workload changed, beside PyYAML with libyaml reading the same text; and how each grew from the size
before, where ten times the documents should take ten times as long.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from tempfile import TemporaryDirectory

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.append(ROOT)

import yaml  # noqa: E402

from egresslang.cli import main as egressc  # noqa: E402

SIZES = (1_000, 10_000)

_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: {space}
spec:
  selector:
    matchLabels: {{app: {app}}}
  template:
    metadata:
      labels: {{app: {app}, version: {version}, app.kubernetes.io/managed-by: Helm}}
    spec:
      serviceAccountName: {name}
      containers:
      - name: main
        image: example.com/{name}:1
        ports:
        - {{containerPort: 8080, name: http}}
"""


def deployments(count: int, version: str) -> str:
    """A Deployment each, a hundred namespaces."""
    return _each(count, version, lambda at: (f"w-{at}", f"ns-{at % 100}"))


def one_namespace(count: int, version: str) -> str:
    """A Deployment each, all in one namespace."""
    return _each(count, version, lambda at: (f"w-{at}", "shop"))


def alike(count: int, version: str) -> str:
    """A Deployment each in one namespace, whose controllers all select by the same label."""
    return _each(count, version, lambda at: ("web", "shop"), name="w-{at}")


def pods(count: int, version: str) -> str:
    """A List of Pods in JSON, five of each Deployment, as a cluster prints them."""
    items = []
    for at in range(count):
        name, digest = f"w-{at // 5}", f"{at // 5:x}"
        metadata = {
            "name": f"{name}-{digest}-{at}",
            "namespace": f"ns-{at % 7}",
            "labels": {"app": name, "version": version if at // 5 % 10 == 0 else "v1", "pod-template-hash": digest},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{name}-{digest}", "controller": True}],
        }  # fmt: skip
        items.append({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"serviceAccountName": name}})
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=2)


def _each(count: int, version: str, who: Callable[[int], tuple[str, str]], name: str = "{app}") -> str:
    made = []
    for at in range(count):
        app, space = who(at)
        changed = version if at % 10 == 0 else "v1"
        made.append(_DEPLOYMENT.format(name=name.format(app=app, at=at), space=space, app=app, version=changed))
    return "---\n".join(made)


SHAPES = {"deployments": deployments, "one-namespace": one_namespace, "alike": alike, "pods": pods}


def measured(shape: Callable[[int, str], str], count: int) -> list[float]:
    """Seconds to make a profile, to bring it up to date, and for PyYAML to read the same."""
    with TemporaryDirectory() as folder:
        manifests, profile = os.path.join(folder, "all.yaml"), os.path.join(folder, "us.yaml")
        times = []
        for version in ("v1", "v2"):
            with open(manifests, "w", encoding="utf-8") as file:
                file.write(shape(count, version))
            times.append(_timed(lambda: egressc(["profile", manifests, "-o", profile])))
        with open(manifests, encoding="utf-8") as file:
            text = file.read()
        return [*times, _timed(lambda: [*yaml.load_all(text, yaml.CSafeLoader)] and 0)]


def _timed(work: Callable[[], int]) -> float:
    started = time.process_time()
    with redirect_stderr(io.StringIO()) as told:
        status = work()
    if status:
        raise SystemExit(told.getvalue())
    return time.process_time() - started


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row for each shape and size."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    sizes = reader.parse_args(arguments).sizes
    print("| shape | documents | made s | updated s | PyYAML s | made ÷ PyYAML | updated ÷ made | made × | updated × |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for name, shape in SHAPES.items():
        before: list[float] = []
        for size in sizes:
            made, updated, floor = measured(shape, size)
            grown = [f"{now / then:.1f}" for now, then in zip((made, updated), before, strict=False)] or ["", ""]
            print(
                f"| {name} | {size:,} | {made:.2f} | {updated:.2f} | {floor:.2f} | {made / floor:.1f} | {updated / made:.1f} |"
                f" {grown[0]} | {grown[1]} |"
            )
            before = [made, updated]


if __name__ == "__main__":
    main()
