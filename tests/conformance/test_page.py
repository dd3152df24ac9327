"""The page of `egressc graph` in a real browser: it opens from a file, filters, explains, prints, and anybody can use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chromium import PHONE, WIDE, chromium, opened
from large_policy import large_policy
from npm import from_npm
from playwright.sync_api import Browser, Page, expect

from egresslang.cli import main

pytestmark = pytest.mark.conformance

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "examples" / "recipes"
AXE = "axe-core"
MOST = 3_000_000
"""Bytes of a page of 1,000 workloads and 5,000 flows."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The page of a policy; each is made once."""
    folder = tmp_path_factory.mktemp("pages")
    made: dict[tuple[object, ...], Path] = {}

    def page(*arguments: object) -> Path:
        if arguments not in made:
            made[arguments] = folder / f"{len(made)}.html"
            given = [*map(str, arguments), "--today", "2026-11-23", "-o", str(made[arguments])]
            assert main(["graph", *given]) in (0, 1)
        return made[arguments]

    return page


@pytest.fixture(scope="module")
def shop(pages: Callable[..., Path]) -> Path:
    """Ten workloads, with everything that a picture can show."""
    return pages(ROOT / "docs" / "graph" / "shop.egress", "-p", ROOT / "docs" / "graph" / "profile.yaml")


