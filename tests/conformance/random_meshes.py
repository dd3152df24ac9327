"""Random meshes that no compiler wrote: manifests thrown together as people do, and calls that tell them apart.

`generate(seed)` is the same mesh for the same seed in every Python, and one that istiod accepts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from asking import Case, Proxy
from drawing import Draw
from random_calls import draw_calls
from random_entries import Manifest, Registry, draw_entries, draw_services
from random_routes import draw_routes
from random_sidecars import draw_sidecars

ROOTS = (("istio-system", 8), ("mesh-config", 2))
MODES = (("REGISTRY_ONLY", 14), ("ALLOW_ANY", 2), ("ALLOW_ANY_DYNAMIC_DNS", 1.5), ("", 1.2), ("empty", 0.5))
EXPORTS: tuple[tuple[list[str] | None, float], ...] = (
    (None, 20),
    (["."], 2),
    (["~"], 1),
    (["*"], 1.5),
    (["team-a"], 0.7),
    ([".", "team-a"], 0.7),
)
LABELS: tuple[tuple[dict[str, str], float], ...] = (
    ({"app": "idgen"}, 8),
    ({"app": "idgen", "tier": "back"}, 3),
    ({"app": "etl"}, 5),
    ({"app": "web", "tier": "front"}, 2),
    ({}, 1.5),
)
ADDRESSES: tuple[tuple[tuple[str, ...], float], ...] = (
    ((), 16),
    (("10.4.0.77", "fd00::77"), 2),
    (("fd00::77",), 1.2),
    (("10.4.77.1",), 0.5),
)


def generate(seed: int) -> Case:
    """The mesh of this seed and what is asked of it."""
    draw = Draw(seed)
    root = draw.weighted(ROOTS)
    former = ("istio-system",) if root != "istio-system" and draw.chance(0.5) else ()
    registry = Registry(draw, root, ("team-a", "team-b", "shared", root, *former))
    draw_services(registry)
    draw_entries(registry)
    sidecars = draw_sidecars(registry)
    routes = draw_routes(registry)
    proxies = tuple(_proxy(draw, registry.namespaces) for _ in range(draw.number(2, 5)))
    return Case(
        f"mesh-{seed}",
        json.dumps(_mesh_config(draw, root)),
        _documents(draw.shuffled([*registry.entries, *sidecars, *routes])),
        _documents([*registry.services, *registry.slices]),
        proxies,
        draw_calls(registry, sidecars, routes, proxies),
    )


def _mesh_config(draw: Draw, root: str) -> Manifest:
    found: Manifest = {"rootNamespace": root}
    mode = draw.weighted(MODES)
    if mode:
        found["outboundTrafficPolicy"] = {} if mode == "empty" else {"mode": mode}
    services = draw.weighted(EXPORTS)
    if services is not None:
        found["defaultServiceExportTo"] = services
    routes = draw.weighted(EXPORTS)
    if routes is not None:
        found["defaultVirtualServiceExportTo"] = routes
    return found


def _proxy(draw: Draw, namespaces: tuple[str, ...]) -> Proxy:
    namespace = draw.weighted([*((one, 10 - 2.2 * place) for place, one in enumerate(namespaces)), ("elsewhere", 1)])
    return Proxy(namespace, dict(draw.weighted(LABELS)), draw.chance(0.2), draw.weighted(ADDRESSES))


def _documents(manifests: Iterable[Manifest]) -> str:
    return "".join(f"---\n{json.dumps(one)}\n" for one in manifests)
