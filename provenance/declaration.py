"""What the person who tags a track states about it, and the draft of the record that follows."""

import unicodedata
from dataclasses import dataclass, replace
from typing import Any, cast

from core import clock
from core.errors import RecordError
from provenance.records import identifiers
from provenance.records.asset import Asset
from provenance.records.ingredient import Ingredient
from provenance.records.involvement import AiInvolvement, Generation
from provenance.records.record import Claim, Issuer, OwnershipRecord
from provenance.records.rights import Party, RightShare, VoiceConsent

_LEVELS = {"all": "All", "partly": "Partly", "none": "None", None: "Undeclared"}


@dataclass(frozen=True)
class Declaration:
    """What the person who tags states about the track.

    Attributes:
        title: of the recording.
        owner: who holds the master right.
        isrc: International Standard Recording Code, with or without hyphens.
        ai: how much of it a machine made: `all`, `partly`, `none`, or None for no statement.
        generation: the system that made it, where one did.
        voice_consents: licences to a voice; `artist` is the artist's name.
        basis: on what the claim rests: `generated_here`, `uploaded` or `asserted`.
        ingredients: what the track was made from.
    """

    title: str
    owner: str
    isrc: str | None = None
    ai: str | None = None
    generation: Generation | None = None
    voice_consents: tuple[VoiceConsent, ...] = ()
    basis: str = "uploaded"
    ingredients: tuple[Ingredient, ...] = ()

    @classmethod
    def parse(
        cls,
        title: str,
        owner: str,
        *,
        isrc: str | None = None,
        ai: str | None = None,
        generator: str | None = None,
        basis: str = "uploaded",
        ingredients: tuple[Ingredient, ...] = (),
    ) -> "Declaration":
        """The declaration as written by hand, on a command line or in a form; `generator` is its text.

        Records hold names in Unicode form NFC, keyboards and file systems give others.
        """
        title, owner = (unicodedata.normalize("NFC", text) for text in (title, owner))
        generator = unicodedata.normalize("NFC", generator or "")
        made = parse_generator(generator, altered=ai == "partly") if generator else None
        return cls(title, owner, isrc or None, ai, made, basis=basis, ingredients=ingredients)


def parse_generator(text: str, *, provider: str = "undeclared", altered: bool = False) -> Generation:
    """Read a generator as written by hand: `MusicGen 1.3`, or `Meta/MusicGen 1.3` with its provider."""
    named, _, system = text.strip().rpartition("/")
    name, _, version = system.rpartition(" ")
    if not name or not any(c.isdigit() for c in version):
        name, version = system, "undeclared"
    return Generation(
        provider=named or provider,
        system=name,
        system_version=version,
        created_or_altered="altered" if altered else "created",
        finished_at=clock.now_text(),
    )


def draft_record(record_id: str, declaration: Declaration, keyid: str) -> OwnershipRecord:
    """The record with everything that is known before the audio is, so that a broken declaration fails early.

    What depends on the audio is filled with placeholders, to be replaced before the record is signed.

    Raises:
        RecordError: the declaration breaks a rule of the record, such as a malformed ISRC.
    """
    ai = declaration.ai if declaration.ai or not declaration.generation else "all"
    if ai not in _LEVELS:
        raise RecordError(f"ai must be all, partly or none, not {ai!r}")
    artists = dict.fromkeys(consent.artist for consent in declaration.voice_consents)
    refs = {name: f"artist-{number}" for number, name in enumerate(artists, 1)}
    return OwnershipRecord(
        record_id=record_id,
        issued_at=clock.now_text(),
        issuer=Issuer(declaration.owner, keyid),
        asset=Asset(
            title=declaration.title,
            sha256_pcm="0" * 64,
            duration_ms=1,
            sample_rate=1,
            channels=1,
            container="pending",
            isrc=identifiers.isrc(declaration.isrc) if declaration.isrc else None,
        ),
        ai_involvement=AiInvolvement(_LEVELS[cast("Any", ai)]),
        parties=(
            Party("owner", declaration.owner, "org"),
            *(Party(ref, name, "person") for name, ref in refs.items()),
        ),
        rights=(RightShare("master", "owner", 1_000_000),),
        provenance_of_claim=Claim(declaration.basis),
        generation=declaration.generation,
        voice_consents=tuple(replace(c, artist=refs[c.artist]) for c in declaration.voice_consents),
        ingredients=declaration.ingredients,
    )
