"""Writes the pictures of `docs/graph/` again: `python docs/screenshot.py`, in the environment of `make conformance`.

The page is that of `docs/graph/shop.egress` on the day that its text has in mind, in Chromium, with one rule chosen; and
once more with a week of traffic that Debian's Prometheus has, with a stray flow chosen. 256 colours are enough, and a third
of the bytes.
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
from metrics import CONNECTIONS, END, REQUESTS, Counter, prometheus, sampled  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import Page  # noqa: E402

from egresslang.cli import main  # noqa: E402

SIZE = {"width": 1400, "height": 1190}
TALLER = {"width": 1400, "height": 1340}
POLICY = ("graph/shop.egress", "-p", "graph/profile.yaml")
RULE = "shop.egress:12"
"""The rule that is chosen."""

STRAY = "169.254.169.254"
"""The stray flow that is chosen."""

SEEN = (
    (CONNECTIONS, "shop/checkout", "api.stripe.com", "api.stripe.com", "-", 41_200),
    (CONNECTIONS, "shop/refunds", "api.stripe.com", "api.stripe.com", "-", 310),
    (
        CONNECTIONS,
        "shop/catalogue",
        "images.eu-west-1.cdn.example.com",
        "images.eu-west-1.cdn.example.com",
        "-",
        96_000,
    ),
    (CONNECTIONS, "shop/mailer", "smtp.eu.mail.example.com", "smtp.eu.mail.example.com", "UF,URX", 12),
    (CONNECTIONS, "shop/mailer", "smtp.eu.mail.example.com", "smtp.eu.mail.example.com", "-", 2_900),
    (CONNECTIONS, "data/etl", "*.s3.amazonaws.com", "*.s3.amazonaws.com", "-", 740),
    (REQUESTS, "platform/metrics", "telemetry.us-east1.example.com", "telemetry.us-east1.example.com", "-", 20_160),
    (REQUESTS, "shop/checkout", "169.254.169.254", "BlackHoleCluster", "-", 3),
    (REQUESTS, "data/reports", "www.dropbox.com", "BlackHoleCluster", "-", 28),
    (CONNECTIONS, "shop/orders", "unknown", "BlackHoleCluster", "UH", 5),
    (CONNECTIONS, "platform/legacy-billing", "unknown", "PassthroughCluster", "-", 1_430),
)
"""What was seen: metric, workload, destination_service, destination_service_name, response_flags, and how often."""


def counters() -> list[Counter]:
    """What was seen as samples, a tenth of it in each of the last ten half days."""
    made = []
    for metric, who, service, name, flags, count in SEEN:
        namespace, _, workload = who.partition("/")
        labels = {
            "reporter": "source",
            "source_workload": workload,
            "source_workload_namespace": namespace,
            "source_canonical_service": workload,
            "destination_service": service,
            "destination_service_name": name,
            "response_flags": flags,
            **({"response_code": "200"} if metric == REQUESTS else {}),
        }
        made.append(sampled(metric, labels, END - 8 * 86_400, {END - at * 43_200: count / 10 for at in range(1, 11)}))
    return made


def shoot() -> None:
    """Take the pictures."""
    with TemporaryDirectory() as folder, chromium() as browser:
        page = Path(folder, "shop.html")
        assert main(["graph", *POLICY, "--today", "2026-11-23", "-o", str(page)]) == 0
        for scheme in ("light", "dark"):
            with opened(browser, page, SIZE, color_scheme=scheme) as (shown, wrong):
                shown.locator(".item.rule", has_text=RULE).click()
                _take(shown, scheme)
                assert wrong == [], wrong
        with prometheus(Path(folder), counters()) as url:
            assert main(["graph", *POLICY, "--prometheus", url, "--today", "2026-11-25", "-o", str(page)]) == 0
        with opened(browser, page, TALLER, color_scheme="light") as (shown, wrong):
            shown.locator(".item.stray", has_text=STRAY).click()
            _take(shown, "traffic")
            assert wrong == [], wrong


def _take(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)
    taken = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    taken.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(DOCS / "graph" / f"{name}.png", optimize=True)


if __name__ == "__main__":
    os.chdir(DOCS)
    shoot()
