"""Records, artists and the log as pages: what was checked is shown, what fails to verify is not."""

import html
import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from api import database
from api.database.tables import Table
from api.log.transparency import TransparencyLog
from api.server.pages import explorer, lists
from api.server.pages.rendering import local
from provenance.records.note import signature_line
from tests.api.serving import GOOD, URL, audited, finished, key, parts

EVIL = "<script>alert(1)</script> & Söhne"


@pytest.fixture
def record_id(client: TestClient) -> str:
    """A tagged track."""
    sent = {"title": EVIL, "owner": "A Label"}
    track = client.post("/v1/tracks", files={"file": ("a.wav", GOOD)}, data=sent)
    made: str = finished(client, track.headers["location"])["result"]["record_id"]
    return made


def test_a_record_is_shown_with_its_chain_of_custody(client: TestClient, record_id: str) -> None:
    moved = {"to": "A Buyer", "share_ppm": 250_000}
    assert client.post(f"/v1/records/{record_id}/transfers", json=moved).status_code == 201
    said = {"issuer": "A Singer", "reason": "the vocals are mine"}
    assert client.post(f"/v1/records/{record_id}/disputes", json=said).status_code == 201
    page = client.get(f"/records/{record_id}").text
    assert "Disputed" in page
    assert "A Singer" in page and "the vocals are mine" in page
    assert "owners: A Label, 100\u00a0% of the master right" in page
    assert "A Buyer, 25\u00a0% of the master right, worldwide" in page
    entries = [int(entry) for entry in re.findall(r'href="/log/(\d+)">entry \d+ of the log', page)]
    assert len(entries) == 3 and entries == sorted(entries)
    ((logged,), (written,)) = (
        re.findall(form, page)
        for form in (r"Registered <span[^>]*>([^<]+)</span>", r"Written to the log</dt><dd>([^,]+),")
    )
    assert logged == written and "signed 20" in page
    assert html.escape(EVIL) in page and "<script>alert" not in page
    assert html.escape(EVIL) in client.get("/records").text


def test_what_does_not_verify_is_not_shown(client: TestClient, record_id: str) -> None:
    records = Table.metadata.tables["records"]
    with database.writing(parts(client).registry.engine) as connection:
        connection.execute(update(records).values(salt=bytes(32)))
    page = client.get(f"/records/{record_id}").text
    assert "Does not verify" in page
    assert "A Label" not in page


def test_a_record_of_another_tenant_is_not_there(client: TestClient, record_id: str) -> None:
    stranger = TestClient(client.app, base_url=URL, headers=key(client, tenant="stranger"))
    asks = {"Accept": "text/html"}
    assert stranger.get(f"/records/{record_id}", headers=asks).status_code == 404
    assert record_id not in stranger.get("/records", headers=asks).text
    enrol(client, "Ada")
    assert "Ada" in client.get("/artists").text
    assert "Ada" not in stranger.get("/artists", headers=asks).text


def test_an_artists_consents_are_shown_with_their_state(client: TestClient) -> None:
    artist_id = enrol(client, EVIL)
    terms = {"scope": ["singing"], "from": "2020-01-01", "until": "2021-01-01"}
    assert client.post(f"/v1/artists/{artist_id}/consents", json=terms).status_code == 201
    page = client.get("/artists").text
    assert "Expired" in page and "2020-01-01 to 2021-01-01" in page
    assert html.escape(EVIL) in page


def test_a_voice_that_is_enrolled_already_is_said_to_be(client: TestClient) -> None:
    name = f"{EVIL} & Co"
    two = [("files", ("v.wav", GOOD)), ("files", ("w.wav", GOOD + b" again"))]
    first = client.post("/v1/artists", files=two, data={"name": name}).json()
    assert first["warnings"] == []
    second = client.post("/v1/artists", files=two, data={"name": "Alias"}).json()
    (told,) = second["warnings"]
    assert told.startswith(f"sounds like {name!r}, enrolled on {first['created_at'][:10]}: ")
    reads = client.get(f"/v1/artists/{first['id']}/reads").json()["items"]
    assert [one["purpose"].split()[0] for one in reads] == ["enrolment"]
    assert client.get("/v1/artists/Alias/reads").json()["items"] == []
    sent = client.post("/artists", files=two, data={"name": "Alias again"})
    if sent.url.path.startswith("/enrolments/"):
        finished(client, f"/v1{sent.url.path}")
    page = client.get(sent.url.path).text
    assert (
        "It sounds like somebody" in page and html.escape(name) in page and "from one recording" not in page
    )
    erased = client.delete(f"/v1/artists/{first['id']}")
    assert erased.status_code == 204
    assert html.escape(name) not in client.get(sent.url.path).text


