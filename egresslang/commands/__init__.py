"""Commands: one module each, with a `SUMMARY`, its options (`describe`) and what it does (`run`).

What several need stands beside them: options, inputs, the report, streams and statuses. Only the module of the command
that was called is imported, and it imports what it needs when it runs.
"""

from __future__ import annotations

COMMANDS: dict[str, str] = {
    "compile": "egresslang.commands.compile",
    "check": "egresslang.commands.check",
    "fmt": "egresslang.commands.fmt",
    "test": "egresslang.commands.test",
    "explain": "egresslang.commands.explain",
    "diff": "egresslang.commands.diff",
    "analyze": "egresslang.commands.analyze",
    "graph": "egresslang.commands.graph",
    "alerts": "egresslang.commands.alerts",
    "audit": "egresslang.commands.audit",
    "learn": "egresslang.commands.learn",
    "import": "egresslang.commands.import_manifests",
    "profile": "egresslang.commands.profile",
    "kustomize": "egresslang.commands.kustomize",
    "init": "egresslang.commands.init",
    "completion": "egresslang.commands.completion",
}
"""Each command and its module, in the order in which help tells them."""
