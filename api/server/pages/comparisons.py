"""Comparisons for people: two files side by side, or an audited file beside a registered track in it."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.errors import UnknownEntry
from api.jobs.job import Job
from api.jobs.work import LISTENING_COPY, OUTLINE, REPORT, of_role
from api.language import _
from api.report import words
from api.report.numbers import axis_texts
from api.report.words import comparison as said
from api.server.pages import lists, pair
from api.server.pages.rendering import ended, page, progress, refused
from api.server.parts import AuditReader, AuditWriter, Parts, PartsDep
from api.server.route import Route
from api.server.routes import comparisons
from core.errors import TrackmarkError

router = APIRouter(include_in_schema=False, route_class=Route)


@router.get("/comparisons")
def comparison_list(request: Request, parts: PartsDep, caller: AuditReader) -> Response:
    """The form, and the tenant's comparisons, newest first."""
    asked = lists.asked(request, lists.COMPARISONS)
    found = parts.lists.page("comparison", caller.tenant, lists.wanted(request, asked))
    turns = lists.turning(request, asked, found.next)
    return page(
        request,
        "comparisons.html",
        jobs=found.jobs,
        largest=parts.settings.max_upload_bytes,
        said=said,
        **turns,
    )


@router.post("/comparisons")
async def compare(request: Request, parts: PartsDep, caller: AuditWriter) -> Response:
    """The form's target: the new comparison's page, or what is wrong with the files."""
    try:
        job = await comparisons.submit(request, parts, caller)
    except TrackmarkError as error:
        return refused(request, error)
    return RedirectResponse(f"/comparisons/{job.id}", status_code=303)


@router.get("/comparisons/{comparison_id}")
def comparison(comparison_id: str, request: Request, parts: PartsDep, caller: AuditReader) -> Response:
    """Progress while it runs, both files side by side when it is done."""
    job = parts.jobs.get(comparison_id, tenant=caller.tenant, kind="comparison")
    if job.error is not None:
        return ended(request, job, by_file=True)
    if job.result is None:
        return progress(request, job, f"/v1/comparisons/{job.id}", _("Comparing"))
    found = job.result
    left = parts.worker.files.left(job)
    sides = {role: _side(role, found[role], job, parts, left) for role in ("original", "suspect")}
    report = f"/v1/comparisons/{job.id}/report" if REPORT in left else None
    shown = {"told": said.heard(found), "sides": sides, "report": report, **_laid_out(found, sides)}
    return page(request, "comparison.html", job=job, **shown)


@router.get("/audits/{audit_id}/tracks/{record_id}")
def track(audit_id: str, record_id: str, request: Request, parts: PartsDep, caller: AuditReader) -> Response:
    """An audited file beside a registered track that is heard in it, by what the audit found."""
    job = parts.jobs.get(audit_id, tenant=caller.tenant, kind="audit")
    audited = job.result or {}
    heard = (audited.get("ownership") or {}).get("tracks") or ()
    matches = {one["record_id"]: one for one in audited.get("fingerprint") or ()}
    known = next((one for one in heard if one["record_id"] == record_id), None)
    if known is None or record_id not in matches:
        raise UnknownEntry(f"audit {audit_id} found no track of record {record_id}")
    found = _of_audit(audited, known, matches[record_id])
    left = parts.worker.files.left(job)
    names = {"outline": OUTLINE, "sound": LISTENING_COPY}
    has = {part: f"/v1/audits/{job.id}/{part}" for part, name in names.items() if name in left}
    sides = {
        "original": {
            "name": str(known["title"] or record_id),
            "duration_s": None,
            "sha256": None,
            "record": record_id,
            "told": (),
            "sound": None,
            "outline": None,
        },
        "suspect": {
            "name": job.file_name,
            "duration_s": audited["duration_s"],
            "sha256": job.sha256,
            "record": None,
            "told": words.known(audited),
            "sound": has.get("sound"),
            "outline": _outline(job, OUTLINE, parts) if "outline" in has else None,
        },
    }
    laid = _laid_out(found, sides)
    told = said.heard(found)
    return page(request, "comparison.html", told=told, sides=sides, job=job, report=None, **laid)


def _of_audit(
    audited: Mapping[str, Any], track: Mapping[str, Any], match: Mapping[str, Any]
) -> dict[str, Any]:
    """What an audit found of one track, as a comparison says it."""
    stretches = [
        {
            "start_s": one["start_s"],
            "end_s": one["end_s"],
            "original_start_s": one["track_start_s"],
            "original_end_s": one["track_start_s"] + one["speed"] * (one["end_s"] - one["start_s"]),
            "speed": one["speed"],
            "pitch_semitones": one["pitch_semitones"],
            "p_value": match["p_value"],
        }
        for one in track["stretches"]
    ]
    length_s = max((one["original_end_s"] for one in stretches), default=0.0)
    return {
        "same_bytes": False,
        "alignment": {"outcome": "done", "reason": None, "score": match["score"], "stretches": stretches},
        "original": {"duration_s": length_s},
        "suspect": {"duration_s": audited["duration_s"]},
    }


def _side(
    role: str, found: Mapping[str, Any], job: Job, parts: Parts, left: frozenset[str]
) -> dict[str, Any]:
    sound, drawn = of_role(role, LISTENING_COPY), of_role(role, OUTLINE)
    return {
        "name": found["file"],
        "duration_s": found["duration_s"],
        "sha256": found["sha256"],
        "record": (found["ownership"].get("record") or {}).get("record_id"),
        "told": words.known(found),
        "sound": f"/v1/comparisons/{job.id}/{role}/sound" if sound in left else None,
        "outline": _outline(job, drawn, parts) if drawn in left else None,
    }


def _outline(job: Job, name: str, parts: Parts) -> dict[str, list[float]]:
    found: dict[str, list[float]] = json.loads(parts.worker.files.read(job, name))
    return found


def _laid_out(found: Mapping[str, Any], sides: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Both lanes and what links them, on one axis."""
    stretches = found["alignment"]["stretches"]
    lengths = {role: float(found[role]["duration_s"]) for role in sides}
    axis = pair.Axis.of(lengths["original"], lengths["suspect"], stretches)
    ends = {
        "original": (axis.x(0.0), axis.x(lengths["original"])),
        "suspect": (axis.of_suspect(0.0), axis.of_suspect(lengths["suspect"])),
    }
    outlines = {role: side["outline"] for role, side in sides.items()}
    waves = {role: pair.wave(one, *ends[role]) for role, one in outlines.items() if one is not None}
    return {
        "axis": axis,
        "marks": axis_texts(axis.start_s, axis.end_s),
        "ends": ends,
        "waves": waves,
        "links": axis.links(stretches),
        "size": (pair.WIDTH, pair.HEIGHT, pair.BETWEEN),
        "said": said,
    }
