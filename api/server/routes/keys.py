"""API keys, made and revoked by admins, and the public keys that verify what we sign."""

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.database.tables import DEFAULT_TENANT
from api.errors import Forbidden
from api.server.idempotency import Once
from api.server.parts import Admin, PartsDep
from api.server.route import Route
from api.server.routes.openapi import IDEMPOTENCY_KEY, problems
from api.server.schemas import KeyAnswer, KeyList, KeyRequest, NewKeyAnswer

router = APIRouter(tags=["keys"], route_class=Route)


@router.post(
    "/v1/keys",
    status_code=201,
    operation_id="createKey",
    summary="Make an API key",
    responses=problems(409, 422),
    openapi_extra={"parameters": [IDEMPOTENCY_KEY]},
)
def create(wanted: KeyRequest, request: Request, parts: PartsDep, caller: Admin) -> NewKeyAnswer:
    """Make an API key. The secret is in this answer and nowhere else."""
    request.state.confidential = True
    once: Once | None = getattr(request.state, "once", None)
    tenant = wanted.tenant or caller.tenant
    if tenant != caller.tenant and caller.tenant != DEFAULT_TENANT:
        raise Forbidden("only admins of the tenant 'default' may make keys of other tenants")
    made = parts.keys.create(
        wanted.name,
        frozenset(wanted.scopes),
        tenant=tenant,
        expires_at=wanted.expires_at,
        key_id=None if once is None else once.event[:16],
    )
    return NewKeyAnswer(**KeyAnswer.of(made.info).model_dump(), secret=made.secret)


@router.get("/v1/keys", operation_id="listKeys", summary="List API keys", responses=problems())
def list_keys(parts: PartsDep, caller: Admin) -> KeyList:
    """The tenant's API keys, without their secrets."""
    return KeyList(items=[KeyAnswer.of(info) for info in parts.keys.keys(caller.tenant)])


@router.delete(
    "/v1/keys/{key_id}",
    status_code=204,
    operation_id="revokeKey",
    summary="Revoke an API key",
    responses=problems(404),
)
def revoke(key_id: str, parts: PartsDep, caller: Admin) -> None:
    """Refuse a key from now on."""
    parts.keys.revoke(key_id, caller.tenant)


@router.get(
    "/.well-known/trackmark-keys.json",
    operation_id="getPublicKeys",
    summary="Public keys",
    response_class=JSONResponse,
    responses={200: {"description": "save it as keys.json for offline verification"}},
)
def published(parts: PartsDep) -> JSONResponse:
    """Every public key of this server by purpose, in the form that the offline verifier reads."""
    body: dict[str, Any] = json.loads(parts.registry.keys.published.trusted().to_json())
    body["keys"] = [
        {
            "keyid": one.key.keyid,
            "purpose": one.purpose,
            "algorithm": one.key.algorithm,
            "public_pem": one.key.pem.decode(),
            "created_at": one.created_at.isoformat(),
            "revoked_at": None if one.revoked_at is None else one.revoked_at.isoformat(),
        }
        for one in parts.registry.keys.published.all()
    ]
    body["c2pa_trust_anchor"] = next(iter(parts.registry.keys.published.credential_anchors()), None)
    return JSONResponse(body)
