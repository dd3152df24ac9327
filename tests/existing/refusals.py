"""What Istio refuses of manifests that are else in order: a change of their text, and what is said of it."""

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
ROUTE = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec:
  hosts: [api.example.com]
  gateways: [mesh, istio-system/egress]
  exportTo: [.]
  http:
  - match: [{port: 80, uri: {prefix: /a}, headers: {x-a: {exact: b}}, sourceLabels: {app: a}, gateways: [mesh]}]
    route: [{destination: {host: api.example.com, subset: v1, port: {number: 80}}, weight: 10}, {destination: {host: other}, weight: 90}]
    timeout: 5s
    retries: {attempts: 3, retryOn: "5xx,503", perTryTimeout: 2s}
    fault: {abort: {httpStatus: 503, percentage: {value: 10}}}
    mirror: {host: other}
    corsPolicy: {allowMethods: [GET], allowOrigins: [{exact: a}]}
    rewrite: {uri: /b}
    headers: {request: {add: {x-a: b}, remove: [x-b]}}
  - redirect: {uri: /c, redirectCode: 302}
  - directResponse: {status: 503}
  tls:
  - match: [{sniHosts: [api.example.com], port: 443, destinationSubnets: [192.0.2.0/24]}]
    route: [{destination: {host: api.example.com}}]
  tcp:
  - route: [{destination: {host: other}}]