@pytest.fixture(scope="module")
def large(pages: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,000 workloads and 5,000 flows."""
    folder = tmp_path_factory.mktemp("large")
    policy, profile = large_policy()
    (folder / "large.egress").write_text(policy)
    (folder / "large.yaml").write_text(profile)
    return pages(folder / "large.egress", "-p", folder / "large.yaml")


def shown(page: Page, kind: str) -> list[str]:
    """The texts of the buttons of a kind."""
    return [" ".join(text.split()) for text in page.locator(f".item.{kind}").all_inner_texts()]


def panel(page: Page) -> str:
    return " ".join(page.locator("#panel").inner_text().split())


def focused(page: Page) -> str:
    """The key of the button that has the focus, else the id of the element."""
    return str(page.evaluate("document.activeElement.dataset.key ?? document.activeElement.id"))


# It opens


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_it_opens_from_a_file_and_asks_for_nothing(
    browser: Browser, shop: Path, scheme: str, size: dict[str, int]
) -> None:
    with opened(browser, shop, size, color_scheme=scheme) as (page, wrong):
        assert len(shown(page, "workload")) == 11
        assert wrong == []


def test_a_page_cannot_reach_a_network(browser: Browser, shop: Path) -> None:
    with opened(browser, shop) as (page, wrong):
        page.evaluate("fetch('http://127.0.0.1:9/').catch(() => 0)")
        page.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x.png'}))")
        page.wait_for_timeout(100)
        assert sum("Content Security Policy" in each for each in wrong) >= 2, wrong


def test_the_three_pictures_of_the_recipe(browser: Browser, pages: Callable[..., Path]) -> None:
    ends = {
        "passes-through": ["passes through"],
        "black-hole": ["black hole"],
        "allowed": ["httpbin.org", "black hole"],
    }
    for option, expected in ends.items():
        file = pages(RECIPES / option, "-p", RECIPES / option / "profile.yaml")
        with opened(browser, file) as (page, wrong):
            assert shown(page, "destination") == expected
            lines = page.locator(".picture .lines path.allowed")
            assert lines.count() == (1 if option == "allowed" else 0)
            assert page.locator(".picture .lines path.rest").count() == 1
            assert wrong == []


def test_several_clusters_are_one_page_with_a_switch(browser: Browser, pages: Callable[..., Path]) -> None:
    regions = ROOT / "examples" / "database-by-region"
    with opened(browser, pages(regions, "-p", regions / "eu.yaml", "-p", regions / "us.yaml")) as (page, wrong):
        expect(page.locator("#about")).to_contain_text("shop-eu")
        page.select_option("#cluster", label="shop-us")
        expect(page.locator("#about")).to_contain_text("shop-us")
        assert wrong == []


# It filters


def test_typing_narrows_the_picture(browser: Browser, shop: Path) -> None:
    with opened(browser, shop) as (page, wrong):
        page.fill("#filter", "refunds stripe")
        assert shown(page, "workload") == ["refunds"]
        assert shown(page, "destination") == ["api.stripe.com", "files.stripe.com", "black hole"]
        expect(page.locator("#count")).to_have_text("Filtered: 1 workload, 1 rule, 2 flows, 2 destinations")
        page.fill("#filter", "owner=security egr302")
        assert shown(page, "rule.denied") == []
        page.fill("#filter", "egr302")
        assert shown(page, "destination") == ["*.s3.amazonaws.com", "black hole"]
        page.fill("#filter", "no such thing")
        expect(page.locator("#count")).to_have_text("Filtered: nothing")
        assert wrong == []


def test_what_stands_out_can_be_shown_alone(browser: Browser, shop: Path) -> None:
    with opened(browser, shop) as (page, _):
        page.click("[data-mark=broad]")
        assert (
            len(shown(page, "rule.broad")) == 3 == len([each for each in shown(page, "rule") if "anything" not in each])
        )
        page.click("[data-mark=expiring]")
        assert page.locator(".item.rule .chip.expiring").count() == 2
        page.click("[data-mark=broad]")
        page.click("[data-mark=expiring]")
        page.click("[data-mark=denied]")
        assert shown(page, "destination.struck") == ["*.dropbox.com has a guard rail", "192.0.2.64/26 has a guard rail"]


def test_destinations_by_domain(browser: Browser, shop: Path) -> None:
    with opened(browser, shop) as (page, _):
        page.select_option("#grouping", "domain")
        assert "stripe.com 2" in [" ".join(each.split()) for each in page.locator(".group h3").all_inner_texts()]


# It explains


def test_choosing_a_rule_explains_it(browser: Browser, shop: Path) -> None:
    with opened(browser, shop) as (page, wrong):
        page.locator(".item.rule", has_text="shop.egress:13").click()
        told = panel(page)
        for words in (
            "allow etl -> 192.0.2.0/26:9000 tcp owner=data expires=2026-11-30", "shop.egress:13", "2026-11-30, 7 days left",
            "EGR403", "this rule expires in 7 days", "data/etl", "black hole", "REGISTRY_ONLY",
        ):  # fmt: skip
            assert words in told
        assert page.locator(".item.related").count() == 3
        assert page.locator(".picture .lines path.hot").count() == 1
        page.locator("#panel .link", has_text="data/etl").click()
        assert "May reach" in panel(page)
        assert "*.s3.amazonaws.com 443 tls" in panel(page)
        assert "telemetry.us-east1.example.com 443 grpc" in panel(page), "what every workload may reach"
        page.locator("#panel .only").click()
        assert shown(page, "workload") == ["etl"]
        assert wrong == []


def test_a_guard_rail_says_what_it_is(browser: Browser, shop: Path) -> None:
    with opened(browser, shop) as (page, _):
        page.locator(".item.rule.denied", has_text="shop.egress:9").click()
        assert "No rule may ever allow these flows" in panel(page)
        assert "except data/crawler" in panel(page)
        assert page.locator(".picture .lines path.cross.hot").count() == 1
        page.locator(".item.destination", has_text="black hole").click()
        assert "BlackHoleCluster" in panel(page)


def test_a_policy_that_does_not_compile_says_so(browser: Browser, pages: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "a.egress").write_text("deny * -> *.dropbox.com\nallow a -> b.dropbox.com:443\n")
    with opened(browser, pages(tmp_path / "a.egress")) as (page, _):
        expect(page.locator("#verdict")).to_have_text(
            "This policy does not compile: 1 error. What is drawn is what it asks for."
        )
        page.locator(".item.rule.error").click()
        assert "EGR201" in panel(page)


# Keys


def test_everything_works_by_key(browser: Browser, shop: Path) -> None:
    with opened(browser, shop) as (page, wrong):
        page.keyboard.press("/")
        assert focused(page) == "filter"
        page.keyboard.type("etl")
        assert shown(page, "workload") == ["etl"]
        while focused(page) != "namespace data":
            page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        etl = focused(page)
        assert etl.startswith("workload")
        page.keyboard.press("ArrowRight")
        assert focused(page).startswith("rule")
        page.keyboard.press("ArrowRight")
        assert focused(page).startswith("destination")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        assert focused(page) == etl
        page.keyboard.press("Enter")
        assert focused(page) == "panel"
        assert "data/etl" in panel(page)
        page.keyboard.press("Escape")
        assert focused(page) == etl
        page.keyboard.press("Escape")
        assert page.input_value("#filter") == ""
        assert len(shown(page, "workload")) == 11
        assert wrong == []


def test_a_namespace_opens_and_closes_by_key(browser: Browser, shop: Path) -> None:
    with opened(browser, shop) as (page, _):
        page.focus("[data-key='namespace shop']")
        page.keyboard.press("Enter")
        assert focused(page) == "namespace shop"
        assert page.get_attribute("[data-key='namespace shop']", "aria-expanded") == "false"
        assert "catalogue" not in shown(page, "workload")
        page.keyboard.press("Enter")
        assert "catalogue" in shown(page, "workload")


# The table


def test_the_table_has_the_same_and_sorts(browser: Browser, shop: Path) -> None:
    with opened(browser, shop) as (page, wrong):
        page.click("#as-table")
        assert page.locator("tbody tr").count() == 11 + 3 + 11
        assert page.locator("tbody tr.denied").count() == 3
        page.get_by_role("button", name="Expires").click()
        assert page.get_attribute("th:nth-child(8)", "aria-sort") == "ascending"
        assert page.locator("tbody tr td:nth-child(8)").first.inner_text() == "2026-11-30"
        page.get_by_role("button", name="Expires").click()
        assert page.get_attribute("th:nth-child(8)", "aria-sort") == "descending"
        assert page.locator("tbody tr td:nth-child(8)").first.inner_text() == "2026-12-04"
        page.fill("#filter", "stripe")
        assert page.locator("tbody tr.allowed").count() == 4
        page.locator("tbody .link").first.click()
        assert "shop.egress:5" in panel(page)
        assert wrong == []


# Everybody


def hindrances(page: Page) -> list[str]:
    """What axe-core finds, which knows the rules of WCAG, contrast of colours among them; run in from outside."""
    page.evaluate((from_npm(AXE) / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")
    assert len(found["passes"]) > 20
    return [f"{each['id']}: {node['html'][:200]}" for each in found["violations"] for node in each["nodes"]]


VIEWS: dict[str, Callable[[Page], None]] = {
    "picture": lambda page: None,
    "rule": lambda page: page.locator(".item.rule", has_text="shop.egress:12").click(),
    "guard rail": lambda page: page.locator(".item.rule.denied").first.click(),
    "filtered": lambda page: page.fill("#filter", "etl"),
    "table": lambda page: page.click("#as-table"),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_stands_in_anybodys_way(browser: Browser, shop: Path, scheme: str, size: dict[str, int]) -> None:
    with opened(browser, shop, size, color_scheme=scheme, reduced_motion="reduce") as (page, _):
        for view, turn_to in VIEWS.items():
            turn_to(page)
            assert hindrances(page) == [], view


def test_long_names_fit_a_telephone(browser: Browser, pages: Callable[..., Path], tmp_path: Path) -> None:
    label = "a" * 63
    (tmp_path / "a.egress").write_text(f"allow {label}/{label} -> {label}.{label}.example.com:443 owner={label}\n")
    with opened(browser, pages(tmp_path / "a.egress"), PHONE, has_touch=True, is_mobile=True) as (page, _):
        for act in ("", ".item.rule", ".close", "#as-table"):
            if act:
                page.locator(act).first.click()
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], act


def test_what_is_explained_on_a_telephone_stays_in_sight(browser: Browser, shop: Path) -> None:
    with opened(browser, shop, PHONE, has_touch=True, is_mobile=True, reduced_motion="reduce") as (page, _):
        rule = page.locator(".item.rule", has_text="shop.egress:8")
        rule.tap()
        box, sheet = rule.bounding_box(), page.locator("#panel").bounding_box()
        assert box is not None
        assert sheet is not None
        assert 0 <= box["y"] <= box["y"] + box["height"] <= sheet["y"]


def test_colour_says_nothing_alone(browser: Browser, shop: Path) -> None:
    with opened(browser, shop) as (page, _):
        styles = page.evaluate(
            """Object.fromEntries(['allowed', 'broad', 'expiring', 'denied', 'rest'].map(kind => {
              const style = getComputedStyle(document.querySelector(`.picture .lines path.${kind}`));
              return [kind, `${style.strokeWidth} ${style.strokeDasharray}`];
            }))"""
        )
        assert len(set(styles.values())) == 5, styles


def test_it_fits_a_telephone(browser: Browser, shop: Path) -> None:
    with opened(browser, shop, PHONE, has_touch=True, is_mobile=True) as (page, _):
        for view, turn_to in VIEWS.items():
            turn_to(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], view
            page.keyboard.press("Escape")


def test_paper_has_the_picture_on_one_sheet_and_every_flow(browser: Browser, shop: Path) -> None:
    with opened(browser, shop, color_scheme="dark") as (page, wrong):
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print", color_scheme="dark")
        assert page.locator("#printed tbody tr").count() == 25
        assert not page.locator("#controls").is_visible()
        assert page.evaluate("document.getElementById('view').getBoundingClientRect().bottom + scrollY") <= 690
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
        page.emulate_media(media="screen")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("#printed tbody tr").count() == 0
        assert page.pdf().startswith(b"%PDF")
        assert wrong == []


# A thousand workloads


def test_a_thousand_workloads(browser: Browser, large: Path) -> None:
    assert large.stat().st_size < MOST
    with opened(browser, large) as (page, wrong):
        expect(page.locator("#count")).to_have_text(
            "1,000 workloads, 5,000 rules, 5,000 flows, 750 destinations, 2 guard rails"
        )
        assert page.locator(".item").count() < 200, "closed until asked for"
        assert hindrances(page) == []
        page.click("[data-key='namespace team-03']")
        assert page.locator(".item.workload").count() == 20
        page.fill("#filter", "service-021")
        assert shown(page, "workload") == ["service-021"]
        page.fill("#filter", "")
        page.click("#as-table")
        assert page.locator("tbody tr").count() == 500
        page.click(".more")
        assert page.locator("tbody tr").count() > 5_000
        assert wrong == []


def test_a_thousand_workloads_fit_a_telephone(browser: Browser, large: Path) -> None:
    with opened(browser, large, PHONE, has_touch=True, is_mobile=True) as (page, wrong):
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert wrong == []
