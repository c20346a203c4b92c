"""What an artist allows: consents to use the voice, put on file, listed, revoked."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict, Field

from api.registry.consents import WORLD, Consent, Consents, Terms
from api.server.idempotency import made_by
from api.server.parts import ArtistWriter, AuditReader, PartsDep
from api.server.route import Route
from api.server.routes.openapi import problems
from api.server.schemas import Model
from core import clock

router = APIRouter(prefix="/v1/artists/{name}/consents", tags=["artists"], route_class=Route)


class ConsentRequest(Model):
    """What is allowed, where and when."""

    model_config = ConfigDict(populate_by_name=True)

    scope: list[str] | str = Field(
        description="singing, speech, training: one or more", examples=[["singing"]]
    )
    first: date = Field(alias="from", description="first day", examples=["2026-01-01"])
    until: date | None = Field(
        default=None, description="last day; no end otherwise", examples=["2028-12-31"]
    )
    territory: list[str] | str = Field(
        default=WORLD, description="ISO 3166-1 codes, or WORLD", examples=[["DE", "FR"]]
    )
    licence: str | None = Field(default=None, description="reference to the contract", examples=["L-17"])
    evidence_sha256: str | None = Field(default=None, description="hash of the signed paper")

    def terms(self) -> Terms:
        """As the registry keeps them."""
        scope, territory = (
            (one,) if isinstance(one, str) else tuple(one) for one in (self.scope, self.territory)
        )
        return Terms(scope, self.first, self.until, territory, self.licence, self.evidence_sha256)


class RevocationRequest(Model):
    """Which consent ends, and why."""

    id: str = Field(min_length=1, max_length=64, examples=["9b1f3c5d7e9a0b2c"])
    reason: str = Field(min_length=1, max_length=1000, examples=["the contract was ended"])


class ConsentAnswer(Model):
    """A consent on file."""

    model_config = ConfigDict(populate_by_name=True)

    id: str
    scope: list[str] = Field(examples=[["singing"]])
    first: date = Field(alias="from")
    until: date | None
    territory: list[str] = Field(examples=[["DE", "FR"]])
    licence: str | None
    evidence_sha256: str | None
    created_at: datetime
    revoked_at: datetime | None
    revoked_reason: str | None
    state: str = Field(description="active, expired or revoked, today (UTC)", examples=["active"])
    flags: list[str] = Field(description="what a lawyer should look at", examples=[[]])

    @classmethod
    def of(cls, consent: Consent) -> "ConsentAnswer":
        """The consent as clients see it."""
        return cls(
            id=consent.id,
            scope=list(consent.terms.scopes),
            **{"from": consent.terms.valid_from},
            until=consent.terms.valid_until,
            territory=list(consent.terms.territories),
            licence=consent.terms.licence,
            evidence_sha256=consent.terms.evidence_sha256,
            created_at=consent.created_at,
            revoked_at=consent.revoked_at,
            revoked_reason=consent.revoked_reason,
            state=consent.state(clock.now().date()),
            flags=list(consent.flags()),
        )


class ConsentList(Model):
    """Every consent of an artist, ended ones too, in the order of their entry."""

    items: list[ConsentAnswer]


# Dependencies, so that a stranger learns from a 404 and not from a 422 of the body.
def _readable(name: str, parts: PartsDep, caller: AuditReader) -> Consents:
    return parts.registry.for_tenant(caller.tenant).artists.consents(name)


def _writable(name: str, parts: PartsDep, caller: ArtistWriter) -> Consents:
    return parts.registry.for_tenant(caller.tenant).artists.consents(name)


Readable = Annotated[Consents, Depends(_readable)]
Writable = Annotated[Consents, Depends(_writable)]


@router.get("", operation_id="listConsents", summary="List consents", responses=problems(404))
def list_consents(consents: Readable) -> ConsentList:
    """The consents of the artist of that name or id."""
    return ConsentList(items=[ConsentAnswer.of(consent) for consent in consents.all()])


@router.post(
    "",
    status_code=201,
    operation_id="addConsent",
    summary="Add a consent",
    responses=problems(404, 409, 422),
)
def add(request: Request, consents: Writable, sent: ConsentRequest) -> ConsentAnswer:
    """Put on file what the artist allows. It is never changed: add another one, or revoke it."""
    return ConsentAnswer.of(consents.add(sent.terms(), made_by(request)))


@router.post(
    "/revocations",
    operation_id="revokeConsent",
    summary="Revoke a consent",
    responses=problems(404, 409, 422),
)
def revoke(consents: Writable, sent: RevocationRequest) -> ConsentAnswer:
    """End a consent at once and for good; audits say `revoked` from then on."""
    return ConsentAnswer.of(consents.revoke(sent.id, sent.reason))