def enrol(client: TestClient, name: str) -> str:
    """The id of an artist of that name."""
    sent = client.post("/v1/artists", files={"files": ("v.wav", GOOD)}, data={"name": name})
    assert sent.status_code == 201
    return str(sent.json()["id"])


def test_the_log_is_open_to_everybody_and_names_nobody(
    client: TestClient, record_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = TestClient(client.app, base_url=URL, headers={"Accept": "text/html"})
    monkeypatch.setattr(explorer, "SHOWN", 1)
    said = {"issuer": "A Singer", "reason": "mine"}
    newest = client.post(f"/v1/records/{record_id}/disputes", json=said).json()["leaf_index"]
    first = client.get(f"/v1/records/{record_id}").json()["leaf_index"]
    shown = stranger.get("/log").text
    assert f'href="/log/{newest}"' in shown and f'href="/log/{first}"' not in shown
    (older,) = re.findall(r'href="(/log\?before=\d+)"', shown)
    assert f'href="/log/{newest - 1}"' in stranger.get(older).text
    entry = stranger.get(f"/log/{first}").text
    assert "register" in entry
    assert parts(client).registry.log.entry(first).decode() in html.unescape(entry)
    for page in (shown, entry):
        assert "A Label" not in page and "Singer" not in page
    for missing in (f"/log/{newest + 1}", "/log/-1", "/log/99999999999999999999"):
        assert stranger.get(missing).status_code == 404, missing


def test_the_log_names_who_co_signed_it(
    client: TestClient, record_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = TestClient(client.app, base_url=URL, headers={"Accept": "text/html"})
    assert "No witness has co-signed this log yet." in stranger.get("/log").text
    note = parts(client).registry.log.checkpoint() + signature_line("witness.example/w1", bytes(4), bytes(72))
    monkeypatch.setattr(TransparencyLog, "witnessed", lambda _: note)
    shown = stranger.get("/log").text
    assert "<code>witness.example/w1</code>" in shown and "No witness" not in shown
    assert html.escape(note.splitlines()[-1]) in shown


def test_whoever_signs_in_lands_where_they_wanted_to_go(client: TestClient, record_id: str) -> None:
    secret = key(client)["Authorization"].removeprefix("Bearer ")
    browser = TestClient(client.app, base_url=URL, headers={"Accept": "text/html"}, follow_redirects=False)
    asked = browser.get(f"/records/{record_id}")
    assert asked.status_code == 401
    (then,) = re.findall(r'name="then" value="([^"]*)"', asked.text)
    assert then == f"/records/{record_id}"
    assert f'value="{then}"' in browser.post("/sign-in", data={"key": "tmk_no", "then": then}).text
    assert browser.post("/sign-in", data={"key": secret, "then": then}).headers["location"] == then


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nX: y", "evil", ""]
)
def test_nobody_is_sent_elsewhere_after_signing_in(elsewhere: str) -> None:
    assert local(elsewhere) == "/"


def test_a_list_is_searched_and_turned(
    client: TestClient, record_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = TestClient(client.app, base_url=URL, headers=key(client, tenant="lists"))
    for name in ("first.wav", "second.wav", "third.wav"):
        audited(stranger, files={"file": (name, GOOD)})
    page = stranger.get("/audits?q=&decision=&state=").text
    assert all(name in page for name in ("first.wav", "second.wav", "third.wav"))
    found = stranger.get("/audits?q=second").text
    assert "second.wav" in found and "first.wav" not in found
    assert "No audit is found so" in stranger.get("/audits?state=failed&q=second").text
    assert "No audit is found so" in stranger.get("/audits?q=nonsense").text
    monkeypatch.setattr(lists, "SHOWN", 2)
    newest = stranger.get("/audits?q=wav").text
    (older,) = re.findall(r'href="(/audits\?q=wav&amp;cursor=[^"]+)"', newest)
    last = stranger.get(html.unescape(older)).text
    assert "first.wav" in last and "third.wav" not in last
    assert 'href="/audits?q=wav"' in last
    assert client.get(html.unescape(older), headers={"Accept": "text/html"}).status_code == 422
    assert record_id in client.get("/records?q=s%C3%B6hne").text
    assert record_id not in client.get("/records?status=revoked").text
