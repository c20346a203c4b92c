"""Tenants on pages: entered with a first key, suspended and let in again, by operators alone."""

import re

import pytest
from fastapi.testclient import TestClient

from tests.api.serving import URL, key

EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def operator(client: TestClient) -> TestClient:
    headers = {**key(client), "Accept": "text/html"}
    return TestClient(client.app, base_url=URL, headers=headers)


def test_a_tenant_is_entered_and_its_first_key_works(client: TestClient, operator: TestClient) -> None:
    page = operator.post("/tenants", data={"tenant": "label-a", "name": f"Label {EVIL}"})
    assert (page.status_code, page.url.path) == (200, "/tenants/label-a") and EVIL not in page.text
    assert "It has none yet" in page.text
    made = operator.post("/tenants/label-a/keys", data={"name": f"their admin {EVIL}"})
    assert made.headers["Cache-Control"] == "no-store" and EVIL not in made.text
    secret = re.search(r'<code class="secret">(.*?)</code>', made.text)
    assert secret is not None and secret[1] not in operator.get("/tenants/label-a").text
    told = client.get("/v1/whoami", headers={"Authorization": f"Bearer {secret[1]}"}).json()
    assert (told["tenant"], told["scopes"]) == ("label-a", ["admin"])
    assert "/tenants/label-a" in operator.get("/tenants").text


def test_a_tenant_is_suspended_and_let_in_again(client: TestClient, operator: TestClient) -> None:
    operator.post("/tenants", data={"tenant": "label-b", "name": "Label B"})
    theirs = key(client, tenant="label-b")
    done = operator.post("/tenants/label-b/suspend", data={"reason": f"no contract {EVIL}"})
    assert "no contract" in done.text and EVIL not in done.text and "Let it in again" in done.text
    assert client.get("/v1/whoami", headers=theirs).status_code == 403
    assert operator.post("/tenants/label-b/suspend", data={"reason": "x"}).status_code == 409
    assert "Suspended" in operator.get("/tenants").text
    operator.post("/tenants/label-b/resume")
    assert client.get("/v1/whoami", headers=theirs).status_code == 200
    assert operator.post("/tenants/label-b/resume").status_code == 409


def test_the_operators_own_tenant_cannot_be_suspended(operator: TestClient) -> None:
    assert 'action="/tenants/default/suspend"' not in operator.get("/tenants/default").text
    answer = operator.post("/tenants/default/suspend", data={"reason": "x"})
    assert answer.status_code == 409 and "cannot be suspended" in answer.text


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"tenant": "Label C", "name": "C"}, 422),
        ({"tenant": "default", "name": "C"}, 409),
        ({"name": "C"}, 422),
    ],
)
def test_a_tenant_that_is_refused_is_said_and_what_was_typed_stays(
    operator: TestClient, told: dict[str, str], status: int
) -> None:
    operator.post("/tenants", data={"tenant": "default", "name": "Operators"})  # once
    answer = operator.post("/tenants", data=told)
    assert answer.status_code == status and 'role="alert"' in answer.text
    assert 'name="name" maxlength="200" dir="auto" required value="C"' in answer.text


def test_an_admin_of_a_tenant_governs_none(client: TestClient, operator: TestClient) -> None:
    operator.post("/tenants", data={"tenant": "label-d", "name": "Label D"})
    headers = {**key(client, tenant="label-d"), "Accept": "text/html"}
    theirs = TestClient(client.app, base_url=URL, headers=headers)
    assert theirs.get("/tenants").status_code == 403
    assert theirs.get("/tenants/label-d").status_code == 403
    assert theirs.get("/tenants/default").status_code == 404
    for step in ("keys", "suspend", "resume"):
        assert theirs.post(f"/tenants/label-d/{step}", data={"name": "x", "reason": "x"}).status_code == 403
        assert theirs.post(f"/tenants/default/{step}", data={"name": "x"}).status_code == 404
    assert "/tenants" not in theirs.get("/settings").text and "/tenants" in operator.get("/settings").text
