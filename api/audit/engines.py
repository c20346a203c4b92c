"""What touches audio, each part behind a protocol: the parts as they ship, and the place for a test's own.

A part loads its package and its weights when it is first asked; a server loads each network once per process.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from api.keys.sealing import is_sealed
from api.settings import Settings
from core.limits import Limits
from provenance import watermark

if TYPE_CHECKING:
    from torch import Tensor

    from core.clip import Clip
    from core.progress import Progress
    from detector.music import MusicFinding
    from detector.music.detector import MusicDetector
    from detector.originality import Sketch
    from detector.voice import VoiceFinding
    from detector.voice.detector import VoiceDetector
    from provenance.birth import Born, Openings
    from provenance.credentials.findings import Credentials
    from provenance.declaration import Declaration
    from provenance.fingerprint import Fingerprint
    from provenance.generate import Order
    from provenance.tag import Ledger, Marker, Tagged

PROBED_S = 5.0
CLOSED = (
    "the voice print cannot be opened here: copy the key file of the tenant's voices into keys/ from the "
    "machine that enrols, or enrol the artist again"
)


class Decoder(Protocol):
    """Files to audio."""

    def decode(self, path: Path, limits: Limits) -> "Clip":
        """All of a file's audio; raises `AudioError`."""

    def probe(self, path: Path, limits: Limits) -> None:
        """Raise `AudioError` where a look at the file shows that it is no usable audio."""


class Printer(Protocol):
    """Fingerprints."""

    def extract(self, wav: "Tensor", sample_rate: int) -> "Fingerprint":
        """The fingerprint of audio, [C, T]."""


class CredentialReader(Protocol):
    """Content credentials."""

    def read(self, path: Path, anchors: Sequence[str], tsa_anchors: Sequence[str]) -> "Credentials":
        """Those of a file; roots to trust (PEM), of signers and of time-stamp authorities, are given."""


class MusicEar(Protocol):
    """Hears whether a machine made the sound."""

    def hear(self, clip: "Clip", ratios: Sequence[float] = ()) -> "MusicFinding":
        """What speaks for and against it; `ratios` are those by which frequencies are known to be raised."""


class VoiceEar(Protocol):
    """Hears whose voice it is, and whether a machine made it."""

    def hear(self, clip: "Clip", artists: Mapping[str, bytes]) -> "VoiceFinding":
        """The vocals, compared with enrolled voice prints as stored, by name."""

    def enrol(self, clips: "Sequence[Clip]") -> bytes:
        """Recordings of one artist to a voice print, as it is stored."""

    def alike(self, voiceprint: bytes, artists: Mapping[str, bytes]) -> list[str]:
        """Which enrolled voice prints, as stored, by name, may be of the person of another; nearest first."""


class Sketcher(Protocol):
    """What a track is compared with others by."""

    def sketch(self, wav: "Tensor", sample_rate: int) -> "Sketch":
        """The sketch of audio, [C, T]."""


class Tagger(Protocol):
    """The pipeline `provenance.tag.tag`."""

    def __call__(
        self,
        source: "Path | Clip",
        out: Path,
        declaration: "Declaration",
        *,
        ledger: "Ledger",
        strength: float = 1.0,
        progress: "Progress | None" = None,
        marker: "Marker | None" = None,
        record_id: str | None = None,
        overwrite: bool = False,
        warn: "Callable[[str], None] | None" = None,
        issued_at: str | None = None,
    ) -> "Tagged":
        """Mark a track, register it and write it with its credentials."""


class Maker(Protocol):
    """The pipeline `provenance.birth.generate_tagged`."""

    def __call__(
        self,
        order: "Order",
        out: Path,
        *,
        title: str,
        owner: str,
        ledger: "Ledger",
        melody: Path | None = None,
        beginning: Path | None = None,
        strength: float = 1.0,
        progress: "Progress | None" = None,
        overwrite: bool = False,
        keep: "Callable[[Openings], None] | None" = None,
    ) -> "Born":
        """Generate a track, marked as it is made, and register it."""


@dataclass(frozen=True)
class Engines:
    """All of them: the one thing that a test replaces."""

    decoder: Decoder
    marker: "Marker"
    printer: Printer
    credentials: CredentialReader
    music: MusicEar
    voice: VoiceEar
    sketcher: Sketcher
    tagger: Tagger
    maker: Maker


