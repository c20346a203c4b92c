"""People sign in, are invited and governed in a real browser, which keeps its cookies by its own rules."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pydantic import SecretStr

from api.actor import Actor
from api.members.members import Members
from api.members.role import Role
from api.server.app import create_app
from api.server.parts import SESSION_COOKIE, Parts
from api.settings import Settings
from tests.api.identity.provider import CLIENT, PERSON, SECRET, Provider, running
from tests.api.server.browsing import HEARING, PHONE, RULES, WIDE, Site, keep_picture


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running(Provider("")) as made:
        yield made


@pytest.fixture(scope="module")
def site(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("home")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        here = f"http://127.0.0.1:{listening.getsockname()[1]}"
        provider.client.redirect_uri = f"{here}/sign-in/callback"
        settings = Settings(
            home=home,
            shutdown_grace_s=0,
            requests_per_minute=0,
            public_url=here,
            oidc_issuer=provider.address,
            oidc_client_id=CLIENT,
            oidc_client_secret=SecretStr(SECRET),
            oidc_name="Label ID",
        )
        app = create_app(settings, HEARING)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:  # it starts, or the thread ends
            thread.join(0.05)
            assert thread.is_alive()
        parts: Parts = app.state.parts
        Members(parts.registry.engine, "default").invite(str(PERSON["email"]), Role.ADMIN, Actor("the tests"))
        try:
            yield Site(here, "")
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def context(chromium: Browser, site: Site) -> Iterator[BrowserContext]:
    """A browser of somebody who has not signed in yet."""
    size: Any = WIDE
    made = chromium.new_context(base_url=site.address, viewport=size)
    yield made
    made.close()


def seen(page: Page, name: str) -> None:
    """Nothing that keeps somebody from reading the page, at either width."""
    size: Any
    for size in (PHONE, WIDE):
        page.set_viewport_size(size)
        keep_picture(page, name, size["width"], "light")
        found = Axe().run(page, options=RULES)
        assert found.violations_count == 0, found.generate_report()
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), name


def test_an_admin_signs_in_and_governs_members_by_keyboard(page: Page, context: BrowserContext) -> None:
    page.goto("/members?x=1")
    seen(page, "sign in")
    page.get_by_role("link", name="Sign in with Label ID").press("Enter")
    page.wait_for_url("**/members?x=1")  # the provider, our callback, and on: with the session's cookie
    (session,) = [one for one in context.cookies() if one["name"] == SESSION_COOKIE]
    assert (session["sameSite"], session["httpOnly"]) == ("Strict", True)
    expect(page.get_by_role("row", name="ada@label.example (you)")).to_contain_text("Member")

    page.get_by_label("E-mail address").fill("bob@label.example")
    page.get_by_label("Auditor:").press("Space")
    page.get_by_role("button", name="Invite").press("Enter")
    bob = page.get_by_role("row", name="bob@label.example")
    expect(bob).to_contain_text("Invited")
    expect(bob).to_contain_text("Auditor")
    page.get_by_label("E-mail address").fill("BOB@label.example")
    page.get_by_role("button", name="Invite").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("invited already")

    bob.locator("summary").press("Enter")
    seen(page, "members")
    bob.get_by_label("Role").select_option("label")
    bob.get_by_role("button", name="Change the role").press("Enter")
    expect(bob).to_contain_text("Label")
    bob.locator("summary").press("Enter")
    bob.get_by_label("Why they are suspended").fill("has left")
    bob.get_by_role("button", name="Suspend").press("Enter")
    expect(bob).to_contain_text("has left")
    bob.locator("summary").press("Enter")
    bob.get_by_role("button", name="Let them in again").press("Enter")
    expect(bob).to_contain_text("Invited")
    bob.locator("summary").press("Enter")
    bob.get_by_role("button", name="Remove").press("Enter")
    expect(bob).to_have_count(0)

    page.get_by_role("button", name="Sign out").press("Enter")
    expect(page.get_by_role("link", name="Sign out of Label ID, too")).to_be_visible()
    seen(page, "signed out")
    page.goto("/members")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_session_is_not_sent_along_another_sites_way(page: Page, context: BrowserContext) -> None:
    page.goto("/settings")
    page.get_by_role("link", name="Sign in with Label ID").click()
    page.wait_for_url("**/settings")
    here = page.url
    page.goto("data:text/html,<a href='" + here + "'>a link elsewhere</a>")
    page.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_who_is_no_member_sees_that_and_nothing_else(page: Page, provider: Provider) -> None:
    provider.person = {"sub": "eve", "email": "eve@label.example", "email_verified": True}
    try:
        page.goto("/")
        page.get_by_role("link", name="Sign in with Label ID").click()
        expect(page.get_by_role("heading", name="You are no member here")).to_be_visible()
        expect(page.get_by_role("alert")).to_contain_text("eve@label.example is no member here")
        seen(page, "no member")
    finally:
        provider.person = PERSON
