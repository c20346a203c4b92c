"""What a pointer is not needed for, and what stays readable: small screens, wide spacing, hostile names."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.server.browsing import CLONE, PHONE, Site, finished, signed_in
from tests.api.serving import GOOD

SPACED = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }"
"""What WCAG 1.4.12 lets readers set."""
SMALL = """() => {
  const found = [];
  const boxes = "[type=hidden], [type=checkbox], [type=radio]"; // a box has its label as a target, too
  const targets = `a[href], button, input:not(${boxes}), select, summary, textarea`;
  for (const one of document.querySelectorAll(targets)) {
    const { width, height } = one.getBoundingClientRect();
    const shown = one.checkVisibility() && width > 1 && !one.closest(".skip");
    const inText = one.matches("a") && one.closest("p, td, li, dd, footer, h2, h3");
    if (shown && !inText && Math.min(height, width) < 23.5)
      found.push(`${one.tagName} ${one.id || one.textContent.trim()} ${width} x ${height}`);
  }
  return found;
}"""
"""Targets that are smaller than WCAG 2.5.8 wants, but for links in sentences."""


def sideways(page: Page) -> int:
    found: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return found


def test_pages_hold_narrow_screens_wide_spacing_and_thumbs(
    chromium: Browser, site: Site, addresses: dict[str, str]
) -> None:
    context = signed_in(chromium, site, viewport={"width": 320, "height": 640}, bypass_csp=True)
    page = context.new_page()
    for name, address in addresses.items():
        page.goto(address)
        assert sideways(page) <= 0, f"{name} scrolls sideways at 320 px"
        assert page.evaluate(SMALL) == [], name
        page.add_style_tag(content=SPACED)
        assert sideways(page) <= 0, f"{name} scrolls sideways with wide spacing"
    context.close()


def test_names_of_any_length_break_and_no_page_scrolls_sideways(chromium: Browser, site: Site) -> None:
    long = "W" * 200
    with site.client() as client:
        sent = {"title": long, "owner": long}
        track = client.post("/v1/tracks", files={"file": ("a.wav", GOOD)}, data=sent).headers["location"]
        record = finished(client, track)["result"]["record_id"]
        said = {"issuer": long, "reason": long}
        client.post(f"/v1/records/{record}/disputes", json=said).raise_for_status()
        client.post("/v1/artists", files={"files": ("v.wav", GOOD)}, data={"name": long}).raise_for_status()
        audit = client.post("/v1/audits", files={"file": (f"{long}.wav", CLONE)}).headers["location"]
        assert finished(client, audit)["state"] == "succeeded"
        case = client.post("/v1/cases", json={"subject": long, "reason": long}).json()["id"]
        client.post(f"/v1/cases/{case}:assign", json={"to": long}).raise_for_status()
        elements = {"form": "dmca", "elements": {"material": long}}
        notice = client.post("/v1/notices", json=elements).json()["id"]
        client.post("/v1/keys", json={"name": long, "scopes": ["audits:read"]}).raise_for_status()
    for width in (PHONE["width"], 1440):
        context = signed_in(chromium, site, viewport={"width": width, "height": 700})
        page = context.new_page()
        lists = ("/", "/audits", "/records", "/artists", "/cases", "/notices", "/keys")
        own = (audit.removeprefix("/v1"), f"/records/{record}", f"/cases/{case}", f"/notices/{notice}")
        for address in (*lists, *own):
            page.goto(address)
            assert sideways(page) <= 0, (width, address)
        context.close()


def test_a_recording_is_played_and_looked_at_without_a_pointer(page: Page, addresses: dict[str, str]) -> None:
    page.goto(addresses["audit"])
    expect(page.locator("#wave canvas").first).to_be_attached()
    page.wait_for_function("document.getElementById('sound').readyState > 0")
    place = page.get_by_role("slider", name="Place in the file")
    place.focus()
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("PageUp")
    at = page.evaluate("document.getElementById('sound').currentTime")
    assert at > 0 and page.locator("#cursor").is_visible()
    expect(place).to_have_attribute("aria-valuetext", "0:01; AI music: 0:00 to 0:01, score 0.97")
    expect(page.locator("#here")).to_have_text("AI music: 0:00 to 0:01, score 0.97")
    page.keyboard.press("End")
    assert page.evaluate("document.getElementById('sound').currentTime") == pytest.approx(2.0, abs=0.1)


def test_evidence_is_read_whole_on_a_phone(chromium: Browser, site: Site, addresses: dict[str, str]) -> None:
    context = signed_in(chromium, site, viewport=PHONE)
    page = context.new_page()
    page.goto(addresses["audit"])
    for table in page.locator(".scroll").all():
        assert table.evaluate("one => one.scrollWidth <= one.clientWidth"), table.get_attribute("aria-label")
    context.close()


def test_whoever_sends_a_form_in_vain_is_taken_to_the_reason(page: Page) -> None:
    page.goto("/keys")
    page.get_by_label("Name").fill("Half a form")
    page.get_by_role("button", name="Make the key").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("choose at least one thing")
    expect(page.get_by_role("alert")).to_be_focused()


def test_a_button_keeps_the_keyboard_while_its_form_is_sent(page: Page) -> None:
    page.goto("/verify")
    files: Any = {"name": "found.wav", "mimeType": "audio/wav", "buffer": b"a file that nobody claims"}
    page.set_input_files("#file", files)
    button = page.get_by_role("button", name="Look up")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#claims")).to_contain_text("No public record names this very file")
    expect(button).to_be_focused()


OUTLINED = """() => {
  const one = document.activeElement;
  if (one === document.body) return null;
  const marked = one.matches(".upload [type=file]") ? one.closest(".upload").querySelector(".drop") : one;
  const style = getComputedStyle(marked);
  const box = marked.getBoundingClientRect();
  const seen = box.bottom > 0 && box.top < window.innerHeight;
  return [one.id || one.textContent.trim().slice(0, 40), style.outlineStyle !== "none" && seen];
}"""


def test_every_stop_of_the_keyboard_is_seen_and_none_is_a_trap(page: Page, addresses: dict[str, str]) -> None:
    for name in (
        "start",
        "audit",
        "comparison",
        "case",
        "notice",
        "policy editor",
        "keys",
        "verify",
        "entry",
    ):
        page.goto(addresses[name])
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip", name
        stops = 0
        while (found := page.evaluate(OUTLINED)) is not None:
            assert found[1], (name, found[0])
            stops += 1
            assert stops < 150, f"{name}: the keyboard does not come to an end"
            page.keyboard.press("Tab")
        last = page.locator("footer button").last
        assert stops > 10 and last.count() == 1, name
    page.goto(addresses["audit"])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


PUBLIC = {"log", "entry", "verify", "reference", "problem"}


def test_whoever_uses_the_browser_next_finds_no_page_of_ours(
    chromium: Browser, site: Site, addresses: dict[str, str]
) -> None:
    with site.client() as client:
        for name, address in addresses.items():
            kept = client.get(address).headers.get("cache-control")
            assert name in PUBLIC or kept == "no-store", (name, kept)
    context = signed_in(chromium, site)
    page = context.new_page()
    page.goto(addresses["record"])
    expect(page.get_by_role("heading", level=1)).to_have_text("Night Drive")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("API key")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("Night Drive")
    context.close()


COLUMNS = """() => [...document.querySelectorAll("table.rows")].map((table) => {
  const shown = (row) => [...row.cells].filter((cell) => cell.checkVisibility()).length;
  return new Set([...table.rows].map(shown)).size;
})"""
"""How many different numbers of cells the rows of each table have."""


def test_what_is_printed_keeps_its_columns_and_is_dark_on_white(
    chromium: Browser, site: Site, addresses: dict[str, str]
) -> None:
    context = signed_in(chromium, site, color_scheme="dark")
    page = context.new_page()
    page.emulate_media(media="print", color_scheme="dark")
    for name, address in addresses.items():
        page.goto(address)
        assert all(kinds == 1 for kinds in page.evaluate(COLUMNS)), name
        ink = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--quiet').trim()")
        assert ink == "#56605c", name
    context.close()
