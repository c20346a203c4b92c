"""What a job does once it runs. Plain functions, run by `api.jobs.worker`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.audit.engines import Decoder, Engines
from api.audit.enrolling import sounding_alike, voiceprint
from api.jobs.exporting import Asked, export
from api.jobs.job import Job
from api.jobs.leases import hold, keep_in_hand
from api.registry.artists import MOST_ALIKE, Reader
from api.registry.registry import Registry
from api.settings import Settings
from core import clock
from core.files import write_whole
from core.limits import Limits
from core.progress import Progress

if TYPE_CHECKING:
    from api.compare.comparison import Role
    from core.clip import Clip

REPORT = "report.dsse.json"
PICTURE = "picture.png"
OUTLINE = "outline.json"
SPECTROGRAM = "spectrogram.png"
LISTENING_COPY = "listen.mp3"


def of_role(role: str, name: str) -> str:
    """What a file of a comparison is called, of one of the two that were compared."""
    return f"{role}-{name}"


@dataclass(frozen=True)
class Context:
    """Everything that one job may use.

    Attributes:
        received: the uploaded files.
        output: folder for what the job leaves behind; it exists.
        registry: bound to the job's tenant.
        progress: called with (stage, fraction done).
    """

    job: Job
    received: Sequence[Path]
    output: Path
    registry: Registry
    settings: Settings
    progress: Progress

    @property
    def source(self) -> Path:
        """The uploaded file of a job that has one."""
        return self.received[0]


def perform(engines: Engines, context: Context) -> Mapping[str, Any]:
    """Do one job's work and return its result; repeatable, since a crash may cut it short anywhere."""
    match context.job.kind:
        case "audit":
            return audit(engines, context)
        case "track":
            return track(engines, context)
        case "comparison":
            return comparison(engines, context)
        case "lookup":
            return lookup(engines, context)
        case "enrolment":
            return enrolment(engines, context)
        case "export":
            asked = Asked.of(context.job.request)
            return export(context.registry, asked, context.output, context.progress)


def audit(engines: Engines, context: Context) -> Mapping[str, Any]:
    """Audit the upload, sign the report, draw its pictures; of audio that is kept, write a copy to hear."""
    from api.audit.asked import ALL
    from api.audit.audit import audit_file
    from api.policies.policies import Policies, parsed
    from api.report.audited import write_report
    from api.report.picture import picture
    from api.report.sound import draw_spectrogram, outline, write_listening_copy

    request, output = context.job.request, context.output
    own = request.get("policy")
    policy = parsed(own) if own else Policies.of(context.registry.engine, context.registry.tenant).deciding()
    result = audit_file(
        context.source,
        registry=context.registry.on_behalf(Reader(_asker(request), f"audit {context.job.id}")),
        settings=as_wished(context.settings, request.get("search")),
        artist=request.get("artist"),
        policy=policy,
        checks=tuple(request.get("checks") or ALL),
        progress=context.progress,
        engines=engines,
    )
    named = replace(result, file=context.job.file_name)
    write_report(
        named, context.registry, output / REPORT, policy=policy, public_url=context.settings.public_url
    )
    if named.clip is not None:
        picture(named.clip, named, output / PICTURE)
        draw_spectrogram(named.clip, output / SPECTROGRAM)
        write_whole(output / OUTLINE, json.dumps(outline(named.clip)).encode())
        if request.get("retain"):
            write_listening_copy(named.clip, output / LISTENING_COPY)
    return named.to_dict()


def comparison(engines: Engines, context: Context) -> Mapping[str, Any]:
    """Compare the two uploads, sign and draw the report; of audio that is kept, write copies to hear."""
    from api.compare.compare import compare_files
    from api.report.compared import write_comparison
    from api.report.linked import linked
    from api.report.sound import outline, write_listening_copy

    job, output = context.job, context.output

    outlines: dict[Role, Any] = {}

    def seen(role: "Role", clip: "Clip") -> None:
        outlines[role] = outline(clip)
        write_whole(output / of_role(role, OUTLINE), json.dumps(outlines[role]).encode())
        if job.request.get("retain"):
            write_listening_copy(clip, output / of_role(role, LISTENING_COPY))

    original, suspect = context.received
    found = compare_files(
        original,
        suspect,
        registry=context.registry,
        settings=as_wished(context.settings, job.request.get("search")),
        engines=engines,
        progress=context.progress,
        seen=seen,
    ).to_dict()
    names = {"original": job.file_name, "suspect": job.request["suspect"]["name"]}
    named = {**found, **{role: {**found[role], "file": name} for role, name in names.items()}}
    write_comparison(named, context.registry, output / REPORT, public_url=context.settings.public_url)
    linked(outlines, named["alignment"], output / PICTURE)
    return named


