"""Reaches: what each workload reaches by manifests as they stand, and by what its ServiceEntries name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from egresslang.answers.access import Key as FlowKey
from egresslang.answers.access import key_of
from egresslang.answers.around import place_of
from egresslang.answers.asked_mesh import AskedMesh
from egresslang.answers.effective import effective
from egresslang.existing.importing.population import Key, Population, populate
from egresslang.mesh.mesh import Mesh
from egresslang.mesh.resources import OutboundPolicy, Resources
from egresslang.policy.flow_index import FlowIndex
from egresslang.policy.flows import Box
from egresslang.policy.granted import box_of
from egresslang.policy.policy import ANY, Everything, Grant, Rule, Subject
from egresslang.record import replace

_CLOSED = OutboundPolicy("REGISTRY_ONLY")

Flow = tuple[object, ...]
"""What a grant is filed under, but for who has it: destination, port, protocol."""


class Reach:
    """What one workload reaches: `is_open` when that is everything; then `flows` are what has a name there.

    Everything on one port is no flow that can be granted, and yet it is reached.
    """

    def __init__(self, is_open: bool, grants: Iterable[Grant]) -> None:
        self.is_open = is_open
        self.grants = tuple(grants)
        self.flows = {flow_of(each): each for each in self.grants if not isinstance(each.destination, Everything)}

    @cached_property
    def _index(self) -> FlowIndex[Flow]:
        return FlowIndex([(_box(grant), flow_of(grant)) for grant in self.grants])

    def names(self, grant: Grant) -> bool:
        """Whether all flows of a grant, whoever has it, are among those that have a name here."""
        return flow_of(grant) in self.flows or self._index.covers(_box(grant))

    def has(self, grant: Grant) -> bool:
        """Whether all flows of a grant, whoever has it, are reached."""
        return self.is_open or self.names(grant)

    def all_of(self, subject: Subject) -> list[Grant]:
        """All that somebody with this reach is granted: everything, where it is open."""
        return (
            [everything(subject)] if self.is_open else [replace(each, subject=subject) for each in self.flows.values()]
        )


def everything(subject: Subject) -> Grant:
    """The grant of everything, which nothing in the manifests is the place of."""
    rule = Rule("the mesh configuration", place_of(None))
    return Grant(subject, Everything(), 0, "", "", (), rule, rule.span)


def _box(grant: Grant) -> Box:
    return box_of(replace(grant, subject=_ANYBODY))


_ANYBODY = Subject(ANY, ANY)


def reaches(asked: AskedMesh, everybody: Population) -> dict[Key, Reach]:
    """What everybody reaches in a mesh through their sidecars: what goes around them is nobody's to grant.

    Workloads that are alike share it.
    """
    keys = populate(asked, everybody)
    captured = _captured(asked, everybody, asked.mesh)
    closed: AskedMesh | None = None
    known: dict[object, Reach] = {}
    found: dict[Key, Reach] = {}
    for key in keys:
        client = captured.clients[key]
        alike = captured.alike(client)
        if alike not in known:
            grants = list(effective(captured, [client]))
            is_open = any(isinstance(each.destination, Everything) and not each.port for each in grants)
            if is_open:
                closed = closed or _captured(asked, everybody, _closed(asked.mesh))
                grants = list(effective(closed, [closed.clients[key]]))
            known[alike] = Reach(is_open, grants)
        found[key] = known[alike]
    return found


def flow_of(grant: Grant) -> Flow:
    """What a grant is filed under, but for who has it."""
    key: FlowKey = key_of(grant)
    return key[2:]


def _captured(asked: AskedMesh, everybody: Population, mesh: Mesh) -> AskedMesh:
    """A mesh in which the sidecars of everybody see all that they send."""
    clients = (replace(asked.clients[key], annotations={}) for key in everybody.labels)
    return AskedMesh(
        mesh, clients, default_namespace=asked.default_namespace, stranger=asked.stranger, is_complete=True
    )


def _closed(mesh: Mesh) -> Mesh:
    """The same mesh with nothing let through that is not registered."""
    resources: Resources = mesh.resources
    sidecars = tuple(replace(each, policy=None) for each in resources.sidecars)
    return Mesh(replace(resources, sidecars=sidecars), replace(mesh.config, policy=_CLOSED))
