"""Look-alikes: names that are read as others, because every letter of a label looks like a Latin one.

The pairs are those of Unicode's confusables.txt (UTS 39) that common fonts draw alike. As browsers do, a name is told only
below a top-level domain in Latin letters: below one in the script of the label nobody expects another.
"""

from __future__ import annotations

_LETTERS = dict(zip("асԁеһіјкӏорԛѕԝхуѵ" + "αγικνοηρτυχω", "acdehijklopqswxyv" + "ayikvonptuxw", strict=True))


def punycode(name: str) -> str:
    """A name as a name server sees it."""
    labels = name.split(".")
    return ".".join(each if each.isascii() else f"xn--{each.encode('punycode').decode()}" for each in labels)


def read_as(name: str) -> str:
    """The name in Latin letters that a name in Unicode or Punycode is read as; empty if it is not read as another."""
    labels = [_decoded(label) for label in name.lower().split(".")]
    if not labels[-1].isascii():
        return ""
    plain = [_plain(label) for label in labels]
    return ".".join(plain) if plain != labels else ""


def _plain(label: str) -> str:
    """A label in the Latin letters it looks like; itself if any of its letters looks like none."""
    other = [char for char in label if char.isalpha()]
    return "".join(_LETTERS.get(char, char) for char in label) if all(char in _LETTERS for char in other) else label


def _decoded(label: str) -> str:
    try:
        return label[4:].encode().decode("punycode") if label.startswith("xn--") else label
    except UnicodeError:
        return label
