"""EGR302 tenant-wildcard: a wildcard over a suffix that strangers share, such as `*.s3.amazonaws.com` or `*.github.io`.

Every customer of the company has a name below it: whoever opens an account there receives what the workload sends.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.findings import Finding, finding
from egresslang.policy.policy import Policy
from egresslang.profile.profile import ClusterProfile
from egresslang.rules.public_wildcard import wildcards

CODE = codes.TENANT_WILDCARD


def check(policy: Policy, _: ClusterProfile) -> Iterator[Finding]:
    """Each wildcard over a suffix of a company's customers, or over something that has such suffixes below it."""
    for suffix, span, _grant in wildcards(policy):
        from egresslang.policy.public_suffixes import is_registry, tenant

        shared = "" if is_registry(suffix) else tenant(suffix)
        if shared:
            yield finding(
                CODE,
                span,
                f"strangers have names below `{suffix}`",
                "a suffix of many customers" if shared == suffix else f"`{shared}` lies below it",
                notes=["whoever opens an account there receives what the workload sends"],
                help="name the hosts that are yours",
            )
