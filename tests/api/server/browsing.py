"""A real browser in front of a real server: how they are started, and who sits before them."""

from dataclasses import dataclass, replace
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, expect

from core.clip import Segment
from tests import fakes
from tests.api.compare import pairs

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
expect.set_options(timeout=120_000)  # a busy machine takes its time
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 375, "height": 700}
SEGMENTS = (Segment(0.0, 1.0, 0.97), Segment(1.0, 2.0, 0.2))
HEARING = replace(pairs.engines(), music=fakes.engines(music=fakes.music(segments=SEGMENTS)).music)


@dataclass(frozen=True)
class Site:
    """A server that listens, and the first admin's key."""

    address: str
    key: str

    def client(self) -> httpx.Client:
        """A client of the API with that key."""
        return httpx.Client(base_url=self.address, headers={"Authorization": f"Bearer {self.key}"})


def signed_in(chromium: Browser, site: Site, **options: Any) -> BrowserContext:
    """A browser of somebody who has signed in."""
    made = chromium.new_context(base_url=site.address, **options)
    made.request.post("/sign-in", form={"key": site.key})
    return made


def finished(client: httpx.Client, location: str) -> dict[str, Any]:
    while True:
        answer: dict[str, Any] = client.get(location).json()
        if answer["state"] not in ("queued", "running"):
            return answer
