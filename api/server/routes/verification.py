"""Verification for everybody: who holds a report learns whether this registry signed it. Nothing is kept."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.report.report import CheckedReport, verify_signed
from api.server.parts import PartsDep
from api.server.route import Route
from api.server.routes.openapi import problems
from api.server.schemas import Model

router = APIRouter(prefix="/v1/verify", tags=["verify"], route_class=Route)


class VerifiedReport(Model):
    """A report whose signature, record and checkpoint were checked with this registry's keys."""

    verified: bool = Field(description="always true: what does not verify is a problem", examples=[True])
    keyid: str = Field(description="the key that signed it", examples=["ab" * 32])
    report_id: str
    created_at: str = Field(examples=["2026-11-22T13:00:00Z"])
    audited_file: dict[str, Any] = Field(description="name, SHA-256 and container of the file it is about")
    decision: dict[str, Any] = Field(description="action and rules")
    record_id: str | None = Field(
        description="the record inside, verified too", examples=["5f1c0a9e33b2d417"]
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
