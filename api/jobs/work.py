"""What a job does once it runs: audit a file, or tag a track. Plain functions, run by `api.jobs.worker`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from api.audit.engines import Engines
from api.jobs.books import Job
from api.registry.registry import Registry
from api.settings import Settings
from core import clock
from core.files import write_whole
from core.progress import Progress

REPORT = "report.dsse.json"
PICTURE = "picture.png"
OUTLINE = "outline.json"
SPECTROGRAM = "spectrogram.png"
LISTENING_COPY = "listen.mp3"


@dataclass(frozen=True)
class Context:
    """Everything that one job may use.

    Attributes:
        source: the uploaded file.
        output: folder for what the job leaves behind; it exists.
        registry: bound to the job's tenant.
        progress: called with (stage, fraction done).
    """

    job: Job
    source: Path
    output: Path
    registry: Registry
    settings: Settings
    progress: Progress


def perform(engines: Engines, context: Context) -> Mapping[str, Any]:
    """Do one job's work and return its result; repeatable, since a crash may cut it short anywhere."""
    return audit(engines, context) if context.job.kind == "audit" else track(engines, context)


def audit(engines: Engines, context: Context) -> Mapping[str, Any]:
    """Audit the upload, sign the report, draw its pictures; of audio that is kept, write a copy to hear."""
    from api.audit.audit import ALL, audit_file
    from api.audit.policy import parse_policy
    from api.report.picture import picture
    from api.report.report import write_report
    from api.report.sound import draw_spectrogram, outline, write_listening_copy

    request, output = context.job.request, context.output
    policy = parse_policy(request["policy"].encode()) if request.get("policy") else None
    result = audit_file(
        context.source,
        registry=context.registry.on_behalf(_asker(request), f"audit {context.job.id}"),
        settings=as_wished(context.settings, request.get("search")),
        artist=request.get("artist"),
        policy=policy,
        checks=tuple(request.get("checks") or ALL),
        progress=context.progress,
        engines=engines,
    )
    named = replace(result, file=context.job.file_name)
    write_report(named, context.registry, output / REPORT, policy=policy)
    if named.clip is not None:
        picture(named.clip, named, output / PICTURE)
        draw_spectrogram(named.clip, output / SPECTROGRAM)
        write_whole(output / OUTLINE, json.dumps(outline(named.clip)).encode())
        if request.get("retain"):
            write_listening_copy(named.clip, output / LISTENING_COPY)
    return named.to_dict()


def as_wished(settings: Settings, search: str | None) -> Settings:
    """The service's settings, with the search that the upload asked for."""
    return settings if search is None else settings.model_copy(update={"watermark_search": search})


def _asker(request: Mapping[str, Any]) -> str:
    """Who asked for a job; one of an earlier release does not tell."""
    key = request.get("by")
    return f"API key {key}" if key else "nobody with an API key"


def track(engines: Engines, context: Context) -> Mapping[str, Any]:
    """Mark the upload, register it and write the tagged file."""
    from provenance.declaration import Declaration

    request = context.job.request
    declaration = Declaration.parse(
        request["title"],
        request["owner"],
        isrc=request.get("isrc"),
        ai=request.get("ai"),
        generator=request.get("generator"),
    )
    tagged = engines.tagger(
        context.source,
        context.output / f"tagged.{request['format']}",
        declaration,
        ledger=context.registry.ledger(),
        strength=request.get("strength", 1.0),
        progress=context.progress,
        marker=engines.marker,
        overwrite=True,  # what a former attempt of this job left behind
        record_id=request.get("record_id"),  # none in a job that an earlier release entered
        issued_at=clock.utc_text(context.job.created_at),
    )
    return {**tagged.to_dict(), "file": tagged.path.name}
