"""The disclosure that ordinary players and platforms read, rendered into each container's own tags.

One statement in several spellings: ID3v2.4 frames (MP3), RIFF INFO, `bext` and an `AIGC` chunk (WAV), Vorbis
comments (FLAC, Ogg), iTunes freeform atoms (M4A). These tags are plain text that anybody can change; the
signed twin is the C2PA manifest, so tags must be written before it: any later edit breaks its binding.

Contents follow California SB 942 (provider, system, version, time, unique id, created or altered) and, under
the key `AIGC`, the implicit label of China's GB 45438-2025.
"""

import json
from pathlib import Path
from typing import Any

import mutagen
from mutagen import flac
from mutagen.id3 import ID3, TIT2, TSRC, TXXX, ID3NoHeaderError
from mutagen.mp4 import MP4

from core.errors import CredentialsError
from provenance.credentials import bext, riff
from provenance.credentials.containers import FLAC, M4A, MP3, WAV, is_ogg, sniff
from provenance.credentials.tag_reading import FREEFORM
from provenance.records.record import OwnershipRecord

AIGC = "AIGC"


def disclosure(record: OwnershipRecord) -> dict[str, str]:
    """The tags to write, by their common name. Owners and shares stay out of the file."""
    tags = {
        "TRACKMARK_RECORD": record.record_id,
        "TRACKMARK_RECORD_SHA256": record.digest(),
        "AI_INVOLVEMENT": record.ai_involvement.overall,
        "DISCLOSURE_TIME": record.issued_at,
    }
    for role, involvement in record.ai_involvement.roles().items():
        tags[f"AI_{role.upper()}"] = involvement.level
    generation = record.generation
    if generation is not None:
        tags["AI_PROVIDER"] = generation.provider
        tags["AI_SYSTEM"] = generation.system
        tags["AI_SYSTEM_VERSION"] = generation.system_version
        tags["AI_CREATED_OR_ALTERED"] = generation.created_or_altered
        tags["DISCLOSURE_TIME"] = generation.finished_at
        if generation.model is not None:
            tags["AI_MODEL"] = generation.model
    if record.ai_involvement.overall in ("All", "Partly"):
        tags[AIGC] = aigc_label(record)
    return tags


def aigc_label(record: OwnershipRecord) -> str:
    """The implicit label of GB 45438-2025 as JSON; `Label` 1 says that the content is AI-generated.

    `ReservedCode1` may carry integrity data of the producer: ours is the hash of the signed record.
    """
    producer = record.generation.provider if record.generation is not None else record.issuer.name
    value = {
        "Label": "1",
        "ContentProducer": producer,
        "ProduceID": record.record_id,
        "ReservedCode1": record.digest(),
        "ContentPropagator": "",
        "PropagateID": "",
        "ReservedCode2": "",
    }
    return json.dumps(value, ensure_ascii=False)


def write_tags(path: Path, record: OwnershipRecord) -> None:
    """Write the disclosure, the title and the ISRC into a file, in place, keeping its other tags.

    Raises:
        CredentialsError: not a WAV, MP3, FLAC, M4A or Ogg file, or a damaged one.
    """
    container = sniff(path)
    tags = disclosure(record)
    title, isrc = record.asset.title, record.asset.isrc
    try:
        if container == WAV:
            _write_wav(path, tags, record)
        elif container == MP3:
            _write_mp3(path, tags, title, isrc)
        elif container == FLAC:
            _write_comments(flac.FLAC(path), tags, title, isrc)
        elif is_ogg(path):
            _write_comments(_ogg(path), tags, title, isrc)
        elif container == M4A:
            _write_m4a(path, tags, title, isrc)
        else:
            raise CredentialsError(f"{path.name} is not WAV, MP3, FLAC or M4A; tags cannot be written")
    except (mutagen.MutagenError, OSError, ValueError) as error:
        raise CredentialsError(f"cannot write tags into {path.name}: {error}") from error


def _ogg(path: Path) -> Any:
    """The Vorbis or Opus stream of an Ogg file."""
    audio = mutagen.File(path)
    if audio is None or not hasattr(audio, "tags"):
        raise CredentialsError(f"{path.name} is Ogg, but neither Vorbis nor Opus")
    return audio


def _write_comments(audio: Any, tags: dict[str, str], title: str, isrc: str | None) -> None:
    if audio.tags is None:
        audio.add_tags()
    audio.update(tags)
    audio["TITLE"] = title
    if isrc is not None:
        audio["ISRC"] = isrc
    audio.save()


def _write_wav(path: Path, tags: dict[str, str], record: OwnershipRecord) -> None:
    title, isrc = record.asset.title, record.asset.isrc
    info = {b"INAM": title, b"ICMT": json.dumps(tags, ensure_ascii=False), b"ISFT": "Trackmark"}
    if isrc is not None:
        info[b"ISRC"] = isrc
    additions = [(b"LIST", riff.info_list(info))]
    if AIGC in tags:
        additions.append((b"AIGC", tags[AIGC].encode()))
    if not any(chunk.id == b"bext" for chunk in riff.chunks(path)):
        # A file has one bext chunk; the one that a broadcaster wrote is kept as it is.
        additions.append((b"bext", bext.chunk(record)))
    riff.append(path, additions)


def _write_mp3(path: Path, tags: dict[str, str], title: str, isrc: str | None) -> None:
    try:
        frames = ID3(path)
    except ID3NoHeaderError:
        frames = ID3()
    for key, text in tags.items():
        frames.setall(f"TXXX:{key}", [TXXX(encoding=3, desc=key, text=[text])])
    frames.setall("TIT2", [TIT2(encoding=3, text=[title])])
    if isrc is not None:
        frames.setall("TSRC", [TSRC(encoding=3, text=[isrc])])
    frames.save(path, v2_version=4)


def _write_m4a(path: Path, tags: dict[str, str], title: str, isrc: str | None) -> None:
    audio = MP4(path)
    if audio.tags is None:
        audio.add_tags()
    for key, text in tags.items():
        audio[FREEFORM + key] = [text.encode()]
    audio["\xa9nam"] = [title]
    if isrc is not None:
        audio[FREEFORM + "ISRC"] = [isrc.encode()]
    audio.save()
