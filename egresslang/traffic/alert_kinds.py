"""The kinds of alerts: what each is called, when it fires, what is to be done. The manual's table is made of them."""

from __future__ import annotations

from egresslang.record import record

CRITICAL, WARNING, INFO = "critical", "warning", "info"


@record
class Kind:
    """A kind of alert: `severity` where the policy closes the workload, `milder` where it leaves it open.

    `hold` is how long it must be so before it fires, empty for at once.
    """

    name: str
    severity: str
    milder: str
    hold: str
    when: str
    action: str


BLOCKED = Kind(
    "EgressBlocked",
    WARNING,
    WARNING,
    "",
    "a workload knocked at the black hole in the last five minutes, over http or TCP",
    "grant it in the policy file that the alert names, or find out what runs in that workload",
)
PASSED = Kind(
    "EgressPassthrough",
    CRITICAL,
    INFO,
    "",
    "traffic left that no rule names, through `PassthroughCluster`; silent for workloads with `allow … -> *`",
    "critical: the mesh is not what was compiled, apply it. info: write the rule before the workload is closed",
)
NOT_GRANTED = Kind(
    "EgressNotGranted",
    CRITICAL,
    WARNING,
    "",
    "a workload reached a registered destination that the policy does not give it",
    "grant it in the policy file, or look for what registers or lists that destination besides the policy",
)
FAILING = Kind(
    "EgressFailing",
    WARNING,
    WARNING,
    "5m",
    "for five minutes a tenth or more of what goes to an allowed destination fails: no connection, or a 5xx",
    "look at the destination, then whether its name, port, protocol or `address=` in the policy still holds",
)
EXPIRING = Kind(
    "EgressRuleExpiring",
    WARNING,
    WARNING,
    "",
    "a rule that was used in the last day expires within `lint.expires-soon` of the profile, or has expired since",
    "move its `expires=`, or see to it that nobody needs it any more",
)
MISSING = Kind(
    "EgressClusterMissing",
    CRITICAL,
    CRITICAL,
    "",
    "traffic was routed to a cluster that does not exist, flag `NC`: it is lost, whatever the policy says",
    "compare what is applied with what is compiled; two ServiceEntries of one host are a usual cause",
)
UNSEEN = Kind(
    "EgressTelemetryMissing",
    WARNING,
    WARNING,
    "15m",
    "for a quarter of an hour Prometheus has had none of Istio's metrics: every other alert is blind",
    "see to it that Prometheus scrapes the sidecars",
)

KINDS = (BLOCKED, PASSED, NOT_GRANTED, FAILING, EXPIRING, MISSING, UNSEEN)
"""Every kind, in the order in which the manual tells them."""
