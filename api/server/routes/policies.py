"""Policies: kept in every version, tried on past audits, put in force."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from fastapi import Path as PathParameter
from pydantic import ConfigDict, Field

from api.audit.decision import Action
from api.audit.policy_text import MAX_BYTES
from api.policies.policies import DEFAULT, Activation, Kept, Policies
from api.policies.trying import MOST, Trial, try_out
from api.server.idempotency import made_by
from api.server.listing import ShortPaging, Sort, in_utc
from api.server.parts import AuditReader, PartsDep, PolicyWriter
from api.server.preconditions import IfMatch, precondition
from api.server.route import Route
from api.server.routes.openapi import problems
from api.server.schemas import Model, Words
from core import clock

router = APIRouter(prefix="/v1/policies", tags=["policies"], route_class=Route)
EXAMPLE = """[policy]
name = "our-label"
version = "2026-11-28"

[[rule]]
id = "unknown-mark"
action = "review"
says = "The file carries a mark that no record has."
in_force_from = 2026-11-28
last_checked = 2026-11-28
when = [{ field = "ownership.status", is = "unknown_mark" }]
"""
PolicyId = Annotated[
    str,
    PathParameter(
        pattern=f"^({DEFAULT}|[0-9a-f]{{16}})$",
        description=f"`{DEFAULT}` is the one that ships with Trackmark",
        examples=["3f9a1c2b5d6e7f80"],
    ),
]


class PolicyRequest(Model):
    """A policy to keep."""

    text: str = Field(min_length=1, max_length=MAX_BYTES, description="as TOML", examples=[EXAMPLE])


class ActivationRequest(Model):
    """Why a policy is put in force."""

    reason: Words | None = Field(default=None, examples=["agreed with the rights team"])


class ActivationAnswer(Model):
    """When and by whom a policy was put in force."""

    at: datetime
    who: str = Field(description="name of the key that was used", examples=["rights desk"])
    reason: str | None

    @classmethod
    def of(cls, found: Activation | None) -> "ActivationAnswer | None":
        """As clients see it."""
        return None if found is None else cls(**vars(found))


class PolicyAnswer(Model):
    """A policy that is kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "3f9a1c2b5d6e7f80",
                    "name": "our-label",
                    "version": "2026-11-28",
                    "sha256": "ab" * 32,
                    "rules": 12,
                    "in_force": True,
                    "created_at": "2026-11-28T10:00:00Z",
                    "who": "rights desk",
                    "activated": {"at": "2026-11-28T11:00:00Z", "who": "rights desk", "reason": None},
                    "links": {"self": "/v1/policies/3f9a1c2b5d6e7f80"},
                }
            ]
        }
    )

    id: str
    name: str
    version: str
    sha256: str = Field(description="of the text, as findings and reports name it: `policy_sha256`")
    rules: int = Field(description="how many")
    in_force: bool = Field(description="whether it decides audits that bring no policy of their own")
    created_at: datetime | None = Field(description="when it was sent in; null of the default policy")
    who: str | None = Field(description="name of the key that it was sent with")
    activated: ActivationAnswer | None = Field(description="when it was last put in force")
    links: dict[str, str]

    @classmethod
    def of(cls, kept: Kept) -> "PolicyAnswer":
        """The policy as its tenant sees it."""
        return cls(**_told(kept))


class PolicyText(PolicyAnswer):
    """A policy with its text."""

    text: str = Field(description="as TOML, as it was sent in", examples=[EXAMPLE])


class PolicyList(Model):
    """The policies that were sent in, newest first unless sorted otherwise."""

    items: list[PolicyAnswer]
    in_force: str = Field(description="id of the policy that decides now", examples=[DEFAULT])
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])


class TrialRequest(Model):
    """On which audits a policy is tried: the newest ones between two moments."""

    limit: int = Field(default=MOST, ge=1, le=MOST, description="how many audits at most")
    created_from: datetime | None = Field(default=None, description="asked for at this moment or later")
    created_to: datetime | None = Field(default=None, description="asked for before this moment")


class OutcomeAnswer(Model):
    """How many audits were decided so, and would be decided so."""

    was: Action
    would: Action
    audits: int = Field(examples=[3])


class ChangeAnswer(Model):
    """An audit that would be decided otherwise."""

    audit_id: str
    file: str = Field(description="escape it before display", examples=["song.wav"])
    was: Action
    would: Action
    rules: list[str] = Field(description="ids of the rules that would apply", examples=[["unknown-mark"]])
    policy: str = Field(description="by which it was decided", examples=["trackmark-default 2026-11-28.3"])
    links: dict[str, str]


