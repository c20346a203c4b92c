"""What a verified record says, flattened for reports, pages and answers of the API."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from api.errors import UnknownEntry
from core.errors import RecordError, VerificationError
from provenance.records.record import OwnershipRecord
from provenance.records.rights import WHOLE_PPM
from provenance.records.verify import VerifiedRecord

if TYPE_CHECKING:
    from api.registry.records import Records


def known(records: "Records", ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What those records say today that the registry holds, by id.

    Of a record that fails to verify only that is told (`verified` and the `problem`), never its claims.
    """
    found = {record_id: _told(records, record_id) for record_id in ids}
    return {record_id: told for record_id, told in found.items() if told is not None}


def _told(records: "Records", record_id: str) -> dict[str, Any] | None:
    try:
        today = records.verified(record_id).today()
    except UnknownEntry:
        return None
    except (VerificationError, RecordError) as error:
        return {"record_id": record_id, "verified": False, "problem": str(error)}
    return {"record_id": record_id, "verified": True, "problem": None, **today}


def summary(verified: VerifiedRecord) -> dict[str, Any]:
    """Title, owners, AI declaration and consents, with the keys and the log entry that vouch for them.

    Parties are named, not referenced; shares are fractions of 1 per right.
    """
    record = verified.record
    return {
        "title": record.asset.title,
        "isrc": record.asset.isrc,
        "issuer": record.issuer.name,
        "issued_at": record.issued_at,
        "claim_status": record.claim_status,
        "marked": record.provenance_of_claim.basis != "asserted",
        "owners": owners(record),
        "ai_involvement": {
            "overall": record.ai_involvement.overall,
            "roles": {name: role.level for name, role in record.ai_involvement.roles().items()},
        },
        "generator": None
        if record.generation is None
        else f"{record.generation.system} {record.generation.system_version}",
        "voice_consents": _consents(record),
        "keyids": list(verified.keyids),
        "leaf_index": None if verified.logged is None else verified.logged.index,
    }


def owners(record: OwnershipRecord) -> list[dict[str, Any]]:
    """Who holds which right, where, and how much of it; the parties without shares where none are given."""
    names = {party.ref: party.name for party in record.parties}
    if not record.rights:
        return [{"name": name, "right": None, "share": None, "territories": []} for name in names.values()]
    return [
        {
            "name": names[row.party],
            "right": row.right,
            "share": row.share_ppm / WHOLE_PPM,
            "territories": list(row.territories),
        }
        for row in record.rights
    ]


def _consents(record: OwnershipRecord) -> list[dict[str, Any]]:
    names = {party.ref: party.name for party in record.parties}
    return [
        {
            "artist": names[consent.artist],
            "scope": consent.scope,
            "licence_id": consent.licence_id,
            "from": consent.valid_from,
            "to": consent.valid_to,
            "revoked_at": consent.revoked_at,
        }
        for consent in record.voice_consents
    ]
