"""What pages say and show where something is missing: scripts, room, or the page itself."""

import re
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.api.compare import pairs
from tests.api.server.browsing import PHONE, Site, finished, signed_in
from tests.api.serving import GOOD


def test_without_scripts_nothing_is_offered_that_needs_them(
    chromium: Browser, site: Site, addresses: dict[str, str]
) -> None:
    context = signed_in(chromium, site, viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    for name, address in addresses.items():
        page.goto(address)
        needing = page.locator(":is(.scripted, #play, .hear[type=button], #choose-all):visible")
        assert needing.count() == 0, name
    page.goto("/")
    page.set_input_files("#file", {"name": "seen.wav", "mimeType": "audio/wav", "buffer": GOOD})
    box = page.locator("#file").bounding_box()  # the browser's own field shows what was chosen
    assert box is not None and box["width"] > 200 and box["height"] > 20
    expect(page.locator("noscript p")).to_be_visible()
    page.goto("/verify")
    expect(page.locator("noscript p")).to_contain_text(
        "the API tells who claims a file: POST /v1/verify/claims"
    )
    expect(page.get_by_role("button", name="Verify")).to_be_hidden()
    context.close()


CELLS = """() => [
  [...document.querySelectorAll(".rows td:not([data-label])")].map((one) => one.innerText.trim()),
  [...document.querySelectorAll(".scroll:has(.rows)")].filter((one) => one.scrollWidth > one.clientWidth)
    .length,
]"""
"""The texts of cells without a name, and how many lists do not fit."""


def test_on_a_phone_every_cell_of_a_list_says_what_it_is(
    chromium: Browser, site: Site, addresses: dict[str, str]
) -> None:
    context = signed_in(chromium, site, viewport=PHONE)
    page = context.new_page()
    figure = re.compile(r"[0-9][0-9 :,./-]*( UTC)?")
    for name, address in addresses.items():
        page.goto(address)
        cells, cut = page.evaluate(CELLS)
        assert [text for text in cells if figure.fullmatch(text)] == [], name
        assert cut == 0, f"{name}: a list is cut"
    page.goto("/cases")
    box, link = page.locator("td.choose").first, page.locator("td.name").first
    at, beside = box.bounding_box(), link.bounding_box()
    assert at is not None and beside is not None
    assert at["x"] + at["width"] <= beside["x"] and abs(at["y"] - beside["y"]) < 10
    context.close()


def test_a_page_that_says_no_says_what_to_do(context: BrowserContext, site: Site) -> None:
    page = context.new_page()
    page.goto("/no/such/page")
    expect(page.get_by_role("heading", level=1)).to_have_text("No such entry")
    assert page.get_by_text("There is nothing at this address").count() == 1
    expect(page.locator("main")).to_contain_text("or is not yours to see")
    with site.client() as client:
        scopes = {"name": "reader", "scopes": ["audits:read"]}
        reader = client.post("/v1/keys", json=scopes).json()["secret"]
        bad = {"file": ("bad take.wav", pairs.BAD)}
        failed = finished(client, client.post("/v1/audits", files=bad).headers["location"])["id"]
    page.goto(f"/audits/{failed}")
    expect(page.get_by_role("heading", level=1)).to_have_text("bad take.wav")
    page.get_by_role("link", name="All audits").click()
    expect(page).to_have_url(f"{site.address}/audits")
    context.request.post("/sign-in", form={"key": reader})
    page.goto("/keys")
    expect(page.locator("main")).to_contain_text("An admin can give the role or the scope")


def test_a_check_that_could_not_be_made_is_told_and_never_left_out(
    page: Page, site: Site, addresses: dict[str, str], tmp_path: Path
) -> None:
    report, audio = tmp_path / "x.report.dsse.json", tmp_path / "song.wav"
    with site.client() as client:
        report.write_bytes(client.get(f"/v1{addresses['audit']}/report").content)
    audio.write_bytes(GOOD)
    page.goto("/verify")
    page.set_input_files("#report", report)
    page.set_input_files("#audio", audio)
    audio.unlink()
    page.get_by_role("button", name="Verify").click()
    expect(page.locator("#checks .bad")).to_contain_text("whether it is that file stays open")
    page.route("**/v1/verify", lambda route: route.fulfill(status=200, body="a proxy's page"))
    page.get_by_role("button", name="Verify").click()
    expect(page.locator("#checks li")).to_have_text(
        ["✗ The server gave no usable answer. Nothing was checked."]
    )


def test_the_name_of_the_site_stands_apart_from_the_links(chromium: Browser, site: Site) -> None:
    context = signed_in(chromium, site)
    page = context.new_page()
    for width in (720, 768, 1024, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("/records")
        name, links = page.locator(".brand").bounding_box(), page.locator(".bar nav").bounding_box()
        assert name is not None and links is not None
        below = links["y"] >= name["y"] + name["height"]
        assert below or links["x"] - name["x"] - name["width"] >= 12, width
    context.close()


def test_on_paper_no_heading_stands_alone_at_the_end_of_a_page(
    context: BrowserContext, addresses: dict[str, str]
) -> None:
    page = context.new_page()
    page.emulate_media(media="print")
    for name in ("audit", "record", "case", "comparison"):
        page.goto(addresses[name])
        breaks = "one => [...document.querySelectorAll('h2')].map((one) => getComputedStyle(one).breakAfter)"
        assert set(page.evaluate(breaks)) == {"avoid"}, name
