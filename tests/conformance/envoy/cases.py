"""Every case: the meshes that real Envoys are run in, and each call that is made there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from envoy import compiled_meshes, notation, recipe, written_meshes
from envoy.calls import Request
from envoy.setting import Client, Setting


@dataclass(frozen=True)
class Case:
    """One call of one client in a mesh, and what becomes of it."""

    setting: Setting
    client: Client
    call: str
    expected: str

    @property
    def id(self) -> str:
        """A name that no other case has."""
        return f"{self.setting.title}: {self.client.namespace}/{self.client.app}: {self.call}"

    @property
    def request(self) -> Request:
        """The call as the client is told it."""
        return notation.request(self.call)


@cache
def settings() -> tuple[Setting, ...]:
    """Every mesh with its clients."""
    return (
        *recipe.options(),
        *compiled_meshes.shop(),
        *compiled_meshes.office(),
        *compiled_meshes.rpc(),
        *written_meshes.mistakes(),
        *written_meshes.servers_that_speak_first(),
        *written_meshes.modes(),
    )


@cache
def cases() -> tuple[Case, ...]:
    """Every case, in the order of `settings`."""
    return tuple(
        Case(setting, client, call, expected)
        for setting in settings()
        for client in setting.clients
        for call, expected in client.calls.items()
    )
