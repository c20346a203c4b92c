"""Long ways through the pages, as people go them: from an artist to an appeal, and artists' consents."""

from typing import Any

from playwright.sync_api import Browser, Page, Route, expect

from tests.api.server.browsing import CLONE, Site, signed_in
from tests.api.serving import GOOD


def test_from_an_enrolled_artist_to_the_appeal_about_a_clone(page: Page) -> None:
    page.goto("/artists")
    page.get_by_label("Name").fill("Lin Da")
    page.set_input_files("#files", {"name": "voice.wav", "mimeType": "audio/wav", "buffer": GOOD})
    page.get_by_label("Where the artist's consent").fill("contract 2026-17")
    page.get_by_role("button", name="Enrol").click()
    expect(page.get_by_role("heading", name="Lin Da")).to_be_visible()
    expect(page.get_by_role("heading", name="Enrolled from one recording")).to_be_visible()
    page.get_by_role("link", name="All artists").click()
    expect(page.get_by_role("heading", name="Lin Da")).to_be_visible()
    expect(page.get_by_text("consent to the enrolment: contract 2026-17")).to_be_visible()

    page.goto("/")
    page.set_input_files("#file", {"name": "new single.wav", "mimeType": "audio/wav", "buffer": CLONE})
    page.get_by_role("button", name="Start the audit").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("new single.wav")
    expect(page.locator("#verdict")).to_have_text("Review")
    expect(page.locator(".verdict")).to_contain_text("sound like a synthetic copy of Lin Da")

    page.get_by_role("link", name="Case: waits for a decision").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("new single.wav")
    page.get_by_label("Reject").check()
    page.locator("#decide-reason").fill("no contract allows it")
    page.get_by_role("button", name="Decide").click()
    expect(page.locator("#state")).to_have_text("Rejected")

    page.get_by_label("On whose behalf").fill("A Distributor")
    page.locator("#appeal-reason").fill("the artist agreed last week")
    page.get_by_role("button", name="Enter", exact=True).click()
    expect(page.locator("#state")).to_have_text("Rejected, under appeal")
    page.get_by_label("Accept").check()
    page.locator("#decide-reason").fill("the contract was shown")
    page.get_by_role("button", name="Decide").click()
    expect(page.locator("#state")).to_have_text("Accepted")
    expect(page.locator(".chain li")).to_have_count(4)


def test_a_consent_is_entered_corrected_and_revoked_without_scripts(chromium: Browser, site: Site) -> None:
    with site.client() as client:
        voice = {"files": ("v.wav", GOOD)}
        client.post("/v1/artists", files=voice, data={"name": "Noa"}).raise_for_status()
    context = signed_in(chromium, site, java_script_enabled=False)
    page = context.new_page()
    page.goto("/artists")
    noa = page.locator("section", has=page.get_by_role("heading", name="Noa"))
    noa.get_by_text("Enter a consent").click()
    noa.get_by_label("First day").fill("2026-06-01")
    noa.get_by_label("Last day").fill("2026-05-01")
    noa.get_by_label("Which contract says so").fill("L-17")
    noa.get_by_label("Singing").check()
    noa.get_by_role("button", name="Put it on file").click()
    expect(page.get_by_role("alert")).to_contain_text("ends before it begins")
    expect(noa.get_by_label("Which contract says so")).to_have_value("L-17")
    noa.get_by_label("Last day").fill("2099-05-01")
    noa.get_by_role("button", name="Put it on file").click()
    expect(noa.get_by_role("cell", name="L-17")).to_be_visible()
    noa.get_by_text("Revoke", exact=False).first.click()
    noa.get_by_label("Why").fill("the contract was ended")
    noa.get_by_role("button", name="Revoke for good").click()
    expect(noa.get_by_text("the contract was ended")).to_be_visible()
    context.close()


def test_a_thousand_files_at_once_are_sent_in_turn_and_a_limit_is_waited_for(page: Page) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        """The server asks for patience once, and refuses one file."""
        asked.append(route.request.headers["idempotency-key"])
        if len(asked) == 3:
            route.fulfill(status=429, headers={"Retry-After": "1"}, json={"detail": "wait"})
        elif len(asked) == 5:
            route.fulfill(status=422, json={"detail": "that is no audio"})
        else:
            route.fulfill(status=202, json={"id": f"audit-{len(asked)}"})

    page.route("**/v1/audits", answer)
    page.goto("/")
    files: list[Any] = [
        {"name": f"take {number}.wav", "mimeType": "audio/wav", "buffer": b"RIFF"} for number in range(1000)
    ]
    page.set_input_files("#file", files)
    expect(page.locator("#title")).to_have_text("1000 files")
    page.get_by_role("button", name="Start the audit").click()
    expect(page.locator("#sent-text")).to_have_text("done; each name that was sent leads to its audit")
    expect(page.locator("#sent-counts")).to_have_text("999 sent, 1 refused")
    expect(page.locator("#sent-files li").first).to_have_class("bad")  # no thousand others hide it
    expect(page.locator("#sent-files a")).to_have_count(999)
    expect(page.locator("#sent-files .bad")).to_have_text(["take 3.wav: that is no audio"])
    assert len(asked) == 1001 and len(set(asked)) == 1000 and asked[2] == asked[3]
    tall = page.evaluate("document.getElementById('sent-files').clientHeight")
    assert tall < 400
