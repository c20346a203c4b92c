"""Policies on pages: written, tried, kept, compared and put in force, and no text is lost on the way."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from fastapi.testclient import TestClient

from api.policies.policies import Policies
from api.server.api_keys import Scope
from api.server.routes.policies import EXAMPLE
from tests.api.serving import URL, audited, key, parts

STRICT = """[policy]
name = "{name}"
version = "1"

[[rule]]
id = "everything"
action = "reject"
says = "Nothing is good enough."
in_force_from = 2026-01-01
last_checked = 2026-01-01
when = [{{ field = "duration_s", at_least = 0 }}]
"""
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def browser(client: TestClient) -> TestClient:
    """A browser after signing in: a cookie, no header."""
    secret = client.headers["Authorization"].removeprefix("Bearer ")
    made = TestClient(client.app, base_url=URL)
    assert made.post("/sign-in", data={"key": secret}).status_code == 200
    return made


@pytest.fixture(autouse=True)
def shipped_again(client: TestClient) -> Iterator[None]:
    """What a test puts in force ends with it."""
    yield
    client.post("/v1/policies/default/activate").raise_for_status()


def text_of(page: str) -> str:
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert found is not None, page
    return unescape(found[1])


def kept(browser: TestClient, name: str) -> str:
    answer = browser.post("/policies", data={"text": STRICT.format(name=name)})
    assert answer.status_code == 200 and "/policies/" in answer.url.path, answer.text
    return str(answer.url.path)


def test_a_policy_goes_from_the_editor_into_force(client: TestClient, browser: TestClient) -> None:
    audited(client, files={"file": (EVIL, b"RIFF one")})
    assert EXAMPLE.strip() in text_of(browser.get("/policies/new").text)
    before = len(client.get("/v1/policies").json()["items"])
    tried = browser.post("/policies/try", data={"text": STRICT.format(name="from the editor")})
    assert tried.status_code == 200 and "Nothing was written" in tried.text
    assert "&lt;img" in tried.text and EVIL not in tried.text
    assert "<code>everything</code>" in tried.text
    assert text_of(tried.text).strip() == STRICT.format(name="from the editor").strip()
    assert len(client.get("/v1/policies").json()["items"]) == before
    path = kept(browser, "from the editor")
    assert "decides nothing until" in browser.get(path).text
    confirm = browser.get(f"{path}/activate").text
    assert "trackmark-default" in confirm and "would be decided otherwise" in confirm
    sent = {"instead_of": "default", "reason": "agreed"}
    done = browser.post(f"{path}/activate", data=sent)
    assert done.url.path == path and "In force" in done.text and "agreed" in done.text
    assert Policies.of(parts(client).registry.engine, "default").in_force() == path.rpartition("/")[2]
    assert (
        audited(client, files={"file": ("two.wav", b"RIFF two")})["findings"]["decision"]["action"]
        == "reject"
    )


def test_a_trial_writes_nothing(client: TestClient, browser: TestClient) -> None:
    job = audited(client, files={"file": ("kept as it is.wav", b"RIFF three")})
    path = kept(browser, "only tried")
    found = browser.post(f"{path}/try", data={})
    assert f"/audits/{job['id']}" in found.text and "kept as it is.wav" in found.text
    assert client.get(f"/v1/audits/{job['id']}").json()["findings"] == job["findings"]
    assert Policies.of(parts(client).registry.engine, "default").in_force() == "default"
    future = browser.post(f"{path}/try", data={"from": "2999-01-01"})
    assert "No audit was found to try it on" in future.text and 'value="2999-01-01"' in future.text
    for sent in ({"from": "soon"}, {"from": "2026-02-02", "to": "2026-01-01"}, {"to": "9999-12-31"}):
        refused = browser.post(f"{path}/try", data=sent)
        assert refused.status_code == 422 and 'role="alert"' in refused.text


def test_what_is_wrong_stands_beside_its_line_and_the_text_stays(browser: TestClient) -> None:
    text = STRICT.format(name=EVIL).replace('"reject"', '"maybe"') + "# the end"
    for place in ("/policies", "/policies/try"):
        answer = browser.post(place, data={"text": text})
        assert answer.status_code == 422
        assert "Line 7 cannot be used" in answer.text
        wrong = re.search(
            r'<li class="wrong"><code>(.*?)</code><p class="error" lang="en">(.*?)</p>', answer.text
        )
        assert wrong is not None and "maybe" in wrong[1] and "must be accept, review or reject" in wrong[2]
        assert text_of(answer.text).strip() == text
        assert EVIL not in answer.text
    nothing = browser.post("/policies", data={})
    assert nothing.status_code == 422 and "1 to 65536" in nothing.text
    large = browser.post("/policies", data={"text": "# " + "x" * 65_536})
    assert large.status_code == 422 and len(text_of(large.text)) > 65_536
    unknown = browser.post("/policies", data={"text": "name = 'a'"})
    assert "The text is not a policy yet" in unknown.text


def test_a_name_that_is_taken_is_told_and_the_text_stays(browser: TestClient) -> None:
    kept(browser, "taken")
    text = STRICT.format(name="taken") + "# another text"
    answer = browser.post("/policies", data={"text": text})
    assert answer.status_code == 409 and "give another text another version" in answer.text
    assert text_of(answer.text).strip() == text


def test_another_policy_in_force_meanwhile_is_looked_at_first(
    client: TestClient, browser: TestClient
) -> None:
    one, two = kept(browser, "one"), kept(browser, "two")
    browser.get(f"{one}/activate")
    client.post(f"/v1{two}/activate").raise_for_status()
    late = browser.post(f"{one}/activate", data={"instead_of": "default", "reason": "a long explanation"})
    assert late.status_code == 412 and "a long explanation" in late.text
    assert f'name="instead_of" value="{two.rpartition("/")[2]}"' in late.text
    assert browser.post(f"{one}/activate", data={}).status_code == 422


def test_what_differs_between_two_versions_is_shown(browser: TestClient) -> None:
    path = kept(browser, "to compare")
    later = browser.post(
        "/policies", data={"text": STRICT.format(name="to compare").replace('"1"', '"2"')}
    ).url.path
    ids = (path.rpartition("/")[2], later.rpartition("/")[2])
    page = browser.get(f"/policies/difference?before={ids[0]}&after={ids[1]}").text
    gone = re.search(r'<tr class="gone">.*?</tr>', page)
    assert gone is not None and unescape(gone[0]).count('version = "1"') == 1
    assert "are alike" in browser.get(f"/policies/difference?before={ids[0]}&after={ids[0]}").text
    assert browser.get("/policies/difference?before=0000000000000000").status_code == 404


def test_whoever_may_not_write_sees_no_button_and_is_refused(client: TestClient, browser: TestClient) -> None:
    path = kept(browser, "for readers")
    headers = {**key(client, Scope.AUDITS_READ), "Accept": "text/html"}
    reader = TestClient(client.app, base_url=URL, headers=headers)
    for page in ("/policies", path):
        shown = reader.get(page)
        assert shown.status_code == 200
        assert "/policies/new" not in shown.text and "/activate" not in shown.text
    assert reader.post(f"{path}/try", data={}).status_code == 200
    for method, page in (("GET", "/policies/new"), ("POST", "/policies"), ("POST", f"{path}/activate")):
        refused = reader.request(method, page)
        assert refused.status_code == 403 and "policies:write" in refused.text and "<h1 " in refused.text


def test_another_tenants_policies_are_not_there(client: TestClient, browser: TestClient) -> None:
    path = kept(browser, "theirs")
    stranger = TestClient(client.app, base_url=URL, headers=key(client, tenant="stranger"))
    assert "theirs" not in stranger.get("/policies").text
    for page in (path, f"{path}/activate", f"/policies/difference?before={path.rpartition('/')[2]}"):
        assert stranger.get(page).status_code == 404, page


def test_another_sites_form_puts_nothing_in_force(browser: TestClient) -> None:
    path = kept(browser, "forged")
    answer = browser.post(
        f"{path}/activate", data={"instead_of": "default"}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert "decides nothing until" in browser.get(path).text
