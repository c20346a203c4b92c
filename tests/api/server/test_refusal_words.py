"""Refusals on pages are said in the reader's language; what has no form there is marked as English."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.language import speaking
from api.server.pages.refusal_words import _FORMS, refusal
from tests.api.serving import BAD, audited, serve

GERMAN = {"Accept-Language": "de"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home")) as made:
        yield made


def test_forms_on_german_pages_are_refused_in_german(client: TestClient) -> None:
    def said(path: str, **form: str) -> str:
        answer = client.post(path, data=form, headers=GERMAN)
        assert answer.status_code in (200, 409, 412, 422), answer.text
        return answer.text

    opened = client.post("/v1/cases", json={"subject": "Night Drive", "reason": "a call"}).json()["id"]
    decided = {"decision": "accept", "reason": "a contract was shown"}
    assert "hier fehlt eine Angabe" in said(f"/cases/{opened}/comment", version="1")
    assert "höchstens 5000 Zeichen" in said(f"/cases/{opened}/comment", version="1", text="x" * 5001).replace(
        ".", ""
    )
    stale = said(f"/cases/{opened}/decide", version="7", **decided)
    assert "der Fall hat sich inzwischen geändert (jetzt Stand 1)" in stale
    together = said(
        "/cases/bulk", step="decide", decision="policy", reason="all", **{f"one-{opened}": "true"}
    )
    assert "das Regelwerk hat dies einem Menschen überlassen" in together
    early = said(f"/cases/{opened}/appeal", version="1", by="Ada", reason="no")
    assert "noch ist nichts entschieden: Entscheiden Sie ihn zuerst" in early
    assert "wählen Sie mindestens eines, das der Schlüssel darf" in said("/keys", name="Studio")
    assert "wählen Sie mindestens ein Ereignis" in said("/webhooks", url="https://label.example/hook")
    assert "„bald“ ist kein Tag" in said("/exports", what="cases", format="csv", **{"from": "bald"})


def test_what_is_not_there_is_said_in_german(client: TestClient) -> None:
    for path, says in (
        ("/records/0000000000000000", "Es gibt keinen Registereintrag 0000000000000000"),
        ("/cases/0000000000000000", "Es gibt keinen Fall 0000000000000000"),
        ("/policies/0000000000000000", "Es gibt kein Regelwerk 0000000000000000"),
    ):
        answer = client.get(path, headers={**GERMAN, "Accept": "text/html"})
        assert answer.status_code == 404 and says in answer.text, path
        assert '<span lang="en">' not in answer.text


def test_what_has_no_form_is_marked_as_english(client: TestClient) -> None:
    refused = client.post("/audits", files={"file": ("Demo.wav", BAD)}, headers=GERMAN)
    assert refused.status_code == 422 and '<span lang="en">Demo.wav: not audio</span>' in refused.text
    english = client.post("/audits", files={"file": ("demo.wav", BAD)})
    assert "demo.wav: not audio" in english.text and '<span lang="en">' not in english.text


def test_every_form_is_said_again_with_its_values() -> None:
    for form in _FORMS:
        numbers = ("most", "least", "size", "seconds", "version", "min_length", "max_length", "ge", "le")
        names = dict.fromkeys((*numbers, "pattern"), "7")
        values = names | dict.fromkeys(("file", "reason", "id", "field", "day", "today", "earliest"), "x")
        values |= dict.fromkeys(("codec", "rate", "count", "lowest", "highest"), "9")
        values |= dict.fromkeys(("scopes", "email", "tenant", "scope"), "x")
        text = form % values
        with speaking("de"):
            assert refusal(text) not in (None, text), form
        assert refusal(text) == text


def test_the_service_itself_is_named_in_the_readers_language(client: TestClient) -> None:
    audited(client)
    home = client.get("/", headers=GERMAN).text
    assert "von <bdi>the service</bdi>" not in home
