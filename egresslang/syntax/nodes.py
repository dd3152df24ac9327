"""The syntax tree: what a policy file says, word by word, before any name is looked up.

Hosts are lower-case ASCII (IDNA 2008) without a trailing dot, addresses are numbers, ports are valid,
protocols and attribute keys are words of the language. Spans ride along outside equality.
"""

from __future__ import annotations

from egresslang.record import record
from egresslang.source import Source, Span

PROTOCOLS = ("http", "http2", "grpc", "tls", "https", "tcp", "udp", "mongo", "mysql", "redis", "postgres")
"""The protocols a port may name."""

DEFAULT_PROTOCOLS = {80: "http", 443: "tls"}
"""What a port of an `allow` speaks when it is not written."""


@record
class WorkloadName:
    """`idgen`, `team-a/idgen`, or a set of workloads; `namespace` is empty when it is not written."""

    namespace: str
    name: str
    span: Span


@record
class AllWorkloads:
    """`team-a/*`: every workload of a namespace; `*`: of the mesh, then `namespace` is `*`."""

    namespace: str
    span: Span


@record
class Labelled:
    """`team-a[tier=web, egress]`: the known workloads with these labels; a value of None asks for the key alone."""

    namespace: str
    labels: tuple[tuple[str, str | None], ...]
    span: Span


Member = WorkloadName | AllWorkloads | Labelled


@record
class Sources:
    """Who: the members less those after `except`."""

    members: tuple[Member, ...]
    excepted: tuple[Member, ...]
    span: Span


@record
class Host:
    """An exact DNS name."""

    name: str
    span: Span


@record
class Wildcard:
    """`*.suffix`: every name below the suffix, at any depth, and not the suffix."""

    suffix: str
    span: Span


@record
class Network:
    """An address or network: IP version 4 or 6, the first address as a number, the prefix length."""

    version: int
    first: int
    prefix: int
    span: Span


@record
class Word:
    """A word without a dot: a set (`namespace` empty when not written), `internet`, or a name with `address=`."""

    namespace: str
    name: str
    span: Span


@record
class Anything:
    """`*` as a destination."""

    span: Span


@record
class Template:
    """A host or address that holds `${variables}`."""

    text: str
    span: Span


Target = Host | Wildcard | Network | Word | Anything | Template


@record
class Port:
    """A port and its protocol, empty when not written."""

    number: int
    protocol: str
    span: Span


@record
class Entry:
    """A target, with ports of its own where it has any."""

    target: Target
    ports: tuple[Port, ...]
    span: Span


@record
class Destinations:
    """Where to: entries, the ports they share, and the holes cut into them by `except`."""

    entries: tuple[Entry, ...]
    ports: tuple[Port, ...]
    holes: tuple[Target, ...]
    span: Span


@record
class Value:
    """A value of an attribute without its quotes; variables still stand in it."""

    text: str
    span: Span


@record
class Attribute:
    """`key=value`, or `key={a, b}`."""

    key: str
    values: tuple[Value, ...]
    span: Span


@record
class NamespaceLine:
    """`namespace recipes`: where unqualified workloads live from here on."""

    name: str
    span: Span


@record
class WorkloadSet:
    """`workloads web-tier = frontend, mobile-bff`."""

    name: str
    members: tuple[Member, ...]
    name_span: Span
    span: Span


@record
class HostSet:
    """`hosts stripe = api.stripe.com, files.stripe.com`."""

    name: str
    entries: tuple[Entry, ...]
    name_span: Span
    span: Span


@record
class Allow:
    """`allow idgen -> httpbin.org:80 http region=us`: adds flows."""

    sources: Sources
    destinations: Destinations
    attributes: tuple[Attribute, ...]
    span: Span


@record
class Deny:
    """`deny * -> *.dropbox.com`: asserts that no allow overlaps it."""

    sources: Sources
    destinations: Destinations
    attributes: tuple[Attribute, ...]
    span: Span


@record
class Expect:
    """`expect orders -> httpbin.org:80 blocked`: a unit test; `outcome` is allowed or blocked."""

    sources: Sources
    destinations: Destinations
    attributes: tuple[Attribute, ...]
    outcome: str
    span: Span
    outcome_span: Span | None = None


@record
class Service:
    """`agent`, `otel/agent` or `otel/*` in a mesh line; `namespace` is empty when not written."""

    namespace: str
    name: str
    span: Span


@record
class Mesh:
    """`mesh idgen -> otel/agent, recipes/*`: what the workload keeps of the mesh itself."""

    sources: Sources
    services: tuple[Service, ...]
    attributes: tuple[Attribute, ...]
    span: Span


Rule = Allow | Deny | Expect
Statement = NamespaceLine | WorkloadSet | HostSet | Allow | Deny | Expect | Mesh


@record
class File:
    """A policy file: its statements in the order they are written, without those that do not parse."""

    source: Source
    statements: tuple[Statement, ...]
