"""Every route, walked with every scope: whoever lacks what it needs is refused, and nothing is done."""

import re
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from api.server.api_keys import Scope
from api.server.route import asks_who
from tests.api.serving import URL, key, parts

READ, WRITE, TRACKS = Scope.AUDITS_READ, Scope.AUDITS_WRITE, Scope.TRACKS_WRITE
NEEDED: list[tuple[tuple[Scope, ...], str]] = [
    (
        (READ,),
        """
        GET /v1/audits
        GET /v1/audits/{audit_id}
        GET /v1/audits/{audit_id}/outline
        GET /v1/audits/{audit_id}/picture
        GET /v1/audits/{audit_id}/report
        GET /v1/audits/{audit_id}/sound
        GET /v1/audits/{audit_id}/spectrogram
        GET /v1/artists
        GET /v1/artists/{name}/consents
        GET /v1/batches
        GET /v1/batches/{batch_id}
        GET /v1/batches/{batch_id}/results
        GET /v1/batches/{batch_id}/table
        GET /v1/cases
        GET /v1/cases/{case_id}
        GET /v1/cases/{case_id}/steps
        GET /v1/comparisons
        GET /v1/comparisons/{comparison_id}
        GET /v1/comparisons/{comparison_id}/report
        GET /v1/comparisons/{comparison_id}/{role}/outline
        GET /v1/comparisons/{comparison_id}/{role}/sound
        GET /comparisons
        GET /comparisons/{comparison_id}
        GET /audits/{audit_id}/tracks/{record_id}
        GET /v1/policies
        GET /v1/policies/{policy_id}
        POST /v1/policies/{policy_id}/dry-run
        GET /policies
        GET /policies/difference
        GET /policies/{policy_id}
        POST /policies/{policy_id}/try
        GET /artists
        GET /artists.csv
        GET /audits.csv
        GET /cases.csv
        GET /comparisons.csv
        GET /audits
        GET /audits/{audit_id}
        GET /cases
        GET /cases/{case_id}
        """,
    ),
    (
        (WRITE,),
        """
        POST /v1/audits
        POST /v1/audits/{audit_id}/cancel
        POST /v1/audits/{audit_id}/retry
        DELETE /v1/audits/{audit_id}
        POST /v1/batches
        POST /v1/batches/{batch_id}/cancel
        DELETE /v1/batches/{batch_id}
        POST /v1/comparisons
        POST /v1/comparisons/{comparison_id}/cancel
        POST /v1/comparisons/{comparison_id}/retry
        DELETE /v1/comparisons/{comparison_id}
        POST /comparisons
        POST /v1/cases
        POST /v1/cases/{case_id}:appeal
        POST /v1/cases/{case_id}:assign
        POST /v1/cases/{case_id}:comment
        POST /v1/cases/{case_id}:decide
        POST /v1/cases/{case_id}:reopen
        POST /audits
        POST /audits/bulk
        POST /cases/bulk
        POST /cases
        POST /cases/{case_id}/{step}
        """,
    ),
    (
        (TRACKS,),
        """
        POST /v1/tracks
        GET /v1/tracks
        GET /v1/tracks/{track_id}
        GET /v1/tracks/{track_id}/file
        POST /v1/tracks/{track_id}/cancel
        POST /v1/tracks/{track_id}/retry
        """,
    ),
    (
        (WRITE, TRACKS),
        """
        POST /v1/uploads
        GET /v1/uploads
        GET /v1/uploads/{upload_id}
        PATCH /v1/uploads/{upload_id}
        DELETE /v1/uploads/{upload_id}
        """,
    ),
    (
        (READ, Scope.RECORDS_READ),
        """
        POST /v1/exports
        GET /v1/exports
        GET /v1/exports/{export_id}
        GET /v1/exports/{export_id}/file
        DELETE /v1/exports/{export_id}
        GET /exports
        POST /exports
        GET /exports/{export_id}
        POST /exports/{export_id}/delete
        GET /settings
        """,
    ),
    (
        (Scope.RECORDS_READ,),
        """
        GET /v1/records
        GET /v1/records/{record_id}
        GET /v1/records/{record_id}/certificate
        GET /v1/records/{record_id}/envelope
        GET /v1/records/{record_id}/events
        GET /v1/records/{record_id}/events/{leaf_index}
        GET /v1/records/{record_id}/exports/credential
        GET /v1/records/{record_id}/exports/csv
        GET /v1/records/{record_id}/exports/ddex
        GET /v1/records/{record_id}/exports/evidence
        GET /v1/records/{record_id}/proof
        GET /v1/records/{record_id}/publication
        GET /v1/lookups/{lookup_id}
        GET /v1/notices
        GET /v1/notices/forms
        GET /v1/notices/{notice_id}
        GET /v1/notices/{notice_id}/steps
        GET /c2pa/v1/manifests/{manifest_id}
        GET /c2pa/v1/matches/byBinding
        POST /c2pa/v1/matches/byBinding
        POST /c2pa/v1/matches/byContent
        POST /c2pa/v1/matches/byReference
        GET /c2pa/v1/services/supportedAlgorithms
        GET /records.csv
        GET /notices.csv
        GET /records
        GET /records/{record_id}
        GET /notices
        GET /notices/{notice_id}
        """,
    ),
    (
        (Scope.RECORDS_WRITE,),
        """
        DELETE /v1/records/{record_id}
        POST /v1/records/{record_id}/amendments
        POST /v1/records/{record_id}/disputes
        POST /v1/records/{record_id}/revocations
        POST /v1/records/{record_id}/settlements
        POST /v1/records/{record_id}/transfers
        PUT /v1/records/{record_id}/publication
        DELETE /v1/records/{record_id}/publication
        POST /records/{record_id}/publication
        GET /notices/new
        POST /notices/bulk
        POST /notices
        POST /notices/{notice_id}/{step}
        POST /v1/notices
        POST /v1/notices/{notice_id}:comment
        POST /v1/notices/{notice_id}:complete
        POST /v1/notices/{notice_id}:counter
        POST /v1/notices/{notice_id}:keep-down
        POST /v1/notices/{notice_id}:refuse
        POST /v1/notices/{notice_id}:remove
        POST /v1/notices/{notice_id}:restore
        POST /v1/notices/{notice_id}:withdraw
        """,
    ),
    (
        (Scope.ARTISTS_WRITE,),
        """
        POST /v1/artists
        DELETE /v1/artists/{name}
        GET /v1/artists/{name}/reads
        POST /artists
        POST /artists/{artist_id}/consents
        POST /artists/{artist_id}/consents/revoke
        GET /enrolments/{enrolment_id}
        POST /v1/artists/{name}/consents
        POST /v1/artists/{name}/consents/revocations
        GET /v1/enrolments/{enrolment_id}
        POST /v1/enrolments/{enrolment_id}/cancel
        """,
    ),
    (
        (Scope.ADMIN,),
        """
        GET /holds.csv
        GET /keys.csv
        GET /tenants.csv
        GET /members.csv
        GET /webhooks.csv
        GET /webhooks/{webhook_id}.csv
        POST /v1/keys
        GET /v1/keys
        DELETE /v1/keys/{key_id}
        POST /v1/keys/{key_id}:rotate
        GET /v1/tenants/{tenant}/keys
        DELETE /v1/tenants/{tenant}/keys/{key_id}
        GET /v1/members
        POST /v1/members
        GET /v1/members/{member_id}
        DELETE /v1/members/{member_id}
        POST /v1/members/{member_id}:change-role
        POST /v1/members/{member_id}:suspend
        POST /v1/members/{member_id}:resume
        POST /v1/webhooks
        GET /v1/webhooks
        GET /v1/webhooks/{webhook_id}
        DELETE /v1/webhooks/{webhook_id}
        GET /v1/webhooks/{webhook_id}/deliveries
        POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}:replay
        POST /v1/webhooks/{webhook_id}:disable
        POST /v1/webhooks/{webhook_id}:enable
        POST /v1/webhooks/{webhook_id}:rotate
        GET /v1/tenants
        POST /v1/tenants
        GET /v1/tenants/{tenant}
        POST /v1/tenants/{tenant}:suspend
        POST /v1/tenants/{tenant}:resume
        GET /v1/retention
        PUT /v1/retention
        GET /v1/holds
        POST /v1/holds
        GET /v1/holds/{hold_id}
        POST /v1/holds/{hold_id}:release
        GET /retention
        GET /retention/change
        POST /retention
        GET /holds
        POST /holds
        GET /holds/{hold_id}
        POST /holds/{hold_id}/release
        GET /tenants
        POST /tenants
        GET /tenants/{tenant}
        POST /tenants/{tenant}/keys
        POST /tenants/{tenant}/suspend
        POST /tenants/{tenant}/resume
        GET /members
        POST /members
        POST /members/{member_id}/{step}
        GET /keys
        POST /keys
        POST /keys/{key_id}/rotate
        POST /keys/{key_id}/revoke
        GET /webhooks
        POST /webhooks
        GET /webhooks/{webhook_id}
        GET /webhooks/{webhook_id}/delete
        POST /webhooks/{webhook_id}/delete
        POST /webhooks/{webhook_id}/deliveries/{delivery_id}/replay
        POST /webhooks/{webhook_id}/disable
        POST /webhooks/{webhook_id}/enable
        """,
    ),
    (
        (Scope.POLICIES_WRITE,),
        """
        POST /v1/policies
        POST /v1/policies/{policy_id}/activate
        GET /policies/new
        POST /policies
        POST /policies/try
        GET /policies/{policy_id}/activate
        POST /policies/{policy_id}/activate
        """,
    ),
    ((Scope.TRAIL_READ,), "GET /v1/audit-events"),
    ((Scope.METRICS_READ,), "GET /metrics"),
    (tuple(Scope), "GET /v1/whoami"),
]
"""Which of some scopes a route needs; `admin` has all of them. A new private route goes in here."""
BESIDES = {"POST /notices": Scope.RECORDS_READ}
"""What a page needs besides, to show again what it was sent."""
OPEN = """
    GET /
    GET /.well-known/oauth-authorization-server
    GET /.well-known/trackmark-keys.json
    POST /oauth/token
    GET /c2pa/v1/services/capabilities
    GET /docs
    GET /healthz
    GET /log
    POST /language
    GET /log/{index}
    GET /readyz
    GET /v1/log/checkpoint
    GET /v1/log/entries/{index}
    GET /v1/log/handovers
    GET /v1/log/key
    GET /v1/log/proofs/consistency
    GET /v1/log/proofs/inclusion
    GET /v1/log/tile/{path}
    GET /v1/log/witnessed
    GET /verify
    OPTIONS /v1/uploads
    OPTIONS /v1/uploads/{upload_id}
    GET /sign-in/begin
    GET /sign-in/callback
    POST /sign-in
    POST /sign-in/tenant
    POST /sign-out
    POST /v1/verify
    POST /v1/verify/claims
"""
"""Routes that ask nobody who they are."""


