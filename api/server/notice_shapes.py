"""Shapes of notices: what is asked of them and answered."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from api.docket.step import Step
from api.law.law import shipped
from api.notices.forms import FORMS, FormName, missing
from api.notices.notice import Kind, Notice, State, deadlines
from api.server.schemas import Model, Words
from core import clock

NO_ADVICE = "Days are computed from the law as this release knows it; this is not legal advice."
On = Annotated[date | None, Field(description="the day on which it happened; today (UTC) otherwise")]


class Elements(Model):
    """What a notice or a counter-notice holds; `GET /v1/notices/forms` tells which form has which."""

    signature: Words | None = Field(default=None, examples=["Ada Lovelace"])
    person: Words | None = Field(default=None, description="whose voice or likeness it is")
    work: Words | None = Field(default=None, description="the work that is concerned")
    material: Words | None = Field(default=None, examples=["the track 'Night Drive'"])
    location: Words | None = Field(default=None, examples=["https://platform.example/track/1"])
    contact: Words | None = Field(default=None, examples=["1 Main Street, London; ada@example.org"])
    good_faith: bool | None = None
    authority: bool | None = None
    reference: Words | None = Field(default=None, examples=["https://ada.example/voice"])
    mistake: bool | None = Field(default=None, description="of a counter-notice")
    jurisdiction: bool | None = Field(default=None, description="of a counter-notice")
    action: Words | None = Field(default=None, description="of a counter-notice: the action that was filed")

    def given(self) -> dict[str, Any]:
        """What was said."""
        return self.model_dump(exclude_none=True)


class NoticeRequest(Model):
    """A notice that came in."""

    form: FormName
    elements: Elements
    received_on: On = None
    audit_id: str | None = Field(default=None, max_length=36, description="an audit of the material")
    record_id: str | None = Field(default=None, max_length=16, description="the record that is concerned")


class CompletionRequest(Model):
    """Elements that were missing, or are put right."""

    elements: Elements


class NoticeCommentRequest(Model):
    """Something to be remembered, such as whom one told what."""

    text: Words = Field(examples=["Told the uploader by mail."])


class ActRequest(Model):
    """Something that was done, outside Trackmark, and why."""

    reason: Words = Field(examples=["Taken down; the uploader was told the same day."])
    on: On = None


class CounterRequest(Model):
    """A counter-notice, which must be complete."""

    elements: Elements
    on: On = None


class DueAnswer(Model):
    """A day that the law sets, and where."""

    id: str = Field(examples=["restore-latest"])
    says: str = Field(examples=["The last day on which the material is put back."])
    on: date
    passed: bool = Field(description="whether the day is over (UTC)")
    rule: str = Field(examples=["us-dmca-512"])
    article: str = Field(examples=["512(g)(2)(C)"])
    source: str = Field(examples=["https://www.copyright.gov/title17/92chap5.html#512"])
    last_checked: date = Field(description="day on which a person last compared the rule with its source")
    pending: bool = Field(description="true: of a bill, not of a law")


class NoticeAnswer(Model):
    """A notice as it stands."""

    id: str = Field(examples=["3f9a1c2b5d6e7f80"])
    form: FormName
    state: State
    missing: list[str] = Field(description="elements of the form that were not given", examples=[[]])
    elements: dict[str, Any]
    counter: dict[str, Any] | None = Field(description="elements of the counter-notice")
    received_on: date
    removed_on: date | None
    countered_on: date | None
    deadlines: list[DueAnswer] = Field(description=NO_ADVICE)
    audit_id: str | None
    record_id: str | None
    version: int = Field(description="steps taken; the `ETag`")
    created_at: datetime
    changed_at: datetime
    links: dict[str, str]

    @classmethod
    def of(cls, notice: Notice) -> "NoticeAnswer":
        """The notice as its tenant sees it."""
        links = {"self": f"/v1/notices/{notice.id}", "steps": f"/v1/notices/{notice.id}/steps"}
        if notice.audit_id is not None:
            links["audit"] = f"/v1/audits/{notice.audit_id}"
        if notice.record_id is not None:
            links["record"] = f"/v1/records/{notice.record_id}"
        today = clock.now().date()
        due = [DueAnswer(**vars(one), passed=one.on < today) for one in deadlines(notice, shipped())]
        told = {name: value for name, value in vars(notice).items() if name not in ("tenant", "material")}
        lacks = list(missing(FORMS[notice.form].notice, notice.elements))
        return cls(**told, missing=lacks, deadlines=due, links=links)


class NoticePage(Model):
    """Notices, newest first unless sorted otherwise."""

    items: list[NoticeAnswer]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])


class NoticeStepAnswer(Model):
    """Something that happened to a notice."""

    version: int = Field(description="of the notice behind it", examples=[2])
    type: Kind
    who: str = Field(description="name of the key that was used", examples=["rights desk"])
    key_id: str | None
    at: datetime
    said: dict[str, Any] = Field(description="elements, text, reason and day, as far as the step has them")

    @classmethod
    def of(cls, step: Step[Kind]) -> "NoticeStepAnswer":
        """The step as the tenant sees it."""
        return cls(
            version=step.version,
            type=step.type,
            who=step.who,
            key_id=step.key_id,
            at=step.created_at,
            said=dict(step.said),
        )


class NoticeStepList(Model):
    """The whole history of a notice, in order."""

    items: list[NoticeStepAnswer]


class ElementAnswer(Model):
    """An element of a form."""

    name: str = Field(examples=["good_faith"])
    letter: str = Field(description="of the rule", examples=["E"])
    says: str = Field(examples=["A belief in good faith that the use is not authorized."])
    kind: str = Field(description="`text`, or `statement`: true or not made", examples=["statement"])


class FormAnswer(Model):
    """A form: its rule as this release knows it, and its elements."""

    form: FormName
    title: str = Field(examples=["Digital Millennium Copyright Act, 17 U.S.C. 512"])
    rule: str = Field(examples=["us-dmca-512"])
    article: str = Field(examples=["512(c)(3), (g)(2), (g)(3)"])
    source: str = Field(examples=["https://www.copyright.gov/title17/92chap5.html#512"])
    standing: str = Field(examples=["a bill, not law"])
    last_checked: date
    note: str | None
    notice: list[ElementAnswer]
    counter: list[ElementAnswer]


class FormList(Model):
    """All forms."""

    items: list[FormAnswer]
    not_legal_advice: str = NO_ADVICE
