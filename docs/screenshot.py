"""Writes the pictures of `docs/graph/` again: `python docs/screenshot.py`, in the environment of `make conformance`.

The page is that of `docs/graph/shop.egress` on the day that its text has in mind, in Chromium, with one rule chosen. 256
colours are enough, and a third of the bytes.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

DOCS = Path(__file__).resolve().parent
sys.path.append(str(DOCS.parent / "tests" / "conformance"))

from chromium import chromium, opened  # noqa: E402
from PIL import Image  # noqa: E402

from egresslang.cli import main  # noqa: E402

SIZE = {"width": 1400, "height": 1190}
RULE = "shop.egress:12"
"""The rule that is chosen."""


def shoot() -> None:
    """Take the pictures."""
    with TemporaryDirectory() as folder, chromium() as browser:
        page = Path(folder, "shop.html")
        policy = ["graph/shop.egress", "-p", "graph/profile.yaml", "--today", "2026-11-23"]
        assert main(["graph", *policy, "-o", str(page)]) == 0
        for scheme, name in (("light", "light.png"), ("dark", "dark.png")):
            with opened(browser, page, SIZE, color_scheme=scheme) as (shown, wrong):
                shown.locator(".item.rule", has_text=RULE).click()
                shown.mouse.move(0, 0)
                shown.wait_for_timeout(300)
                taken = Image.open(io.BytesIO(shown.screenshot(animations="disabled")))
                taken.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(DOCS / "graph" / name, optimize=True)
                assert wrong == [], wrong


if __name__ == "__main__":
    os.chdir(DOCS)
    shoot()
