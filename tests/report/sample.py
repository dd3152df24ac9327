"""A run with everything that a report may have to tell."""

from __future__ import annotations

from egresslang import codes
from egresslang.findings import Edit, Fix, Label, Severity, finding
from egresslang.record import replace
from egresslang.report import Checked, Context
from egresslang.source import Source, Span

POLICY = Source(
    "policies/a b,c:d%.egress",
    "namespace s\n\nallow idgen -> a.example:443 tls\r\n\tallow \U0001f600 -> a.example:443\n   tcp owner=x\n",
)
PROFILE = Source("../profile.yaml", "spec: {}\n")


def at(words: str, source: Source = POLICY) -> Span:
    start = source.text.index(words)
    return Span(source, start, start + len(words))


CONFLICT = replace(
    finding(
        codes.PROTOCOL_CONFLICT,
        at("a.example:443\n   tcp"),
        "`a.example:443` is 100% both,\r\n::error::tls & <tcp>",
        "tcp here",
        related=[Label(at("a.example:443 tls"), "tls here")],
        notes=["one of the two would be blocked", "\x1b[31m\u202e"],
        help="use tls for both",
        fix=Fix("write tls", (Edit(at("tcp"), "tls"),), safe=True),
    ),
    cluster="recipes-us",
)
OPEN = finding(codes.NOT_ENFORCED, at("idgen"), "`idgen` is left open", severity=Severity.NOTE)
ELSEWHERE = finding(codes.OTHER_CLUSTER, at("spec", PROFILE), "elsewhere")
QUIET = replace(
    finding(codes.ADDRESS_OVERLAP, at("a.example:443 tls"), "they share an address"),
    suppressed='the vendor\'s "shards"',
)

FOUND = [CONFLICT, OPEN, ELSEWHERE]
CONTEXT = Context(
    "2026-11-23",
    Checked(rules=2, files=2, suppressed=1),
    color=True,
    width=80,
    suppressed=(QUIET,),
    files=(POLICY.name, "policies/clean.egress"),
    root="/src",
    folder="/src/team",
)
CLEAN = Context("2026-11-23", Checked(rules=2, files=1), files=("clean.egress",), root="/src", folder="/src")
PATH = "team/policies/a b,c:d%.egress"
