"""A site, and a browser in front of it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests import browsers
from tests.api.server.browsing import HEARING, WIDE, Site, signed_in
from tests.api.server.seeding import seeded
from tests.api.serving import listening


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with listening(tmp_path_factory.mktemp("home"), HEARING) as (url, key):
        yield Site(url, key)


@pytest.fixture(scope="module")
def addresses(site: Site) -> dict[str, str]:
    """A page of every kind, with something on it."""
    with site.client() as client:
        return seeded(client)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browsers.chromium() as browser:
        yield browser


@pytest.fixture
def context(chromium: Browser, site: Site) -> Iterator[BrowserContext]:
    """The same; whatever its console complains of fails the test."""
    made = signed_in(chromium, site, viewport=WIDE)
    complaints: list[str] = []

    def hear(line: ConsoleMessage) -> None:
        if line.type == "error":
            complaints.append(line.text)

    made.on("console", hear)
    made.on("weberror", lambda error: complaints.append(str(error.error)))
    yield made
    made.close()
    expected = ("401", "403", "404", "422", "429", "net::ERR_")
    assert [text for text in complaints if not any(code in text for code in expected)] == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
