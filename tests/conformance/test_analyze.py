"""What `analyze` says of the flawed meshes is what really happens, and `istioctl analyze` is run beside it over each."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asking import Case as Mesh
from asking import Judge, Proxy
from compiling import compile_text
from judging import judge_often
from meshes import call, said
from peers import EGRESS, PAGE, SAYS, about, caught, page, refused, rows
from policies import printed
from policies import profile as profile_of
from random_changes import changed
from random_manifests import manifest
from random_policies import generate

sys.path.insert(0, str(Path(__file__).parents[1] / "existing"))

import cases
import refusals

from egresslang import codes
from egresslang.existing.analyze import analyze
from egresslang.profile.load import load
from egresslang.source import Source

pytestmark = pytest.mark.conformance

PEERS = {
    "IST0109": {"EGR630"},
    "IST0110": {"EGR620"},
    "IST0111": {"EGR619", "EGR623"},
    "IST0134": {"EGR609"},
    "IST0177": {"EGR615"},
}
"""What a code of istioctl is called here, where it is one thing there; a selector without labels is none to it."""

WHICH = (cases.BAD, cases.GOOD)


def mesh(case: cases.Case, which: str) -> Mesh:
    """One of the two meshes of a case, and every call of it."""
    istio: list[Any] = []
    kubernetes: list[Any] = []
    config: dict[str, Any] = {"rootNamespace": "istio-system"}
    for each in case.documents(which):
        if each["kind"] == "IstioOperator":
            config |= each["spec"]["meshConfig"]
        elif each["apiVersion"].partition("/")[0].endswith("istio.io"):
            istio.append(each)
        else:
            kubernetes.append(each)
    proxies: list[Proxy] = []
    calls = []
    for asked in case.flows:
        proxies.append(Proxy(asked.pod.split("/")[0], case.labels(which, asked.pod)))
        calls.append(replace(call(asked.call), proxy=len(proxies) - 1))
    return Mesh(
        f"{case.name} {which}",
        json.dumps(config),
        "".join(f"---\n{json.dumps(each)}\n" for each in istio),
        "".join(f"---\n{json.dumps(each)}\n" for each in kubernetes),
        tuple(proxies),
        tuple(calls),
    )


@pytest.mark.parametrize("which", WHICH)
@pytest.mark.parametrize("case", [each for each in cases.CASES if each.flows], ids=lambda each: each.name)
def test_the_judge_sees_the_flow_that_opens_or_closes(case: cases.Case, which: str, judge: Judge) -> None:
    asked = mesh(case, which)
    answer = judge.ask(asked)
    assert answer.error == ""
    seen = [{said(verdict)} for verdict in answer.verdicts]
    if any(each.verdict(which) == "chance" for each in case.flows):
        tokens = judge_often(judge, asked, starts=4, rolls=20)
        seen = [{"chance"} if len(several) > 1 else one for several, one in zip(tokens, seen, strict=True)]
    assert seen == [{each.verdict(which)} for each in case.flows]


def test_istioctl_is_listed_case_by_case() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(rows()), "`python tests/conformance/peers.py` writes it"


@pytest.mark.parametrize("case", cases.CASES, ids=lambda each: each.name)
def test_nothing_that_istioctl_catches_is_missed(case: cases.Case) -> None:
    found = {each.code.id for each in analyze([Source("bad.yaml", case.text(cases.BAD))]).findings}
    assert found == {case.code}
    assert all(case.code in PEERS.get(code, {case.code}) for code in caught(case))


def written(folder: Path, texts: Sequence[str]) -> list[Path]:
    """Each text in a file of its own."""
    paths = [folder / f"{number}.yaml" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def ours(text: str) -> list[str]:
    """What we say of a text that Istio would not take; what only we cannot judge is none."""
    found = analyze([Source("it.yaml", text)]).findings
    said = [each.message for each in found if each.code in (codes.REFUSED_MANIFEST, codes.UNREAD_MANIFEST)]
    return [each for each in said if not each.startswith("egressc cannot judge")]


def test_what_we_refuse_istio_refuses(tmp_path: Path) -> None:
    texts = [refusals.ENTRY.replace(old, new) for old, new, _ in refusals.OF_ENTRIES]
    texts += [refusals.SIDECAR.replace(old, new) for old, new, _ in refusals.OF_SIDECARS]
    texts += [refusals.ROUTE.replace(old, new) for old, new, _ in refusals.OF_ROUTES]
    texts += [refusals.RULE.replace(old, new) for old, new, _ in refusals.OF_RULES]
    taken = [text for text, is_refused in zip(texts, refused(written(tmp_path, texts)), strict=True) if not is_refused]
    assert taken == []


def istios_module() -> Path:
    """The folder of Istio's own module."""
    done = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", "istio.io/istio"],
        cwd=Path(__file__).parent / "judge",
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return Path(done.stdout.strip())


