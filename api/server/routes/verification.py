"""Verification for everybody: who signed a report, and who claims a file. Nothing is kept of either."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Request
from pydantic import ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.compare.comparison import Alignment
from api.registry import publications
from api.report.report import CheckedReport, verify_signed
from api.server.parts import PartsDep
from api.server.route import Route
from api.server.routes.openapi import problems
from api.server.schemas import Model

router = APIRouter(prefix="/v1/verify", tags=["verify"], route_class=Route)


_CLAIM: dict[str, Any] = {
    "record_id": "5f1c0a9e33b2d417",
    "title": "Night Drive",
    "owners": ["A Label"],
    "claim_status": "asserted",
}
_HEAD: dict[str, Any] = {
    "verified": True,
    "keyid": "ab" * 32,
    "report_id": "6e340b9cffb37a989ca544e6bb780a2c",
    "created_at": "2026-11-22T13:00:00Z",
    "claims": {},
    "checkpoint_size": 7,
    "audio_checked": False,
}
_OF_AUDIT: dict[str, Any] = {"audited_file": None, "decision": None, "record_id": None}
_OF_COMPARISON: dict[str, Any] = dict.fromkeys(("compared_files", "same_bytes", "alignment", "record_ids"))
_AUDIT: dict[str, Any] = {
    **_HEAD,
    "kind": "audit",
    "audited_file": {"name": "song.mp3", "sha256": "cd" * 32, "container": "mp3"},
    "decision": {"action": "accept", "rules": [], "policy": "trackmark-default 1"},
    "record_id": "5f1c0a9e33b2d417",
    "claims": {"file": _CLAIM},
    **_OF_COMPARISON,
}
_COMPARISON: dict[str, Any] = {
    **_HEAD,
    "kind": "comparison",
    **_OF_AUDIT,
    "compared_files": {
        "original": {"name": "song.mp3", "sha256": "cd" * 32, "container": "mp3"},
        "suspect": {"name": "clip.mp3", "sha256": "ef" * 32, "container": "mp3"},
    },
    "same_bytes": False,
    "alignment": {"outcome": "done", "reason": None, "score": 0.0, "stretches": []},
    "record_ids": {"original": "5f1c0a9e33b2d417", "suspect": None},
    "claims": {"original": _CLAIM},
}


class VerifiedClaim(Model):
    """What a record claimed when the report was made; it proves who claimed it, not that this is true."""

    record_id: str
    title: str
    owners: list[str] = Field(description="whom the record names as owners", examples=[["A Label"]])
    claim_status: str | None = Field(description="how far anybody had looked at the claim")


class VerifiedReport(Model):
    """A report whose signature, records and checkpoint were checked with this registry's keys."""

    model_config = ConfigDict(json_schema_extra={"examples": [_AUDIT, _COMPARISON]})

    verified: bool = Field(description="always true: what does not verify is a problem", examples=[True])
    kind: Literal["audit", "comparison"] = Field(
        description="what it is about: one file that was audited, or two that were compared"
    )
    keyid: str = Field(description="the key that signed it", examples=["ab" * 32])
    report_id: str
    created_at: str = Field(examples=["2026-11-22T13:00:00Z"])
    audited_file: dict[str, Any] | None = Field(
        None, description="of an audit: name, SHA-256 and container of the file it is about"
    )
    decision: dict[str, Any] | None = Field(None, description="of an audit: action and rules")
    record_id: str | None = Field(
        None, description="of an audit: the record inside, verified too", examples=["5f1c0a9e33b2d417"]
    )
    compared_files: dict[str, Any] | None = Field(
        None, description="of a comparison: the same of `original` and `suspect`"
    )
    same_bytes: bool | None = Field(None, description="of a comparison: both are the same file")
    alignment: Alignment | None = Field(None, description="of a comparison: where one is heard in the other")
    record_ids: dict[str, str | None] | None = Field(
        None, description="of a comparison: the records inside, of either file, verified too"
    )
    claims: dict[str, VerifiedClaim] = Field(
        description="who claims the audio, by the records inside: `file` of an audit; `original`, `suspect`"
    )
    checkpoint_size: int | None = Field(description="entries of the log when it was made", examples=[7])
    audio_checked: bool = Field(description="always false: no audio is sent here", examples=[False])


@router.post("", operation_id="verifyReport", summary="Verify a report", responses=problems(413, 422))
async def verify(
    request: Request,
    parts: PartsDep,
    report: Annotated[dict[str, Any], Body(description="the DSSE envelope")],
) -> VerifiedReport:
    """Check a signed report as it was downloaded, byte for byte. No key is needed, and nothing is kept of it.

    The answer rests on this server. Who does not trust it runs `trackmark verify-report` with keys of the
    registry that came another way.
    """
    data = await request.body()  # what was signed are these bytes, not what JSON makes of them

    def check() -> CheckedReport:
        return verify_signed(data, parts.registry.keys.published.trusted(), "what was sent")

    return VerifiedReport(**(await run_in_threadpool(check)).to_dict())


class FileDigest(Model):
    """Names a file without sending it."""

    sha256: str = Field(
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of the whole file, in lower-case hex digits",
        examples=["cd" * 32],
    )


class PublicClaim(Model):
    """What a record claims today, verified now; it proves who claimed it and when, not that this is true."""

    record_id: str = Field(examples=["5f1c0a9e33b2d417"])
    title: str = Field(examples=["Night Drive"])
    owners: list[str] = Field(description="whom the record names as owners", examples=[["A Label"]])
    status: str = Field(description="asserted, evidenced, disputed or revoked", examples=["asserted"])
    leaf_index: int = Field(description="the log's entry of its registration", examples=[7])
    logged_at: str = Field(
        description="when the log wrote that, by its own clock", examples=["2026-11-22T13:00:00Z"]
    )
    revision: int = Field(
        description="of the record: above 1 it was registered saying something else, and that day dates "
        "nothing that it says now",
        examples=[1],
    )
    revision_index: int = Field(description="the log's entry of that revision", examples=[7])


class PublicClaims(Model):
    """Who claims a file, as far as owners let everybody see it."""

    sha256: str = Field(examples=["cd" * 32])
    claims: list[PublicClaim] = Field(description="the first registered first")
    more: bool = Field(description="further claims are left out", examples=[False])


@router.post("/claims", operation_id="verifyFile", summary="Who claims a file", responses=problems(413, 422))
def claimed(sent: FileDigest, parts: PartsDep) -> PublicClaims:
    """Who claims the file that has this digest. No key is needed, no audio is sent, and nothing is kept.

    Only records that their owners made public answer, and only to the very file that they name: no answer
    does not mean that nobody claims it. Where one of them does not verify, none is told.
    """
    found = publications.claims(parts.registry, sent.sha256)
    return PublicClaims(
        sha256=sent.sha256,
        claims=[
            PublicClaim(
                record_id=one["record_id"],
                title=one["title"],
                owners=list(dict.fromkeys(owner["name"] for owner in one["owners"])),
                status=one["status"],
                leaf_index=one["first_index"],
                logged_at=one["logged_at"],
                revision=one["revision"],
                revision_index=one["leaf_index"],
            )
            for one in found.found
        ],
        more=found.more,
    )
