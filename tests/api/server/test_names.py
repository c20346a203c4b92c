"""Titles, and names of people and files, in every writing: what is seen is kept, what hides is not."""

import pytest
from fastapi.testclient import TestClient

from tests.api.serving import GOOD, finished


@pytest.mark.parametrize(
    "title",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u591c\u3000\u306b",
        "Non\u00a0!",
        "\U0001f469\u200d\U0001f3a4",
    ],
)
def test_a_title_may_be_written_as_its_language_writes_it(client: TestClient, title: str) -> None:
    """With joiners (Persian, emoji) and spaces of other scripts; they were refused, and cut out of names."""
    sent = {"title": title, "owner": title}
    track = client.post("/v1/tracks", files={"file": (f"{title}.wav", GOOD)}, data=sent)
    assert track.status_code in (201, 202), track.text
    done = finished(client, track.headers["location"])
    assert done["file"] == f"{title}.wav"
    record = client.get(f"/v1/records/{done['result']['record_id']}").json()["claims"]
    assert (record["title"], record["owners"][0]["name"]) == (title, title)


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\u200b", "\x07", "\n", "\u2028"])
def test_a_title_hides_nothing(client: TestClient, hidden: str) -> None:
    sent = {"title": f"A{hidden}Song", "owner": "A Label"}
    assert client.post("/v1/tracks", files={"file": ("a.wav", GOOD)}, data=sent).status_code == 422
    name = client.post("/v1/audits", files={"file": (f"A{hidden}Song.wav", GOOD)}).json()["file"]
    assert hidden not in name
