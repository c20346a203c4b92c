"""The README's pictures: the page of an audit and of a record, of made-up audio, as the product shows them.

    python -m tests.pictures

Starts a real server on a home of its own, tags a made-up song, audits the tagged file, and writes
`docs/audit.png` and `docs/record.png`.
"""

import io
import tempfile
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Browser

from api.audit.engines import product_engines
from api.settings import Settings
from core.encode import encode
from tests import browsers
from tests.api.server.browsing import Site, finished, signed_in
from tests.api.serving import listening
from tests.signals import music

DOCS = Path(__file__).parents[1] / "docs"
SIZE = {"width": 1080, "height": 800}
LENGTH_S = 20.0
COLOURS = 128


def shown(client: httpx.Client, folder: Path) -> dict[str, str]:
    """Tag a song and audit the tagged file; returns the address of the page for each picture."""
    song = folder / "song.wav"
    encode(music(LENGTH_S, 44_100, 6), 44_100, song, codec="wav")
    sent = {"title": "Night Drive", "owner": "A Label", "isrc": "US-RC1-76-07839", "ai": "none"}
    sent |= {"format": "mp3"}
    begun = client.post("/v1/tracks", files={"file": ("Night Drive.wav", song.read_bytes())}, data=sent)
    track = begun.raise_for_status().headers["location"]
    record = finished(client, track)["result"]["record_id"]
    file = client.get(f"{track}/file").raise_for_status().content
    kept = {"retain": "true", "search": "quick"}
    begun = client.post("/v1/audits", files={"file": ("Night Drive.mp3", file)}, data=kept)
    audit = begun.raise_for_status().headers["location"]
    assert finished(client, audit)["state"] == "succeeded"
    return {"audit": audit.removeprefix("/v1"), "record": f"/records/{record}"}


def take(chromium: Browser, site: Site, addresses: dict[str, str], to: Path) -> None:
    """Take a picture of each page, whole."""
    context = signed_in(chromium, site, viewport=SIZE, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(300_000)
    for name, address in addresses.items():
        page.goto(address)
        page.wait_for_load_state("networkidle")
        picture = page.screenshot(full_page=True)
        few = Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(to / f"{name}.png", optimize=True)
    context.close()


def main() -> None:
    """Write the pictures."""
    with tempfile.TemporaryDirectory() as made:
        home = Path(made) / "home"
        engines = product_engines(Settings(home=home))
        with listening(home, engines) as (url, key), browsers.chromium() as chromium:
            site = Site(url, key)
            with site.client() as client:
                addresses = shown(client, Path(made))
            take(chromium, site, addresses, DOCS)


if __name__ == "__main__":
    main()
