"""How long a tenant keeps what, and the legal holds that keep things longer."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as PathParameter
from pydantic import Field

from api.retention import rules
from api.retention.holds import Held, Hold, Holds
from api.retention.rules import MOST_DAYS, Days, Rule
from api.server.idempotency import made_by
from api.server.listing import ShortPaging, Sort
from api.server.parts import Admin, PartsDep
from api.server.preconditions import IfMatch, precondition
from api.server.route import Route
from api.server.routes.openapi import problems
from api.server.schemas import Model, Words

router = APIRouter(prefix="/v1", tags=["retention"], route_class=Route)
HoldId = Annotated[str, PathParameter(pattern="^[0-9a-f]{16}$", examples=["3f9a1c2b5d6e7f80"])]
Count = Annotated[int | None, Field(ge=1, le=MOST_DAYS, examples=[365])]


def _mine(hold_id: HoldId, parts: PartsDep, caller: Admin) -> Hold:
    """Refuse a foreign hold before its body is looked at: a stranger learns nothing from a 422."""
    return Holds.of(parts.registry.engine, caller.tenant).get(hold_id)


Mine = Annotated[Hold, Depends(_mine)]


class RetentionRequest(Model):
    """For how many days what is kept; null: until somebody erases it, which nobody means by silence."""

    audio_days: Count = Field(description="retained audio, from the end of its job")
    reports_days: Count = Field(description="audits and comparisons whole, from their end")
    voices_days: Count = Field(description="voice prints with consents, from the enrolment")
    tagged_days: Count = Field(description="tagged files, from the end of the tagging; its record stays")


class RetentionAnswer(RetentionRequest):
    """What is set."""

    changed_at: datetime | None = Field(description="null where nothing was ever set")
    who: str | None = Field(description="name of the key that it was set with", examples=["rights desk"])

    @classmethod
    def of(cls, rule: Rule) -> "RetentionAnswer":
        """The rule as its tenant sees it."""
        days = {f"{name}_days": count for name, count in vars(rule.days).items()}
        return cls(**days, changed_at=rule.changed_at, who=rule.who)


class HoldRequest(Model):
    """Something to hold."""

    kind: Held = Field(examples=["case"])
    id: str = Field(min_length=1, max_length=36, description="its id", examples=["3f9a1c2b5d6e7f80"])
    reason: Words = Field(examples=["Example Records v. A Distributor, our file 17/2026"])


class ReleaseRequest(Model):
    """Why a hold ends."""

    reason: Words = Field(examples=["settled"])


class HoldAnswer(Model):
    """A legal hold."""

    id: str = Field(examples=["3f9a1c2b5d6e7f80"])
    kind: Held
    object_id: str = Field(description="of the audit, case, record or artist")
    reason: str = Field(examples=["Example Records v. A Distributor, our file 17/2026"])
    placed_at: datetime
    who: str = Field(description="name of the key that it was placed with", examples=["legal"])
    released_at: datetime | None = Field(description="null while it is in force")
    released_by: str | None
    released_reason: str | None
    links: dict[str, str]

    @classmethod
    def of(cls, hold: Hold) -> "HoldAnswer":
        """The hold as its tenant sees it."""
        places = {"audit": "audits", "case": "cases", "record": "records", "artist": "artists"}
        links = {"self": f"/v1/holds/{hold.id}", hold.kind: f"/v1/{places[hold.kind]}/{hold.object_id}"}
        return cls(**{name: value for name, value in vars(hold).items() if name != "tenant"}, links=links)


class HoldList(Model):
    """Legal holds, newest first unless sorted otherwise."""

    items: list[HoldAnswer]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])


@router.get("/retention", operation_id="getRetention", summary="How long what is kept", responses=problems())
def get_rule(response: Response, parts: PartsDep, caller: Admin) -> RetentionAnswer:
    """For how many days the tenant keeps audio, reports, voice prints and tagged files."""
    return _tagged(rules.of(parts.registry.engine, caller.tenant), response)


@router.put(
    "/retention",
    operation_id="setRetention",
    summary="Set how long what is kept",
    responses=problems(412, 422, 428),
)
def set_rule(
    wanted: RetentionRequest,
    request: Request,
    response: Response,
    parts: PartsDep,
    caller: Admin,
    if_match: IfMatch = None,
) -> RetentionAnswer:
    """Set all four numbers. What is due and not held ends with the next sweep, within ten minutes."""
    days = Days(wanted.audio_days, wanted.reports_days, wanted.voices_days, wanted.tagged_days)
    seen = precondition(request, parts, if_match, "retention").expected
    engine = parts.registry.engine
    return _tagged(rules.put(engine, caller.tenant, days, caller.actor, seen), response)


def _tagged(rule: Rule, response: Response) -> RetentionAnswer:
    response.headers["ETag"] = f'"{rule.tag}"'
    return RetentionAnswer.of(rule)


@router.post(
    "/holds",
    status_code=201,
    operation_id="placeHold",
    summary="Place a legal hold",
    responses=problems(404, 422),
)
def place(wanted: HoldRequest, request: Request, parts: PartsDep, caller: Admin) -> HoldAnswer:
    """Keep an audit, a case with its audit, a record with audits that found it, or a voice from erasure."""
    holds = Holds.of(parts.registry.engine, caller.tenant)
    return HoldAnswer.of(holds.place(wanted.kind, wanted.id, wanted.reason, caller.actor, made_by(request)))


@router.get("/holds", operation_id="listHolds", summary="List legal holds", responses=problems(422))
def list_holds(
    parts: PartsDep,
    caller: Admin,
    paging: ShortPaging,
    sort: Sort = "-created_at",
    state: Annotated[Literal["in_force", "released"] | None, Query(description="of the hold")] = None,
) -> HoldList:
    """Every hold of the tenant, the released ones too; `name` and `q` look into the reasons."""
    found = Holds.of(parts.registry.engine, caller.tenant).listed()
    if state is not None:
        found = [one for one in found if (one.released_at is None) == (state == "in_force")]
    shown, more = paging.short(sort, more=str(state)).page(
        found, lambda one: (one.id, one.reason, one.placed_at), (caller.tenant, "holds"), parts.cursors
    )
    return HoldList(items=[HoldAnswer.of(one) for one in shown], next=more)


@router.get(
    "/holds/{hold_id}", operation_id="getHold", summary="Read a legal hold", responses=problems(404, 422)
)
def get_hold(hold: Mine) -> HoldAnswer:
    """A legal hold."""
    return HoldAnswer.of(hold)


@router.post(
    "/holds/{hold_id}:release",
    operation_id="releaseHold",
    summary="Release a legal hold",
    responses=problems(404, 409, 422),
)
def release(asked: ReleaseRequest, hold: Mine, parts: PartsDep, caller: Admin) -> HoldAnswer:
    """End a hold; what was due meanwhile ends with the next sweep."""
    holds = Holds.of(parts.registry.engine, caller.tenant)
    return HoldAnswer.of(holds.release(hold.id, asked.reason, caller.actor))
