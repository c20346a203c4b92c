"""Members over HTTP: admins govern their own tenant, operators every one; on both databases."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.identity.account import Account
from api.members.members import Member
from api.server.api_keys import Scope
from api.server.parts import SESSION_COOKIE
from tests.api.server.routes.test_tenants import of
from tests.api.server.test_trailing import events
from tests.api.serving import parts, serve


@pytest.fixture(scope="module")
def client(either: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home"), **either) as client:
        yield client


def invited(client: TestClient, email: str, role: str = "label", **more: str) -> dict[str, Any]:
    answer = client.post("/v1/members", json={"email": email, "role": role, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def member(client: TestClient, email: str) -> Member:
    """Whoever has taken up the invitation of an address."""
    account = Account("https://provider.example", email, email, email.partition("@")[0].capitalize())
    (found,) = parts(client).sessions.admit(account)
    return found


def signed_in(client: TestClient, email: str) -> TestClient:
    """A browser of a member."""
    secret = parts(client).sessions.begin(member(client, email))
    return TestClient(client.app, base_url=str(client.base_url), cookies={SESSION_COOKIE: secret})


def test_a_member_is_invited_changed_suspended_and_removed(client: TestClient) -> None:
    made = invited(client, "ada@label.example")
    here = made["links"]["self"]
    assert (made["state"], made["role"], made["tenant"]) == ("invited", "label", "default")
    assert (made["invited_by"], made["name"]) == ("first admin", None)
    again = client.post("/v1/members", json={"email": "ADA@label.example", "role": "admin"})
    assert again.json()["code"] == "conflict"
    member(client, "ada@label.example")
    joined = client.get(here).json()
    assert (joined["state"], joined["name"]) == ("active", "Ada")
    assert client.post(f"{here}:change-role", json={"role": "auditor"}).json()["role"] == "auditor"
    assert client.post(f"{here}:change-role", json={"role": "auditor"}).json()["code"] == "conflict"
    gone = client.post(f"{here}:suspend", json={"reason": "has left"}).json()
    assert (gone["state"], gone["suspended_by"], gone["suspended_reason"]) == (
        "suspended",
        "first admin",
        "has left",
    )
    assert client.post(f"{here}:suspend", json={"reason": "x"}).json()["code"] == "conflict"
    assert client.post(f"{here}:resume").json()["state"] == "active"
    assert client.post(f"{here}:resume").json()["code"] == "conflict"
    assert client.delete(here).status_code == 204
    assert client.get(here).json()["code"] == "not-found"
    told = [one["action"] for one in events(client) if one["object"] == here and one["phase"] == "done"]
    assert set(told) == {
        *("member.invited", "member.joined", "member.role-auditor", "member.suspended", "member.resumed"),
        "member.removed",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "ada", "role": "label"},
        {"email": "ada@x@y", "role": "label"},
        {"email": "a <a@label.example>", "role": "label"},
        {"email": f"{'a' * 250}@b.example", "role": "label"},
        {"email": "a@label.example", "role": "owner"},
        {"email": "a@label.example"},
        {"email": "a@label.example", "role": "label", "tenant": "No Such"},
    ],
)
def test_a_wrong_invitation_is_refused(client: TestClient, wrong: dict[str, str]) -> None:
    assert client.post("/v1/members", json=wrong).json()["code"] == "invalid-request"


def test_an_invitation_is_made_once(client: TestClient) -> None:
    wanted, key = {"email": "once@label.example", "role": "label"}, {"Idempotency-Key": "one"}
    first = client.post("/v1/members", json=wanted, headers=key)
    again = client.post("/v1/members", json=wanted, headers=key)
    assert (first.status_code, again.json()) == (201, first.json())


def test_members_are_listed_and_found(client: TestClient) -> None:
    admin = of(client, "label-list", Scope.ADMIN)
    for name, role in (("zoe", "label"), ("bea", "auditor"), ("cid", "label")):
        invited(admin, f"{name}@list.example", role)
    member(client, "zoe@list.example")

    def found(query: str = "") -> list[str]:
        return [one["email"].partition("@")[0] for one in admin.get(f"/v1/members{query}").json()["items"]]

    assert found() == ["bea", "cid", "zoe"]
    assert found("?state=active") == ["zoe"] and found("?role=auditor") == ["bea"]
    assert found("?q=cid") == ["cid"] and found("?sort=-name&limit=1") == ["zoe"]
    assert found("?state=suspended") == []


def test_an_operator_governs_every_tenant_and_an_admin_their_own(client: TestClient) -> None:
    admin = of(client, "label-a", Scope.ADMIN)
    stranger = of(client, "label-b", Scope.ADMIN)
    here = invited(client, "carl@a.example", tenant="label-a")["links"]["self"]
    nowhere = {"email": "x@y.example", "role": "label", "tenant": "nobody"}
    assert client.post("/v1/members", json=nowhere).json()["code"] == "not-found"
    assert admin.get(here).status_code == client.get(here).status_code == 200
    theirs = {"email": "x@y.example", "role": "admin", "tenant": "label-a"}
    assert stranger.post("/v1/members", json=theirs).json()["code"] == "forbidden"
    assert stranger.get("/v1/members?tenant=label-a").json()["code"] == "forbidden"
    listed = client.get("/v1/members?tenant=label-a").json()["items"]
    assert [one["email"] for one in listed] == ["carl@a.example"]
    assert client.get("/v1/members?tenant=nobody").json()["code"] == "not-found"
    for method, path in (("GET", here), ("DELETE", here), ("POST", f"{here}:resume")):
        assert stranger.request(method, path).json()["code"] == "not-found"


def test_a_session_is_a_person_with_their_role(client: TestClient) -> None:
    invited(client, "dora@label.example", "auditor")
    dora = signed_in(client, "dora@label.example")
    who = dora.get("/v1/whoami").json()
    assert (who["tenant"], who["role"], who["key_id"]) == ("default", "auditor", None)
    assert who["name"] == "Dora <dora@label.example>"
    assert dora.get("/v1/records").status_code == 200
    assert dora.post("/v1/cases", json={"subject": "x", "reason": "y"}).json()["code"] == "forbidden"
    assert dora.get("/v1/members").json()["code"] == "forbidden"
    read = [one for one in events(client) if one["action"] == "GET /v1/records"]
    assert read[-1]["who"] == "Dora <dora@label.example>" and read[-1]["key_id"] is None


def test_a_session_works_from_our_pages_alone(client: TestClient) -> None:
    invited(client, "finn@label.example")
    finn = signed_in(client, "finn@label.example")
    assert finn.get("/v1/audits", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert finn.get("/v1/audits", headers={"Origin": "https://else.example"}).status_code == 403
    secret = finn.cookies[SESSION_COOKIE]
    anyone = TestClient(client.app, base_url=str(client.base_url))
    for header in ({"Authorization": f"Bearer {secret}"}, {"X-API-Key": secret}):
        assert anyone.get("/v1/audits", headers=header).json()["code"] == "unauthorized"
    anyone.cookies[SESSION_COOKIE] = f"{secret}x"
    assert anyone.get("/v1/audits").status_code == 401


def test_a_member_is_out_in_the_middle_of_a_session(client: TestClient) -> None:
    made = invited(client, "gina@label.example")
    gina = signed_in(client, "gina@label.example")
    assert gina.get("/v1/audits").status_code == 200
    client.post(f"{made['links']['self']}:suspend", json={"reason": "x"})
    assert gina.get("/v1/audits").json()["code"] == "unauthorized"
    assert "Sign in" in gina.get("/audits", headers={"Accept": "text/html"}).text


def test_a_member_of_another_tenant_sees_nothing_of_ours(client: TestClient) -> None:
    case = client.post("/v1/cases", json={"subject": "a song", "reason": "a call"}).json()["id"]
    of(client, "label-c")
    invited(client, "hal@c.example", "admin", tenant="label-c")
    hal = signed_in(client, "hal@c.example")
    assert hal.get(f"/v1/cases/{case}").status_code == 404
    assert hal.get("/v1/cases").json()["items"] == []
    assert [one["email"] for one in hal.get("/v1/members").json()["items"]] == ["hal@c.example"]
    assert hal.get("/v1/members?tenant=default").json()["code"] == "forbidden"
    assert hal.get("/v1/tenants").json()["code"] == "forbidden"
