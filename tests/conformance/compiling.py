"""The compiler as a black box: files in, manifests or findings out."""

from __future__ import annotations

import contextlib
import io
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Compiled:
    """What `egressc compile` said: its status, its manifests as YAML text, and its findings."""

    status: int
    manifests: str
    findings: tuple[dict[str, Any], ...]
    stderr: str

    @property
    def documents(self) -> tuple[str, ...]:
        """The text of each manifest."""
        return tuple(one for one in re.split(r"(?m)^---\n", self.manifests) if one.strip())

    def of_kind(self, kind: str) -> tuple[str, ...]:
        """The text of each manifest of a kind."""
        return tuple(one for one in self.documents if re.search(rf"(?m)^kind: {kind}$", one))

    @property
    def istio(self) -> str:
        """Everything that `kubectl apply` takes."""
        applied = (one for one in self.documents if not re.search(r"(?m)^kind: IstioOperator$", one))
        return "".join(f"---\n{one}" for one in applied)

    @property
    def mesh_config(self) -> str:
        """The MeshConfig of the emitted installation, and nothing else."""
        (installation,) = self.of_kind("IstioOperator")
        return json.dumps(yaml.safe_load(installation)["spec"].get("meshConfig", {}))

    @property
    def errors(self) -> tuple[dict[str, Any], ...]:
        """The findings that stopped it."""
        return tuple(one for one in self.findings if one["severity"] == "error")


def compile_text(policy: str, profile: str) -> Compiled:
    """Run `egressc compile policy.egress -p profile.yaml` in a folder of its own."""
    from egresslang.cli import main

    with tempfile.TemporaryDirectory() as folder:
        policy_file, profile_file = Path(folder, "policy.egress"), Path(folder, "profile.yaml")
        policy_file.write_text(policy, encoding="utf-8")
        profile_file.write_text(profile, encoding="utf-8")
        argv = ["compile", str(policy_file), "-p", str(profile_file), "--format", "json"]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = main(argv)
            except SystemExit as ended:
                status = ended.code if isinstance(ended.code, int) else 2
    return Compiled(status or 0, out.getvalue(), _findings(err.getvalue()), err.getvalue())


def _findings(stderr: str) -> tuple[dict[str, Any], ...]:
    try:
        return tuple(json.loads(stderr)["findings"])
    except (ValueError, KeyError):
        return ()
