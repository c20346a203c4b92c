"""The pages in a real browser: what people do all day, what goes wrong, and that all can read them."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from api.language.catalogue import catalogue
from tests.api.compare import pairs
from tests.api.server.browsing import PHONE, RULES, WIDE, Site, finished, keep_picture, signed_in
from tests.api.serving import GOOD


@pytest.mark.parametrize(("viewport", "scheme"), [(WIDE, "light"), (PHONE, "dark")])
def test_everybody_can_read_every_page(
    chromium: Browser, site: Site, addresses: dict[str, str], viewport: Any, scheme: Any
) -> None:
    # axe puts styles of its own into the page that it looks at
    context = signed_in(chromium, site, viewport=viewport, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    for name, address in addresses.items():
        page.goto(address)
        found = Axe().run(page, options=RULES)
        assert found.violations_count == 0, (name, found.generate_report())
        keep_picture(page, name, viewport["width"], scheme)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{name} scrolls sideways by {wide} pixels"
    context.clear_cookies()
    page.goto("/audits")
    expect(page.get_by_label("API key")).to_be_visible()
    assert Axe().run(page, options=RULES).violations_count == 0
    context.close()


@pytest.mark.parametrize("viewport", [WIDE, PHONE])
def test_what_is_long_has_the_whole_width_of_its_card(
    chromium: Browser, site: Site, addresses: dict[str, str], viewport: Any
) -> None:
    context = signed_in(chromium, site, viewport=viewport)
    page = context.new_page()
    page.goto(addresses["audit of a clone"])
    facts = page.locator(".card dl").filter(has_text="clone score")
    said = facts.locator("dd").filter(has_text="clone score")
    whole, width = (one.evaluate("one => one.clientWidth") for one in (facts, said))
    assert width == whole
    context.close()


SAID = """() => {
  const quiet = "code, pre, script, style, [lang=en]";
  const found = [];
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    if (!walk.currentNode.parentElement.closest(quiet)) found.push(walk.currentNode.data);
  }
  for (const name of ["aria-label", "alt", "title", "placeholder", "data-label"])
    for (const one of document.querySelectorAll(`[${name}]`)) found.push(one.getAttribute(name));
  return found.map((text) => text.trim()).filter((text) => text);
}"""
"""Every text of a page that is read or heard, but for what is English on purpose."""


def test_a_page_in_german_leaves_nothing_in_english(
    chromium: Browser, site: Site, addresses: dict[str, str]
) -> None:
    others = {one.id: one.string for one in catalogue("de") if isinstance(one.id, str)}
    english = {text for text, german in others.items() if german != text} - {*others.values()}
    context = signed_in(chromium, site, viewport=PHONE, locale="de-DE")
    page = context.new_page()
    for name, address in addresses.items():
        page.goto(address)
        expect(page.locator("html")).to_have_attribute("lang", "de")
        assert english.intersection(page.evaluate(SAID)) == set(), name
        keep_picture(page, f"{name} de", PHONE["width"], "light")
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{name} scrolls sideways by {wide} pixels"
    page.goto("/audits")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page).to_have_url(f"{site.address}/audits")
    context.close()


def test_kept_audio_is_heard_where_the_evidence_is(page: Page, addresses: dict[str, str]) -> None:
    page.goto(addresses["audit"])
    expect(page.locator("#wave canvas").first).to_be_attached()
    page.locator("rect[data-from]").first.click()
    expect(page.locator("#cursor")).to_be_visible()
    page.wait_for_function("document.getElementById('sound').readyState > 0")
    page.get_by_role("button", name="Play").or_(page.get_by_role("button", name="Pause")).first.click()
    assert page.evaluate("document.getElementById('sound').duration") == pytest.approx(2.0, abs=0.2)


def test_the_browser_itself_checks_the_log(page: Page, addresses: dict[str, str], site: Site) -> None:
    page.goto(addresses["entry"])
    expect(page.locator("#checks .good")).to_have_count(2)
    expect(page.locator("#checks")).to_contain_text("it is in the log")
    name, _, _ = page.locator("#vkey").input_value().split("+", 2)
    page.locator("#vkey").fill(f"{name}+00000000+AQ==")
    page.locator("#vkey").blur()
    expect(page.locator("#checks .bad")).to_have_count(1)
    expect(page.locator("#checks .good")).to_have_count(0)


def test_a_proof_that_was_tampered_with_is_refused(page: Page, addresses: dict[str, str]) -> None:
    page.route("**/v1/log/entries/0", lambda route: route.fulfill(body=b"{}"))
    page.goto(addresses["entry"])
    expect(page.locator("#checks .bad")).to_contain_text("another root")


def test_whoever_holds_a_report_verifies_it_without_a_key(
    chromium: Browser, site: Site, addresses: dict[str, str], tmp_path: Path
) -> None:
    path, audio = tmp_path / "x.report.dsse.json", tmp_path / "song.wav"
    with site.client() as client:
        path.write_bytes(client.get(f"/v1{addresses['audit']}/report").content)
    audio.write_bytes(GOOD)
    context = chromium.new_context(base_url=site.address)
    page = context.new_page()
    page.goto("/verify")
    page.set_input_files("#report", path)
    page.set_input_files("#audio", audio)
    page.get_by_role("button", name="Verify").click()
    signed = re.compile(r"This registry signed it on \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, with key")
    expect(page.locator("#checks")).to_contain_text(signed)
    expect(page.locator("#checks")).to_contain_text("is that file, byte for byte")
    audio.write_bytes(GOOD + b"!")
    page.set_input_files("#audio", audio)
    page.get_by_role("button", name="Verify").click()
    expect(page.locator("#checks .bad")).to_contain_text("is another file")
    path.write_bytes(path.read_bytes().replace(b'"payload":"', b'"payload":"AAAA'))
    page.set_input_files("#report", path)
    page.get_by_role("button", name="Verify").click()
    expect(page.locator("#checks .bad")).to_contain_text("changed after it was signed")
    expect(page.locator("#checks .good")).to_have_count(0)
    context.close()


def test_whoever_holds_the_report_of_a_comparison_is_told_that_it_is_one(
    page: Page, site: Site, addresses: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "x.report.dsse.json"
    with site.client() as client:
        path.write_bytes(client.get(f"/v1{addresses['comparison']}/report").content)
        told = client.get(f"/v1{addresses['comparison']}").json()
    page.goto("/verify")
    page.set_input_files("#report", path)
    page.get_by_role("button", name="Verify").click()
    expect(page.locator("#checks")).to_contain_text("the report of a comparison of two files")
    expect(page.locator("#checks")).to_contain_text(told["suspect"]["sha256"])
    expect(page.locator("#checks .bad")).to_have_count(0)
    (tmp_path / "another.wav").write_bytes(b"another")
    page.set_input_files("#audio", tmp_path / "another.wav")
    page.get_by_role("button", name="Verify").click()
    expect(page.locator("#checks .bad")).to_contain_text("“another.wav” that you chose is another file")


def test_whoever_holds_a_file_alone_learns_who_claims_it_once_that_is_public(
    chromium: Browser, page: Page, site: Site
) -> None:
    claimed, digest = b"a file that somebody found", sha256(b"a file that somebody found").hexdigest()
    with site.client() as client:
        sent = {"title": "Night Drive", "owner": "A Label"}
        track = client.post("/v1/tracks", files={"file": ("n.wav", GOOD)}, data=sent).headers["location"]
        record = finished(client, track)["result"]["record_id"]
        patch = {"asset": {"sha256_files": [digest]}}
        client.post(f"/v1/records/{record}/amendments", json=patch).raise_for_status()
    anybody = chromium.new_context(base_url=site.address).new_page()
    asked: list[str | None] = []
    anybody.on("request", lambda one: asked.append(one.post_data) if one.method == "POST" else None)

    def look_up() -> None:
        anybody.goto("/verify")
        one = {"name": "found.wav", "mimeType": "audio/wav", "buffer": claimed}
        anybody.set_input_files("#file", one)  # type: ignore[arg-type]
        anybody.get_by_role("button", name="Look up").click()
        expect(anybody.locator("#claims")).to_contain_text(digest)

    anybody.goto("/verify")
    empty: Any = {"name": "torn.wav", "mimeType": "audio/wav", "buffer": b""}
    anybody.set_input_files("#file", empty)
    anybody.get_by_role("button", name="Look up").click()
    expect(anybody.locator("#claims")).to_have_text("✗ “torn.wav” is empty (0 bytes): nothing was looked up.")
    look_up()
    expect(anybody.locator("#claims")).to_contain_text("Somebody may claim it all the same")
    expect(anybody.locator("#claims .good, #claims .bad")).to_have_count(0)
    page.goto(f"/records/{record}")
    page.get_by_role("button", name="Let everybody see it").click()
    expect(page.get_by_role("region", name="Who may see it")).to_contain_text("Everybody")
    look_up()
    expect(anybody.locator("#claims .good")).to_contain_text("“Night Drive” for A Label")
    amended = re.compile(
        r"as its revision 2 and entry \d+ of the log\. The record itself is entry \d+, since"
    )
    expect(anybody.locator("#claims .good")).to_contain_text(amended)
    with site.client() as client:
        said = {"issuer": "A Singer", "reason": "the vocals are mine"}
        client.post(f"/v1/records/{record}/disputes", json=said).raise_for_status()
    look_up()
    expect(anybody.locator("#claims .bad")).to_have_text("✗ This claim is disputed.")
    assert asked == [f'{{"sha256":"{digest}"}}'] * 3  # nothing of the file but its digest has left
    page.get_by_role("button", name="Make it private").click()
    expect(page.get_by_role("region", name="Who may see it")).to_contain_text("You alone")
    anybody.context.close()


def test_a_case_is_decided_without_scripts(chromium: Browser, site: Site) -> None:
    context = signed_in(chromium, site, java_script_enabled=False)
    page = context.new_page()
    page.goto("/cases")
    by_hand = page.get_by_role("region", name="Open a case by hand")
    by_hand.get_by_label("What it is about").fill("A song on a platform")
    by_hand.get_by_label("Why").fill("a manager called")
    by_hand.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A song on a platform")
    page.get_by_label("Reject").check()
    page.locator("#decide-reason").fill("no contract was shown")
    page.get_by_role("button", name="Decide").click()
    expect(page.locator("#state")).to_have_text("Rejected")
    expect(page.locator(".chain")).to_contain_text("no contract was shown")
    context.close()


def test_two_files_are_laid_side_by_side_and_heard_in_turn(page: Page) -> None:
    page.goto("/comparisons")
    for role, content in (("original", pairs.SONG), ("suspect", pairs.COPY)):
        page.set_input_files(f"#{role}", {"name": f"{role}.wav", "mimeType": "audio/wav", "buffer": content})
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    expect(page.locator("#answer")).to_have_text("One stretch matches")
    expect(page.locator(".verdict")).to_contain_text("at 1.06 times its speed and 1.0 semitones higher")
    page.get_by_role("button", name="Listen to stretch 1 in the suspected copy").click()
    page.wait_for_function("!document.getElementById('suspect-sound').paused")
    expect(page.locator("#cursor")).to_be_visible()
    page.get_by_role("button", name="Hear the other at the same place").click()
    page.wait_for_function("!document.getElementById('original-sound').paused")
    assert page.evaluate("document.getElementById('suspect-sound').paused")
    assert page.evaluate("document.getElementById('original-sound').currentTime") > pairs.FROM_S - 1
    page.get_by_label("Play the copy at the original's speed").check()
    rate = page.evaluate("document.getElementById('suspect-sound').playbackRate")
    assert rate == pytest.approx(1 / pairs.SPEED, abs=0.005)


def test_two_files_are_compared_without_scripts(chromium: Browser, site: Site) -> None:
    context = signed_in(chromium, site, java_script_enabled=False)
    page = context.new_page()
    page.goto("/comparisons")
    for role, content in (("original", pairs.SONG), ("suspect", pairs.OTHER)):
        page.set_input_files(f"#{role}", {"name": f"{role}.wav", "mimeType": "audio/wav", "buffer": content})
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("#answer")).to_have_text("No match found")
    expect(page.locator(".verdict")).to_contain_text("does not show that they are different works")
    context.close()


def test_all_lines_of_a_list_are_chosen_at_once(page: Page, site: Site) -> None:
    with site.client() as client:
        client.post("/v1/cases", json={"subject": "a tune", "reason": "a call"}).raise_for_status()
    page.goto("/cases")
    page.get_by_label("All on this page").check()
    boxes = page.locator("input[name^='one-']")
    expect(page.locator("#chosen-count")).to_have_text(f"{boxes.count()} chosen")
    page.get_by_label("Assign the chosen ones to").fill("Ada Lovelace")
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Assigned to Ada Lovelace: ")
    page.get_by_role("link", name="Back to the list").click()
    expect(page.get_by_role("cell", name="Ada Lovelace").first).to_be_visible()


def test_whoever_signs_in_again_comes_back_to_the_page_and_its_search(
    context: BrowserContext, addresses: dict[str, str], site: Site
) -> None:
    page = context.new_page()
    context.clear_cookies()
    page.goto("/audits?q=song&decision=review")
    page.get_by_label("API key").fill(site.key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Audits")
    assert page.url.endswith("/audits?q=song&decision=review")
