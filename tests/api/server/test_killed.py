"""Killed at any commit, a POST that is sent again under its `Idempotency-Key` was done once.

Where the second request finds what the first has done, and cannot tell it from what somebody else did, it may
be answered by 409: then as well it is done, and nothing is doubled.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.server.routes.policies import EXAMPLE as POLICY
from tests.api.dying import Died, let_go, server
from tests.api.mortal import ALL_OVER_S, Mortal
from tests.api.notices.test_forms import full
from tests.api.serving import GOOD, key, parts, register

COMMITS = r"commit (?!trail_events$|api_keys$)"
"""Not that somebody asked, nor when a key was last used."""
ASKED = {"trail_events", "kept_answers"}
"""A request that is sent again is told of again; one that was refused is not remembered."""
BECAUSE = {"reason": "because"}
BUYER = {"to": "A Buyer", "giver": "A Label", "share_ppm": 100_000}
SAID = {"issuer": "A Label", "reason": "because"}


class Tenant:
    """A tenant of a home, with what its requests need before them."""

    def __init__(self, home: Mortal, client: TestClient) -> None:
        self.home, self.client = home, client
        self.name = home.tenant()
        self.headers = key(client, tenant=self.name)
        self.registry = home.registry.for_tenant(self.name)

    def post(self, path: str, **sent: Any) -> Mapping[str, Any]:
        answer = self.client.post(path, headers=self.headers, **sent)
        assert answer.is_success, answer.text
        return dict(answer.json())

    def operator(self) -> None:
        self.headers = key(self.client)

    def case(self, *steps: str) -> str:
        made = f"/v1/cases/{self.post('/v1/cases', json={'subject': 'Night Drive', **BECAUSE})['id']}"
        for step in steps:
            self.post(f"{made}:{step}", json=CASE[step])
        return made

    def notice(self, *steps: str) -> str:
        made = self.post("/v1/notices", json={"form": "dmca", "elements": full("dmca")})
        for step in steps:
            self.post(f"/v1/notices/{made['id']}:{step}", json=NOTICE[step])
        return f"/v1/notices/{made['id']}"

    def record(self, *events: str) -> str:
        made = f"/v1/records/{register(self.registry).record_id}"
        for event in events:
            self.post(f"{made}/{event}", json=SAID)
        return made

    def artist(self) -> str:
        self.registry.artists.enrol("Ada", b"a voice print", "a contract")
        return "/v1/artists/Ada/consents"

    def member(self, *steps: str) -> str:
        made = self.post("/v1/members", json={"email": "ada@label.example", "role": "label"})
        for step in steps:
            self.post(f"/v1/members/{made['id']}:{step}", json=BECAUSE)
        return f"/v1/members/{made['id']}"

    def webhook(self, *steps: str) -> str:
        made = self.post("/v1/webhooks", json=HOOK)
        for step in steps:
            self.post(f"/v1/webhooks/{made['id']}:{step}")
        return f"/v1/webhooks/{made['id']}"

    def job(self, kind: Any, *steps: str) -> str:
        made = self.home.enter(kind, self.name, GOOD, title="A", owner="B", retain=True)
        where = f"/v1/{'enrolments' if kind == 'enrolment' else f'{kind}s'}/{made.id}"
        for step in steps:
            self.post(f"{where}/{step}")
        return where

    def policy(self) -> str:
        return f"/v1/policies/{self.post('/v1/policies', json={'text': POLICY})['id']}"

    def held(self) -> dict[str, str]:
        return {"kind": "case", "id": self.case().rpartition("/")[2], **BECAUSE}

    def hold(self) -> str:
        return f"/v1/holds/{self.post('/v1/holds', json=self.held())['id']}"


CASE: dict[str, Any] = {
    "assign": {"to": "Ada"},
    "comment": {"text": "told"},
    "decide": {"decision": "reject", **BECAUSE},
    "appeal": {"by": "A Distributor", **BECAUSE},
    "reopen": BECAUSE,
}
NOTICE: dict[str, Any] = {
    **dict.fromkeys(("remove", "refuse", "restore", "keep-down", "withdraw"), BECAUSE),
    "comment": {"text": "told"},
    "counter": {"elements": full("dmca", counter=True)},
    "complete": {"elements": {"work": "Night Drive"}},
}
HOOK = {"url": "https://label.example/hook", "events": ["case.step"]}
TERMS = {"scope": ["singing"], "from": "2020-01-01", "until": "2036-01-01"}


def _consent(tenant: Tenant) -> tuple[str, Any]:
    where = tenant.artist()
    return f"{where}/revocations", {"id": tenant.post(where, json=TERMS)["id"], **BECAUSE}


def _incomplete(tenant: Tenant) -> tuple[str, Any]:
    half = {name: said for name, said in full("dmca").items() if name != "work"}
    made = tenant.post("/v1/notices", json={"form": "dmca", "elements": half})
    return f"/v1/notices/{made['id']}:complete", NOTICE["complete"]


def _replay(tenant: Tenant) -> tuple[str, Any]:
    where = tenant.webhook()
    tenant.case("comment")
    sent = tenant.client.get(f"{where}/deliveries", headers=tenant.headers).json()["items"]
    return f"{where}/deliveries/{sent[0]['id']}:replay", None


def _entered(tenant: Tenant, *steps: str) -> str:
    tenant.operator()
    where = f"/v1/tenants/{tenant.post('/v1/tenants', json={'tenant': tenant.name, 'name': 'A'})['tenant']}"
    for step in steps:
        tenant.post(f"{where}:{step}", json=BECAUSE)
    return where


def _tenant(tenant: Tenant) -> tuple[str, Any]:
    tenant.operator()
    return "/v1/tenants", {"tenant": tenant.name, "name": "A Label"}


def _batch(tenant: Tenant) -> tuple[str, Any]:
    return "/v1/batches", {"items": [{"upload_id": "0" * 32}]}


def _stopped(tenant: Tenant) -> tuple[str, Any]:
    return f"/v1/batches/{tenant.post('/v1/batches', json=_batch(tenant)[1])['id']}/cancel", None


def _key(tenant: Tenant) -> tuple[str, Any]:
    made = tenant.post("/v1/keys", json={"name": "studio", "scopes": ["audits:read"]})
    return f"/v1/keys/{made['id']}:rotate", {"overlap_s": 0}


POSTS: dict[str, Callable[[Tenant], tuple[str, Any]]] = {
    "POST /v1/cases": lambda _: ("/v1/cases", {"subject": "Night Drive", **BECAUSE}),
    "POST /v1/cases/{case_id}:assign": lambda one: (f"{one.case()}:assign", CASE["assign"]),
    "POST /v1/cases/{case_id}:comment": lambda one: (f"{one.case()}:comment", CASE["comment"]),
    "POST /v1/cases/{case_id}:decide": lambda one: (f"{one.case()}:decide", CASE["decide"]),
    "POST /v1/cases/{case_id}:appeal": lambda one: (f"{one.case('decide')}:appeal", CASE["appeal"]),
    "POST /v1/cases/{case_id}:reopen": lambda one: (f"{one.case('decide')}:reopen", CASE["reopen"]),
    "POST /v1/notices": lambda _: ("/v1/notices", {"form": "dmca", "elements": full("dmca")}),
    "POST /v1/notices/{notice_id}:complete": _incomplete,
    "POST /v1/notices/{notice_id}:comment": lambda one: (f"{one.notice()}:comment", NOTICE["comment"]),
    "POST /v1/notices/{notice_id}:remove": lambda one: (f"{one.notice()}:remove", BECAUSE),
    "POST /v1/notices/{notice_id}:refuse": lambda one: (f"{one.notice()}:refuse", BECAUSE),
    "POST /v1/notices/{notice_id}:counter": lambda one: (
        f"{one.notice('remove')}:counter",
        NOTICE["counter"],
    ),
    "POST /v1/notices/{notice_id}:restore": lambda one: (f"{one.notice('remove')}:restore", BECAUSE),
    "POST /v1/notices/{notice_id}:keep-down": lambda one: (
        f"{one.notice('remove', 'counter')}:keep-down",
        BECAUSE,
    ),
    "POST /v1/notices/{notice_id}:withdraw": lambda one: (f"{one.notice()}:withdraw", BECAUSE),
    "POST /v1/records/{record_id}/amendments": lambda one: (
        f"{one.record()}/amendments",
        {"asset": {"title": "B"}},
    ),
    "POST /v1/records/{record_id}/transfers": lambda one: (f"{one.record()}/transfers", BUYER),
    "POST /v1/records/{record_id}/disputes": lambda one: (f"{one.record()}/disputes", SAID),
    "POST /v1/records/{record_id}/settlements": lambda one: (f"{one.record('disputes')}/settlements", SAID),
    "POST /v1/records/{record_id}/revocations": lambda one: (f"{one.record()}/revocations", SAID),
    "POST /v1/artists/{name}/consents": lambda one: (one.artist(), TERMS),
    "POST /v1/artists/{name}/consents/revocations": _consent,
    "POST /v1/keys": lambda _: ("/v1/keys", {"name": "studio", "scopes": ["audits:read"]}),
    "POST /v1/keys/{key_id}:rotate": _key,
    "POST /v1/members": lambda _: ("/v1/members", {"email": "ada@label.example", "role": "label"}),
    "POST /v1/members/{member_id}:change-role": lambda one: (
        f"{one.member()}:change-role",
        {"role": "auditor"},
    ),
    "POST /v1/members/{member_id}:suspend": lambda one: (f"{one.member()}:suspend", BECAUSE),
    "POST /v1/members/{member_id}:resume": lambda one: (f"{one.member('suspend')}:resume", None),
    "POST /v1/tenants": _tenant,
    "POST /v1/tenants/{tenant}:suspend": lambda one: (f"{_entered(one)}:suspend", BECAUSE),
    "POST /v1/tenants/{tenant}:resume": lambda one: (f"{_entered(one, 'suspend')}:resume", None),
    "POST /v1/webhooks": lambda _: ("/v1/webhooks", HOOK),
    "POST /v1/webhooks/{webhook_id}:enable": lambda one: (f"{one.webhook('disable')}:enable", None),
    "POST /v1/webhooks/{webhook_id}:disable": lambda one: (f"{one.webhook()}:disable", None),
    "POST /v1/webhooks/{webhook_id}:rotate": lambda one: (f"{one.webhook()}:rotate", {"overlap_s": 60}),
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}:replay": _replay,
    "POST /v1/policies": lambda _: ("/v1/policies", {"text": POLICY}),
    "POST /v1/policies/{policy_id}/activate": lambda one: (f"{one.policy()}/activate", BECAUSE),
    "POST /v1/holds": lambda one: (
        "/v1/holds",
        {"kind": "case", "id": one.case().rpartition("/")[2], **BECAUSE},
    ),
    "POST /v1/holds/{hold_id}:release": lambda one: (f"{one.hold()}:release", BECAUSE),
    "POST /v1/exports": lambda _: ("/v1/exports", {"what": "cases", "format": "csv"}),
    "POST /v1/batches": _batch,
    "POST /v1/batches/{batch_id}/cancel": _stopped,
    "POST /v1/audits/{audit_id}/cancel": lambda one: (f"{one.job('audit')}/cancel", None),
    "POST /v1/audits/{audit_id}/retry": lambda one: (f"{one.job('audit', 'cancel')}/retry", None),
    "POST /v1/tracks/{track_id}/cancel": lambda one: (f"{one.job('track')}/cancel", None),
    "POST /v1/tracks/{track_id}/retry": lambda one: (f"{one.job('track', 'cancel')}/retry", None),
    "POST /v1/enrolments/{enrolment_id}/cancel": lambda one: (f"{one.job('enrolment')}/cancel", None),
}
SAYS_SO = {
    *("POST /v1/artists/{name}/consents/revocations", "POST /v1/holds/{hold_id}:release", "POST /v1/tenants"),
    *(f"POST /v1/members/{{member_id}}:{step}" for step in ("change-role", "suspend", "resume")),
    *(f"POST /v1/tenants/{{tenant}}:{step}" for step in ("suspend", "resume")),
    *(f"POST /v1/{kind}s/{{{kind}_id}}/retry" for kind in ("audit", "track")),
}
"""What is as it was asked for, and says so."""
FILES = {"audits", "tracks", "comparisons", "artists", "uploads"}
"""See `tests.api.uploads.test_killed`."""
READ = {
    *("/v1/verify", "/v1/verify/claims", "/oauth/token", "/v1/policies/{policy_id}/dry-run"),
    *(f"/c2pa/v1/matches/by{what}" for what in ("Binding", "Content", "Reference")),
}
"""They write nothing; a lookup is forgotten by itself."""


def test_every_post_is_killed(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    known = {f"POST {path}" for path, told in paths.items() if "post" in told}
    elsewhere = {f"POST /v1/{name}" for name in FILES} | {f"POST {path}" for path in READ}
    alike = {f"POST /v1/comparisons/{{comparison_id}}/{step}" for step in ("cancel", "retry")}
    assert known == POSTS.keys() | elsewhere | alike


@pytest.mark.parametrize("mortal_home", ["home sqlite", "home postgresql"], indirect=True)
def test_a_post_that_is_killed_at_any_commit_is_done_once(mortal_home: Mortal) -> None:
    with server(mortal_home) as client:
        for name, prepare in POSTS.items():
            once = _killed(mortal_home, client, name, prepare, 0)[1]
            number, ended = 0, True
            while ended:
                number += 1
                ended, rows = _killed(mortal_home, client, name, prepare, number)
                assert rows == once, (name, number)
            assert number > 2, name


def _killed(
    home: Mortal, client: TestClient, name: str, prepare: Callable[[Tenant], tuple[str, Any]], number: int
) -> tuple[bool, dict[str, int]]:
    """A request whose server is killed: whether it was, and the rows that it left when it was sent again."""
    tenant = Tenant(home, client)
    path, body = prepare(tenant)
    before = home.rows()
    sent = {"headers": {**tenant.headers, "Idempotency-Key": f"{name} {number}"}, "json": body}
    answers = []

    def ask() -> None:
        with suppress(Died):
            answers.append(client.post(path, **sent))

    life = home.die(ask, number, COMMITS, engine=parts(client).registry.engine)
    let_go(home.engine)
    answers += [client.post(path, **sent), client.post(path, **sent)]
    for answer in answers:
        assert answer.is_success or (answer.status_code == 409 and name in SAYS_SO), (name, answer.text)
    assert len({answer.content for answer in answers if answer.is_success}) <= 1, (name, answers)
    home.sweep(ALL_OVER_S)  # goes on with what the answer had promised
    return life.ended, {table: count - before[table] for table, count in home.rows().items()} | dict.fromkeys(
        ASKED, 0
    )
