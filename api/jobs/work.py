"""What a job does once it runs: audit a file, or tag a track. Plain functions, run by `api.jobs.worker`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.jobs.books import Job
from api.registry.registry import Registry
from api.settings import Settings
from core import clock
from core.progress import Progress

if TYPE_CHECKING:
    from api.audit.findings import AuditResult
    from provenance.tag import Tagged

Auditor = Callable[..., "AuditResult"]
"""Called like `api.audit.audit.audit_file`."""
Tagger = Callable[..., "Tagged"]
"""Called like `provenance.tag.tag`."""
Enroller = Callable[[Sequence[Path], Settings], bytes]
"""Recordings of one artist to the bytes of a voice print."""
Inspector = Callable[[Path, Settings], None]
"""Raises `AudioError` where a look at a file shows that it is no usable audio."""

REPORT = "report.dsse.json"
PICTURE = "picture.png"
PROBED_S = 5.0


@dataclass(frozen=True)
class Engines:
    """The parts that touch audio, so that a test can replace them."""

    auditor: Auditor
    tagger: Tagger
    enroller: Enroller
    inspector: Inspector


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


def product_engines() -> Engines:
    """The parts as they ship."""
    return Engines(_audit_file, _tag, _enrol, _inspect)


def perform(engines: Engines, context: Context) -> Mapping[str, Any]:
    """Do one job's work and return its result; repeatable, since a crash may cut it short anywhere."""
    return audit(engines.auditor, context) if context.job.kind == "audit" else track(engines.tagger, context)


def audit(auditor: Auditor, context: Context) -> Mapping[str, Any]:
    """Audit the upload, sign the report and draw its picture."""
    from api.audit.audit import ALL
    from api.audit.policy import parse_policy
    from api.report.picture import picture
    from api.report.report import write_report

    request = context.job.request
    policy = parse_policy(request["policy"].encode()) if request.get("policy") else None
    result = auditor(
        context.source,
        registry=context.registry,
        settings=context.settings,
        artist=request.get("artist"),
        policy=policy,
        checks=tuple(request.get("checks") or ALL),
        progress=context.progress,
    )
    named = replace(result, file=context.job.file_name)
    write_report(named, context.registry, context.output / REPORT, policy=policy)
    if named.clip is not None:
        picture(named.clip, named, context.output / PICTURE)
    return named.to_dict()


def track(tagger: Tagger, context: Context) -> Mapping[str, Any]:
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
    tagged = tagger(
        context.source,
        context.output / f"tagged.{request['format']}",
        declaration,
        ledger=context.registry.ledger(),
        strength=request.get("strength", 1.0),
        progress=context.progress,
        overwrite=True,  # what a former attempt of this job left behind
        record_id=request.get("record_id"),  # none in a job that an earlier release entered
        issued_at=clock.utc_text(context.job.created_at),
    )
    return {**tagged.to_dict(), "file": tagged.path.name}


def _audit_file(*args: Any, **options: Any) -> "AuditResult":
    from api.audit.audit import audit_file

    return audit_file(*args, **options)


def _tag(*args: Any, **options: Any) -> "Tagged":
    from provenance.tag import tag

    return tag(*args, **options)


def _enrol(recordings: Sequence[Path], settings: Settings) -> bytes:
    from core.decode import decode
    from detector.voice import VoiceDetector

    clips = [decode(path, settings.limits()) for path in recordings]
    return VoiceDetector.load().enrol(clips).to_bytes()


def _inspect(path: Path, settings: Settings) -> None:
    """Decode the first seconds: what is no usable audio is refused at once, the job decodes it all."""
    from core.decode import stream

    with stream(path, settings.limits()) as audio:
        heard = 0
        for block in audio.blocks:
            heard += block.shape[-1]
            if heard >= PROBED_S * audio.sample_rate:
                return
