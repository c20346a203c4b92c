"""The checks of an audit as plain callables, so that each can be replaced by a fake.

Models are loaded on first use and kept: a server loads each network once per process.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.settings import Settings
from core.clip import Clip

if TYPE_CHECKING:
    from torch import Tensor

    from detector.music.detector import MusicDetector
    from detector.voice.detector import VoiceDetector


@dataclass(frozen=True)
class Stages:
    """One callable per step.

    Attributes:
        decode: file and settings to a clip.
        detect: (wav [C, T], sample_rate, key, known changes of speed and pitch) to a watermark detection.
        read_credentials: (file, roots to trust in PEM, those of time-stamp authorities) to credentials.
        extract: (wav [C, T], sample_rate) to a fingerprint.
        music: clip to a music finding.
        voice: (clip, enrolled voice prints as stored, by name) to a voice finding.
    """

    decode: Callable[[Path, Settings], Clip]
    detect: Callable[["Tensor", int, Any, Sequence[tuple[float, float]]], Any]
    read_credentials: Callable[[Path, Sequence[str], Sequence[str]], Any]
    extract: Callable[["Tensor", int], Any]
    music: Callable[[Clip], Any]
    voice: Callable[[Clip, Mapping[str, bytes]], Any]


def product_stages(settings: Settings | None = None) -> Stages:
    """The checks as they ship; with settings, music is judged by the user's own calibration, if any.

    Each operation runs on one thread from now on, since an audit asks its checks in two lanes. More threads
    would wait for one another spinning, which on two busy cores made an audit of three minutes take five
    times the processor time.
    """
    import torch

    torch.set_num_threads(1)
    own = music_calibration(settings) if settings else None
    guests = music_adapters(settings) if settings else None
    full = settings is None or settings.watermark_search == "full"
    return Stages(
        _decode,
        partial(_detect, full),
        _read_credentials,
        _extract,
        lambda clip: _music(clip, own, guests),
        _voice,
    )


def _decode(path: Path, settings: Settings) -> Clip:
    from core.decode import decode

    return decode(path, settings.limits())


def _detect(
    full: bool, wav: "Tensor", sample_rate: int, key: Any, known: Sequence[tuple[float, float]]
) -> Any:
    from provenance.watermark import detect

    return detect(wav, sample_rate, key, exhaustive=full, known=known)


def _read_credentials(path: Path, anchors: Sequence[str], tsa_anchors: Sequence[str]) -> Any:
    from provenance.credentials import read_credentials

    return read_credentials(path, anchors, tsa_anchors)


def _extract(wav: "Tensor", sample_rate: int) -> Any:
    from provenance.fingerprint import extract

    return extract(wav, sample_rate)


def music_calibration(settings: Settings) -> Path:
    """Where `trackmark calibrate` keeps the scores of the user's own human recordings."""
    return settings.home / "music-calibration.json"


def music_adapters(settings: Settings) -> Path:
    """Where `trackmark adapter add` keeps other people's detectors."""
    return settings.home / "music-adapters"


@lru_cache(maxsize=2)
def _music_detector(calibration: Path | None, _changed_at: int) -> "MusicDetector":
    from detector.music import MusicDetector

    return MusicDetector.load(calibration=calibration)


@lru_cache(maxsize=1)
def _voice_detector() -> "VoiceDetector":
    from detector.voice import VoiceDetector

    return VoiceDetector.load()


def _music(clip: Clip, own: Path | None, guests: Path | None) -> Any:
    calibration = own if own is not None and own.is_file() else None
    # a changed file is read again, without a restart of the server
    changed_at = calibration.stat().st_mtime_ns if calibration else 0
    finding = _music_detector(calibration, changed_at).score(clip)
    if guests is None or finding.llr is None or not guests.is_dir():
        return finding
    from detector.music.adapters import heard
    from detector.music.adapters.hearing import opinions

    return heard(finding, opinions(guests, clip))


def _voice(clip: Clip, artists: Mapping[str, bytes]) -> Any:
    from detector.voice.voiceprint import read_all

    prints, unreadable = read_all(artists)
    found = _voice_detector().score(clip, prints)
    return replace(found, left_out=(*unreadable, *found.left_out))
