"""Who signs what in these tests. No conftest: pytest would load it a second time, with another key."""

from pathlib import Path

import av

from core.codecs import Codec
from provenance.credentials import C2paIdentity
from provenance.records.asset import Asset
from provenance.records.involvement import AiInvolvement, Generation
from provenance.records.record import Claim, Issuer, OwnershipRecord
from provenance.records.rights import Party, RightShare

CODECS: dict[str, Codec] = {"wav": "wav", "mp3": "mp3", "flac": "flac", "m4a": "aac"}
IDENTITY = C2paIdentity.generate("Test Label")
ANCHORS = [IDENTITY.trust_anchor]
TIME = "2026-11-22T13:00:00Z"

RECORD = OwnershipRecord(
    record_id="00112233aabbccdd",
    issued_at=TIME,
    issuer=Issuer("Test Label"),
    asset=Asset("Pieśń", "ab" * 32, 2_000, 44_100, 2, "wav", isrc="USRC17607839"),
    ai_involvement=AiInvolvement("All"),
    parties=(Party("owner", "Secret Owner", "person"),),
    rights=(RightShare("master", "owner", 1_000_000),),
    provenance_of_claim=Claim("generated_here"),
    generation=Generation("Meta", "MusicGen", "1.3", "created", TIME, model="musicgen-small"),
)


def packets(path: Path) -> list[bytes]:
    """The coded audio of a file, packet by packet."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]