def routes(client: TestClient) -> dict[str, bool]:
    """Every route, those outside of the OpenAPI document too: whether it asks who comes."""
    app: Any = client.app
    return {
        f"{method} {route.path_format}": asks_who(route.dependant)
        for route in iter_route_contexts(app.routes)
        for method in route.methods or ()
        if getattr(route, "dependant", None) is not None
    }


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def wanted() -> dict[str, frozenset[Scope]]:
    return {line: frozenset(scopes) for scopes, text in NEEDED for line in lines(text)}


def test_every_route_is_in_the_walk(client: TestClient) -> None:
    found = routes(client)
    assert {name for name, private in found.items() if private} == wanted().keys()
    assert {name for name, private in found.items() if not private} == set(lines(OPEN))
    assert sum(len(lines(text)) for _, text in NEEDED) == len(wanted())  # none is there twice


def test_a_key_reaches_what_its_scope_names_and_nothing_else(client: TestClient) -> None:
    bare = TestClient(client.app, base_url=URL, raise_server_exceptions=False)
    keys = {scope: key(client, scope) for scope in Scope}
    before = parts(client).jobs.newest(tenant="default", state=None, limit=9)
    for name, scopes in wanted().items():
        method, path = name.split()
        url = re.sub(r"\{\w+\}", "1", path)
        for scope in Scope:
            answer = bare.request(method, url, headers=keys[scope])
            reached = (scope in scopes and name not in BESIDES) or scope is Scope.ADMIN
            assert (answer.status_code != 403) == reached, (name, scope, answer.text[:200])
            if not reached and path.startswith(("/v1/", "/c2pa/")):
                assert answer.json()["code"] == "forbidden", name
    assert parts(client).jobs.newest(tenant="default", state=None, limit=9) == before


def test_both_scopes_reach_a_page_that_needs_two(client: TestClient) -> None:
    bare = TestClient(client.app, base_url=URL, raise_server_exceptions=False)
    for name, more in BESIDES.items():
        method, path = name.split()
        both = key(client, more, *(scope for scope in wanted()[name]))
        assert bare.request(method, path, headers=both).status_code != 403, name


@pytest.mark.parametrize("missing", [scope for scope in Scope if scope is not Scope.ADMIN])
def test_all_other_scopes_do_not_make_up_for_one(client: TestClient, missing: Scope) -> None:
    bare = TestClient(client.app, base_url=URL, raise_server_exceptions=False)
    rest = key(client, *(scope for scope in Scope if scope not in (missing, Scope.ADMIN)))
    for name, scopes in wanted().items():
        method, path = name.split()
        if scopes <= {missing, Scope.ADMIN}:
            assert bare.request(method, re.sub(r"\{\w+\}", "1", path), headers=rest).status_code == 403, name
