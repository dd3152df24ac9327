"""What Istio refuses of a ServiceEntry and a Sidecar that are else in order: a change of their text, and what is said of it."""

from __future__ import annotations

ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: shop}
spec:
  hosts: [api.example.com]
  exportTo: ["."]
  resolution: DNS
  ports: [{number: 443, name: tls, protocol: TLS}]
"""
SIDECAR = """\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: cart, namespace: shop}
spec:
  workloadSelector: {labels: {app: cart}}
  outboundTrafficPolicy: {mode: REGISTRY_ONLY}
  egress: [{hosts: ["*/*.svc.cluster.local", "./api.example.com"]}]
"""
HOSTS = "hosts: [api.example.com]"
DNS = "resolution: DNS"

OF_ENTRIES = [
    (HOSTS, "hosts: []", "this ServiceEntry has no host"),
    (HOSTS, 'hosts: ["*"]', "`*` is no host"),
    (HOSTS, 'hosts: ["a_b.example.com"]', "`a_b.example.com` is no host"),
    (HOSTS, 'hosts: ["api.example.com:443"]', "`api.example.com:443` is no host"),
    (HOSTS, 'hosts: ["https://api.example.com"]', "`https://api.example.com` is no host"),
    (HOSTS, 'hosts: ["-a.example.com"]', "`-a.example.com` is no host"),
    (HOSTS, 'hosts: ["a..example.com"]', "`a..example.com` is no host"),
    (HOSTS, 'hosts: ["a.*.example.com"]', "`a.*.example.com` is no host"),
    (HOSTS, 'hosts: ["192.0.2.1"]', "`192.0.2.1` is no host"),
    (HOSTS, "hosts: api.example.com", "`hosts` is not a list"),
    (HOSTS, "hosts: [1]", "`hosts` is not text"),
    (DNS, "resolution: DSN", "unknown resolution `DSN`"),
    (DNS, "resolution: DYNAMIC_DNS", "`resolution: DYNAMIC_DNS` takes wildcards alone"),
    (DNS, "resolution: NONE\n  endpoints: [{address: 192.0.2.1}]", "`resolution: NONE` takes no `endpoints`"),
    (DNS, "resolution: STATIC\n  endpoints: [{address: a.example}]", "`a.example` is no endpoint"),
    (DNS, "resolution: STATIC\n  endpoints: [{}]", "an endpoint has no address"),
    (DNS, "resolution: STATIC\n  endpoints: [{address: unix://a}]", "`unix://a` is no socket"),
    (
        DNS,
        "resolution: STATIC\n  endpoints: [{address: 192.0.2.1, ports: {http: 80}}]",
        "no port is called `http`",
    ),
    (
        DNS,
        "resolution: DNS_ROUND_ROBIN\n  endpoints: [{address: a.example}, {address: b.example}]",
        "`resolution: DNS_ROUND_ROBIN` takes one endpoint",
    ),
    (DNS, "resolution: DNS\n  addresses: [192.0.2.0/24]", "a network goes with no resolution of DNS"),
    (DNS, "resolution: DNS\n  addresses: [192.0.2]", "`192.0.2` is no address"),
    (DNS, "resolution: NONE\n  addresses: [192.0.2.0/33]", "`192.0.2.0/33` is no address"),
    (DNS, "resolution: DNS\n  location: OUTSIDE", "unknown location `OUTSIDE`"),
    (
        DNS,
        "resolution: DNS\n  workloadSelector: {labels: {app: a}}\n  endpoints: [{address: a.example}]",
        "it has `endpoints` and `workloadSelector`",
    ),
    ('["."]', '[".", shop]', "`shop` is exported to twice"),
    ('["."]', '["*", other]', "`*` stands beside other namespaces"),
    ('["."]', '["~", other]', "`~` stands beside other namespaces"),
    ('["."]', "[a_b]", "`a_b` is no namespace"),
    ("number: 443", "number: 70000", "70000 is no port"),
    ("number: 443", "number: 0", "0 is no port"),
    ("protocol: TLS", "protocol: TSL", "unknown protocol `TSL`"),
    ("name: tls", "name: tls_443", "`tls_443` is no name of a port"),
    ("name: tls, ", "", "port 443 has no name"),
    ("TLS}]", "TLS}, {number: 443, name: b}]", "port 443 is given twice"),
    ("TLS}]", "TLS}, {number: 444, name: tls}]", "two ports are called `tls`"),
    ("TLS}]", "TLS, targetPort: 70000}]", "70000 is no port"),
    (
        f"{HOSTS}\n  exportTo: [\".\"]\n  {DNS}\n  ports: [{{number: 443, name: tls, protocol: TLS}}]",
        f"hosts: [a.example, b.example]\n  {DNS}\n  ports: [{{number: 443, name: tcp, protocol: TCP}}]",
        "port 443 cannot tell 2 hosts apart",
    ),
    (HOSTS, 'hosts: ["*.example.com"]', "the wildcard `*.example.com` cannot be resolved"),
]  # fmt: skip

OF_SIDECARS = [
    ("./api.example.com", "api.example.com", "`api.example.com` names no namespace"),
    ("./api.example.com", "./api", "`api` is no host that a Sidecar may list"),
    ("./api.example.com", "./*api.example.com", "`*api.example.com` is no host that a Sidecar may list"),
    ("./api.example.com", "a_b/api.example.com", "`a_b` is no namespace"),
    ("./api.example.com", "./", "`./` names no namespace"),
    ("REGISTRY_ONLY", "ALLOW_ANY_DYNAMIC_DNS", "a Sidecar may not say ALLOW_ANY_DYNAMIC_DNS"),
    ("REGISTRY_ONLY", "REGISTER_ONLY", "unknown mode `REGISTER_ONLY`"),
    ("egress: [{", "egress: [{hosts: [./a.example]}, {", "a listener without port is not the last"),
    ('egress: [{hosts: ["*/*.svc.cluster.local", "./api.example.com"]}]', "egress: [{hosts: []}]", "a listener lists no host"),
    ("egress: [{", "egress: [{port: {number: 80, protocol: HTPT}, hosts: [./a.example]}, {", "unknown protocol `HTPT`"),
    (
        "egress: [{",
        "egress: [{port: {number: 80, protocol: HTTP}, hosts: [./a.example]}, {port: {number: 80, protocol: HTTP}, ",
        "two listeners have port 80",
    ),
    ("egress: [{", "egress: [{port: {number: 70000, protocol: HTTP}, hosts: [./a.example]}, {", "70000 is no port"),
    ("egress: [{", "egress: [{port: {protocol: HTTP}, hosts: [./a.example]}, {", "0 is no port"),
    ("app: cart", 'app: "*"', "a selector knows no wildcards"),
    ("app: cart", '"": cart', "a label has no key"),
    (
        "egress: [{",
        "egress: [{port: {number: 80, protocol: HTTP}, bind: here, hosts: [./a.example]}, {",
        "`here` is no address",
    ),
    (
        "mode: REGISTRY_ONLY",
        "mode: REGISTRY_ONLY, egressProxy: {host: a.example, port: {number: 80}}",
        "`egressProxy` goes with no REGISTRY_ONLY",
    ),
    ("mode: REGISTRY_ONLY", "mode: ALLOW_ANY, egressProxy: {host: a.example}", "`egressProxy` names no port"),
    (
        "mode: REGISTRY_ONLY",
        "mode: ALLOW_ANY, egressProxy: {host: a_b, port: {number: 80}}",
        "`a_b` is no host of a proxy",
    ),
    ("egress: [{", "egress: [{port: {number: 80, protocol: HTTP, name: a_b}, hosts: [./a.example]}, {", "`a_b` is no name of a port"),
]  # fmt: skip

OF_KUBERNETES = [
    (HOSTS, "hosts: [~]", "`hosts` is not text"),
    ("number: 443", 'number: "443"', "`number` is not a whole number"),
    ("exportTo", "exporTo", "unknown key `exporTo`"),
    ("protocol: TLS", "protokol: TLS", "unknown key `protokol`"),
]
"""What the API server refuses, and istioctl reads all the same."""
