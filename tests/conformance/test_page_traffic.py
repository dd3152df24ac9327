"""`egressc graph --prometheus`: the recipe's three options with what a real Prometheus has of them, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from chromium import PHONE, WIDE, chromium, opened
from metrics import CONNECTIONS, END, REQUESTS, prometheus
from playwright.sync_api import Browser, expect
from recipe_traffic import BLACK, DAY, OPTIONS, PASSED, TODAY, series
from test_page import hindrances, panel, shown

from egresslang.cli import main

pytestmark = pytest.mark.conformance

RECIPES = Path(__file__).parents[2] / "examples" / "recipes"
BUSY = "allow idgen -> httpbin.org:80 http region=us\nallow report -> archive.example.com:443 tls owner=data\n"
HOSTILE = "<img src=x onerror=alert(1)>\u202e" + "a" * 3000
TRAFFIC = (
    *OPTIONS["allowed"],
    series(REQUESTS, "report", "api.recipes.svc.cluster.local", "api", "200", "-", {3 * DAY: 9.0}),
    series(REQUESTS, "idgen", "httpbin.org", "httpbin.org", "503", "-", {2 * DAY: 3.0}),
    series(CONNECTIONS, "idgen", "unknown", PASSED, "0", "-", {3 * DAY: 6.0}),
    series(REQUESTS, "idgen", "httpbin.org", BLACK, "502", "-", {4 * DAY: 5.0}),
    series(REQUESTS, "etl", "httpbin.org", BLACK, "502", "-", {2 * DAY: 1200.0}),
    series(REQUESTS, "etl", HOSTILE, BLACK, "502", "-", {2 * DAY: 700.0}),
    series(REQUESTS, "etl", "b.example.com", "b.example.com", "503", "NC", {2 * DAY: 8.0}),
    series(REQUESTS, "etl", "c.example.com", "c.example.com", "200", "-", {2 * DAY: 9.0}),
    *(
        series(
            REQUESTS,
            "crawler",
            f"{number}.example.org",
            BLACK,
            "502",
            "-",
            {2 * DAY: 100.0 + number},
            start=END - 3 * DAY,
        )
        for number in range(12)
    ),
)
"""Something of everything."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of each option, and of everything that traffic can show."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "busy.egress").write_text(BUSY)
    known = "idgen: {labels: {app: idgen}}"
    profile_text = (RECIPES / "allowed" / "profile.yaml").read_text()
    (folder / "profile.yaml").write_text(profile_text.replace(known, f"{known}, report: {{labels: {{app: report}}}}"))
    policies = {option: RECIPES / option for option in OPTIONS} | {"busy": folder / "busy.egress"}
    made = {}
    with ExitStack() as running:
        for name, policy in policies.items():
            counters = list(OPTIONS.get(name, TRAFFIC))
            url = running.enter_context(prometheus(tmp_path_factory.mktemp(name), counters))
            profile = (RECIPES / name if name in OPTIONS else folder) / "profile.yaml"
            made[name] = folder / f"{name}.html"
            given = ["graph", policy, "-p", profile, "--prometheus", url, "--today", TODAY, "-o", made[name]]
            assert main([str(each) for each in given]) == 0
    return made


LINES = {
    "passes-through": (["httpbin.org as the client says 40 requests passed through", "unknown 4 connections passed through"], "passed-through"),
    "black-hole": (["httpbin.org as the client says 40 requests blocked", "unknown 4 connections blocked"], "blocked"),
    "allowed": (["unknown 4 connections blocked"], "blocked"),
}  # fmt: skip
"""What the three pictures of the recipe show of traffic that no rule grants, and how its lines are drawn."""


@pytest.mark.parametrize("option", LINES)
def test_the_three_pictures_of_the_recipe(browser: Browser, pages: dict[str, Path], option: str) -> None:
    told, kind = LINES[option]
    with opened(browser, pages[option]) as (page, wrong):
        assert shown(page, "stray") == told
        colour = page.locator(f".picture .lines path.{kind}").evaluate("each => getComputedStyle(each).stroke")
        assert colour == ("rgb(176, 28, 61)" if kind == "blocked" else "rgb(168, 74, 5)")
        assert page.locator(".picture .lines path.cross").count() == (1 if kind == "blocked" else 0)
        rules = [each for each in shown(page, "rule") if "anything else" not in each]
        assert rules == (["80 http 40 requests recipes.egress:1"] if option == "allowed" else [])
        assert wrong == []


