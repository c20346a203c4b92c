"""The same step for several cases or notices: each has its outcome, and none stops another."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from api.cases.cases import Cases
from tests.api.serving import URL, audited, key, parts


@pytest.fixture
def browser(client: TestClient) -> TestClient:
    headers = {**key(client), "Accept": "text/html"}
    return TestClient(client.app, base_url=URL, headers=headers)


def opened(client: TestClient, subject: str) -> str:
    return str(client.post("/v1/cases", json={"subject": subject, "reason": "a call"}).json()["id"])


def test_cases_are_decided_together_and_a_decided_one_is_left(
    client: TestClient, browser: TestClient
) -> None:
    ids = [opened(client, name) for name in ("one", "two", "three")]
    client.post(f"/v1/cases/{ids[2]}:decide", json={"decision": "accept", "reason": "before"})
    sent = {f"one-{one}": "true" for one in ids}
    answer = browser.post(
        "/cases/bulk", data={**sent, "step": "decide", "decision": "reject", "reason": "all"}
    )
    assert "Decided: 2 of 3" in answer.text
    left = answer.text.partition("Left as they were")[2].partition("</section>")[0]
    assert "three" in left and "one" not in left
    found = [client.get(f"/v1/cases/{one}").json() for one in ids]
    assert [one["decision"] for one in found] == ["reject", "reject", "accept"]


def test_each_is_decided_as_its_policy_did_and_what_that_left_to_a_person_stays(
    client: TestClient, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rejected, left, by_hand = opened(client, "a copy"), opened(client, "unclear"), opened(client, "a call")
    real = Cases.get
    decided = {rejected: "reject", left: "review", by_hand: None}

    def told(self: Cases, case_id: str) -> object:
        return replace(real(self, case_id), audit_decision=decided[case_id])

    monkeypatch.setattr(Cases, "get", told)
    sent = {
        **{f"one-{one}": "true" for one in decided},
        "step": "decide",
        "decision": "policy",
        "reason": "x",
    }
    answer = browser.post("/cases/bulk", data=sent)
    monkeypatch.undo()
    assert "Decided: 1 of 3" in answer.text
    assert answer.text.count("the policy left this to a person") == 2
    found = [client.get(f"/v1/cases/{one}").json() for one in decided]
    assert [one["decision"] for one in found] == ["reject", None, None]


@pytest.mark.parametrize(
    "told", [{"decision": "reject"}, {"decision": "maybe", "reason": "x"}, {"reason": "x"}]
)
def test_a_decision_that_says_too_little_decides_nothing(
    client: TestClient, browser: TestClient, told: dict[str, str]
) -> None:
    case = opened(client, "a tune")
    answer = browser.post("/cases/bulk", data={f"one-{case}": "true", "step": "decide", **told})
    assert "Decided: 0 of 1" in answer.text and "a tune" in answer.text
    assert client.get(f"/v1/cases/{case}").json()["decision"] is None


def test_notices_take_a_step_together_each_by_its_state(client: TestClient, browser: TestClient) -> None:
    def received(material: str) -> str:
        sent = {"form": "dmca", "elements": {"material": material}}
        return str(client.post("/v1/notices", json=sent).json()["id"])

    ids = [received(name) for name in ("song one", "song two")]
    client.post(f"/v1/notices/{ids[1]}:withdraw", json={"reason": "by mail"}).raise_for_status()
    sent = {**{f"one-{one}": "true" for one in ids}, "step": "withdraw", "reason": "all by mail"}
    answer = browser.post("/notices/bulk", data=sent)
    assert "Withdrawn: 1 of 2" in answer.text
    left = answer.text.partition("Left as they were")[2].partition("</section>")[0]
    assert "song two" in left and "song one" not in left
    assert {client.get(f"/v1/notices/{one}").json()["state"] for one in ids} == {"withdrawn"}
    told = browser.post("/notices/bulk", data={**sent, "step": "comment", "reason": "remember"})
    assert "Comment: 2 of 2" in told.text
    assert browser.post("/notices/bulk", data={**sent, "step": "restore"}).status_code == 422
    assert browser.post("/notices/bulk", data={"step": "comment", "reason": "x"}).status_code == 422


def test_what_is_another_tenants_is_left(client: TestClient) -> None:
    case, audit = opened(client, "ours"), audited(client)["id"]
    headers = {**key(client, tenant="foreign"), "Accept": "text/html"}
    foreign = TestClient(client.app, base_url=URL, headers=headers)
    sent = {f"one-{case}": "true", "step": "decide", "decision": "accept", "reason": "x"}
    answer = foreign.post("/cases/bulk", data=sent)
    assert "Decided: 0 of 1" in answer.text and "ours" not in answer.text
    assert ": 0 of 1" in foreign.post("/audits/bulk", data={f"one-{audit}": "true", "step": "retry"}).text
    assert client.get(f"/v1/cases/{case}").json()["decision"] is None
    assert parts(client).jobs.get(audit, tenant="default", kind="audit").state == "succeeded"


@pytest.mark.parametrize("path", ["/audits", "/cases", "/notices"])
def test_a_list_is_printed_although_it_stands_in_a_form(
    client: TestClient, browser: TestClient, path: str
) -> None:
    """Print leaves forms out, but for those that hold what is to be read."""
    opened(client, "to print")
    audited(client)
    client.post("/v1/notices", json={"form": "dmca", "elements": {"material": "to print"}})
    form = browser.get(path).text.partition(f'method="post" action="{path}/bulk">')
    assert form[0].endswith('<form class="listed" ') and "<table" in form[2].partition("</form>")[0]
    style = browser.get("/static/style.css").text.partition("@media print")[2]
    assert "form:not(.listed)" in style and ".bulk" in style and ".choose" in style
