"""Pages: what each code is about, why, and what to write instead, with examples that the tests run.

`EGR204.md` beside this module starts with what the code finds, then has the sections of `SECTIONS`; its title, how much
it weighs and that an error is never suppressed are not written there, but said from the code. In an example, a line of
`^` marks what the finding underlines in the line above and is no part of the text. `profile.yaml` is the cluster of all
examples that bring none.
"""

from __future__ import annotations

import os
import re

from egresslang.findings import Code
from egresslang.resources import text

FOLDER = os.path.dirname(os.path.abspath(__file__))
PROFILE = "profile.yaml"

FINDS, WHY, REJECTED, ACCEPTED, SUPPRESS = SECTIONS = (
    "What it finds", "Why it matters", "Rejected", "Accepted", "When to suppress",
)  # fmt: skip
"""The sections of a page, in their order; the first has no heading in the file."""

_NEVER = "Never: an error is not silenced."


def page(code: Code) -> str:
    """The whole page of a code as Markdown."""
    weighs = f"{_article(str(code.severity))} {code.severity}"
    if code.milder is not None:
        weighs += f", in some cases {_article(str(code.milder)).lower()} {code.milder}"
    head = f"# {code.id} {code.name}\n\n{weighs}.\n\n## {FINDS}\n\n{_written(code)}"
    return head if code.is_silenceable else f"{head}\n## {SUPPRESS}\n\n{_NEVER}\n"


def summary(code: Code) -> str:
    """The first sentence of a page, on one line."""
    first = _written(code).split("\n\n", 1)[0].replace("\n", " ").strip()
    return re.split(r"(?<=\.) (?=[A-Z`])", first)[0]


def _written(code: Code) -> str:
    return text("pages", f"{code.id}.md")


def _article(word: str) -> str:
    return "An" if word[0] in "aeiou" else "A"
