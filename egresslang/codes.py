"""Every code of a finding: its identity is stated here once, everything else is derived from it."""

from __future__ import annotations

from egresslang.findings import Code, Severity

SYNTAX = Code("EGR001", "syntax", Severity.ERROR)
UNKNOWN_WORD = Code("EGR002", "unknown-word", Severity.ERROR)
BAD_HOST = Code("EGR003", "bad-host", Severity.ERROR)
BAD_ADDRESS = Code("EGR004", "bad-address", Severity.ERROR)
BAD_PORT = Code("EGR005", "bad-port", Severity.ERROR)
BAD_VALUE = Code("EGR006", "bad-value", Severity.ERROR)
HOSTILE_TEXT = Code("EGR007", "hostile-text", Severity.ERROR)
DEFINED_TWICE = Code("EGR101", "defined-twice", Severity.ERROR)
UNKNOWN_SET = Code("EGR102", "unknown-set", Severity.ERROR)
UNKNOWN_WORKLOAD = Code("EGR103", "unknown-workload", Severity.ERROR)
UNKNOWN_NAMESPACE = Code("EGR104", "unknown-namespace", Severity.ERROR)
MISSING_PROTOCOL = Code("EGR105", "missing-protocol", Severity.ERROR)
IN_MESH_DESTINATION = Code("EGR106", "in-mesh-destination", Severity.ERROR)
UNUSED_SET = Code("EGR107", "unused-set", Severity.WARNING)
PROTOCOL_CONFLICT = Code("EGR204", "protocol-conflict", Severity.ERROR)
ADDRESS_OVERLAP = Code("EGR205", "address-overlap", Severity.WARNING)
SERVER_FIRST_PORT = Code("EGR206", "server-first-port", Severity.ERROR)
ANY_ADDRESS = Code("EGR305", "any-address", Severity.ERROR)
EXPIRED = Code("EGR402", "expired", Severity.ERROR)
UNKNOWN_REGION = Code("EGR405", "unknown-region", Severity.WARNING)
OUT_OF_REGION = Code("EGR404", "out-of-region", Severity.ERROR)
OTHER_CLUSTER = Code("EGR406", "other-cluster", Severity.WARNING)
NOT_ENFORCED = Code("EGR501", "not-enforced", Severity.WARNING)
TCP_WITHOUT_ADDRESS = Code("EGR502", "tcp-without-address", Severity.ERROR)
INEXPRESSIBLE = Code("EGR503", "inexpressible", Severity.ERROR)
SHARED_SELECTOR = Code("EGR505", "shared-selector", Severity.ERROR)
COVERS_CLUSTER = Code("EGR310", "covers-cluster", Severity.ERROR)
PROFILE_MISMATCH = Code("EGR508", "profile-mismatch", Severity.ERROR)
NOT_GOVERNED = Code("EGR509", "not-governed", Severity.WARNING)
BAD_PROFILE = Code("EGR510", "bad-profile", Severity.ERROR)
BAD_CONFIG = Code("EGR511", "bad-config", Severity.ERROR)

ALL: tuple[Code, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Code))
