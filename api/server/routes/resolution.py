"""The C2PA Soft Binding Resolution API: from a watermark, or a file, to the manifests that belong to it.

Any C2PA client can ask here for the credentials of a copy that has lost them. A mark alone names manifests
(`byBinding`: the client has read it and compares for itself). A whole file (`byContent`) gives manifests only
of a record whose sound agrees, because a mark can be copied onto another track (C2PA, soft bindings).
Whoever queries by reference is told that this optional route is not offered: the server fetches nothing from
addresses that a client names.
"""

import base64
import binascii
import json
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.jobs.entering import Idempotency
from api.jobs.job import Job
from api.registry.registry import Registry
from api.server.api_keys import Caller
from api.server.brief import PREFER, enter, no_wait, outcome, refusal, wants_no_wait
from api.server.intake import discard, inspect, read_asset
from api.server.parts import Parts, PartsDep, RecordReader, begin
from api.server.problems import RETRY_S
from api.server.refusals import AddressTooLong, NotOffered, Unavailable
from api.server.route import Route
from api.server.routes.job_files import accepted
from api.server.routes.lookups import LookupAnswer, Match, found
from api.server.routes.openapi import form, problems
from api.server.schemas import Model
from core.errors import InvalidInput
from provenance.credentials.manifest import SOFT_BINDING_ALG, SPEC_VERSION

router = APIRouter(prefix="/c2pa/v1", tags=["c2pa"], route_class=Route)

MAX_VALUE = 4096
MAX_VALUE_IN_ADDRESS = 1024
MESSAGE_BYTES = 8
Alg = Annotated[
    str, Query(max_length=200, description="how the binding was made", examples=[SOFT_BINDING_ALG])
]
Value = Annotated[str, Query(description="base64", examples=["XxwKnjOy1Bc="])]
MaxResults = Annotated[int, Query(alias="maxResults", ge=1, le=100, description="how many at most")]
Wanted = Annotated[str | None, Query(max_length=200, description="only by this algorithm")]
HintAlg = Annotated[
    str | None, Query(alias="hintAlg", max_length=200, description="how the binding that was read was made")
]
HintValue = Annotated[str | None, Query(alias="hintValue", max_length=MAX_VALUE, description="base64")]


class Matches(Model):
    """Best first; empty where nothing is known."""

    matches: list[Match]


class Binding(Model):
    """The body of a query by binding."""

    alg: str = Field(max_length=200, examples=[SOFT_BINDING_ALG])
    value: str = Field(max_length=MAX_VALUE, examples=["XxwKnjOy1Bc="])


class Algorithm(Model):
    """An algorithm of the soft-binding list."""

    alg: str = Field(examples=["org.trackmark.chip.1"])


class Algorithms(Model):
    """What can be resolved here."""

    watermarks: list[Algorithm]
    fingerprints: list[Algorithm]


class Capabilities(Model):
    """Which optional routes there are; what is not listed is not offered."""

    c2paSpecificationVersion: str = Field(examples=[SPEC_VERSION])  # noqa: N815  # C2PA's name
    supportedCapabilities: list[str] = Field(examples=[["queryByContent"]])  # noqa: N815


_FORM = form({"file": "the audio file"}, {}, ["file"])
_BODY = {"schema": {"type": "string", "format": "binary", "description": "the audio file"}}
_CONTENT = {"audio/*": _BODY, "video/*": _BODY, **_FORM["requestBody"]["content"]}
_ASSET = {"requestBody": {"required": True, "content": _CONTENT}, "parameters": [PREFER]}
_JOINED_FOR = timedelta(minutes=10)


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`problems` with C2PA's 400 for what is not usable; without a default FastAPI would promise a 422."""
    listed = problems(400, *statuses)
    return {**listed, "default": {**listed[400], "description": "Another problem"}}


@router.get(
    "/matches/byBinding",
    operation_id="getMatchesByBinding",
    summary="By soft binding",
    response_model_exclude_none=True,
    responses=_problems(414),
)
def by_binding(
    alg: Alg, value: Value, parts: PartsDep, caller: RecordReader, max_results: MaxResults = 10
) -> Matches:
    """The manifests of the record that a watermark names."""
    if len(value) > MAX_VALUE_IN_ADDRESS:
        raise AddressTooLong(f"an address takes {MAX_VALUE_IN_ADDRESS} characters of a value; use POST")
    return _by_binding(alg, value, max_results, _registry(parts, caller))


@router.post(
    "/matches/byBinding",
    operation_id="postMatchesByBinding",
    summary="By soft binding",
    response_model_exclude_none=True,
    responses=_problems(),
)
def by_binding_in_body(
    binding: Binding, parts: PartsDep, caller: RecordReader, max_results: MaxResults = 10
) -> Matches:
    """The same with the binding in the body, for values that are too long for an address."""
    return _by_binding(binding.alg, binding.value, max_results, _registry(parts, caller))