class TrialAnswer(Model):
    """What a policy would change. Nothing was written, and no audit, case or report is any different."""

    policy_id: str
    sha256: str
    on: date = Field(description="the day by which its rules are dated: today")
    audits: int = Field(description="how many were tried", examples=[120])
    changed: int = Field(description="how many would be decided otherwise", examples=[3])
    outcomes: list[OutcomeAnswer]
    changes: list[ChangeAnswer]

    @classmethod
    def of(cls, policy_id: str, sha256: str, on: date, trial: Trial) -> "TrialAnswer":
        """The trial as clients see it."""
        return cls(
            policy_id=policy_id,
            sha256=sha256,
            on=on,
            audits=trial.audits,
            changed=len(trial.changes),
            outcomes=[
                OutcomeAnswer(was=was, would=would, audits=count)
                for (was, would), count in sorted(trial.outcomes.items())
            ],
            changes=[
                ChangeAnswer(**vars(one), links={"audit": f"/v1/audits/{one.audit_id}"})
                for one in trial.changes
            ],
        )


@router.post(
    "",
    status_code=201,
    operation_id="createPolicy",
    summary="Keep a policy",
    responses=problems(409, 413, 422),
)
def create(wanted: PolicyRequest, request: Request, parts: PartsDep, caller: PolicyWriter) -> PolicyAnswer:
    """Keep a policy, under a name and version that no other has. It decides nothing until it is activated."""
    policies = Policies.of(parts.registry.engine, caller.tenant)
    return PolicyAnswer.of(policies.keep(wanted.text, caller.actor, made_by(request)))


@router.get("", operation_id="listPolicies", summary="List policies", responses=problems(422))
def list_policies(
    response: Response,
    parts: PartsDep,
    caller: AuditReader,
    paging: ShortPaging,
    sort: Sort = "-created_at",
) -> PolicyList:
    """Every version of every policy that the tenant sent in; none is ever changed or removed."""
    policies = Policies.of(parts.registry.engine, caller.tenant)
    shown, more = paging.short(sort).page(
        policies.listed(),
        lambda one: (one.id, one.name, one.created_at or clock.now()),
        (caller.tenant, "policies"),
        parts.cursors,
    )
    in_force = policies.in_force()
    response.headers["ETag"] = f'"{in_force}"'
    return PolicyList(items=[PolicyAnswer.of(one) for one in shown], in_force=in_force, next=more)


@router.get("/{policy_id}", operation_id="getPolicy", summary="Read a policy", responses=problems(404, 422))
def get(policy_id: PolicyId, parts: PartsDep, caller: AuditReader) -> PolicyText:
    """A policy with its text."""
    policies = Policies.of(parts.registry.engine, caller.tenant)
    return PolicyText(**_told(policies.get(policy_id)), text=policies.text(policy_id))


@router.post(
    "/{policy_id}/dry-run",
    operation_id="tryPolicy",
    summary="Try a policy on past audits",
    responses=problems(404, 422),
)
def dry_run(
    policy_id: PolicyId,
    parts: PartsDep,
    caller: AuditReader,
    asked: Annotated[TrialRequest, Body(default_factory=TrialRequest)],
) -> TrialAnswer:
    """Decide past audits again from what they found: how many, and which, would be decided otherwise."""
    policy = Policies.of(parts.registry.engine, caller.tenant).read(policy_id)
    on = clock.now().date()
    trial = try_out(
        parts.registry.engine,
        caller.tenant,
        policy,
        on=on,
        limit=asked.limit,
        since=in_utc("created_from", asked.created_from),
        until=in_utc("created_to", asked.created_to),
    )
    return TrialAnswer.of(policy_id, policy.sha256, on, trial)


@router.post(
    "/{policy_id}/activate",
    operation_id="activatePolicy",
    summary="Put a policy in force",
    responses=problems(404, 412, 422, 428),
)
def activate(
    policy_id: PolicyId,
    request: Request,
    parts: PartsDep,
    caller: PolicyWriter,
    asked: Annotated[ActivationRequest, Body(default_factory=ActivationRequest)],
    if_match: IfMatch = None,
) -> PolicyAnswer:
    """Have a policy decide every audit that is decided from now on and brings none of its own.

    What was decided before stays. `default` goes back to the policy that ships with Trackmark. `If-Match` is
    the `ETag` of the list: the policy that is in force.
    """
    policies = Policies.of(parts.registry.engine, caller.tenant)
    seen = precondition(request, parts, if_match, "list of policies").expected
    return PolicyAnswer.of(policies.activate(policy_id, caller.actor, asked.reason, instead_of=seen))


def _told(kept: Kept) -> dict[str, Any]:
    told = {**vars(kept), "activated": ActivationAnswer.of(kept.activated)}
    return {**told, "links": {"self": f"{router.prefix}/{kept.id}"}}