def as_wished(settings: Settings, search: str | None) -> Settings:
    """The service's settings, with the search that the upload asked for."""
    return settings if search is None else settings.model_copy(update={"watermark_search": search})


def _asker(request: Mapping[str, Any]) -> str:
    """Who asked for a job, a key or a person by their address; one of an earlier release does not tell."""
    by = request.get("by")
    if not by:
        return "nobody with an API key"
    return str(by) if "@" in by else f"API key {by}"


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
        ledger=context.registry.ledger(lambda connection: keep_in_hand(connection, context.job)),
        strength=request.get("strength", 1.0),
        progress=context.progress,
        marker=engines.marker,
        overwrite=True,  # what a former attempt of this job left behind
        record_id=request.get("record_id"),  # none in a job that an earlier release entered
        issued_at=clock.utc_text(context.job.created_at),
    )
    return {**tagged.to_dict(), "file": tagged.path.name}


def lookup(engines: Engines, context: Context) -> Mapping[str, Any]:
    """Find the manifests of the records that the upload's sound agrees with, best first.

    What the request's mark names comes before (`hint`), or alone (`marked_only`); the sound must agree.
    """
    from api.audit.audit import audit_file

    request, settings = context.job.request, context.settings
    result = audit_file(
        context.source,
        registry=context.registry,
        settings=settings,
        checks=("watermark", "fingerprint"),
        progress=context.progress,
        engines=replace(engines, decoder=Frugal(engines.decoder, settings.match_decoded_bytes)),
    )
    marked, manifests = result.findings.mark.message, context.registry.manifests
    agreeing = [m for m in result.findings.matches if not request["marked_only"] or m.record_id == marked]
    agreeing.sort(key=lambda match: match.record_id != request["hint"])  # stable: the rest keeps its order
    matches = [
        {"manifestId": name, "similarityScore": min(100, max(0, round(100 * match.score)))}
        for match in agreeing
        for name in manifests.of_record(match.record_id)
    ]
    return {"matches": matches[: request["max_results"]]}


def enrolment(engines: Engines, context: Context) -> Mapping[str, Any]:
    """Make a voice print of the recordings, and keep it unless the artist was erased meanwhile."""
    request, artists = context.job.request, context.registry.artists
    name, artist_id = request["name"], request["artist_id"]
    artists.free(name, artist_id)  # before anything is decoded
    frugal = replace(engines, decoder=Frugal(engines.decoder, context.settings.enrol_decoded_bytes))
    made = voiceprint(frugal, context.received, context.settings.limits(), context.progress)
    reader = context.registry.on_behalf(Reader(_asker(request), f"enrolment {context.job.id}"))
    alike = sounding_alike(engines, reader.artists, made, artist_id)
    artist = artists.enrol(
        name,
        made,
        request["consent"],
        artist_id=artist_id,
        while_wanted=lambda connection: hold(connection, context.job),
    )
    return {"artist_id": artist.id, "alike": [other.id for other in alike[:MOST_ALIKE]]}


@dataclass
class Frugal:
    """A decoder that holds no more audio than a request may, in all that it decodes.

    Attributes:
        left_bytes: how much it may hold besides.
    """

    decoder: Decoder
    left_bytes: int

    def decode(self, path: Path, limits: Limits) -> "Clip":
        """Decode a file; `AudioTooLarge` where it is more than what is left."""
        clip = self.decoder.decode(
            path, replace(limits, max_decoded_bytes=min(limits.max_decoded_bytes, self.left_bytes))
        )
        self.left_bytes -= clip.wav.nbytes
        return clip

    def probe(self, path: Path, limits: Limits) -> None:
        """Look into a file."""
        self.decoder.probe(path, limits)