@router.post(
    "/matches/byContent",
    operation_id="getMatchesByContent",
    summary="By content",
    response_model=Matches,
    response_model_exclude_none=True,
    responses={202: {"model": LookupAnswer, "description": "Asked not to wait"}, **_problems(413, 415)},
    openapi_extra=_ASSET,
)
async def by_content(
    request: Request,
    response: Response,
    parts: PartsDep,
    caller: RecordReader,
    max_results: MaxResults = 10,
    alg: Wanted = None,
    hint_alg: HintAlg = None,
    hint_value: HintValue = None,
) -> Any:
    """The manifests of the record whose sound this is. The upload is erased before the answer is sent.

    A job compares the sound. What it has not found in time it goes on to find: the same request gets the
    answer when it comes again (503, `Retry-After`).

    With `alg` only of a record that this binding, found in the audio, names too. `hintAlg` and `hintValue`
    say which binding the client has read: the record that it names comes first, if the sound agrees. A hint
    alone matches nothing.
    """
    if alg is not None:
        _known_algorithm(alg)
    wanted = {
        "marked_only": alg is not None,
        "hint": _hinted(hint_alg, hint_value),
        "max_results": max_results,
    }
    job = await _entered(request, parts, caller, wanted)
    if wants_no_wait(request):
        accepted(job, "/v1/lookups", request, response)
        return no_wait(LookupAnswer.of(job), response)
    job = await outcome(job, request, parts)
    if job.finished_at is None:
        raise Unavailable("the lookup is under way; send the same request again for its outcome", RETRY_S)
    await run_in_threadpool(parts.jobs.answered, job.id)
    return refusal(job, request) or Matches(matches=found(job))


async def _entered(request: Request, parts: Parts, caller: Caller, wanted: dict[str, Any]) -> Job:
    """Receive the file and make its lookup a job, or join that of the same request that was not told."""
    received = await read_asset(request, parts, caller)
    new = False
    try:
        upload = received.one_file("file")
        await begin(request, caller, parts, received.meaning())
        await inspect(received, upload, parts, caller)
        once = None
        if not wants_no_wait(request):
            digest = sha256(json.dumps([upload.sha256, wanted]).encode()).hexdigest()
            once = Idempotency(digest, digest, _JOINED_FOR)
        with received.entering():
            job, new = await enter("lookup", upload, wanted, once, parts, caller)
    finally:
        if not new:
            await discard(received, parts)
    return job


@router.post(
    "/matches/byReference",
    status_code=501,
    operation_id="postMatchesByReference",
    summary="By reference: not offered",
    response_class=Response,
    responses=problems(501),
)
def by_reference(caller: RecordReader) -> Response:
    """C2PA leaves this route to the service. Ours fetches nothing from addresses that a client names."""
    raise NotOffered("nothing is fetched from addresses here; upload the file to /c2pa/v1/matches/byContent")


@router.get(
    "/manifests/{manifest_id}",
    operation_id="getManifestById",
    summary="Fetch a manifest store",
    response_class=Response,
    responses={200: {"content": {"application/c2pa": {}}}, **_problems(404)},
)
def manifest(
    manifest_id: Annotated[str, Path(max_length=200)], parts: PartsDep, caller: RecordReader
) -> Response:
    """The manifest store, as it was signed. It binds the file that it was made for, byte for byte."""
    store = _registry(parts, caller).manifests.store(manifest_id)
    return Response(store, media_type="application/c2pa")


@router.get(
    "/services/supportedAlgorithms",
    operation_id="getSupportedBindings",
    summary="Supported algorithms",
    responses=problems(),
)
def supported(caller: RecordReader) -> Algorithms:
    """Our watermark. Fingerprints are compared too, but under no name of the algorithm list."""
    return Algorithms(watermarks=[Algorithm(alg=SOFT_BINDING_ALG)], fingerprints=[])


@router.get("/services/capabilities", operation_id="getServiceCapabilities", summary="Optional routes")
def capabilities() -> Capabilities:
    """Public: the version of C2PA's API, and which of its optional routes are offered."""
    return Capabilities(c2paSpecificationVersion=SPEC_VERSION, supportedCapabilities=["queryByContent"])


def _registry(parts: Parts, caller: RecordReader) -> Registry:
    return parts.registry.for_tenant(caller.tenant)


def _by_binding(alg: str, value: str, max_results: int, registry: Registry) -> Matches:
    _known_algorithm(alg)
    names = registry.manifests.of_record(_record_id(value))
    return Matches(matches=[Match(manifestId=name) for name in names[:max_results]])


def _known_algorithm(alg: str) -> None:
    if alg != SOFT_BINDING_ALG:
        raise InvalidInput(f"only {SOFT_BINDING_ALG} is resolved here; see /services/supportedAlgorithms")


def _record_id(value: str) -> str:
    try:
        message = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("value must be base64") from error
    if len(message) != MESSAGE_BYTES:
        raise InvalidInput(f"a value of {SOFT_BINDING_ALG} has {MESSAGE_BYTES} bytes")
    return message.hex()


def _hinted(alg: str | None, value: str | None) -> str | None:
    """The record that a hint names; a hint in an algorithm that is not ours says nothing to us."""
    if (alg is None) != (value is None):
        raise InvalidInput("hintAlg and hintValue come together")
    return _record_id(value) if alg == SOFT_BINDING_ALG and value is not None else None
