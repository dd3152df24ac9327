"""Accepted Sidecars: what Istio refuses of one (ValidateSidecar, pkg/config/validation/validation.go), at its place."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang.existing.shapes import Complaint, Path
from egresslang.existing.words import Spec, is_host, is_label, is_name, protocol_of, selector_of, unknown
from egresslang.mesh.addresses import parse_address

MODES = ("ALLOW_ANY", "REGISTRY_ONLY")
"""What a Sidecar may say; ALLOW_ANY_DYNAMIC_DNS is for the mesh alone."""


def of_sidecar(spec: Spec, _: str) -> Iterator[Complaint]:
    """Everything that is wrong with the `spec` of a Sidecar, whose keys and types are as they should be."""
    egress, policy = spec.get("egress") or (), spec.get("outboundTrafficPolicy")
    if not egress and policy is None and not any(spec.get(key) for key in ("ingress", "inboundConnectionPool")):
        yield Complaint(
            (),
            "this Sidecar says nothing",
            "neither `egress` nor an outbound policy",
            "write its `egress`, or remove it",
        )
    yield from selector_of(spec)
    numbers: set[int] = set()
    for at, listener in enumerate(egress):
        hosts, port = listener.get("hosts") or (), listener.get("port")
        if not hosts:
            yield Complaint(
                ("egress", at, "hosts"),
                "a listener lists no host",
                "at least one is expected",
                'write `hosts: ["~/*"]` where nothing is meant',
            )
        for index, text in enumerate(hosts):
            yield from _entry(("egress", at, "hosts", index), text)
        if port is None:
            if at < len(egress) - 1:
                yield Complaint(
                    ("egress", at, "hosts"),
                    "a listener without port is not the last",
                    "it is for all other ports",
                    "move it to the end",
                )
            continue
        number = port.get("number") or 0
        if number in numbers and number:
            yield Complaint(
                ("egress", at, "port", "number"),
                f"two listeners have port {number}",
                "another one has it",
                "put their hosts into one",
            )
        numbers.add(number)
        bind = listener.get("bind") or ""
        if bind and number and parse_address(bind) is None:
            yield Complaint(
                ("egress", at, "bind"),
                f"`{bind}` is no address",
                "expected one to listen on",
                "write such as `127.0.0.1`, or leave it out",
            )
        if port.get("name") and not is_label(port["name"]):
            yield Complaint(
                ("egress", at, "port", "name"),
                f"`{port['name']}` is no name of a port",
                "expected letters, digits and `-`",
                "write such as `tls-443`",
            )
        yield from protocol_of(("egress", at, "port"), port)
        if not 0 <= number < 65536 or (not number and not (listener.get("bind") or "").startswith("unix://")):
            yield Complaint(
                ("egress", at, "port", "number"),
                f"{number} is no port",
                "expected 1 to 65535",
                "write the port that clients dial",
            )
        if port.get("targetPort"):
            yield Complaint(
                ("egress", at, "port", "targetPort"),
                "`targetPort` means nothing in a Sidecar",
                "of a ServiceEntry it does",
                "leave it out",
            )
    if policy is not None:
        yield from _policy(policy)


def _entry(path: Path, text: str) -> Iterator[Complaint]:
    where, slash, host = text.partition("/")
    if not slash or not host or not where:
        yield Complaint(
            path,
            f"`{text}` names no namespace",
            "expected `namespace/host`",
            f'write `"./{text.strip("/")}"`, or the namespace of its ServiceEntry for `.`',
        )
        return
    bare = where.removeprefix("~")
    if bare not in ("", "*", ".") and not is_label(bare):
        yield Complaint(
            path,
            f"`{where}` is no namespace",
            "expected a namespace, `.` or `*`",
            "write the namespace of its ServiceEntry",
        )
    elif host != "*" and ("." not in host or not is_host(host) or (host.startswith("*") and not host.startswith("*."))):
        yield Complaint(
            path,
            f"`{host}` is no host that a Sidecar may list",
            "expected a whole name, `*.suffix` or `*`",
            "write the host as its ServiceEntry or Service has it",
        )


def _policy(policy: Spec) -> Iterator[Complaint]:
    mode = policy.get("mode") or "REGISTRY_ONLY"
    if mode == "ALLOW_ANY_DYNAMIC_DNS":
        yield Complaint(
            ("outboundTrafficPolicy", "mode"),
            f"a Sidecar may not say {mode}",
            "a mode of the whole mesh",
            "write it in meshConfig, or ALLOW_ANY here",
        )
    elif mode not in MODES:
        yield unknown(("outboundTrafficPolicy", "mode"), "mode", str(mode), MODES)
    elif policy.get("egressProxy") is not None and mode != "ALLOW_ANY":
        yield Complaint(
            ("outboundTrafficPolicy", "egressProxy"),
            f"`egressProxy` goes with no {mode}",
            "it takes what is let through",
            "write `mode: ALLOW_ANY`, or leave it out",
        )
    elif policy.get("egressProxy") is not None:
        yield from _proxy(policy["egressProxy"])


def _proxy(proxy: Spec) -> Iterator[Complaint]:
    path, host = ("outboundTrafficPolicy", "egressProxy"), proxy.get("host") or ""
    if not is_name(str(host)):
        yield Complaint(
            (*path, "host"), f"`{host}` is no host of a proxy", "expected a whole name", "write the name of its Service"
        )
    if not isinstance(proxy.get("port"), dict):
        yield Complaint(
            (*path, "port"), "`egressProxy` names no port", "its host alone is not enough", "write `port: {number: …}`"
        )
