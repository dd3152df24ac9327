"""Bring `egresslang/data/exfiltration.txt` up to date: `python tools/refresh_exfiltration.py VERSION RULE.yar…`.

The rules are `threat-network-exfiltration.yar` and `threat-network-outbound-shady-links.yar` of the package `guarddog`
(Apache-2.0), which names hosts that malicious packages send to: `pip download --no-deps guarddog` and unzip the wheel.
Taken are its web hooks, tunnels, pastes, drop boxes and throw-away mail; left out are chat services and link shorteners,
which policies name with good reason, and top-level domains. The part that is kept by hand stays as it is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

FILE = Path(__file__).parents[1] / "egresslang" / "data" / "exfiltration.txt"
KINDS = {"webhook": "requests", "tunnel": "tunnels", "paste": "pastes", "file": "files", "tempmail": "mail",
         "guerrilla": "mail", "tenmin": "mail"}  # fmt: skip
"""What the names of guarddog's strings start with, and the words of the data file."""

FILES = ("file", "transfer")
"""Words in a host that is a drop box, though guarddog counts it with the pastes."""

_STRING = re.compile(r'\$([a-z]+)\w*\s*=\s*"([a-z0-9-]+(?:\.[a-z0-9-]+)+)"')


def places(rules: Iterable[str]) -> dict[str, str]:
    """The hosts that some rules name, and what each is."""
    found = {}
    for text in rules:
        for name, host in _STRING.findall(text):
            if name in KINDS:
                is_drop = name == "paste" and any(word in host for word in FILES)
                found[host] = "files" if is_drop else KINDS[name]
    return found


def refreshed(text: str, version: str, found: dict[str, str], day: str) -> str:
    """The text of the data file with other places of guarddog's."""
    heading, _, by_hand = re.split(r"(?m)^(?=# guarddog |# by hand)", text)
    source = "threat-network-exfiltration.yar and threat-network-outbound-shady-links.yar"
    lines = [
        f"# guarddog {version} (Apache-2.0), {source}, {day}",
        *(f"{host} {found[host]}" for host in sorted(found)),
    ]
    return heading + "\n".join(lines) + "\n\n" + by_hand


def main(arguments: Sequence[str]) -> None:
    """Write the file."""
    version, *paths = arguments
    found = places(Path(path).read_text(encoding="utf-8") for path in paths)
    day = datetime.now(UTC).date().isoformat()
    FILE.write_text(refreshed(FILE.read_text(encoding="utf-8"), version, found, day), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
