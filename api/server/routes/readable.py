"""Signed documents as people read them: which form a client asks for, and the document in that form."""

from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.jobs.job import Kind
from api.jobs.work import PICTURE, REPORT
from api.language.catalogue import Language
from api.registry.registry import Registry
from api.report.registered import render_certificate
from api.report.rendered import MEDIA, OWN_KEYS, Form, render_report
from api.server.api_keys import Caller
from api.server.parts import Parts
from api.server.public_shapes import SignedEnvelope
from api.server.routes.job_files import File, left_behind
from api.server.routes.openapi import problems

Wish = Literal["dsse", "html", "pdf"]
FormatQuery = Annotated[
    Wish | None,
    Query(alias="format", description="`html` or `pdf` to read; without it what `Accept` prefers"),
]
LanguageQuery = Annotated[
    Language,
    Query(alias="lang", description="language of what people read; the signed file is the same in all"),
]
# What a page may do that stands by itself: nothing but show itself.
CONTENT_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
)
CONTENT: dict[str, Any] = {"text/html": {}, "application/pdf": {}}
"""For `responses=`: the media types beside the signed one."""
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "DSSE envelope; check it with `trackmark verify-report`. Or the same to read.",
        "model": SignedEnvelope,
        "content": CONTENT,
    },
    **problems(404, 409, 422),
}
"""For `responses=` of a route that answers with `report`."""


def wished(request: Request, asked: Wish | None) -> Form | None:
    """The form to read that a client wants; None for the signed file itself.

    `format` comes before `Accept`, and of equal wishes there the signed file before all others.
    """
    if asked is not None:
        return None if asked == "dsse" else asked
    weights = _accepted(request.headers.get("accept", "*/*"))
    signed = max(weights.get(name, 0.0) for name in ("application/json", "application/*", "*/*"))
    named: dict[Form, float] = {
        form: weights.get(media.partition(";")[0], 0.0) for form, media in MEDIA.items()
    }
    best = max(named, key=named.__getitem__)
    return best if named[best] > signed else None


def _accepted(header: str) -> dict[str, float]:
    """Media types of an `Accept` header with their weights (RFC 9110, 12.5.1)."""
    weights: dict[str, float] = {}
    for item in header.split(","):
        media, *parameters = (part.strip().lower() for part in item.split(";"))
        quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        try:
            weights[media] = min(1.0, max(0.0, float(quality)))
        except ValueError:
            weights[media] = 0.0
    return weights


async def certified(
    form: Form, record_id: str, registry: Registry, parts: Parts, caller: Caller, *, language: Language
) -> Response:
    """A certificate of a record in a form to read.

    Raises:
        UnknownEntry, VerificationError, RecordError, TypesettingError, TooManyRequests: as they say.
    """

    def made() -> bytes:
        return render_certificate(form, registry, record_id, parts.settings.public_url, language)

    async with parts.gates.typesetting.entered(caller.tenant):
        content = await run_in_threadpool(made)
    return document(form, content, f"{record_id}-certificate", language)


async def report(
    kind: Kind,
    job_id: str,
    request: Request,
    parts: Parts,
    caller: Caller,
    asked: Wish | None,
    language: Language,
) -> Response:
    """The signed report of an audit or of a comparison, or the same in a form to read, as `wished`.

    Raises:
        ConflictingEntry: the job is not finished.
        UnknownEntry: there is none, or it left no report.
        StoreUnavailable, StoredFileLost: it cannot be had from the object store.
        VerificationError: it does not verify with the keys of this registry.
        TypesettingError: the PDF cannot be made.
        TooManyRequests: too many PDFs of the tenant are under way.
    """

    form, name = wished(request, asked), f"{job_id}.{REPORT}"

    def signed() -> Response:
        file = File(REPORT, "application/json", name)
        return left_behind(kind, job_id, request, parts, caller, lambda _job: file)

    found = await run_in_threadpool(signed)
    if form is None or found.status_code >= 400:
        found.headers["Vary"] = "Accept"
        return found
    job = await run_in_threadpool(parts.jobs.get, job_id, tenant=caller.tenant, kind=kind)

    def made() -> bytes:
        keys = parts.registry.keys.published.trusted()
        with parts.worker.files.output_at_hand(job, (REPORT, PICTURE)) as folder:
            picture = folder / PICTURE
            return render_report(
                form, folder / REPORT, keys, OWN_KEYS, picture=picture, name=name, language=language
            )

    async with parts.gates.typesetting.entered(caller.tenant):
        content = await run_in_threadpool(made)
    return document(form, content, name.partition(".")[0], language)


def document(form: Form, content: bytes, stem: str, language: Language) -> Response:
    """A page to be shown, or a PDF under the name of what it repeats."""
    headers = {"Content-Disposition": f'inline; filename="{stem}.{form}"', "Content-Language": language}
    if form == "html":
        headers["Content-Security-Policy"] = CONTENT_POLICY
    return Response(content, media_type=MEDIA[form], headers={**headers, "Vary": "Accept"})
