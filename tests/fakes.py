"""Stand-ins for the parts that need models: small, obedient, and honest about what they were given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from api.audit.stages import Stages
from api.errors import UnknownEntry
from core.clip import Clip, Segment, Source
from core.errors import TrackmarkError

RECORD = "00112233445566aa"
OTHER = "ffeeddccbbaa9988"


@dataclass(frozen=True)
class Detection:
    """What a watermark detector answers."""

    present: bool = False
    p_value: float = 0.5
    message: bytes | None = None
    speed: float = 1.0
    pitch_semitones: float = 0.0
    segments: tuple[Segment, ...] = ()
    duration_s: float = 10.0
    elapsed_s: float = 0.01
    exhaustive: bool = True
    known: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Match:
    """What a fingerprint index answers."""

    record_id: str
    score: float = 0.8
    offset_s: float = 0.0
    speed: float = 1.0
    pitch: float = 1.0
    matched_s: float = 9.0
    p_value: float = 1e-12
    stretches: tuple[tuple[float, float], ...] = ((0.0, 9.0),)


@dataclass(frozen=True)
class Credentials:
    """What a file's content credentials say."""

    present: bool = False
    valid: bool = False
    signature_valid: bool = False
    content_bound: bool = False
    trusted: bool = False
    signer: str | None = None
    digital_source_type: str | None = None
    record_id: str | None = None
    stamped_at: str | None = None
    stamp_trusted: bool = False


@dataclass(frozen=True)
class Music:
    """What a music detector answers."""

    score: float | None = 0.1
    llr: float | None = -1.2
    p_value: float | None = 0.4
    verdict: str = "no_trace"
    families: tuple[Any, ...] = ()
    evidence: tuple[Any, ...] = ()
    segments: tuple[Segment, ...] = ()
    reason: str | None = None
    propositions: tuple[Any, ...] = ()
    calibration: str = "fake 1, shipped"
    group: str = ""
    misses: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Voice:
    """What a voice detector answers."""

    has_voice: bool = False
    synthetic_score: float | None = None
    artists: tuple[Any, ...] = ()
    segments: tuple[Segment, ...] = ()
    reason: str | None = None
    left_out: tuple[str, ...] = ()


def marked(record_id: str = RECORD, **changes: Any) -> Detection:
    """A detection of a record's mark."""
    found = Detection(True, 1e-14, bytes.fromhex(record_id), segments=(Segment(0.0, 10.0, 0.9),))
    return replace(found, **changes)


def clip(
    seconds: float = 10.0, *, amplitude: float = 0.3, sample_rate: int = 8000, name: str = "song.wav"
) -> Clip:
    """Noise as a decoded file."""
    generator = torch.Generator().manual_seed(7)
    wav = amplitude * torch.randn(2, round(seconds * sample_rate), generator=generator).clamp(-3, 3) / 3
    return Clip(wav, sample_rate, Source(name, "ab" * 32, 1234, "wav", "pcm_s16le"))


def claims(**changes: Any) -> dict[str, Any]:
    """What a verified record says."""
    return {
        "title": "A Song",
        "isrc": None,
        "issuer": "A Label",
        "issued_at": "2026-11-22T12:00:00Z",
        "claim_status": "asserted",
        "marked": True,
        "owners": [{"name": "A Label", "right": "master", "share": 1.0, "territories": ["WORLD"]}],
        "ai_involvement": {"overall": "None", "roles": {}},
        "generator": None,
        "voice_consents": [],
        "keyids": ["ab" * 32],
        "leaf_index": 3,
        **changes,
    }


@dataclass
class Registry:
    """A registry in memory: records by id (or the error that verifying them raises), and artists."""

    known: Mapping[str, dict[str, Any] | TrackmarkError] = field(default_factory=lambda: {RECORD: claims()})
    matches: Sequence[Match] = ()
    voices: Mapping[str, bytes] = field(default_factory=dict)
    queries: int = 0

    @property
    def keys(self) -> Any:
        return SimpleNamespace(
            watermark=lambda: "key",
            published=SimpleNamespace(tsa_anchors=list, credential_anchors=lambda: ["root"]),
        )

    @property
    def records(self) -> Any:
        return SimpleNamespace(verified=self._verified)

    def _verified(self, record_id: str) -> Any:
        found = self.known.get(record_id, UnknownEntry(f"no record {record_id}"))
        if isinstance(found, TrackmarkError):
            raise found
        return SimpleNamespace(today=lambda: found)

    @property
    def fingerprints(self) -> Any:
        return SimpleNamespace(index=lambda: self)

    def query(self, fingerprint: Any) -> list[Match]:
        self.queries += 1
        return list(self.matches) if fingerprint.hashes else []

    @property
    def artists(self) -> Any:
        voices = [SimpleNamespace(name=name, voiceprint=data) for name, data in self.voices.items()]
        return SimpleNamespace(all=lambda: voices)


def give(answer: Any) -> Any:
    """A stage that answers the same whatever it is given; an exception is raised instead."""

    def stage(*_args: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return stage


def stages(
    *,
    audio: Clip | Exception | None = None,
    detection: Any = None,
    credentials: Any = None,
    hashes: Any = (1, 2, 3),
    music: Any = None,
    voice: Any = None,
) -> Stages:
    """Stages that give fixed answers; an exception as an answer is raised."""
    fingerprint = hashes if isinstance(hashes, Exception) else SimpleNamespace(hashes=list(hashes))
    return Stages(
        decode=give(audio or clip()),
        detect=give(detection or Detection()),
        read_credentials=give(credentials or Credentials()),
        extract=give(fingerprint),
        music=give(music or Music()),
        voice=give(voice or Voice()),
    )


PATH = Path("song.wav")


def scan_row(item: Any, home: Path) -> dict[str, Any]:
    """A row for a scan; kills its own process over a file named `poison`."""
    import os

    if "poison" in item.location:
        os._exit(9)
    return {"file": item.location, "size_bytes": item.size, "action": "accept", "error": None}
