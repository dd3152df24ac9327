"""Prometheus's own `promtool`: whether it takes rules, and which alerts fire on given series."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
import yaml

Series = tuple[str, Mapping[str, str], str]
"""A metric, its labels, and its values a minute apart, as promtool writes them: `0+1x10`."""

LABELS = (
    "alertname",
    "severity",
    "source_workload_namespace",
    "source_workload",
    "destination_service_name",
    "traffic",
)
"""What tells a firing alert from another, here."""


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run promtool; fails with the reason where there is none."""
    found = shutil.which("promtool")
    if found is None:
        pytest.fail("promtool is not on PATH (Debian package prometheus)")
    return subprocess.run([found, *arguments], capture_output=True, text=True, check=False, timeout=120)


def checked(rules: Path) -> None:
    """Assert that Prometheus takes a file of rules, and has nothing to remark."""
    done = promtool("check", "rules", "--lint-fatal", str(rules))
    assert done.returncode == 0, done.stdout + done.stderr


def written(series: Series) -> dict[str, str]:
    """A series as promtool reads it."""
    metric, labels, values = series
    told = ",".join(f"{key}={json.dumps(value)}" for key, value in labels.items())
    return {"series": f"{metric}{{{told}}}", "values": values}


def tried(rules: Path, series: Iterable[Series], expected: Iterable[Mapping[str, str]], minute: int) -> None:
    """Assert that exactly the expected alerts fire at a minute; each is some of LABELS and no more."""
    firing = [{"labels": "{" + ",".join(f"{k}={json.dumps(v)}" for k, v in each.items()) + "}", "value": 1} for each in expected]  # fmt: skip
    asked = {"expr": f'count by ({",".join(LABELS)}) (ALERTS{{alertstate="firing"}})', "eval_time": f"{minute}m", "exp_samples": firing}  # fmt: skip
    runs(rules, {"interval": "1m", "input_series": [written(each) for each in series], "promql_expr_test": [asked]})


def runs(rules: Path, test: Mapping[str, object]) -> None:
    """Assert that a test of promtool's passes."""
    names = [group["name"] for group in yaml.safe_load(rules.read_text())["groups"]]
    file = rules.with_name("test.yaml")
    file.write_text(yaml.safe_dump({"rule_files": [rules.name], "evaluation_interval": "1m", "group_eval_order": names, "tests": [test]}))  # fmt: skip
    done = promtool("test", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
