"""Many files at once, in a real browser: whatever interrupts them, each is sent, and none twice."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.api.server.browsing import Site
from tests.api.serving import GOOD

DONE = "done; each name that was sent leads to its audit"


@pytest.fixture
def files(tmp_path: Path, request: pytest.FixtureRequest) -> list[Path]:
    """Four files whose names no other test has."""
    made = [tmp_path / f"{request.node.name} {number}.wav" for number in range(4)]
    for number, path in enumerate(made):
        path.write_bytes(GOOD + bytes([number]))
    return made


def names(site: Site, files: list[Path]) -> list[str]:
    """The names of these files' audits, as often as each was audited."""
    with site.client() as client:
        found = client.get("/v1/audits?limit=100").json()["items"]
    wanted = {path.name for path in files}
    return sorted(one["file"] for one in found if one["file"] in wanted)


def lost_after(number: int, page: Page) -> list[str]:
    """Let so many files through and lose the connection then; fills with the names of the requests."""
    keys: list[str] = []

    def answer(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) <= number:
            route.continue_()
        else:
            route.abort()

    page.route("**/v1/audits", answer)
    return keys


def start(page: Page, files: list[Path]) -> None:
    page.set_input_files("#file", files)
    page.get_by_role("button", name="Start the audit").click()


def test_a_batch_goes_on_after_its_session_has_ended(
    context: BrowserContext, page: Page, site: Site, files: list[Path]
) -> None:
    seen: list[Route] = []

    def end(route: Route) -> None:
        """The session ends when the third file is sent."""
        seen.append(route)
        if len(seen) == 3:
            context.clear_cookies()
            route.continue_(headers={**route.request.headers, "cookie": ""})
        else:
            route.continue_()

    page.route("**/v1/audits", end)
    page.goto("/")
    start(page, files)
    expect(page.locator("#sent-text")).to_contain_text("Your session has ended. Nothing is lost")
    expect(page.locator("#sent-counts")).to_have_text("2 sent")
    context.request.post("/sign-in", form={"key": site.key})
    page.evaluate("window.dispatchEvent(new Event('focus'))")  # back from the other tab
    expect(page.locator("#sent-text")).to_have_text(DONE)
    expect(page.locator("#sent-sign-in")).to_be_hidden()
    assert names(site, files) == [path.name for path in files]


def test_a_batch_tells_how_long_the_rest_takes(page: Page, files: list[Path]) -> None:
    held: list[Route] = []
    page.route("**/v1/audits", lambda route: held.append(route))
    page.clock.install(time=0)
    page.goto("/")
    page.clock.pause_at(1)
    with page.expect_request("**/v1/audits"):
        start(page, files)
    expect(page.locator("#sent-text")).to_have_text(re.compile("^1 of 4: .*, 0 %$"))  # there is no pace yet
    expect(page.locator("#chosen")).to_be_empty()
    for number, left in ((2, 30), (3, 20), (4, 10)):
        page.clock.run_for(10_000)
        with page.expect_request("**/v1/audits"):
            held.pop().continue_()
        expect(page.locator("#sent-text")).to_have_text(
            re.compile(f"^{number} of 4: .*, 0 %, about {left} s left$")
        )


def test_a_batch_whose_page_was_closed_sends_only_what_is_missing(
    context: BrowserContext, page: Page, site: Site, files: list[Path]
) -> None:
    lost = lost_after(2, page)
    page.goto("/")
    start(page, files)
    expect(page.locator("#sent-text")).to_contain_text("No connection")
    page.close()
    again = context.new_page()
    sent = lost_after(len(files), again)
    again.goto("/")
    expect(again.locator("#left")).to_contain_text("2 of 4 files had been sent")
    start(again, files)
    expect(again.locator("#sent-text")).to_have_text(DONE)
    expect(again.locator("#sent-files a")).to_have_count(4)
    assert len(sent) == 2
    assert sent[0] == lost[2]  # if the server took it after all, it does not take it twice
    assert names(site, files) == [path.name for path in files]
    again.reload()
    expect(again.locator("#left")).to_be_hidden()


def test_a_batch_that_is_not_wanted_any_more_is_forgotten(
    context: BrowserContext, page: Page, files: list[Path]
) -> None:
    lost_after(1, page)
    page.goto("/")
    start(page, files)
    expect(page.locator("#sent-text")).to_contain_text("No connection")
    page.close()
    again = context.new_page()
    again.goto("/")
    again.get_by_role("button", name="Forget them").click()
    expect(again.locator("#left")).to_be_hidden()
    again.reload()
    expect(again.get_by_role("heading", level=1)).to_have_text("Audit a track")
    expect(again.locator("#left")).to_be_hidden()


def test_a_file_that_is_gone_is_told_and_stops_no_other(page: Page, site: Site, files: list[Path]) -> None:
    page.goto("/")
    page.set_input_files("#file", files)
    files[1].unlink()
    page.get_by_role("button", name="Start the audit").click()
    expect(page.locator("#sent-text")).to_have_text(DONE)
    expect(page.locator("#sent-files .bad")).to_contain_text("Your browser cannot read it")
    expect(page.locator("#sent-counts")).to_have_text("3 sent, 1 refused")
    assert names(site, files) == [path.name for path in (files[0], *files[2:])]


def test_who_may_not_send_is_told_at_the_first_file(page: Page, files: list[Path]) -> None:
    asked: list[Route] = []

    def refuse(route: Route) -> None:
        asked.append(route)
        route.fulfill(status=403, json={"detail": "this needs audits:write"})

    page.route("**/v1/audits", refuse)
    page.goto("/")
    start(page, files)
    expect(page.locator("#error")).to_have_text("this needs audits:write")
    assert len(asked) == 1
