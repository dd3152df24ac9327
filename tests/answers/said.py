"""The command as scripts call it, and its answers."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any, cast

import jsonschema

from egresslang.cli import main

ROOT = Path(__file__).parents[2]
SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "schemas" / "answer.schema.json").read_text()))
PROFILE = """apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: test}
spec:
  defaultNamespace: team-a
  enforcement: mesh
"""


class Said:
    """What a command said, and its status."""

    def __init__(self, *arguments: object, stdin: bytes = b"") -> None:
        out, err = io.StringIO(), io.StringIO()
        before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(stdin))
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                self.status = main([str(each) for each in arguments])
        except SystemExit as ended:
            self.status = cast("int", ended.code)
        finally:
            sys.stdin = before
        self.out, self.err = out.getvalue(), err.getvalue()

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The answers of `--format json`, each valid."""
        assert self.status == 0, self.err
        found = [json.loads(line) for line in self.out.splitlines()]
        for each in found:
            SCHEMA.validate(each)
        return found