def product_engines(settings: Settings) -> Engines:
    """The parts as they ship; the user's own calibration and adapters, if any, are used for music."""
    music = _Music(music_calibration(settings), music_adapters(settings))
    return Engines(
        decoder=_Decoder(),
        marker=watermark,
        printer=_Printer(),
        credentials=_CredentialReader(),
        music=music,
        voice=_Voice(),
        sketcher=_Sketcher(),
        tagger=_tag,
        maker=_make,
    )


def music_calibration(settings: Settings) -> Path:
    """Where `trackmark calibrate` keeps the scores of the user's own human recordings."""
    return settings.home / "music-calibration.json"


def music_adapters(settings: Settings) -> Path:
    """Where `trackmark adapter add` keeps other people's detectors."""
    return settings.home / "music-adapters"


class _Decoder:
    def decode(self, path: Path, limits: Limits) -> "Clip":
        from core.decode import decode

        return decode(path, limits)

    def probe(self, path: Path, limits: Limits) -> None:
        """Decode the first seconds: what is no usable audio is refused at once, the job decodes it all."""
        from core.reception import received  # a server computes nothing, and loads no torch

        with received(path, limits) as audio:
            heard = 0
            for block in audio.blocks():
                heard += block.shape[-1]
                if heard >= PROBED_S * audio.header["sample_rate"]:
                    return


class _Printer:
    def extract(self, wav: "Tensor", sample_rate: int) -> "Fingerprint":
        from provenance.fingerprint import extract

        return extract(wav, sample_rate)


class _Sketcher:
    def sketch(self, wav: "Tensor", sample_rate: int) -> "Sketch":
        from detector.originality import sketch

        return sketch(wav, sample_rate)


class _CredentialReader:
    def read(self, path: Path, anchors: Sequence[str], tsa_anchors: Sequence[str]) -> "Credentials":
        from provenance.credentials import read_credentials

        return read_credentials(path, anchors, tsa_anchors)


@dataclass(frozen=True)
class _Music:
    calibration: Path
    adapters: Path

    def hear(self, clip: "Clip", ratios: Sequence[float] = ()) -> "MusicFinding":
        own = self.calibration if self.calibration.is_file() else None
        # a changed file is read again, without a restart of the server
        finding = _music_detector(own, own.stat().st_mtime_ns if own else 0).score(clip, ratios)
        if finding.llr is None or not self.adapters.is_dir():
            return finding
        from detector.music.adapters import heard
        from detector.music.adapters.hearing import opinions

        return heard(finding, opinions(self.adapters, clip))


class _Voice:
    def hear(self, clip: "Clip", artists: Mapping[str, bytes]) -> "VoiceFinding":
        from detector.voice.voiceprint import read_all

        opened = {name: data for name, data in artists.items() if not is_sealed(data)}
        closed = tuple(f"{name!r} was not compared: {CLOSED}" for name in artists if name not in opened)
        prints, unreadable = read_all(opened)
        found = _voice_detector().score(clip, prints)
        return replace(found, left_out=(*closed, *unreadable, *found.left_out))

    def enrol(self, clips: "Sequence[Clip]") -> bytes:
        return _voice_detector().enrol(clips).to_bytes()

    def alike(self, voiceprint: bytes, artists: Mapping[str, bytes]) -> list[str]:
        from detector.voice.voiceprint import VoicePrint, read_all

        prints, _unreadable = read_all({n: data for n, data in artists.items() if not is_sealed(data)})
        return _voice_detector().alike(VoicePrint.from_bytes(voiceprint), prints)


def _tag(source: "Path | Clip", out: Path, declaration: "Declaration", **options: Any) -> "Tagged":
    from provenance.tag import tag

    return tag(source, out, declaration, **options)


def _make(order: "Order", out: Path, **options: Any) -> "Born":
    from provenance.birth import generate_tagged

    return generate_tagged(order, out, **options)


@lru_cache(maxsize=2)
def _music_detector(calibration: Path | None, _changed_at: int) -> "MusicDetector":
    from detector.music import MusicDetector

    return MusicDetector.load(calibration=calibration)


@lru_cache(maxsize=1)
def _voice_detector() -> "VoiceDetector":
    from detector.voice import VoiceDetector

    return VoiceDetector.load()
