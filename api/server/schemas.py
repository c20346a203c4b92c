"""The shapes of requests and answers, with an example each, as the OpenAPI document shows them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializationInfo,
    SkipValidation,
    WithJsonSchema,
)

from api.audit.claims import Ownership
from api.audit.decision import Decision
from api.audit.findings import CredentialsFound, MatchFound, Media, Stretch, WatermarkFound
from api.audit.heard import MusicFound, VoiceFound
from api.audit.near import Dimension, NearTrack, OriginalityFound
from api.audit.result import AuditResult, Findings
from api.jobs.job import PRIORITIES, Job, State, Written
from api.registry.artists import EnrolledArtist
from api.server.answers import problem, problem_of
from core.errors import UnreadableAudio

Words = Annotated[str, Field(min_length=1, max_length=5000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")]
"""Something that a person writes: lines of text without control characters."""

EXAMPLE = AuditResult(
    file="song.mp3",
    sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    duration_s=183.2,
    elapsed_s=4.1,
    findings=Findings(
        Media(4_396_800, "mp3", "mp3float", 192_000, 44_100, 2, truncated=False),
        WatermarkFound(True, 1e-12, "5f1c0a9e33b2d417", record_id="5f1c0a9e33b2d417"),
        CredentialsFound(),
        (
            MatchFound(
                "5f1c0a9e33b2d417",
                0.93,
                0.0,
                1.0,
                0.0,
                170.5,
                (Stretch(0.0, 183.0, 0.0, 0.0, 1.0, 0.0),),
                1e-12,
            ),
        ),
        MusicFound(0.97, 1.8, 0.004, "synthetic"),
        VoiceFound(has_voice=True, synthetic_score=0.12),
        OriginalityFound(
            heard_s=183.2,
            compared_with=811,
            left_out=14,
            same=("5f1c0a9e33b2d417",),
            recordings=71,
            melody=Dimension(
                True,
                None,
                (
                    NearTrack(
                        record_id="6a0d1bc4e2f58793",
                        title="Another Song",
                        distance=0.31,
                        closer_than=0.99712,
                        by_chance=2.34,
                        start_s=42.0,
                        end_s=58.5,
                        other_start_s=12.5,
                        other_end_s=28.0,
                        semitones=-2,
                        tempo=1.06,
                    ),
                ),
            ),
            rhythm=Dimension(reason="what begins in it does not repeat in time"),
            timbre=Dimension(measurable=True),
            structure=Dimension(reason="all parts of it are alike"),
        ),
        Ownership(
            "match", "Watermark and fingerprint both name record 5f1c0a9e33b2d417.", "5f1c0a9e33b2d417"
        ),
    ),
    decision=Decision("review", (), "trackmark-default 2026-11-28", "ab" * 32),
)
FINDINGS_EXAMPLE = EXAMPLE.to_dict()
PROBLEM_EXAMPLE = {
    **problem(UnreadableAudio("notes.zip: no audio was found in it")),
    "instance": "/v1/audits",
    "request_id": "3c1f0a9e33b2d4175f1c0a9e33b2d417",
}


class Model(BaseModel):
    """Base of our answers."""

    model_config = ConfigDict(extra="forbid")

    def as_bytes(self, *, exclude_none: bool = False) -> bytes:
        """The answer as JSON; `exclude_none` leaves out what is None."""
        return _json(self, exclude_none=exclude_none)


def _json(answer: Model, *, exclude_none: bool = False, without_kept: bool = False) -> bytes:
    """An answer as JSON; `without_kept` with null for what is `Kept`."""
    return answer.__pydantic_serializer__.to_json(
        answer, by_alias=True, exclude_none=exclude_none, context={_WITHOUT: without_kept}
    )


def _told(kept: Mapping[str, Any], info: SerializationInfo) -> dict[str, Any] | None:
    return None if info.context and info.context[_WITHOUT] else dict(kept)


_WITHOUT = "without kept"
_NO_JSON = ("NaN", "Infinity")  # words that Python writes, and JSON does not have
Kept = Annotated[
    Mapping[str, Any],
    SkipValidation,
    PlainSerializer(_told, return_type=dict[str, Any] | None),
    WithJsonSchema({"type": "object", "additionalProperties": True}),
]
"""What the books hold as JSON. It was checked when it was made, and is told as it is."""


class Said(BaseModel):
    """The words of a problem in the language that the request asked for."""

    language: str = Field(examples=["de"])
    title: str
    detail: str | None = Field(None, description="absent where only English has the words")


class Problem(BaseModel):
    """RFC 9457 problem details; `code` is stable, `detail` is for people.

    A request that asks for another language (`Accept-Language`, or the choice on our pages) is told the words
    in that language besides, in `said`.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [PROBLEM_EXAMPLE]}, extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str | None = None
    said: Said | None = None


