"""What a client in a mesh is told to do, and what was seen of it: by the client, and in Envoy's access log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from asking import Proxy


@dataclass(frozen=True)
class Request:
    """One connection of a client to `address`.

    `protocol` is http, http2, tls or tcp. `name` is the Host header or the SNI, as it is sent; empty sends none. The rest is
    how a client departs from the ordinary: the `method`, `path` and `version` of http, further requests on the same
    connection for the hosts of `then`, `waits` for a client that says nothing until the server has spoken, and `grpc`
    for one of http2 that says it is gRPC.
    """

    address: str
    port: int
    protocol: str
    name: str = ""
    method: str = "GET"
    path: str = "/"
    version: str = "1.1"
    then: tuple[str, ...] = ()
    waits: bool = False
    grpc: bool = False

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Self:
        """A request from its record."""
        return cls(**{**record, "then": tuple(record.get("then", ()))})

    def record(self) -> dict[str, Any]:
        """The request as JSON has it, without what is ordinary."""
        ordinary = {one.name: one.default for one in fields(self)}
        return {key: value for key, value in asdict(self).items() if value != ordinary[key]}


@dataclass(frozen=True)
class Mesh:
    """A mesh as `asking.Case` has it: three texts of YAML."""

    mesh_config: str
    istio: str
    kubernetes: str


@dataclass(frozen=True)
class Pod:
    """A pod with a sidecar, and what its application does."""

    proxy: Proxy
    requests: tuple[Request, ...]


@dataclass(frozen=True)
class Line:
    """A line of the access log; empty (0) where Envoy says `-`.

    `upstream` is the address that Envoy dialled, `ended` why it ended a connection, `sni` the name in the TLS hello.
    """

    code: int = 0
    flags: str = ""
    details: str = ""
    cluster: str = ""
    route: str = ""
    upstream: str = ""
    ended: str = ""
    sni: str = ""

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Self:
        """A line from its record."""
        return cls(**record)

    def record(self) -> dict[str, Any]:
        """The line as JSON has it, without what is empty."""
        return {key: value for key, value in asdict(self).items() if value}

    @property
    def verdict(self) -> str:
        """What Envoy decided, as the judge's verdicts are written in `meshes`; `refused` is none of the judge's."""
        if self.route == "block_all":
            return "502"
        if self.cluster == "BlackHoleCluster":
            return "dropped"
        if self.cluster == "PassthroughCluster":
            return "passed-through"
        if "NC" in self.flags.split(","):
            return "lost"
        if self.ended.startswith("rbac_access_denied"):
            return "refused"
        parts = self.cluster.split("|")
        return f"allowed {parts[3]}" if len(parts) == 4 else "refused"


@dataclass(frozen=True)
class Sight:
    """What was seen of one connection.

    `sees` is what the client saw, for each of its requests: `answer ADDRESS:PORT` of the upstream that answered,
    `CODE of ADDRESS:PORT` for an upstream's own error, `CODE` for Envoy's, `dropped`, or `hangs`. `log` is what the
    access log says of it.
    """

    sees: tuple[str, ...]
    log: tuple[Line, ...]

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Self:
        """A sight from its record."""
        return cls(tuple(record["sees"]), tuple(Line.read(line) for line in record["log"]))

    def record(self) -> dict[str, Any]:
        """The sight as JSON has it."""
        return {"sees": list(self.sees), "log": [line.record() for line in self.log]}

    @property
    def verdicts(self) -> tuple[str, ...]:
        """What Envoy decided on each request; nothing where it logged nothing."""
        return tuple(line.verdict for line in self.log)