"""
RULE = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: api, namespace: shop}
spec:
  host: api.example.com
  exportTo: [.]
  workloadSelector: {matchLabels: {app: a}}
  trafficPolicy:
    tls: {mode: MUTUAL, clientCertificate: /a, privateKey: /b}
    loadBalancer: {simple: ROUND_ROBIN, localityLbSetting: {distribute: [{from: a/b, to: {a/b: 80, a/c: 20}}]}}
    connectionPool: {tcp: {maxConnections: 10, connectTimeout: 30ms}, http: {h2UpgradePolicy: UPGRADE}}
    outlierDetection: {interval: 5m, maxEjectionPercent: 10}
    portLevelSettings: [{port: {number: 443}, tls: {mode: SIMPLE, credentialName: a}}]
  subsets: [{name: v1, labels: {version: v1}}]
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

OF_ROUTES = [
    ("[api.example.com]\n  gateways", '["*"]\n  gateways', "`*` is no host of a route"),
    ("[api.example.com]\n  gateways", "[a_b]\n  gateways", "`a_b` is no host of a route"),
    ("[api.example.com]\n  gateways", '[api.example.com, "*.example.com"]\n  gateways', "`*.example.com` is a host twice"),
    ("hosts: [api.example.com]\n  gateways: [mesh, istio-system/egress]\n  exportTo", "exportTo", "without `hosts` it takes no `tls`"),
    ("[mesh, istio-system/egress]", "[a/b/c, mesh]", "`a/b/c` is no gateway"),
    ("exportTo: [.]", "exportTo: [~x]", "`~x` is no namespace"),
    ("exportTo: [.]", 'exportTo: ["~"]', "`~` is for ServiceEntries alone"),
    ("sniHosts: [api.example.com]", "sniHosts: [other.example.com]", "`other.example.com` is none of the hosts of this VirtualService"),
    ("sniHosts: [api.example.com], ", "", "a match of TLS names no server"),
    ("192.0.2.0/24", "192.0.2.0/33", "`192.0.2.0/33` is no address"),
    ("port: 443", "port: 70000", "70000 is no port"),
    ("- match: [{sniHosts: [api.example.com], port: 443, destinationSubnets: [192.0.2.0/24]}]\n    route", "- route", "a route of TLS asks for nothing"),
    ("- route: [{destination: {host: other}}]", "- route: []", "a route leads nowhere"),
    ("{host: other}, weight: 90", "{host: o_r}, weight: 90", "`o_r` is no host to lead to"),
    ("{host: other}, weight: 90", '{host: "*"}, weight: 90', "`*` is no host to lead to"),
    ("subset: v1", "subset: v_1", "`v_1` is no subset"),
    ("port: {number: 80}", "port: {number: 0}", "0 is no port"),
    ("weight: 90", "weight: -1", "-1 is no weight"),
    ("{destination: {host: other}, weight: 90}", "{weight: 90}", "a route has no destination"),
    ("timeout: 5s", "timeout: 5 s", "`5 s` is no duration"),
    ("timeout: 5s", "timeout: 10us", "`10us` is too short"),
    ("timeout: 5s", "timeout: 1.5ms", "`1.5ms` is not whole milliseconds"),
    ("attempts: 3", "attempts: 0", "no attempts, and how they are made"),
    ("5xx,503", "5xx,sometimes", "unknown reason `sometimes`"),
    ("httpStatus: 503", "httpStatus: 100", "100 is no status of HTTP"),
    ("percentage: {value: 10}", "percentage: {value: 110}", "110 is no percentage"),
    ("fault: {abort: {httpStatus: 503, percentage: {value: 10}}}", "fault: {}", "a fault does nothing"),
    ("mirror: {host: other}", "mirror: {host: other}\n    mirrorPercentage: {value: 101}", "101 is no percentage"),
    ("mirror: {host: other}", "mirror: {host: other}\n    mirrors: [{destination: {host: other}}]", "a route has `mirror` and `mirrors`"),
    ("mirror: {host: other}", "mirrors: [{percentage: {value: 1}}]", "a mirror has no destination"),
    ("allowMethods: [GET]", "allowMethods: [GOT]", "unknown method `GOT`"),
    ("rewrite: {uri: /b}", "rewrite: {}", "a rewrite says nothing"),
    ("rewrite: {uri: /b}", "redirect: {uri: /b}", "a route has `redirect` and `route`"),
    ("add: {x-a: b}", 'add: {":path": b}', "`:path` is no header to add"),
    ("remove: [x-b]", "remove: [Host]", "`Host` is no header to remove"),
    ("add: {x-a: b}", 'add: {x-a: "%b"}', "a `%` of `%b` stands alone"),
    ("redirectCode: 302", "redirectCode: 200", "200 is no redirect"),
    ("uri: /c, redirectCode: 302", "redirectCode: 302", "a redirect says nothing"),
    ("uri: {prefix: /a}", 'uri: {regex: "*.a"}', "`*.a` is no expression"),
    ("uri: {prefix: /a}", 'uri: {regex: ""}', "an empty expression"),
    ("x-a: {exact: b}", 'x-a: {prefix: ""}', "an empty prefix"),
    ("headers: {x-a:", 'headers: {"x a":', "`x a` is no header"),
    ("headers: {x-a:", 'headers: {"@request.auth.claims.a":', "`@request.auth.claims.a` is known to gateways alone"),
    ("app: a}, gateways", "app: a/b}, gateways", "`app: a/b` is no label"),
]  # fmt: skip

OF_RULES = [
    ("host: api.example.com", "host: a_b", "`a_b` is no host"),
    ("exportTo: [.]", "exportTo: [other]", "a rule with `workloadSelector` is not exported to `other`"),
    ("app: a", 'app: "*"', "a selector knows no wildcards"),
    (", clientCertificate: /a", "", "MUTUAL has no `clientCertificate`"),
    (", privateKey: /b", "", "MUTUAL has no `privateKey`"),
    ("privateKey: /b", "privateKey: /b, credentialName: a", "it has `credentialName` and `clientCertificate`"),
    ("credentialName: a", "credentialName: configmap://other/a", "`configmap://other/a` is no ConfigMap of this namespace"),
    ("mode: MUTUAL", "mode: MUTAL", "unknown mode `MUTAL`"),
    ("privateKey: /b", "privateKey: /b, insecureSkipVerify: true, caCertificates: /c", "`insecureSkipVerify` goes with no `caCertificates`"),
    ("simple: ROUND_ROBIN", "simple: ROUNDROBIN", "unknown balancer `ROUNDROBIN`"),
    ("simple: ROUND_ROBIN", "consistentHash: {maglev: {tableSize: 10}}", "10 is no size of the table"),
    ("simple: ROUND_ROBIN", "consistentHash: {httpCookie: {ttl: 0s}}", "a cookie has no name"),
    ("a/c: 20", "a/c: 30", "110 are dealt from `a/b`"),
    ("a/c: 20", "a/b/d: 20", "`a/b/d` is said twice"),
    ("maxConnections: 10", "maxConnections: -1", "-1 is too few"),
    ("connectTimeout: 30ms", "connectTimeout: 30", "`connectTimeout` is not text"),
    ("interval: 5m", "interval: 5x", "`5x` is no duration"),
    ("maxEjectionPercent: 10", "maxEjectionPercent: 101", "101 is no percentage"),
    ("h2UpgradePolicy: UPGRADE", "h2UpgradePolicy: UPGRADE, useClientProtocol: true", "it upgrades, and keeps what the client speaks"),
    ("port: {number: 443}, ", "", "settings of a port name none"),
    (", tls: {mode: SIMPLE, credentialName: a}", "", "settings of a port say nothing"),
    ("name: v1", "name: v_1", "`v_1` is no name of a subset"),
    ("[{name: v1", "[{name: v1}, {name: v1", "two subsets are called `v1`"),
    ("version: v1", "version: v/1", "`version: v/1` is no label"),
    ("labels: {version: v1}", "trafficPolicy: {}", "a traffic policy says nothing"),
]  # fmt: skip

OF_KUBERNETES = [
    (HOSTS, "hosts: [~]", "`hosts` is not text"),
    ("number: 443", 'number: "443"', "`number` is not a whole number"),
    ("exportTo", "exporTo", "unknown key `exporTo`"),
    ("protocol: TLS", "protokol: TLS", "unknown key `protokol`"),
]
"""What the API server refuses, and istioctl reads all the same."""

OF_KUBERNETES_RULES = [
    ("simple: ROUND_ROBIN", "simple: RANDOM, consistentHash: {useSourceIp: true}", "it has `simple` and `consistentHash`"),
    ("simple: ROUND_ROBIN", "simpel: ROUND_ROBIN", "unknown key `simpel`"),
    ("number: 443", "number: -1", "`number` is not a whole number from 0 on"),
    ("h2UpgradePolicy: UPGRADE", "useClientProtocol: 1", "`useClientProtocol` is not true or false"),
]  # fmt: skip
"""Likewise, of a DestinationRule."""
