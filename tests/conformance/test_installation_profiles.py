"""The table of installation profiles says what Istio's own files say."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from egresslang.documents import read
from egresslang.profile.facts import settle
from egresslang.profile.installation import read_installation
from egresslang.profile.installation_profiles import PROFILES
from egresslang.source import Source

pytestmark = pytest.mark.conformance

JUDGE = Path(__file__).parent / "judge"
OLDER = {"external"}
"""Profiles that Istio has no more."""


def facts(text: str) -> dict[str, Any]:
    """What holds in a cluster so installed."""
    (document,), findings = read(Source("i.yaml", text))
    assert findings == []
    found, findings = read_installation(document)
    assert findings == []
    return settle({}, found)[0]


def test_the_table_of_profiles_is_istios() -> None:
    asked = ["go", "list", "-m", "-f", "{{.Dir}}", "istio.io/istio"]
    module = subprocess.run(asked, cwd=JUDGE, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    manifests = Path(module) / "manifests"
    operators = {path.stem: path for path in (manifests / "profiles").glob("*.yaml")}
    assert set(operators) == set(PROFILES) - OLDER
    for name, path in operators.items():
        text = path.read_text(encoding="utf-8")
        layered = yaml.safe_load(text)["spec"].get("values", {}).get("profile")
        told = [facts(text)]
        if layered:
            values = (manifests / "helm-profiles" / f"{layered}.yaml").read_text(encoding="utf-8")
            told.append(facts(values + "\nbase: {}\n"))
        turned_on = {key: True for key in ("dnsCapture", "ambient") if any(each[key] for each in told)}
        assert turned_on == PROFILES[name], name
        assert {each["outboundTrafficPolicy"] for each in told} == {"ALLOW_ANY"}
        assert {each["rootNamespace"] for each in told} == {"istio-system"}
