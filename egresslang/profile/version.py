"""Istio versions as people and files write them."""

from __future__ import annotations

import re

from egresslang import codes
from egresslang.findings import Finding, Severity, finding
from egresslang.profile.profile import NEWEST_KNOWN
from egresslang.source import Span

Version = tuple[int, int]

OLDEST_JUDGED = (1, 20)
"""The oldest Istio version whose behaviour was looked at."""

_VERSION = r"v?([0-9]{1,3})\.([0-9]{1,3})(?:[.-][0-9A-Za-z.+-]*)?"


def parse(text: str) -> Version | None:
    """Major and minor of `1.31`, `v1.31.2`, `1.28.3-distroless` or `v1.28-latest`; None for any other text."""
    match = re.fullmatch(_VERSION, text)
    return (int(match[1]), int(match[2])) if match else None


def written(version: Version) -> str:
    """A version as people write it: `1.31`."""
    return f"{version[0]}.{version[1]}"


def judge(version: Version, span: Span) -> tuple[Version, list[Finding]]:
    """The version whose rules hold, and a warning when it is not one that was looked at."""
    newest, oldest = written(NEWEST_KNOWN), written(OLDEST_JUDGED)
    if version > NEWEST_KNOWN:
        return NEWEST_KNOWN, [finding(codes.PROFILE_MISMATCH, span, f"Istio {written(version)} is newer than what is known", f"the newest known is {newest}",
                                      notes=[f"what is true of {newest} is taken for true of it"], help="update egressc, or see whether a newer one exists",
                                      severity=Severity.WARNING)]  # fmt: skip
    if version < OLDEST_JUDGED:
        return version, [finding(codes.PROFILE_MISMATCH, span, f"Istio {written(version)} is older than what was judged", f"the oldest judged is {oldest}",
                                 notes=["nobody has seen whether it does what is said here of Istio"], help=f"update to Istio {oldest} or newer",
                                 severity=Severity.WARNING)]  # fmt: skip
    return version, []


def unknown(text: str, span: Span) -> Finding:
    """A finding about a text that is no version."""
    return finding(codes.PROFILE_MISMATCH, span, f"`{text}` is not an Istio version", "expected major and minor, such as `1.31`",
                   help=f'write `"{written(NEWEST_KNOWN)}"`, or what `istioctl version` says')  # fmt: skip
