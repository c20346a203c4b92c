"""A site, and a browser in front of it."""

import threading
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from api.server.app import create_app
from api.settings import Settings
from tests import browsers
from tests.api.server.browsing import HEARING, WIDE, Site, signed_in


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home=home, shutdown_grace_s=0, requests_per_minute=0, uploads_per_minute=0)
    server = uvicorn.Server(uvicorn.Config(create_app(settings, HEARING), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:  # it starts, or the thread ends
        thread.join(0.05)
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Site(f"http://127.0.0.1:{port}", (home / "keys" / "admin-api-key").read_text().strip())
    finally:
        server.should_exit = True
        thread.join()


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
    expected = ("401", "404", "422", "429", "net::ERR_FAILED")
    assert [text for text in complaints if not any(code in text for code in expected)] == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
