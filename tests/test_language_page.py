"""The policy that shows the whole language compiles against the profile that shows every key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from egresslang.cli import main

PAGE = Path(__file__).parent / "fixtures" / "language"
ARGUMENTS = [str(PAGE / "recipes.egress"), "-p", str(PAGE / "profile.yaml"), "--today", "2026-11-23"]

REACH = {
    "recipes/etl": ["198-51-100-0-24.tcp-9000.egressc.invalid", "norg.prod.example.com"],
    "recipes/frontend": ["api.stripe.com", "files.stripe.com"],
    "recipes/idgen": ["198-51-100-0-24.tcp-9000.egressc.invalid", "httpbin.org"],
    "recipes/legacy": [],
    "recipes/mobile-bff": ["api.stripe.com", "files.stripe.com"],
    "recipes/orders": ["orders-db.us-east1.sql.example.com"],
    "recipes/scanner": ["internet.tcp-443.egressc.invalid"],
    "payments/default": ["*.vault.example.com"],
    "istio-system/default": [],
}
"""What each Sidecar lists outside the mesh."""


def test_the_page_has_no_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *ARGUMENTS, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["errors"] == 0


def test_the_page_compiles_to_what_each_workload_is_granted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", *ARGUMENTS]) == 0
    documents = list(yaml.safe_load_all(capsys.readouterr().out))
    sidecars = {
        "{namespace}/{name}".format(**one["metadata"]): one["spec"] for one in documents if one["kind"] == "Sidecar"
    }
    listed = {
        name: [host[2:] for listener in spec["egress"] for host in listener["hosts"] if host.startswith("./")]
        for name, spec in sidecars.items()
    }
    assert listed == REACH
    assert {name for name, spec in sidecars.items() if spec["outboundTrafficPolicy"]["mode"] == "ALLOW_ANY"} == {
        "recipes/legacy"
    }
    mesh = ["otel/agent.otel.svc.cluster.local", "recipes/*.recipes.svc.cluster.local"]
    assert sidecars["recipes/idgen"]["egress"][0]["hosts"][:2] == mesh
    assert documents[-1]["spec"]["meshConfig"]["outboundTrafficPolicy"] == {"mode": "REGISTRY_ONLY"}


def test_every_destination_of_the_page_is_declared_as_it_is_granted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", *ARGUMENTS, "--kinds", "ServiceEntry"]) == 0
    specs = [one["spec"] for one in yaml.safe_load_all(capsys.readouterr().out)]
    declared = {
        spec["hosts"][0]: (spec["resolution"], [f"{port['number']} {port['protocol']}" for port in spec["ports"]])
        for spec in specs
    }
    assert declared == {
        "*.vault.example.com": ("DYNAMIC_DNS", ["443 TLS"]),
        "198-51-100-0-24.tcp-9000.egressc.invalid": ("NONE", ["9000 TCP"]),
        "api.stripe.com": ("DNS", ["443 TLS"]),
        "files.stripe.com": ("DNS", ["443 TLS"]),
        "httpbin.org": ("DNS", ["80 HTTP"]),
        "internet.tcp-443.egressc.invalid": ("NONE", ["443 TCP"]),
        "norg.prod.example.com": ("DNS", ["443 TLS"]),
        "orders-db.us-east1.sql.example.com": ("NONE", ["5432 TCP"]),
    }
