"""A page speaks the language that its reader chose, else the browser's; English if it is neither of ours."""

import pytest
from fastapi.testclient import TestClient

from api.server.wanted_language import preferred
from tests.api.serving import BAD


def german(client: TestClient, address: str) -> str:
    answer = client.get(
        address, headers={"Accept-Language": "de-DE,de;q=0.9,en;q=0.8", "Accept": "text/html"}
    )
    assert answer.headers["content-language"] == "de"
    assert "Accept-Language" in answer.headers["vary"]
    return answer.text


def test_a_page_speaks_as_the_browser_asks(client: TestClient) -> None:
    page = german(client, "/audits")
    assert '<html lang="de">' in page
    assert "Prüfungen" in page
    assert "No audit yet." not in page


def test_a_page_is_english_to_a_browser_that_asks_for_neither(client: TestClient) -> None:
    answer = client.get("/audits", headers={"Accept-Language": "fr"})
    assert answer.headers["content-language"] == "en"
    assert '<html lang="en">' in answer.text
    assert "script-words" not in answer.text


def test_the_readers_choice_wins_and_is_kept(client: TestClient) -> None:
    reader = TestClient(client.app, base_url="https://testserver", headers=dict(client.headers))
    answer = reader.post("/language", data={"language": "de", "back": "/cases?q=x"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases?q=x")
    assert "Secure" in answer.headers["set-cookie"]
    assert "Fälle" in reader.get("/cases", headers={"Accept-Language": "en"}).text


@pytest.mark.parametrize("language", ["xx", "", "../de"])
def test_a_language_of_nobody_is_not_kept(client: TestClient, language: str) -> None:
    reader = TestClient(client.app, headers=dict(client.headers))
    answer = reader.post("/language", data={"language": language}, follow_redirects=False)
    assert "set-cookie" not in answer.headers
    assert answer.status_code in (303, 422)


def test_the_choice_leads_to_no_other_site(client: TestClient) -> None:
    reader = TestClient(client.app, headers=dict(client.headers))
    sent = {"language": "de", "back": "//elsewhere.example"}
    assert reader.post("/language", data=sent, follow_redirects=False).headers["location"] == "/"


def test_what_went_wrong_is_told_in_the_language(client: TestClient) -> None:
    page = german(client, "/records/0000000000000000")
    assert "Diesen Eintrag gibt es nicht" in page


def test_the_api_speaks_english_to_everybody(client: TestClient) -> None:
    answer = client.get("/v1/records/0000000000000000", headers={"Accept-Language": "de"})
    assert answer.json()["title"] == "No such entry"
    assert answer.json()["detail"] == "no record 0000000000000000"


def test_a_problem_brings_the_readers_words_beside_the_english_ones(client: TestClient) -> None:
    answer = client.get("/v1/records/0000000000000000", headers={"Accept-Language": "de"})
    assert answer.json()["said"] == {
        "language": "de",
        "title": "Diesen Eintrag gibt es nicht",
        "detail": "es gibt keinen Registereintrag 0000000000000000",
    }
    assert "Accept-Language" in answer.headers["vary"]
    assert "said" not in client.get("/v1/records/0000000000000000").json()
    unforeseen = client.post("/v1/audits", files={"file": ("a.wav", BAD)}, headers={"Accept-Language": "de"})
    assert set(unforeseen.json()["said"]) == {"language", "title"}  # no guess at a sentence without a form


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", None),
        ("de", "de"),
        ("DE-ch", "de"),
        ("fr, en;q=0.5, de;q=0.7", "de"),
        ("en, de", "en"),
        ("de;q=0, en;q=0.1", "en"),
        ("de;q=much", None),
        ("*", None),
        ("," * 100_000 + "de", None),
    ],
)
def test_the_best_liked_of_ours_is_taken(header: str, language: str | None) -> None:
    assert preferred(header) == language
