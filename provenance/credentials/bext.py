"""The Broadcast Audio Extension chunk of WAV files (`bext`, EBU Tech 3285 v2): what broadcasters read.

Only the fields that a record states are filled: description, originator, its reference, date and time. The
chunk is of version 1, which has no loudness values.
"""

import struct
from dataclasses import dataclass

from provenance.records.record import OwnershipRecord

_HEAD = struct.Struct("<256s32s32s10s8sQH")
SIZE = 602
"""Bytes before the coding history: the fields above, a UMID of 64, and 190 reserved."""


@dataclass(frozen=True)
class Broadcast:
    """The text fields of a bext chunk."""

    description: str
    originator: str
    reference: str
    date: str
    time: str


def chunk(record: OwnershipRecord) -> bytes:
    """The chunk's data for a record; texts are cut to their fields, and other than ASCII becomes `?`."""
    level = record.ai_involvement.overall
    texts = (
        f"{record.asset.title} | Trackmark record {record.record_id} | AI involvement: {level}",
        record.issuer.name,
        f"TRACKMARK-{record.record_id}",
        record.issued_at[:10],
        record.issued_at[11:19],
    )
    fields = [text.encode("ascii", "replace") for text in texts]
    return _HEAD.pack(*fields, 0, 1).ljust(SIZE, b"\0")


def read(data: bytes) -> Broadcast | None:
    """The text fields of a chunk; None where it is too short to be one."""
    if len(data) < SIZE:
        return None
    fields = _HEAD.unpack_from(data)[:5]
    texts = [bytes(field).split(b"\0")[0].decode("ascii", "replace") for field in fields]
    return Broadcast(*texts)
