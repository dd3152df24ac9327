"""Virtual addresses under DNS capture, and pods of IPv6."""

from __future__ import annotations

from asking import Proxy
from meshes import PUBLIC, entry, sidecar

from facts.fact import Fact
from facts.parts import NET_443


def virtual(host: str, *values: str) -> dict[str, object]:
    """The status of an entry for whose host istiod has chosen these addresses."""
    return {"addresses": [{"value": value, "host": host} for value in values]}


CAPTURE = Proxy("team-a", {"app": "idgen"}, dnsCapture=True)

VIP = {
    host: entry(
        f"{host}.example",
        [(443, "TLS"), (5432, "TCP"), (80, "HTTP")],
        status=virtual(f"{host}.example", f"240.240.0.{number}"),
    )
    for host, number in (("a", 5), ("b", 6))
}

A_BOTH = entry("a.example", [(80, "HTTP"), (443, "TLS")])

VIRTUAL = [
    Fact(
        "with DNS capture a virtual address is a host's only tls and tcp place, and no server name is looked at there",
        [VIP["a"], VIP["b"], sidecar(["./*"])],
        {
            "tls a.example:443 resolved": "allowed a.example",
            "tls o.example:443 @240.240.0.5": "allowed a.example",
            "tls b.example:443 @240.240.0.5": "allowed a.example",
            "tls a.example:443": "dropped",
            "tcp 240.240.0.6:5432": "allowed b.example",
            f"tcp {PUBLIC}:5432": "dropped",
            "tcp 240.240.0.7:5432": "dropped",
            "http a.example:80": "allowed a.example",
            "http a.example:80 resolved": "allowed a.example",
            "http 240.240.0.6:80 @240.240.0.6": "allowed b.example",
        },
        proxy=CAPTURE,
    ),
    Fact(
        "without DNS capture a virtual address means nothing",
        [VIP["a"], sidecar(["./*"])],
        {
            "tls a.example:443": "allowed a.example",
            "tls a.example:443 resolved": "allowed a.example",
            "tls o.example:443 @240.240.0.5": "dropped",
            f"tcp {PUBLIC}:5432": "allowed a.example",
            "http 240.240.0.5:80 @240.240.0.5": "502",
        },
    ),
    Fact(
        "an entry that opts out, has addresses, or has no resolution uses no virtual address",
        [
            entry(
                "out.example",
                [(443, "TLS")],
                status=virtual("out.example", "240.240.0.5"),
                metadata={"labels": {"networking.istio.io/enable-autoallocate-ip": "false"}},
            ),
            entry(
                "own.example", [(443, "TLS")], addresses=["203.0.113.9"], status=virtual("own.example", "240.240.0.6")
            ),
            entry("none.example", [(443, "TLS")], "NONE", status=virtual("none.example", "240.240.0.7")),
            sidecar(["./*"]),
        ],
        {
            "tls out.example:443 @240.240.0.5": "allowed out.example",
            "tls out.example:443": "allowed out.example",
            "tls o.example:443 @240.240.0.5": "dropped",
            "tls o.example:443 @240.240.0.6": "dropped",
            "tls o.example:443 @203.0.113.9": "allowed own.example",
            "tls none.example:443": "allowed none.example",
            "tls o.example:443 @240.240.0.7": "dropped",
        },
        proxy=CAPTURE,
    ),
    Fact(
        "a virtual address belongs to the host it names",
        [
            entry(
                "a.example",
                [(443, "TLS")],
                hosts=["a.example", "b.example"],
                status=virtual("b.example", "240.240.0.5"),
            ),
            entry("c.example", [(443, "TLS")], status={"addresses": [{"value": "240.240.0.6"}]}),
            sidecar(["./*"]),
        ],
        {
            "tls o.example:443 @240.240.0.5": "allowed b.example",
            "tls a.example:443": "allowed a.example",
            "tls b.example:443": "dropped",
            "tls c.example:443": "allowed c.example",
            "tls o.example:443 @240.240.0.6": "dropped",
        },
        proxy=CAPTURE,
    ),
    Fact(
        "a wildcard with a virtual address still asks for its name there",
        [
            entry(
                "*.x.example", [(443, "TLS"), (80, "HTTP")], "DYNAMIC_DNS", status=virtual("*.x.example", "240.240.0.5")
            ),
            sidecar(["./*"]),
        ],
        {
            "tls q.x.example:443 @240.240.0.5": "allowed *.x.example",
            "tls q.x.example:443 resolved": "allowed *.x.example",
            "tls o.example:443 @240.240.0.5": "dropped",
            "tls q.x.example:443": "dropped",
            "http q.x.example:80": "allowed *.x.example",
        },
        proxy=CAPTURE,
    ),
    Fact(
        "a virtual address of the other family is none",
        [entry("a.example", [(443, "TLS")], status=virtual("a.example", "2001:2::f0f0:5")), sidecar(["./*"])],
        {"tls a.example:443": "allowed a.example", "tls o.example:443 @2001:2::f0f0:5": "dropped"},
        proxy=CAPTURE,
    ),
    Fact(
        "a pod of both families has the virtual address of the first",
        [
            entry("a.example", [(443, "TLS")], status=virtual("a.example", "240.240.0.5", "2001:2::f0f0:5")),
            sidecar(["./*"]),
        ],
        {
            "tls o.example:443 @240.240.0.5": "allowed a.example",
            "tls o.example:443 @2001:2::f0f0:5": "dropped",
            "tls a.example:443": "dropped",
        },
        proxy=Proxy("team-a", {"app": "idgen"}, dnsCapture=True, ips=("10.4.0.1", "fd00::7")),
    ),
    Fact(
        "a pod of IPv6 alone has its ports on the IPv6 wildcard address",
        [
            A_BOTH,
            NET_443,
            entry("six.invalid", [(443, "TCP")], "NONE", addresses=["2001:db8::/32", "2001:db9::7"]),
            sidecar(["./*"]),
        ],
        {
            "tls a.example:443 @2001:4860::8": "allowed a.example",
            "http a.example:80 @2001:4860::8": "allowed a.example",
            "http o.example:80 @2001:4860::8": "502",
            "tcp [2001:db8::9]:443": "allowed six.invalid",
            "tcp [2001:db9::7]:443": "allowed six.invalid",
            "tcp [2001:4860::8]:443": "dropped",
            "tcp 203.0.113.9:443": "dropped",
            "tls a.example:443": "dropped",
        },
        proxy=Proxy("team-a", {"app": "idgen"}, ips=("fd00::7",)),
    ),
    Fact(
        "a pod of IPv4 alone has no port on IPv6 addresses but those that are registered",
        [
            A_BOTH,
            entry("six.invalid", [(443, "TCP")], "NONE", addresses=["2001:db8::/32", "2001:db9::7"]),
            sidecar(["./*"]),
        ],
        {
            "tls a.example:443 @2001:4860::8": "dropped",
            "http a.example:80 @2001:4860::8": "dropped",
            "tcp [2001:db9::7]:443": "allowed six.invalid",
            "tcp [2001:db8::9]:443": "dropped",
        },
    ),
]
