"""Small valid records in any number, to load a registry with."""

import torch

from provenance.fingerprint import Fingerprint, extract
from provenance.records.asset import Asset
from provenance.records.involvement import AiInvolvement
from provenance.records.record import Claim, Issuer, OwnershipRecord, new_record_id
from provenance.records.rights import Party, RightShare


def new_records(count: int, keyid: str) -> list[OwnershipRecord]:
    """Records of one owner, each of another recording, to be signed by one key."""
    return [
        OwnershipRecord(
            record_id=new_record_id(),
            issued_at="2026-11-22T12:00:00Z",
            issuer=Issuer("A Label", keyid),
            asset=Asset(f"Song {number}", f"{number:064x}", 180_000, 44_100, 2, "wav"),
            ai_involvement=AiInvolvement("None"),
            parties=(Party("owner", "A Label", "org"),),
            rights=(RightShare("master", "owner", 1_000_000),),
            provenance_of_claim=Claim("asserted"),
        )
        for number in range(count)
    ]


def blank_fingerprint() -> Fingerprint:
    """The fingerprint of silence, which has no hashes."""
    return extract(torch.zeros(1, 8000), 8000)
