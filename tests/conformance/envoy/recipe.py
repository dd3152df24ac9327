"""The recipe's three options, as egressc compiles them from `examples/recipes`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from policies import Service

from envoy.calls import Mesh
from envoy.setting import Client, Setting, compiled
from envoy.world import CLOSED_PORT, NAMES, STRANGER

_RECIPES = Path(__file__).parents[3] / "examples" / "recipes"
_API = Service("recipes", "recipe-api", "10.8.0.31", (("http", 80),))
_API_CALL = "http recipe-api.recipes.svc.cluster.local:80 @10.8.0.31"
_API_ANSWERS = f"allowed {_API.host}, answer {_API.endpoint}:80"
_STRANGER_HTTP = f"http httpbin.org:80 @{STRANGER}"
_ALLOWED = "allowed httpbin.org, answer httpbin.org:80"
_BLOCKED = {
    "http httpbin.org:80": "502",
    "http httpbin.org:8080": "dropped",
    "tls httpbin.org:443": "dropped",
    f"tcp {NAMES['httpbin.org']}:9000": "dropped",
    _API_CALL: _API_ANSWERS,
}


def _recipe(option: str, *services: Service) -> Mesh:
    folder = _RECIPES / option
    policy = (folder / "recipes.egress").read_text(encoding="utf-8")
    return compiled(policy, (folder / "profile.yaml").read_text(encoding="utf-8"), *services)


def options() -> Iterator[Setting]:
    """Passing through, in the black hole with and without Services, and allowed for one workload."""
    yield Setting(
        "the recipe passes through",
        _recipe("passes-through", _API),
        (
            Client(
                "recipes",
                "idgen",
                {
                    "http httpbin.org:80": "passed-through, answer httpbin.org:80",
                    "http httpbin.org:80 HTTP/1.0": "passed-through, answer httpbin.org:80",
                    "http httpbin.org:80 /503": "passed-through, 503 of httpbin.org:80",
                    "http httpbin.org:8080": "passed-through, answer httpbin.org:8080",
                    "tls httpbin.org:443": "passed-through, answer httpbin.org:443",
                    "tls -:443": f"passed-through, answer {STRANGER}:443",
                    f"tcp {STRANGER}:9000": f"passed-through, answer {STRANGER}:9000",
                    f"tcp {STRANGER}:3306 waits": f"passed-through, answer {STRANGER}:3306",
                    f"tcp {STRANGER}:{CLOSED_PORT}": "passed-through, dropped",
                    _STRANGER_HTTP: f"passed-through, answer {STRANGER}:80",
                    _API_CALL: _API_ANSWERS,
                },
            ),
        ),
    )
    yield Setting(
        "the recipe in the black hole",
        _recipe("black-hole", _API),
        (
            Client("recipes", "idgen", {**_BLOCKED, f"tcp {STRANGER}:3306 waits": "dropped"}),
            Client("elsewhere", "idgen", _BLOCKED),
        ),
    )
    yield Setting(
        "the recipe in the black hole of a mesh without Services",
        _recipe("black-hole"),
        (Client("recipes", "idgen", {"http httpbin.org:80": "dropped", "tls httpbin.org:443": "dropped"}),),
    )
    yield Setting(
        "the recipe allowed",
        _recipe("allowed", _API),
        (
            Client(
                "recipes",
                "idgen",
                {
                    **_BLOCKED,
                    "http httpbin.org:80": _ALLOWED,
                    _STRANGER_HTTP: _ALLOWED,
                    "http httpbin.org:80 HTTP/1.0": "dropped",
                    "http httpbin.org:80 /502": "allowed httpbin.org, 502 of httpbin.org:80",
                    "http httpbin.org:80 /503": "allowed httpbin.org, 503 of httpbin.org:80",
                    "http httpbin.org:80 CONNECT": "refused, 404",
                    "http HTTPBIN.org:80": _ALLOWED,
                    "http httpbin.org.:80": _ALLOWED,
                    "http httpbin.org:8080:80": _ALLOWED,
                    f"http {NAMES['httpbin.org']}:80 @{NAMES['httpbin.org']}": "502",
                    "http -:80": "refused, 400",
                    "http httpbin.org:80 +example.com +httpbin.org": f"{_ALLOWED}; 502; {_ALLOWED}",
                    "http example.com:80 +httpbin.org": f"502; {_ALLOWED}",
                    "http www.httpbin.org:80": "502",
                    f"http example.com:80 @{NAMES['httpbin.org']}": "502",
                    f"tcp {NAMES['httpbin.org']}:80": "dropped",
                },
            ),
            Client("recipes", "frontend", {**_BLOCKED, _STRANGER_HTTP: "502"}),
            Client("payments", "idgen", _BLOCKED),
        ),
    )
