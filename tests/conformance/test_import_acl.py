"""What an imported ACL of smokescreen grants is what smokescreen itself lets its services reach, and what it does not grant is told."""

from __future__ import annotations

import json
import random
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from peers import program

from egresslang.compile import read
from egresslang.existing.importing.importing import Imported, import_policy
from egresslang.findings import Severity
from egresslang.policy.granted import Granted, box_of
from egresslang.policy.policy import Grant, Name, Rule, Subject
from egresslang.policy.resolve import resolve
from egresslang.profile.load import load
from egresslang.source import Source, Span

pytestmark = pytest.mark.conformance

TODAY = date(2026, 11, 25)
SERVICES = ("cart", "front", "pay")
HOSTS = (
    "example.com",
    "api.example.com",
    "v1.api.example.com",
    "example.org",
    "www.example.org",
    "a.www.example.org",
    "notexample.com",
    "elsewhere.example",
)
GLOBS = (
    "example.com",
    "api.example.com",
    "*.example.com",
    "*.api.example.com",
    "example.org",
    "*.example.org",
    "www.example.org",
)
ACTIONS = ("enforce", "enforce", "enforce", "report", "open")


def acl(seed: int) -> dict[str, Any]:
    """An ACL as people write them: each service with names of its own, names of all, names of nobody, and a default."""
    chance = random.Random(seed)

    def some(most: int) -> list[str]:
        return chance.sample(GLOBS, chance.randint(0, most))

    services = [
        {"name": name, "project": "team", "action": chance.choice(ACTIONS), "allowed_domains": some(3)}
        for name in chance.sample(SERVICES, chance.randint(1, 3))
    ]
    made: dict[str, Any] = {"version": "v1", "services": services}
    if chance.random() < 0.5:
        made["default"] = {"project": "other", "action": chance.choice(ACTIONS), "allowed_domains": some(2)}
    if chance.random() < 0.6:
        made["global_allow_list"] = some(2)
    if chance.random() < 0.6:
        made["global_deny_list"] = some(2)
    return made


def lets_through(path: Path) -> dict[tuple[str, str], bool]:
    """What smokescreen says of every service and host."""
    asked = [(service, host) for service in SERVICES for host in HOSTS]
    lines = "".join(f"{service} {host}\n" for service, host in asked)
    done = subprocess.run(
        [program("acl"), str(path)], input=lines, capture_output=True, text=True, check=True, timeout=30
    )
    return dict(zip(asked, (each == "true" for each in done.stdout.split()), strict=True))


def granted(made: Imported) -> Granted:
    """What an imported policy grants."""
    text = made.profile.partition("  resources:\n")[0]  # the files that hold workloads: the profile knows them itself
    profile, _ = load(Source("cluster.yaml", text), lambda path: path)
    assert profile is not None
    policy, _ = resolve(read([Source("made.egress", made.text)])[0], profile, TODAY, Severity.WARNING)
    return Granted(policy.grants)


def is_granted(by: Granted, service: str, host: str) -> bool:
    nowhere = Span(Source("", ""), 0, 0)
    flow = Grant(Subject("default", service), Name(host), 443, "tls", "tls", (), Rule("", nowhere), nowhere)
    return bool(by.to_name_told(box_of(flow)))


@pytest.mark.parametrize("part", range(4))
def test_an_acl_grants_what_smokescreen_lets_through(part: int, tmp_path: Path) -> None:
    odd = []
    for seed in range(part, 200, 4):
        said = acl(seed)
        path = tmp_path / f"{seed}.yaml"
        path.write_text(json.dumps(said), encoding="utf-8")
        real = lets_through(path)
        made = import_policy([Source("acl.yaml", path.read_text())], None, TODAY)
        ours, told = granted(made), "\n".join(map(str, made.unkept))
        for each in said["services"]:
            for host in HOSTS if each["action"] == "enforce" else ():
                is_ours, is_real = is_granted(ours, each["name"], host), real[each["name"], host]
                is_told = any(
                    glob in told for glob in GLOBS if glob == host or (glob[0] == "*" and host.endswith(glob[1:]))
                )
                if (is_ours and not is_real) or (is_real and not is_ours and not is_told):
                    odd.append((seed, each["name"], host, is_ours, is_real))
    assert odd == []


@pytest.mark.parametrize(
    "name", ["sample_config.yaml", "sample_config_with_global.yaml", "no_default.yaml", "mitm_config.yaml"]
)
def test_acls_of_smokescreens_own_tests_are_read(name: str) -> None:
    folder = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", "github.com/stripe/smokescreen"],
        cwd=Path(__file__).parent / "judge" / "acl", capture_output=True, text=True, check=True, timeout=60,
    ).stdout.strip()  # fmt: skip
    path = Path(folder) / "pkg/smokescreen/acl/v1/testdata" / name
    made = import_policy([Source(name, path.read_text(encoding="utf-8"))], None, TODAY)
    assert made.findings == ()
    assert ("headers" in "\n".join(map(str, made.unkept))) == (name == "mitm_config.yaml")
