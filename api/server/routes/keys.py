"""API keys, made and revoked by admins, and the public keys that verify what we sign."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Query, Request
from fastapi.responses import JSONResponse

from api.database.tables import DEFAULT_TENANT
from api.errors import UnknownEntry
from api.server.api_keys import Caller, KeyInfo, Scope
from api.server.idempotency import made_by, seal_answer
from api.server.key_shapes import CallerAnswer, KeyAnswer, KeyList, KeyRequest, NewKeyAnswer, RotationRequest
from api.server.listing import ShortPaging, Sort
from api.server.parts import Admin, Parts, PartsDep, caller
from api.server.public_shapes import PublishedKeys
from api.server.refusals import Forbidden
from api.server.roles import role_of
from api.server.route import Route
from api.server.routes.openapi import problems
from core import clock


@dataclass
class KeyFilters:
    """What keys are found by."""

    state: Annotated[Literal["active", "expired", "revoked"] | None, Query(description="of the key")] = None
    scope: Annotated[Scope | None, Query(description="one that the key has")] = None

    def shows(self, info: KeyInfo) -> bool:
        """Whether a key is among them."""
        state = "expired" if info.expires_at is not None and info.expires_at <= clock.now() else "active"
        state = "revoked" if info.revoked_at is not None else state
        return self.state in (None, state) and (self.scope is None or self.scope in info.scopes)


KeysFound = Annotated[KeyFilters, Depends()]
Tenant = Annotated[str | None, Query(max_length=63, description="for operators; one's own otherwise")]
router = APIRouter(tags=["keys"], route_class=Route)


@router.post(
    "/v1/keys",
    status_code=201,
    operation_id="createKey",
    summary="Make an API key",
    responses=problems(409, 422),
)
def create(wanted: KeyRequest, request: Request, parts: PartsDep, caller: Admin) -> NewKeyAnswer:
    """Make an API key. The secret is in this answer and nowhere else."""
    tenant = wanted.tenant or caller.tenant
    if caller.tenant not in (tenant, DEFAULT_TENANT):
        raise Forbidden("only admins of the tenant 'default' may make keys of other tenants")
    seal_answer(request)
    made = parts.keys.create(
        wanted.name,
        wanted.granted,
        tenant=tenant,
        expires_at=wanted.expires_at,
        key_id=made_by(request),
    )
    return NewKeyAnswer.of_new(made)


@router.get("/v1/keys", operation_id="listKeys", summary="List API keys", responses=problems(404))
def list_keys(
    parts: PartsDep,
    caller: Admin,
    paging: ShortPaging,
    found: KeysFound,
    sort: Sort = "created_at",
    tenant: Tenant = None,
) -> KeyList:
    """The tenant's API keys, without their secrets; operators may name another tenant."""
    return list_of(tenant or caller.tenant, parts, caller, paging, found, sort)


@router.delete(
    "/v1/keys/{key_id}",
    status_code=204,
    operation_id="revokeKey",
    summary="Revoke an API key",
    responses=problems(404, 409),
)
def revoke(key_id: str, parts: PartsDep, caller: Admin) -> None:
    """Refuse a key from now on; operators revoke those of every tenant. The last admin key stays."""
    _revoke(key_id, parts.keys.find(key_id).tenant, parts, caller)


@router.post(
    "/v1/keys/{key_id}:rotate",
    status_code=201,
    operation_id="rotateKey",
    summary="Rotate an API key",
    responses=problems(404, 409, 422),
)
def rotate(
    key_id: str,
    request: Request,
    parts: PartsDep,
    caller: Admin,
    asked: Annotated[RotationRequest, Body(default_factory=RotationRequest)],
) -> NewKeyAnswer:
    """Make a key in this one's place: same name, scopes and end. This one works for `overlap_s` more."""
    tenant = parts.keys.find(key_id).tenant
    _governs(caller, tenant)
    seal_answer(request)
    overlap = timedelta(seconds=asked.overlap_s)
    return NewKeyAnswer.of_new(parts.keys.rotate(key_id, tenant, overlap, made_by(request)))


@router.get(
    "/v1/tenants/{tenant}/keys",
    operation_id="listTenantKeys",
    summary="List a tenant's API keys",
    responses=problems(404),
)
def list_of(
    tenant: str,
    parts: PartsDep,
    caller: Admin,
    paging: ShortPaging,
    found: KeysFound,
    sort: Sort = "created_at",
) -> KeyList:
    """The API keys of any tenant, for operators: admins of the tenant `default`."""
    _governs(caller, tenant)
    keys = [info for info in parts.keys.keys(tenant) if found.shows(info)]
    short = paging.short(sort, more=f"{found.state} {found.scope}")
    shown, more = short.page(
        keys, lambda one: (one.id, one.name, one.created_at), (tenant, "keys"), parts.cursors
    )
    return KeyList(items=[KeyAnswer.of(info) for info in shown], next=more)


@router.delete(
    "/v1/tenants/{tenant}/keys/{key_id}",
    status_code=204,
    operation_id="revokeTenantKey",
    summary="Revoke a tenant's API key",
    responses=problems(404, 409),
)
def revoke_of(tenant: str, key_id: str, parts: PartsDep, caller: Admin) -> None:
    """Refuse a key of any tenant from now on, for operators."""
    _governs(caller, tenant)
    _revoke(key_id, tenant, parts, caller)


@router.get("/v1/whoami", operation_id="getCaller", summary="Who am I", responses=problems())
def whoami(parts: PartsDep, who: Annotated[Caller, Depends(caller)]) -> CallerAnswer:
    """Whose data the caller sees and what the key may do; any good key may ask."""
    info = None if who.key_id is None else parts.keys.find(who.key_id)
    return CallerAnswer(
        tenant=who.tenant,
        scopes=sorted(who.scopes),
        role=role_of(who.scopes),
        key_id=who.key_id,
        name=who.name if info is None else info.name,
        expires_at=None if info is None else info.expires_at,
    )


def _governs(caller: Caller, tenant: str) -> None:
    """Keep admins to their own tenant, but for operators; other tenants are not even there for them."""
    if caller.tenant not in (tenant, DEFAULT_TENANT):
        raise UnknownEntry("no such tenant or key here")


def _revoke(key_id: str, tenant: str, parts: Parts, caller: Caller) -> None:
    _governs(caller, tenant)
    parts.keys.revoke(key_id, tenant, by_operator=caller.tenant == DEFAULT_TENANT)


@router.get(
    "/.well-known/trackmark-keys.json",
    operation_id="getPublicKeys",
    summary="Public keys",
    response_class=JSONResponse,
    responses={200: {"model": PublishedKeys, "description": "save it as keys.json for offline verification"}},
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
