"""What an earlier match leaves for a later one."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from egresslang.existing.coverage import covers, covers_connection

TAKEN = [
    ("{}", "{uri: {exact: /a}}"),
    ("{name: a, uri: {prefix: /a}}", "{name: b, uri: {prefix: /a}}"),
    ("{uri: {prefix: /a}}", "{uri: {exact: /ab}}"),
    ("{uri: {prefix: /}}", "{method: {exact: GET}}"),
    ("{uri: {prefix: /A}, ignoreUriCase: true}", "{uri: {prefix: /ab}}"),
    ("{uri: {regex: '/a+'}}", "{uri: {regex: '/a+'}, port: 80}"),
    ("{headers: {a: {prefix: x}}}", "{headers: {a: {exact: xy}, b: {exact: z}}}"),
    ("{headers: {a: {}}}", "{headers: {a: {exact: xy}}}"),
    ("{queryParams: {a: {exact: x}}}", "{queryParams: {a: {exact: x}}}"),
    ("{sourceLabels: {app: a}}", "{sourceLabels: {app: a, tier: b}}"),
    ("{gateways: [mesh]}", "{uri: {prefix: /a}}"),
    ("{gateways: [mesh, egress]}", "{gateways: [egress]}"),
    ("{withoutHeaders: {a: {exact: x}}}", "{withoutHeaders: {a: {exact: x}}, port: 80}"),
]
LEFT = [
    ("{uri: {exact: /a}}", "{}"),
    ("{uri: {prefix: /ab}}", "{uri: {prefix: /a}}"),
    ("{uri: {prefix: /A}}", "{uri: {prefix: /ab}}"),
    ("{uri: {prefix: /a}}", "{uri: {prefix: /ab}, ignoreUriCase: true}"),
    ("{uri: {prefix: /a}}", "{uri: {regex: '/a.*'}}"),
    ("{uri: {exact: /a}}", "{uri: {prefix: /a}}"),
    ("{uri: {prefix: /a}, method: {exact: GET}}", "{uri: {prefix: /ab}}"),
    ("{headers: {a: {exact: x}}}", "{headers: {b: {exact: x}}}"),
    ("{port: 80}", "{port: 81}"),
    ("{sourceNamespace: a}", "{uri: {prefix: /}}"),
    ("{gateways: [egress]}", "{uri: {prefix: /a}}"),
    ("{withoutHeaders: {a: {prefix: x}}}", "{withoutHeaders: {a: {exact: xy}}}"),
]
CONNECTIONS = [
    ("{}", "{port: 1, destinationSubnets: [10.0.0.0/8]}", True),
    ("{port: 1}", "{port: 1, destinationSubnets: [10.0.0.0/8]}", False),
    ("{sniHosts: ['*.a.example']}", "{sniHosts: [b.a.example]}", False),
    ("{sniHosts: [a.example, b.example]}", "{sniHosts: [b.example]}", True),
    ("{sniHosts: [a.example]}", "{sniHosts: [a.example, b.example]}", False),
    ("{port: 1, sniHosts: [a.example]}", "{sniHosts: [a.example]}", False),
]


def match(text: str) -> dict[str, Any]:
    return dict(yaml.safe_load(text))


@pytest.mark.parametrize(("first", "later"), TAKEN)
def test_nothing_is_left(first: str, later: str) -> None:
    assert covers(match(first), match(later), ())


@pytest.mark.parametrize(("first", "later"), LEFT)
def test_something_is_left(first: str, later: str) -> None:
    assert not covers(match(first), match(later), ())


@pytest.mark.parametrize(("first", "later", "taken"), CONNECTIONS)
def test_connections_go_by_what_is_most_specific(first: str, later: str, taken: bool) -> None:
    assert covers_connection(match(first), match(later), ()) is taken
