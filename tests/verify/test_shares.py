"""A proof that is shared out among processes finds what it finds without them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from egresslang.compile import compile, read
from egresslang.findings import Finding, Severity
from egresslang.profile.load import load
from egresslang.source import Source
from egresslang.verify import verify as verification
from egresslang.verify.tell import EMITTED

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="forks of POSIX"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),  # pytest-xdist has threads, egressc none
]

NAMES = [f"w{number}" for number in range(7)]
POLICY = "namespace shop\n" + "".join(f"allow {name} -> {name}.example.com:443 tls\n" for name in NAMES)
PROFILE = f"""\
apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {{name: c}}
spec:
  istio: {{version: "1.31", outboundTrafficPolicy: REGISTRY_ONLY}}
  namespaces: {{shop: {{workloads: {{{", ".join(f"{name}: {{labels: {{app: {name}}}}}" for name in NAMES)}}}}}}}
"""
WRONG = {
    "nothing": (),
    "one class": ("w1",),
    "the first and the last": ("w0", "w6"),
    "every class": NAMES,
}
"""The pods whose Sidecars import what others may reach."""


def verified(wrong: tuple[str, ...]) -> list[Finding]:
    """What is found when some pods could reach the names of all."""
    profile, problems = load(Source("c.yaml", PROFILE), lambda path: Path(path).read_text())
    files, found = read([Source("p.egress", POLICY)])
    assert profile is not None
    assert problems + found == []
    made = compile(files, profile, date(2026, 11, 26), Severity.WARNING)
    assert made.policy is not None
    text = made.text
    for name in wrong:
        assert f"./{name}.example.com" in text
        text = text.replace(f"./{name}.example.com", "./*.example.com")
    return verification.verify(made.policy, profile, [Source(EMITTED, text)])


def shared_out(monkeypatch: pytest.MonkeyPatch, processes: int) -> None:
    monkeypatch.setattr(verification, "WORTH", 1)
    monkeypatch.setattr(verification, "MOST", 9)
    monkeypatch.setattr(verification, "processors", lambda: processes)


@pytest.fixture(params=[2, 3, 9])
def processes(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize("enough", [1, 3, 100])
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_found_is_what_one_process_finds(
    monkeypatch: pytest.MonkeyPatch, processes: int, wrong: str, enough: int
) -> None:
    monkeypatch.setattr(verification, "ENOUGH", enough)
    alone = verified(WRONG[wrong])
    assert bool(alone) == (wrong != "nothing")
    shared_out(monkeypatch, processes)
    assert verified(WRONG[wrong]) == alone


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("ends", ["raises", "is killed", "is not there"])
def test_a_share_that_is_left_undone_is_proved_here(
    monkeypatch: pytest.MonkeyPatch, processes: int, wrong: str, ends: str
) -> None:
    alone = verified(WRONG[wrong])
    here, of_class = os.getpid(), verification._of_class

    def undone(*arguments: Any) -> Iterator[Any]:
        if os.getpid() != here:
            if ends == "is killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise MemoryError
        return of_class(*arguments)

    def refused() -> int:
        raise BlockingIOError

    monkeypatch.setattr(verification, "_of_class", undone)
    if ends == "is not there":
        monkeypatch.setattr(os, "fork", refused)
    shared_out(monkeypatch, processes)
    assert verified(WRONG[wrong]) == alone


def test_what_others_prove_is_not_proved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    of_class = verification._of_class
    proved: list[str] = []

    def counted(pods: Any, *arguments: Any) -> Iterator[Any]:
        proved.append(str(pods))
        return of_class(pods, *arguments)

    monkeypatch.setattr(verification, "_of_class", counted)
    assert verified(()) == []
    every = proved[len(proved) // 2 :]  # the policy is compiled, and so proved, before
    proved.clear()
    shared_out(monkeypatch, 3)
    assert verified(()) == []
    assert proved == every[::3] * 2


def test_a_small_proof_is_done_in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "processors", lambda: 8)
    monkeypatch.setattr(os, "fork", None)
    assert verified(()) == []
