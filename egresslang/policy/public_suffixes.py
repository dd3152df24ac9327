"""Public suffixes: below which names anybody can register one, from the list in the package `publicsuffixlist`.

The list has two parts: suffixes of registries, such as `co.uk`, and those of companies whose customers share them, such as
`github.io`. Its file is read as text, a tenth of the time that the package takes to make its objects.
"""

from __future__ import annotations

from functools import cache
from typing import Any

_BEGIN, _END = "// ===BEGIN PRIVATE DOMAINS===", "// ===END PRIVATE DOMAINS==="


def is_registry(suffix: str) -> bool:
    """Whether a registry sells names directly below a suffix in lower-case ASCII. A top-level label nobody lists is none."""
    return any(_is_in(_registry(), each) for each in _spellings(suffix))


def tenant(suffix: str) -> str:
    """A suffix whose subdomains belong to strangers: this one, or one below it; empty when there is none."""
    for each in _spellings(suffix):
        if _is_in(_private(), each):
            return suffix
        if each in _above_private():
            return _above_private()[each]
    return ""


def registered(host: str) -> str:
    """The part of a host that somebody registered: one label below a registry's suffix, or two where nobody lists one."""
    labels = host.split(".")
    for at in range(1, len(labels)):
        if is_registry(".".join(labels[at:])):
            return ".".join(labels[at - 1 :])
    return ".".join(labels[-2:])


def _is_in(rules: frozenset[str], suffix: str) -> bool:
    """Whether a suffix is public by some rules, where `*.x` makes `x` and all names directly below it public, but `!y.x`."""
    parent = suffix.partition(".")[2]
    return suffix in rules or f"*.{suffix}" in rules or (f"*.{parent}" in rules and f"!{suffix}" not in rules)


def _spellings(suffix: str) -> tuple[str, ...]:
    """A suffix as the list spells it: in Unicode where it can be."""
    if "xn--" not in suffix:
        return (suffix,)
    import idna

    try:
        return suffix, idna.decode(suffix)
    except idna.IDNAError:
        return (suffix,)


@cache
def _text() -> tuple[str, str]:
    """The rules of registries and of companies, as text."""
    import publicsuffixlist

    loader: Any = publicsuffixlist.__loader__  # reads from a zip too
    registry, _, rest = loader.get_data(publicsuffixlist.PSLFILE).decode().partition(_BEGIN)
    return registry, rest.partition(_END)[0]


def _rules(text: str) -> frozenset[str]:
    return frozenset([line.split()[0] for line in text.splitlines() if line and line[0] not in "/ "])


@cache
def _registry() -> frozenset[str]:
    return _rules(_text()[0])


@cache
def _private() -> frozenset[str]:
    return _rules(_text()[1])


@cache
def _above_private() -> dict[str, str]:
    """What lies above a company's suffixes, with the shortest of them."""
    found: dict[str, str] = {}
    for rule in sorted(_private(), key=lambda rule: (len(rule), rule)):
        suffix = rule.removeprefix("*.")
        parent = suffix.partition(".")[2]
        while parent and suffix[0] != "!":
            found.setdefault(parent, suffix)
            parent = parent.partition(".")[2]
    return found
