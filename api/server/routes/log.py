"""The transparency log, for everybody: checkpoint, proofs, entries and C2SP tiles. No key is needed.

Entries are salted commitments: they tell neither title nor owner.
"""

import base64
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import Field

from api.errors import UnknownEntry
from api.log.transparency import TransparencyLog
from api.server.parts import PartsDep
from api.server.public_shapes import KeyEventList
from api.server.route import Route
from api.server.routes.openapi import problems
from api.server.schemas import Model
from core.counted import counted
from core.errors import InvalidInput, ProofError
from provenance.records.checkpoint import checkpoint_of
from provenance.records.tiles import Tile

router = APIRouter(prefix="/v1/log", tags=["log"], route_class=Route)


class HashPath(Model):
    """Hashes of a Merkle proof, base64, from the leaf up (RFC 6962)."""

    size: int = Field(description="size of the tree that the proof is for", examples=[12])
    hashes: list[str] = Field(examples=[["VWwMSTBWz6tzkbsyKv3Rq0Qh7kV1o2Jc0O0m4rHn3dY="]])
    checkpoint: str = Field(description="the newest signed checkpoint")


Whole = Annotated[int, Query(ge=0, lt=1 << 62, description="in entries of the log")]
Size = Annotated[int | None, Query(ge=0, lt=1 << 62, description="that of the newest checkpoint otherwise")]
_IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}


@router.get(
    "/checkpoint",
    operation_id="getCheckpoint",
    summary="Newest checkpoint",
    response_class=PlainTextResponse,
    responses={200: {"description": "a C2SP signed note"}},
)
def checkpoint(parts: PartsDep) -> PlainTextResponse:
    """The log's size and root, signed by the log."""
    return PlainTextResponse(parts.registry.log.checkpoint(), headers={"Cache-Control": "no-store"})


@router.get(
    "/witnessed",
    operation_id="getWitnessedCheckpoint",
    summary="Newest co-signed checkpoint",
    response_class=PlainTextResponse,
    responses={200: {"description": "a C2SP signed note with cosignatures"}, **problems(404)},
)
def witnessed(parts: PartsDep) -> PlainTextResponse:
    """The newest checkpoint that witnesses co-signed."""
    note = parts.registry.log.witnessed()
    if note is None:
        raise UnknownEntry("no witness has co-signed this log yet")
    return PlainTextResponse(note, headers={"Cache-Control": "no-store"})


@router.get("/key", operation_id="getLogKey", summary="The log's key", response_class=PlainTextResponse)
def key(parts: PartsDep) -> PlainTextResponse:
    """The key that verifies checkpoints, as a C2SP verifier key."""
    return PlainTextResponse(parts.registry.log.key.vkey + "\n")


@router.get(
    "/handovers",
    operation_id="getLogHandovers",
    summary="Changes of the log's key",
    response_class=JSONResponse,
    responses={200: {"model": KeyEventList}},
)
def handovers(parts: PartsDep) -> JSONResponse:
    """Every rotation and revocation of the log's key, signed and logged, for whoever knows an older key."""
    events = [event.to_json() for event in parts.registry.keys.published.events("log")]
    return JSONResponse({"items": events}, headers={"Cache-Control": "no-store"})


@router.get(
    "/proofs/inclusion",
    operation_id="getInclusionProof",
    summary="Inclusion proof",
    responses=problems(404, 422),
)
def inclusion(parts: PartsDep, index: Whole, size: Size = None) -> HashPath:
    """Proof that entry `index` is in the log of `size` entries (default: the newest checkpoint's)."""
    log = parts.registry.log
    note, size = _at(log, size)
    if index >= size:
        raise UnknownEntry(f"a log of {counted(size, 'entry', 'entries')} has no entry {index}")
    return _path(log.inclusion(index, size), size, note)


@router.get(
    "/proofs/consistency",
    operation_id="getConsistencyProof",
    summary="Consistency proof",
    responses=problems(404, 422),
)
def consistency(parts: PartsDep, old_size: Whole, size: Size = None) -> HashPath:
    """Proof that the log of `old_size` entries is the beginning of that of `size`, unchanged."""
    log = parts.registry.log
    note, size = _at(log, size)
    if old_size > size:
        raise InvalidInput(f"old_size {old_size} is larger than size {size}")
    return _path(log.consistency(old_size, size), size, note)


@router.get(
    "/entries/{index}",
    operation_id="getLogEntry",
    summary="One entry",
    response_class=Response,
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}, **problems(404)},
)
def entry(
    parts: PartsDep, index: Annotated[int, Path(ge=0, lt=1 << 62, description="of the entry, from 0")]
) -> Response:
    """The canonical bytes whose leaf hash is in the tree."""
    return Response(parts.registry.log.entry(index), media_type="application/json", headers=_IMMUTABLE)


@router.get(
    "/tile/{path:path}",
    operation_id="getTile",
    summary="Tile of hashes or entries",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}, **problems(404)},
)
def read_tile(parts: PartsDep, path: str) -> Response:
    """C2SP tlog-tiles: `<level>/<number>[.p/<width>]` or `entries/<number>[.p/<width>]`."""
    try:
        tile = Tile.parse(path)
    except ProofError as error:
        raise UnknownEntry(f"{path[:80]!r} is no tile") from error
    log = parts.registry.log
    if tile.level is None:
        data = log.entry_tile(tile.number, tile.width)
    else:
        data = log.hash_tile(tile.level, tile.number, tile.width)
    return Response(data, media_type="application/octet-stream", headers=_IMMUTABLE)


def _at(log: TransparencyLog, size: int | None) -> tuple[str, int]:
    """The newest checkpoint, and the size that a proof is asked for."""
    note = log.checkpoint()
    newest = checkpoint_of(note).size
    if size is not None and size > newest:
        raise UnknownEntry(f"the log has {counted(newest, 'entry', 'entries')}, not {size}")
    return note, newest if size is None else size


def _path(hashes: tuple[bytes, ...], size: int, note: str) -> HashPath:
    return HashPath(size=size, hashes=[base64.b64encode(node).decode() for node in hashes], checkpoint=note)
