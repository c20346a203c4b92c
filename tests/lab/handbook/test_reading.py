"""The site in a real browser, opened from a disk: search, and what axe-core thinks of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ViewportSize, expect

from tests.api.server.browsing import PHONE, RULES, WIDE, Scheme
from tests.browsers import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def test_search_finds_a_page_without_a_server(browser: Browser, site: Path) -> None:
    page = browser.new_page()
    page.goto((site / "reference" / "errors.html").as_uri())
    page.get_by_label("Search").press_sequentially("append-only log lazily")
    expect(page.get_by_text("Nothing found.")).to_be_visible()
    page.get_by_label("Search").fill("TRACKMARK_WORKER_NAME")
    page.get_by_role("search").get_by_role("link", name="Settings").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Settings")


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide", "phone"])
@pytest.mark.parametrize("name", ["index", "reference/settings", "reference/api/audits"])
def test_axe_finds_nothing(
    browser: Browser, site: Path, name: str, size: ViewportSize, scheme: Scheme
) -> None:
    page = browser.new_page(viewport=size, color_scheme=scheme)
    page.goto((site / f"{name}.html").as_uri())
    found = Axe().run(page, options=RULES).response["violations"]
    assert not found, [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
