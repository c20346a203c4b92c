"""Ownership record v1: one signed statement about one recording.

A signature on it proves who claimed what, and the log proves when. Neither proves that the claim is
true; `claim_status` says how far anybody has looked. Fields: `docs/record.md`.
"""

import hashlib
import secrets
from dataclasses import dataclass
from functools import cached_property

from core.errors import RecordError
from provenance.records import canonical, fields, identifiers, shape_checks
from provenance.records.asset import Asset, CredentialsRef, Mark
from provenance.records.ingredient import Ingredient
from provenance.records.involvement import AiInvolvement, Generation
from provenance.records.rights import Contribution, Party, RightShare, VoiceConsent, check_shares

SCHEMA = "trackmark/ownership-record/v1"
PAYLOAD_TYPE = "application/vnd.trackmark.ownership-record+json"


@dataclass(frozen=True)
class Issuer:
    """Who makes the statement; `keyid` is the key that the issuer signs with."""

    name: str
    keyid: str | None = None
    dpid: str | None = None

    def __post_init__(self) -> None:
        shape_checks.text(self.name, "issuer name")
        if self.keyid is not None:
            shape_checks.hex_digits(self.keyid, "issuer keyid", 64)
        if self.dpid is not None:
            shape_checks.identifier(self.dpid, "issuer dpid", identifiers.dpid)


@dataclass(frozen=True)
class Evidence:
    """A document behind the claim, kept elsewhere and named by its hash."""

    kind: str
    sha256: str

    def __post_init__(self) -> None:
        shape_checks.text(self.kind, "evidence kind", limit=100)
        shape_checks.hex_digits(self.sha256, "evidence sha256", 64)


@dataclass(frozen=True)
class Claim:
    """On what the claim rests."""

    basis: str
    evidence: tuple[Evidence, ...] = ()

    def __post_init__(self) -> None:
        shape_checks.one_of(self.basis, "claim basis", ("generated_here", "uploaded", "asserted"))
        shape_checks.count(self.evidence, "evidence", limit=100)


@dataclass(frozen=True)
class OwnershipRecord:
    """The record.

    `record_id` is also the 64-bit message of the recording's watermark. `supersedes` is the SHA-256 of
    the payload of revision `revision - 1`, so revisions form a chain.
    """

    record_id: str
    issued_at: str
    issuer: Issuer
    asset: Asset
    ai_involvement: AiInvolvement
    parties: tuple[Party, ...]
    rights: tuple[RightShare, ...]
    provenance_of_claim: Claim
    claim_status: str = "asserted"
    revision: int = 1
    supersedes: str | None = None
    contributions: tuple[Contribution, ...] = ()
    marks: tuple[Mark, ...] = ()
    c2pa: CredentialsRef | None = None
    generation: Generation | None = None
    voice_consents: tuple[VoiceConsent, ...] = ()
    ingredients: tuple[Ingredient, ...] = ()
    schema: str = SCHEMA

    def __post_init__(self) -> None:
        if self.schema != SCHEMA:
            raise RecordError(f"schema is {self.schema!r}; this version reads {SCHEMA}")
        shape_checks.hex_digits(self.record_id, "record_id", 16)
        shape_checks.time(self.issued_at, "issued_at")
        shape_checks.one_of(self.claim_status, "claim_status", ("asserted", "evidenced", "disputed"))
        if self.claim_status == "evidenced" and not self.provenance_of_claim.evidence:
            raise RecordError("claim_status is evidenced, but no evidence is named")
        shape_checks.whole(self.revision, "revision", 1, 1 << 31)
        if (self.revision == 1) != (self.supersedes is None):
            raise RecordError("revision 1 supersedes nothing, and every later one supersedes its predecessor")
        if self.supersedes is not None:
            shape_checks.hex_digits(self.supersedes, "supersedes", 64)
        self._check_parties()
        shape_checks.count(self.rights, "rights")
        check_shares(self.rights)
        shape_checks.count(self.marks, "marks", limit=50)
        shape_checks.count(self.ingredients, "ingredients", limit=100)
        shape_checks.distinct(self.ingredients, "ingredients")

    def _check_parties(self) -> None:
        for name in ("parties", "contributions", "voice_consents"):
            shape_checks.count(getattr(self, name), name)
        if not self.parties:
            raise RecordError("parties is empty; name at least the owner")
        refs = [party.ref for party in self.parties]
        shape_checks.distinct(refs, "parties")
        used = [c.party for c in self.contributions] + [r.party for r in self.rights]
        for ref in used + [v.artist for v in self.voice_consents]:
            if ref not in refs:
                raise RecordError(f"party {ref!r} is used but not listed in parties")

    def to_payload(self) -> bytes:
        """The canonical bytes (RFC 8785) that are signed."""
        return self._payload

    @cached_property
    def _payload(self) -> bytes:
        payload = canonical.encode(fields.to_json(self), RecordError)
        if len(payload) > canonical.MAX_PAYLOAD_BYTES:
            raise RecordError(
                f"the record has {len(payload)} bytes; at most {canonical.MAX_PAYLOAD_BYTES} fit"
            )
        return payload

    @classmethod
    def from_payload(cls, payload: bytes) -> "OwnershipRecord":
        """Read what `to_payload` wrote.

        Raises:
            RecordError: not canonical JSON, or a rule of the schema is broken.
        """
        record = fields.from_json(cls, canonical.decode(payload, RecordError), "record")
        if record.to_payload() != payload:
            # A default that was left out in the bytes: the same record must not have two hashes.
            raise RecordError("a field that v1 always writes was left out")
        return record

    def digest(self) -> str:
        """SHA-256 of the payload, 64 hex digits: how credentials and later revisions name this revision."""
        return hashlib.sha256(self.to_payload()).hexdigest()


def new_record_id() -> str:
    """Draw a record id: 64 random bits, 16 hex digits. Random, because the mark must not tell its meaning."""
    return secrets.token_hex(8)
