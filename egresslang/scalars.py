"""What a plain YAML word means to Kubernetes.

kubectl reads YAML 1.1 with go.yaml.in/yaml/v2 (`resolve.go`) on the way to JSON: `no` and `on` are booleans, `010` is
eight, a date stays text, there are no base-sixty numbers. The YAML 1.2 readers disagree with it about all of these.
"""

from __future__ import annotations

import re

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_NUMBER_STARTS = frozenset("+-.0123456789")
_INTEGER = re.compile(r"([-+]?)(?:0x([0-9a-f]+)|0b([01]+)|0o?([0-7]+)|(0|[1-9][0-9]*))", re.IGNORECASE | re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)


def resolve(text: str) -> Scalar:
    """The value of a plain, unquoted and untagged scalar."""
    value = _WORDS.get(text, text)
    if value is not text or text[0] not in _NUMBER_STARTS:
        return value
    digits = text if text[0] == "." else text.replace("_", "")
    integer = _integer(digits)
    if integer is not None:
        return integer
    if _FLOAT.fullmatch(digits):
        number = float(digits)
        return text if number in (float("inf"), float("-inf")) else number
    return text


def _integer(digits: str) -> int | None:
    """An integer of 64 bits, signed or not; None for anything else, which Go then reads as a float or as text."""
    match = _INTEGER.fullmatch(digits)
    if not match or len(digits) > 70:
        return None
    sign, *spellings = match.groups()
    base, number = next((base, text) for base, text in zip((16, 2, 8, 10), spellings, strict=True) if text)
    value = int(sign + number, base)
    return value if -(2**63) <= value < 2**64 else None
