"""Tenants, entered, suspended and let in again by operators: admins of the tenant `default`."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Path as PathParameter
from pydantic import Field

from api.database.tables import DEFAULT_TENANT
from api.errors import UnknownEntry
from api.server.api_keys import Caller
from api.server.listing import ShortPaging, Sort
from api.server.parts import Admin, PartsDep
from api.server.refusals import Forbidden
from api.server.route import Route
from api.server.routes.openapi import problems
from api.server.schemas import Model, Words
from api.tenants.tenants import Tenant, Tenants
from core import clock

router = APIRouter(prefix="/v1/tenants", tags=["tenants"], route_class=Route)
PATTERN = "^[a-z0-9][a-z0-9-]{0,62}$"
TenantId = Annotated[str, PathParameter(max_length=63, examples=["label-a"])]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class TenantRequest(Model):
    """A tenant to enter."""

    tenant: str = Field(pattern=PATTERN, description="its id, as keys name it", examples=["label-a"])
    name: Name = Field(description="for people", examples=["Label A"])


class SuspensionRequest(Model):
    """Why a tenant is suspended."""

    reason: Words = Field(examples=["the contract has ended"])


class TenantAnswer(Model):
    """A tenant."""

    tenant: str = Field(examples=["label-a"])
    name: str = Field(examples=["Label A"])
    created_at: datetime | None = Field(description="null of one that nobody entered, and that has keys")
    suspended_at: datetime | None = Field(description="null while it is let in")
    suspended_by: str | None = Field(examples=[None])
    suspended_reason: str | None = Field(examples=[None])
    links: dict[str, str]

    @classmethod
    def of(cls, tenant: Tenant) -> "TenantAnswer":
        """The tenant as operators see it."""
        here = f"{router.prefix}/{tenant.tenant}"
        return cls(**vars(tenant), links={"self": here, "keys": f"{here}/keys"})


class TenantList(Model):
    """Tenants by name unless sorted otherwise."""

    items: list[TenantAnswer]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])


def _operator(caller: Admin) -> Caller:
    """Refuse whoever is an admin of some tenant only."""
    if caller.tenant != DEFAULT_TENANT:
        raise Forbidden("only admins of the tenant 'default' may govern tenants")
    return caller


def _named(tenant: TenantId, parts: PartsDep, caller: Admin) -> Tenant:
    """The tenant of an address; for admins of another one it is not there."""
    if caller.tenant not in (tenant, DEFAULT_TENANT):
        raise UnknownEntry("no such tenant here")
    return Tenants(parts.registry.engine).get(tenant)


Operator = Annotated[Caller, Depends(_operator)]
Named = Annotated[Tenant, Depends(_named)]


@router.post(
    "",
    status_code=201,
    operation_id="createTenant",
    summary="Enter a tenant",
    responses=problems(409, 422),
)
def create(wanted: TenantRequest, parts: PartsDep, caller: Operator) -> TenantAnswer:
    """Enter a tenant; `POST /v1/keys` with its id makes its first key."""
    made = Tenants(parts.registry.engine).enter(wanted.tenant, wanted.name, caller.actor)
    return TenantAnswer.of(made)


@router.get("", operation_id="listTenants", summary="List tenants", responses=problems(422))
def list_tenants(parts: PartsDep, caller: Operator, paging: ShortPaging, sort: Sort = "name") -> TenantList:
    """Every tenant that was entered or has keys."""
    shown, more = paging.short(sort).page(
        Tenants(parts.registry.engine).listed(),
        lambda one: (one.tenant, one.name, one.created_at or clock.at(0)),
        (caller.tenant, "tenants"),
        parts.cursors,
    )
    return TenantList(items=[TenantAnswer.of(one) for one in shown], next=more)


@router.get("/{tenant}", operation_id="getTenant", summary="Read a tenant", responses=problems(404))
def get(named: Named) -> TenantAnswer:
    """A tenant; its own admins may read it, too."""
    return TenantAnswer.of(named)


@router.post(
    "/{tenant}:suspend",
    operation_id="suspendTenant",
    summary="Suspend a tenant",
    responses=problems(404, 409, 422),
)
def suspend(asked: SuspensionRequest, named: Named, parts: PartsDep, caller: Operator) -> TenantAnswer:
    """Answer all its keys with `tenant-suspended`, and let its jobs wait; what runs goes on to its end."""
    return TenantAnswer.of(Tenants(parts.registry.engine).suspend(named.tenant, asked.reason, caller.actor))


@router.post(
    "/{tenant}:resume",
    operation_id="resumeTenant",
    summary="Let a tenant in again",
    responses=problems(404, 409),
)
def resume(named: Named, parts: PartsDep, caller: Operator) -> TenantAnswer:
    """Answer its keys again; jobs that waited are worked on, and none of them has expired."""
    return TenantAnswer.of(Tenants(parts.registry.engine).resume(named.tenant))