SILENT: dict[str, set[object]] = {
    "IST0101 VirtualService": {
        "virtualservice_conflictingmeshgatewayhosts.yaml",
        "virtualservice_conflictingmeshgatewayhosts_with_exportto.yaml",
        "virtualservice_destinationrules.yaml",
        "virtualservice_gateways.yaml",
        "virtualservice_host_not_found_gateway.yaml",
        "virtualservice_host_not_found_gateway_beta.yaml",
        "virtualservice_host_not_found_gateway_with_ns_prefix.yaml",
        "virtualservice_host_not_found_gateway_with_ns_prefix_beta.yaml",
        "virtualservice_internal_gateway_ref.yaml",
        "virtualservice_jwtclaimroute.yaml",
        "virtualservice_overlappingmatches.yaml",
    },
    "IST0106 VirtualService": {
        "deprecation.yaml",
        "virtualservice_gateways.yaml",
        "virtualservice_internal_gateway_ref.yaml",
    },
    "IST0132 VirtualService": {...},
    "IST0144 Deployment": {...},
    "IST0144 Pod": {...},
    "IST0165 VirtualService": {...},
    "IST0167 Sidecar": {...},
    "IST0174 DestinationRule": {...},
}
"""Files of Istio's analyzers' test data, or all of them, in which nothing is said for the reason in SAYS."""


def test_what_istioctl_says_of_its_own_test_data_is_said_or_has_a_reason() -> None:
    paths = sorted((istios_module() / "pkg/config/analysis/analyzers/testdata").glob("*.yaml"))
    found = about(paths)
    seen, missed = set(), []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        ours = {each.code.id for each in analyze([Source(path.name, text)]).findings}
        for each in found[path]:
            if each.split()[1] not in EGRESS and not each.startswith("IST0144"):
                continue
            seen.add(each)
            here, silent = SAYS[each][0], SILENT.get(each, set())
            if here and ours.isdisjoint(here.split(", ")) and path.name not in silent and ... not in silent:
                missed.append((path.name, each, sorted(ours)))
    assert missed == []
    assert set(SAYS) - seen == {"IST0106 DestinationRule"}


def of_istio() -> list[tuple[str, str]]:
    """Each manifest of a judged kind in the YAML of Istio's own module, and the file it stands in; templates are none."""
    is_judged = re.compile(r"^kind: (ServiceEntry|Sidecar|VirtualService|DestinationRule)$", re.MULTILINE)
    found = []
    for path in sorted(istios_module().rglob("*.yaml")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if "{{" in text or not is_judged.search(text):
            continue
        parts = re.split(r"^---.*$", text, flags=re.MULTILINE)
        found += [(path.name, part) for part in parts if is_judged.search(part)]
    return found


OF_KUBERNETES = "websocketUpgrade"
"""A key that is none, which Kubernetes drops and istioctl passes over."""


def test_istios_own_test_data_is_read_as_istio_reads_it(tmp_path: Path) -> None:
    every = of_istio()
    assert len(every) > 250
    by_istio = refused(written(tmp_path, [text for _, text in every]))
    odd = []
    for (name, text), is_refused in zip(every, by_istio, strict=True):
        said = ours(text)
        if bool(said) != (is_refused or name == "serviceentry-invalid.yaml" or OF_KUBERNETES in text):
            odd.append((name, text, said))
    assert odd == []


AS_WRITTEN = {"EGR304", "EGR307", "EGR616"}
"""What a random policy says itself: wide networks, wildcards on an older Istio, plain http on port 443."""


@pytest.mark.parametrize("shape", ["plain", "adversarial", "ports", "wildcards", "large", "v6", "regions", "capture"])
def test_nothing_is_wrong_with_what_a_policy_compiles_to(shape: str) -> None:
    for seed in range(12):
        policy = generate(seed, shape)
        made = compile_text(printed(policy).text, profile_of(policy))
        if made.status:
            continue
        profile, _ = load(Source("profile.yaml", profile_of(policy)), lambda path: path)
        found = analyze([Source("compiled.yaml", made.manifests)], profile).findings
        assert [(seed, each.message) for each in found if each.code.id not in AS_WRITTEN] == []


def test_of_random_manifests_we_refuse_what_istio_refuses(tmp_path: Path) -> None:
    texts = [manifest(seed) for seed in range(1500)]
    by_istio = refused(written(tmp_path, texts))
    odd = [
        (text, said) for text, is_refused in zip(texts, by_istio, strict=True) if bool(said := ours(text)) != is_refused
    ]
    assert odd == []
    assert 300 < sum(by_istio) < 1200, "about as many are right as wrong"


def test_of_changed_routes_and_rules_we_refuse_what_istio_refuses(tmp_path: Path) -> None:
    texts = [changed(seed) for seed in range(1000)]
    by_istio = refused(written(tmp_path, texts))
    by_us = list(map(ours, texts))
    odd = [
        (text, said)
        for text, said, is_refused in zip(texts, by_us, by_istio, strict=True)
        if bool(said) != is_refused and not any(map(KEYS.search, said))
    ]
    assert odd == []
    assert 300 < sum(by_istio) < 800, "about as many are right as wrong"


KEYS = re.compile(r"^unknown key|is not (text|a number|a whole number|a list|a mapping|true or false)")
"""What Kubernetes refuses, and istioctl reads all the same."""
