"""What a report says about a code itself: its page, and how to ask for it where it has none yet."""

from __future__ import annotations

from egresslang import pages
from egresslang.findings import Code
from egresslang.record import record


@record
class Page:
    """What a code finds in one sentence, and its whole page, which is Markdown that reads as text too."""

    summary: str
    text: str


def page_of(code: Code) -> Page:
    """The page of a code."""
    try:
        return Page(pages.summary(code), pages.page(code))
    except OSError:
        return Page(f"{code.name.replace('-', ' ').capitalize()}.", f"`egressc explain {code.id}` prints the page of {code.id} {code.name}.")  # fmt: skip
