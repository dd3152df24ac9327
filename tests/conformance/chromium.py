"""A real browser: Debian's Chromium, offline, driven through Playwright.

Whatever goes wrong in a page, and whatever it asks of a network, is kept: no page of ours may do either.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

WIDE = {"width": 1400, "height": 900}
PHONE = {"width": 360, "height": 740}


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser."""
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("chromium is not on PATH: install it (Debian package chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Browser, file: Path, size: dict[str, int] = WIDE, **options: Any
) -> Iterator[tuple[Page, list[str]]]:
    """A page opened from a file, drawn, and what went wrong in it so far; options are those of a browser's context."""
    context = browser.new_context(viewport=size, offline=True, **options)  # type: ignore[arg-type]
    page = context.new_page()
    wrong: list[str] = []

    def asked(request: Request) -> None:
        if request.url != file.as_uri():
            wrong.append(f"asks for {request.url}")

    page.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("request", asked)
    page.goto(file.as_uri())
    page.wait_for_selector("#view > *")
    yield page, wrong
    context.close()
