"""A policy of many workloads and flows, as a large company might write it: the same for the same numbers."""

from __future__ import annotations

from random import Random

REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2", "")


def large_policy(workloads: int = 1_000, flows: int = 5_000, namespaces: int = 50) -> tuple[str, str]:
    """The text of a policy with that many workloads and flows, a rule each, and of its profile."""
    chance = Random(7)
    names = [(f"team-{number % namespaces:02}", f"service-{number:03}") for number in range(workloads)]
    hosts = [_host(chance, number) for number in range(workloads * 3 // 4)]
    pairs = sorted(chance.sample([(who, where) for who in range(workloads) for where in range(len(hosts))], flows))
    lines: dict[str, list[str]] = {}
    for who, where in pairs:
        namespace, name = names[who]
        owner, more = chance.randrange(40), ""
        if chance.random() < 0.02:
            more = f" expires=2026-12-{chance.randint(1, 6):02}"
        elif chance.random() < 0.3:
            more = f' ticket=SEC-{chance.randint(1, 900)} reason="part {where} of the product needs it"'
        lines.setdefault(namespace, []).append(f"allow {name} -> {hosts[where]}:443 tls owner=group-{owner:02}{more}")
    policy = ["deny * -> *.dropbox.com owner=security", "deny * -> *.pastebin.com owner=security"]
    for namespace, rules in sorted(lines.items()):
        policy += [f"namespace {namespace}", *rules]
    profile = ["apiVersion: egresslang.dev/v1", "kind: ClusterProfile", "metadata: {name: large}", "spec:"]
    profile += [
        "  region: us-east-1",
        "  enforcement: mesh",
        "  istio: {outboundTrafficPolicy: REGISTRY_ONLY}",
        "  namespaces:",
    ]
    for number in range(namespaces):
        profile.append(f"    team-{number:02}:\n      workloads:")
        profile += [
            f"        {name}: {{labels: {{app: {name}}}}}" for team, name in names if team == f"team-{number:02}"
        ]
    return "\n".join(policy) + "\n", "\n".join(profile) + "\n"


def _host(chance: Random, number: int) -> str:
    region = chance.choice(REGIONS)
    if chance.random() < 0.02:
        return f"*.partner-{number}.s3.amazonaws.com"
    return ".".join(filter(None, [f"api-{number}", region, f"vendor-{chance.randrange(90)}", "example.com"]))
