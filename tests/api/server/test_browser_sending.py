"""Files that people send in a real browser: in turn, after a lost connection, an ended session, a reload."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.api.server.browsing import Site, signed_in
from tests.api.serving import GOOD


def test_a_file_leads_to_its_findings_and_its_report(page: Page, tmp_path: Path) -> None:
    page.goto("/")
    page.set_input_files("#file", {"name": "my song.wav", "mimeType": "audio/wav", "buffer": GOOD})
    expect(page.locator("#title")).to_have_text("my song.wav")
    expect(page.locator("#chosen")).to_have_text("1 kB, ready")
    page.get_by_role("button", name="Start the audit").click()
    expect(page.get_by_role("heading", name="Where in the file")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("my song.wav")
    expect(page.get_by_text("The audio was not kept after the audit")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Signed report").first.click()
    download.value.save_as(tmp_path / "report")
    assert b"payloadType" in (tmp_path / "report").read_bytes()


def test_many_files_are_sent_in_turn_and_a_bad_one_stops_none(page: Page) -> None:
    page.goto("/")
    files: list[Any] = [
        {"name": name, "mimeType": "audio/wav", "buffer": content}
        for name, content in (("one.wav", GOOD), ("bad.wav", b"not audio"), ("two.wav", GOOD))
    ]
    page.set_input_files("#file", files)
    page.get_by_role("button", name="Start the audit").click()
    expect(page.locator("#sent-text")).to_have_text("done; each name that was sent leads to its audit")
    expect(page.locator("#sent-counts")).to_have_text("2 sent, 1 refused")
    expect(page.locator("#sent-files a")).to_have_text(["one.wav", "two.wav"])
    expect(page.locator("#sent-files .bad")).to_contain_text("bad.wav: ")


def test_a_refusal_is_told_in_the_language_of_the_page(chromium: Browser, site: Site) -> None:
    context = signed_in(chromium, site, locale="de-DE")
    page = context.new_page()
    for name, content, says in (
        ("leer.wav", b"", "leer.wav: Die Datei ist leer"),
        ("fremd.wav", b"not audio", "Die Datei ist keine lesbare Audiodatei: fremd.wav: not audio"),
    ):
        page.goto("/")
        page.set_input_files("#file", {"name": name, "mimeType": "audio/wav", "buffer": content})
        page.locator("#upload button[type=submit]").click()
        expect(page.locator("#error")).to_contain_text(says)
        expect(page.locator("#error [lang=en]")).to_have_count(int(content != b""))
    context.close()


def test_a_session_that_ended_says_so_and_the_upload_goes_on_after_signing_in(
    context: BrowserContext, addresses: dict[str, str], site: Site
) -> None:
    page = context.new_page()
    page.goto("/")
    context.clear_cookies()
    page.set_input_files("#file", {"name": "late.wav", "mimeType": "audio/wav", "buffer": GOOD})
    page.get_by_role("button", name="Start the audit").click()
    expect(page.locator("#sent-text")).to_contain_text("Your session has ended")
    with context.expect_page() as opened:
        page.get_by_role("link", name="Sign in in another tab").click()
    opened.value.get_by_label("API key").fill(site.key)
    opened.value.get_by_role("button", name="Sign in").click()
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("Audit a track")
    opened.value.close()
    expect(page.get_by_role("heading", level=1)).to_have_text("late.wav")
    context.clear_cookies()
    fresh = context.new_page()  # the other one is still asking for its audit
    fresh.goto(addresses["record"])
    assert fresh.locator("input[name=then]").input_value() == addresses["record"]


def test_what_was_begun_does_not_go_on_under_another_account(
    chromium: Browser, site: Site, addresses: dict[str, str]
) -> None:
    with site.client() as client:
        client.post("/v1/tenants", json={"tenant": "label-z", "name": "Label Z"}).raise_for_status()
        asked = {"name": "theirs", "tenant": "label-z", "role": "admin"}
        theirs = client.post("/v1/keys", json=asked).json()["secret"]
    context = signed_in(chromium, site)
    page = context.new_page()
    page.goto("/")
    files: list[Any] = [
        {"name": name, "mimeType": "audio/wav", "buffer": GOOD} for name in ("ours 1.wav", "ours 2.wav")
    ]
    page.set_input_files("#file", files)
    context.request.post("/sign-in", form={"key": theirs})  # in another tab; no request was refused meanwhile
    page.get_by_role("button", name="Start the audit").click()
    expect(page.get_by_text("Somebody else is signed in now")).to_be_visible()
    context.clear_cookies()
    page.goto("/sign-in")
    context.request.post("/sign-in", form={"key": site.key})
    page.goto("/")
    context.clear_cookies()  # the session ends
    page.set_input_files("#file", files[:1])
    page.get_by_role("button", name="Start the audit").click()
    expect(page.locator("#sent-text")).to_contain_text("Your session has ended")
    context.request.post("/sign-in", form={"key": theirs})
    expect(page.get_by_text("Somebody else is signed in now")).to_be_visible()
    page.goto("/audits")
    expect(page.locator("body")).not_to_contain_text("ours 1.wav")  # they have nothing of ours
    context.close()


def test_a_lost_connection_is_told_and_the_upload_goes_on_by_itself(page: Page) -> None:
    page.goto("/")
    page.route("**/v1/audits", lambda route: route.abort())
    page.set_input_files("#file", {"name": "lost.wav", "mimeType": "audio/wav", "buffer": GOOD})
    page.get_by_role("button", name="Start the audit").click()
    expect(page.locator("#sent-text")).to_contain_text("No connection. Nothing is lost")
    page.unroute("**/v1/audits")
    expect(page.get_by_role("heading", name="Where in the file")).to_be_visible()


def test_a_large_file_goes_on_where_it_stopped(page: Page, site: Site) -> None:
    large: Any = {"name": "large take.wav", "mimeType": "audio/wav", "buffer": GOOD + bytes(20 << 20)}
    offsets: list[int] = []

    def cut(route: Route) -> None:
        """The second piece does not arrive."""
        offsets.append(int(route.request.headers["upload-offset"]))
        if len(offsets) == 2:
            route.abort()
        else:
            route.continue_()

    page.goto("/")
    page.route(
        "**/v1/uploads/*", lambda route: cut(route) if route.request.method == "PATCH" else route.fallback()
    )
    page.set_input_files("#file", large)
    page.get_by_role("button", name="Start the audit").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("large take.wav")
    expect(page.get_by_role("heading", name="Where in the file")).to_be_visible()
    piece = 8 << 20
    assert offsets == [0, piece, piece, 2 * piece]
    with site.client() as client:
        assert "large take.wav" not in client.get("/v1/uploads").text  # the audit has it


def test_a_reloaded_page_goes_on_with_the_same_file(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "reloaded.wav"
    path.write_bytes(GOOD + bytes(10 << 20))
    offsets: list[int] = []

    def second(route: Route) -> None:
        offsets.append(int(route.request.headers["upload-offset"]))
        if len(offsets) > 1 and offsets[-1] == 8 << 20 and not page.url.endswith("?again"):
            route.abort()
        else:
            route.continue_()

    page.route(
        "**/v1/uploads/*",
        lambda route: second(route) if route.request.method == "PATCH" else route.fallback(),
    )
    page.goto("/")
    page.set_input_files("#file", path)
    page.get_by_role("button", name="Start the audit").click()
    expect(page.locator("#sent-text")).to_contain_text("No connection")
    page.on("dialog", lambda asked: asked.accept())  # whether to leave while a file is sent
    page.goto("/?again")
    page.set_input_files("#file", path)
    page.get_by_role("button", name="Start the audit").click()
    expect(page.get_by_role("heading", name="Where in the file")).to_be_visible()
    assert offsets[0] == 0 and set(offsets[1:]) == {8 << 20}


def test_without_scripts_the_form_works(chromium: Browser, site: Site) -> None:
    context = signed_in(chromium, site, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.set_input_files("#file", {"name": "plain.wav", "mimeType": "audio/wav", "buffer": GOOD})
    page.get_by_role("button", name="Start the audit").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("plain.wav")
    context.close()
