"""Stand-ins for the parts that need models: small, obedient, and honest about what they were given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from api.audit.engines import Engines
from api.errors import UnknownEntry
from api.registry.consents import Consent
from api.registry.sketches import Shelved
from api.settings import Settings
from core.clip import Clip, Segment, Source
from core.errors import TrackmarkError
from detector.music.finding import MusicFinding, Verdict
from detector.originality import DIMENSIONS, Shelf, Sketch
from detector.originality.chroma import CLASSES
from detector.originality.rhythm import BANDS, LAGS
from detector.originality.sketch import OUTLINE
from detector.originality.structure import PAIRS
from detector.originality.timbre import COEFFICIENTS
from detector.voice.finding import ArtistScore, VoiceFinding
from provenance.credentials.findings import Credentials
from provenance.fingerprint import Fingerprint, Match, Stretch
from provenance.watermark import Detection

RECORD = "00112233445566aa"
OTHER = "ffeeddccbbaa9988"


def unmarked(**changes: Any) -> Detection:
    """What a watermark detector answers where no mark is."""
    found = Detection(False, 0.5, None, 1.0, 0.0, (), duration_s=10.0, elapsed_s=0.01, exhaustive=True)
    return replace(found, **changes)


def marked(record_id: str = RECORD, **changes: Any) -> Detection:
    """A detection of a record's mark."""
    segments = (Segment(0.0, 10.0, 0.9),)
    found = unmarked(present=True, p_value=1e-14, message=bytes.fromhex(record_id), segments=segments)
    return replace(found, **changes)


def match(record_id: str, **changes: Any) -> Match:
    """What a fingerprint index answers."""
    found = Match(record_id, 0.8, 0.0, 1.0, 1.0, matched_s=9.0, votes=40, p_value=1e-12)
    spans = changes.pop("stretches", ((0.0, 9.0),))
    found = replace(found, **changes)
    parts = (replace(stretch(*span), speed=found.speed, pitch=found.pitch) for span in spans)
    return replace(found, stretches=tuple(parts))


def stretch(start_s: float, end_s: float) -> Stretch:
    """A track heard unchanged from `start_s` on."""
    return Stretch(start_s, end_s, start_s, 1.0, 1.0, matched_s=end_s - start_s, votes=40, p_value=1e-12)


def credentials(**changes: Any) -> Credentials:
    """Credentials that hold, of our own record; or what else is said of them."""
    good = dict.fromkeys(("signature_valid", "content_bound", "trusted", "valid"), True)
    return Credentials(True, **{**good, "signer": "A Label", "record_id": RECORD, **changes})


def music(
    score: float | None = 0.1,
    llr: float | None = -1.2,
    p_value: float | None = 0.4,
    verdict: Verdict = "no_trace",
    **changes: Any,
) -> MusicFinding:
    """What a music detector answers."""
    found = MusicFinding(score, llr, p_value, verdict, (), (), (), None, calibration="fake 1, shipped")
    return replace(found, **{"compared": None if p_value is None else 84, **changes})


def voice(
    has_voice: bool | None = False,
    synthetic_score: float | None = None,
    *artists: ArtistScore,
    **changes: Any,
) -> VoiceFinding:
    """What a voice detector answers."""
    return replace(VoiceFinding(has_voice, synthetic_score, artists, (), None), **changes)


def sketch(*reasons: str, heard_s: float = 60.0) -> Sketch:
    """A sketch of a track in which nothing is heard but that it could be measured, or why it could not.

    Args:
        reasons: of melody, rhythm, timbre and structure, empty where measurable; all are unless given.
        heard_s: how much was heard.
    """

    def nothing(*shape: int) -> Any:
        return np.zeros(shape, np.float16)

    return Sketch(
        heard_s=heard_s,
        rows=np.zeros((8, CLASSES), np.uint8),
        rhythms=nothing(1, LAGS.count),
        colours=nothing(1, COEFFICIENTS),
        reasons=reasons or ("",) * len(DIMENSIONS),
        outline=nothing(CLASSES, OUTLINE.count),
        rhythm=nothing(len(BANDS), LAGS.count),
        mean=np.zeros(COEFFICIENTS, np.float32),
        covariance=np.eye(COEFFICIENTS, dtype=np.float32),
        structure=nothing(2 * PAIRS),
    )


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
    consents: Mapping[str, Sequence[Consent]] = field(default_factory=dict)
    sketched: Mapping[str, Sketch] = field(default_factory=dict)

    @property
    def sketches(self) -> Any:
        there = Shelved(tuple(self.sketched), Shelf.of(list(self.sketched.values())), left_out=2)
        return SimpleNamespace(shelved=lambda: there)

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
        return list(self.matches) if len(fingerprint.hashes) else []

    @property
    def artists(self) -> Any:
        voices = [SimpleNamespace(name=name, voiceprint=data) for name, data in self.voices.items()]
        return SimpleNamespace(all=lambda: voices, one=self._voice, consents_of=self._consents_of)

    def _consents_of(self, names: Sequence[str]) -> Mapping[str, Sequence[Consent]]:
        return {name: self.consents[name] for name in names if name in self.consents}

    def _voice(self, name: str) -> Any:
        if name not in self.voices:
            raise UnknownEntry(f"no artist {name!r}")
        return SimpleNamespace(name=name, voiceprint=self.voices[name])


@dataclass(frozen=True)
class Part:
    """A part that answers the same whatever it is asked; an exception as an answer is raised."""

    answer: Any

    def _asked(self, *_arguments: Any, **_options: Any) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def alike(self, *_arguments: Any) -> list[str]:
        return []

    decode = detect = read = extract = hear = _asked
    probe = embed = enrol = sketch = __call__ = _asked


def engines(
    *,
    audio: Clip | Exception | None = None,
    detection: Detection | Exception | None = None,
    credentials: Credentials | Exception | None = None,
    hashes: Sequence[int] | Exception = (1, 2, 3),
    music: MusicFinding | Exception | None = None,
    voice: VoiceFinding | Exception | None = None,
    sketch: Sketch | Exception | None = None,
) -> Engines:
    """All that touches audio, with fixed answers; an exception as an answer is raised."""
    return Engines(
        decoder=Part(audio or clip()),
        marker=Part(detection or unmarked()),
        printer=Part(hashes if isinstance(hashes, Exception) else fingerprint(hashes)),
        credentials=Part(credentials or Credentials(False)),
        music=Part(music or MUSIC),
        voice=Part(voice or VOICE),
        sketcher=Part(sketch or NotImplementedError("no test asked how near the audio comes to others")),
        tagger=Part(NotImplementedError("no test tags with this")),
        maker=Part(NotImplementedError("no test generates with this")),
    )


def fingerprint(hashes: Sequence[int]) -> Fingerprint:
    """A fingerprint of a few peaks."""
    return Fingerprint(np.array(hashes, np.uint64), np.arange(len(hashes), dtype=np.uint32), 100, 0)


MUSIC, VOICE = music(), voice()
SETTINGS = Settings(home=Path("no-such-home"))
PATH = Path("song.wav")