def test_what_was_seen_is_filtered_and_explained(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["busy"]) as (page, wrong):
        expect(page.locator("#about")).to_contain_text("With what was seen in 7d until 2026-11-26 00:00 UTC.")
        marks = {each.split()[0]: each.split()[-1] for each in page.locator("#marks button").all_inner_texts()}
        assert (marks["blocked"], marks["unused"], marks["led"], marks["passed"]) == ("16", "1", "1", "1")
        page.click("[data-mark=unused]")
        assert shown(page, "rule.unused") == ["443 tls nothing used it in 7d busy.egress:2"]
        assert shown(page, "stray") == []
        page.click("[data-mark=unused]")
        page.click("[data-mark=blocked]")
        assert len(shown(page, "stray.blocked")) == 4 + 6 == len(shown(page, "stray"))
        assert "7 other destinations as the client says 721 requests blocked" in shown(page, "stray")
        page.locator(".item.stray", has_text="<img src=x").click()
        assert "text that anybody may choose" in panel(page)
        assert page.locator("img").count() == 0
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.locator(".item.rule", has_text="busy.egress:1").click()
        assert "43 requests, 3 failed" in panel(page)
        assert "last seen 2026-11-23 23:00 to 2026-11-24 00:00 UTC" in panel(page)
        assert "Is this rule applied in the cluster? recipes/idgen → httpbin.org, 5 requests blocked" in panel(page)
        page.keyboard.press("Escape")
        page.locator(".item.rule", has_text="busy.egress:2").click()
        assert "EGR701" in panel(page)
        page.keyboard.press("Escape")
        page.locator(".item.destination", has_text="black hole").click()
        assert "recipes/etl → httpbin.org, 1,200 requests blocked" in panel(page)
        assert page.locator(".picture .lines path.blocked.hot").count() == 1
        assert wrong == []


def test_the_table_has_the_numbers(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["busy"]) as (page, wrong):
        page.click("#as-table")
        page.get_by_role("button", name="Requests").click()
        page.get_by_role("button", name="Requests").click()
        first = page.locator("tbody tr").first
        assert "etl" in first.inner_text()
        assert first.locator("td").nth(8).inner_text() == "1200", "numbers are sorted as numbers"
        rule = page.locator("tbody tr", has_text="busy.egress:1")
        assert [rule.locator("td").nth(at).inner_text() for at in (8, 9, 10)] == ["43", "0", "3"]
        first.locator(".link").click()
        assert "REGISTRY_ONLY" in panel(page)
        assert wrong == []


def test_colour_says_nothing_alone(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["busy"]) as (page, _):
        kinds = ["allowed", "rest", "blocked", "lost", "passed-through", "outside"]
        styles = page.evaluate(
            """kinds => kinds.map(kind => {
              const style = getComputedStyle(document.querySelector(`.picture .lines path.${kind}`));
              return `${style.strokeWidth} ${style.strokeDasharray}`;
            })""",
            kinds,
        )
        assert len(set(styles)) == len(kinds), styles


def test_stray_flows_are_reached_by_key(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["black-hole"]) as (page, _):
        page.focus("[data-key='stray 0']")
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.dataset.key") == "rest blocked"
        page.keyboard.press("ArrowLeft")
        assert page.evaluate("document.activeElement.dataset.key") == "stray 0"
        page.keyboard.press("Enter")
        assert "blocked" in panel(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_stands_in_anybodys_way(
    browser: Browser, pages: dict[str, Path], scheme: str, size: dict[str, int]
) -> None:
    with opened(browser, pages["busy"], size, color_scheme=scheme, reduced_motion="reduce") as (page, wrong):
        for act in ("", ".item.stray", ".item.rule.unused", "#as-table"):
            if act:
                page.locator(act).first.click()
            assert hindrances(page) == [], act
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], act
            page.keyboard.press("Escape")
        assert wrong == []