class AuditAnswer(Model):
    """An audit: queued, running, or finished with findings or a problem."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0b8f6a52-6d1c-4a0e-9a39-6f0f7f6f8c11",
                    "state": "succeeded",
                    "stage": None,
                    "progress": 1.0,
                    "attempts": 1,
                    "priority": "normal",
                    "cancel_requested_at": None,
                    "file": "song.mp3",
                    "sha256": FINDINGS_EXAMPLE["sha256"],
                    "size_bytes": 7340032,
                    "created_at": "2026-11-22T10:00:00Z",
                    "started_at": "2026-11-22T10:00:01Z",
                    "finished_at": "2026-11-22T10:00:21Z",
                    "audio_deleted_at": "2026-11-22T10:00:21Z",
                    "findings": FINDINGS_EXAMPLE,
                    "problem": None,
                    "links": {"self": "/v1/audits/0b8f6a52-6d1c-4a0e-9a39-6f0f7f6f8c11"},
                }
            ]
        }
    )

    id: str
    state: State
    stage: str | None = Field(description="what the running audit is doing")
    progress: float = Field(ge=0, le=1)
    attempts: int = Field(description="how often it was started", examples=[1])
    priority: Literal["low", "normal", "high"] = Field(examples=["normal"])
    cancel_requested_at: datetime | None = Field(description="when it was asked to stop at its next step")
    file: str = Field(description="the file's name as uploaded: escape it before display")
    sha256: str
    size_bytes: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    audio_deleted_at: datetime | None = Field(description="when the uploaded audio was erased")
    findings: Kept | None = Field(description="as in `trackmark audit --json`")
    problem: Problem | None
    links: dict[str, str]

    @classmethod
    def of(cls, job: Job, root: str = "/v1/audits") -> "AuditAnswer":
        """The audit as clients see it."""
        links = {"self": f"{root}/{job.id}"}
        if job.state == "succeeded":
            links |= {"report": f"{root}/{job.id}/report", "picture": f"{root}/{job.id}/picture"}
        return cls(**common(job), findings=job.result, links=links)

    def as_bytes(self, *, exclude_none: bool = False) -> bytes:
        """The answer as JSON; findings go out as they are written in the books."""
        found = self.findings
        if exclude_none or not isinstance(found, Written) or any(w in found.as_written for w in _NO_JSON):
            return super().as_bytes(exclude_none=exclude_none)
        # No text in an answer holds these bytes: a quotation mark in a text is escaped.
        whole = _json(self, without_kept=True)
        return whole.replace(b'"findings":null', b'"findings":' + found.as_written.encode(), 1)


class TrackAnswer(Model):
    """A tagging: queued, running, or finished with a tagged file and its record, or a problem."""

    id: str
    state: State
    stage: str | None
    progress: float = Field(ge=0, le=1)
    attempts: int = Field(description="how often it was started", examples=[1])
    priority: Literal["low", "normal", "high"] = Field(examples=["normal"])
    cancel_requested_at: datetime | None = Field(description="when it was asked to stop at its next step")
    file: str
    sha256: str
    size_bytes: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    audio_deleted_at: datetime | None
    tagged_deleted_at: datetime | None = Field(description="when the tagged file was erased")
    title: str
    owner: str
    result: dict[str, Any] | None = Field(
        description="record_id, leaf_index, sha256 of the tagged file, snr_db, warnings",
        examples=[{"record_id": "5f1c0a9e33b2d417", "leaf_index": 7, "snr_db": 34.1, "warnings": []}],
    )
    problem: Problem | None
    links: dict[str, str]

    @classmethod
    def of(cls, job: Job) -> "TrackAnswer":
        """The tagging as clients see it."""
        links = {"self": f"/v1/tracks/{job.id}"}
        if job.state == "succeeded" and job.result is not None:
            links["record"] = f"/v1/records/{job.result['record_id']}"
            if job.tagged_deleted_at is None:
                links["file"] = f"/v1/tracks/{job.id}/file"
        request = job.request
        return cls(
            **common(job),
            tagged_deleted_at=job.tagged_deleted_at,
            title=request["title"],
            owner=request["owner"],
            result=_plain(job.result),
            links=links,
        )


class AuditPage(Model):
    """Audits, newest first."""

    items: list[AuditAnswer]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])

    def as_bytes(self, *, exclude_none: bool = False) -> bytes:
        """The page as JSON, each audit as it tells itself."""
        items = b",".join(one.as_bytes(exclude_none=exclude_none) for one in self.items)
        whole = _json(self.model_copy(update={"items": []}), exclude_none=exclude_none)
        return whole.replace(b'"items":[]', b'"items":[' + items + b"]", 1)


class TrackPage(Model):
    """Taggings, newest first."""

    items: list[TrackAnswer]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])


class ArtistAnswer(Model):
    """An enrolled voice, without the voice print."""

    id: str = Field(examples=["2f1d6c9a8b7e4f30"])
    name: str = Field(examples=["Ada Example"])
    consent: str | None = Field(
        description="reference to the artist's consent", examples=["contract 2026-17"]
    )
    created_at: datetime
    encoder: str | None = Field(
        description="what made the voice print; only prints of the server's own encoder are compared",
        examples=["resemblyzer-0.1.4"],
    )

    warnings: list[str] = Field(default=[], description="of the enrolment, told once")

    @classmethod
    def of(cls, artist: EnrolledArtist, warnings: Sequence[str] = ()) -> "ArtistAnswer":
        """The artist as clients see it."""
        return cls(
            warnings=list(warnings),
            id=artist.id,
            name=artist.name,
            consent=artist.consent,
            created_at=artist.created_at,
            encoder=artist.encoder,
        )


class ArtistList(Model):
    """Enrolled voices, by name unless sorted otherwise."""

    items: list[ArtistAnswer]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])


def common(job: Job) -> dict[str, Any]:
    """What the answers of all jobs with one file tell."""
    return {
        "id": job.id,
        "state": job.state,
        "stage": job.stage,
        "progress": job.progress,
        "attempts": job.attempts,
        "priority": next(name for name, value in PRIORITIES.items() if value == job.priority),
        "cancel_requested_at": job.cancel_requested_at,
        "file": job.file_name,
        "sha256": job.sha256,
        "size_bytes": job.size_bytes,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "audio_deleted_at": job.audio_deleted_at,
        "problem": None if job.error is None else Problem(**problem_of(job.error)),
    }


def _plain(result: Any) -> dict[str, Any] | None:
    return None if result is None else dict(result)
