"""The values that travel through Trackmark: decoded audio and scored stretches of time."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Source:
    """Facts about the bytes that a clip was decoded from.

    Attributes:
        name: file name as given, for messages only (attacker text: escape it before display).
        sha256: digest of the file's bytes, hex.
        size_bytes: length of the file.
        container: demuxer's name, such as `wav`, `mp3`, `flac`, `mov,mp4,m4a`, `ogg`.
        codec: decoder's name, such as `pcm_s16le`, `mp3float`, `aac`, `opus`.
        bit_rate: bits per second as declared, or None where the container does not say.
        truncated: some of the audio is missing, damaged or perhaps not heard; `reasons` says why, in words.
        bits: size of a sample in the file where it is lossless, negative for float; None for lossy codecs.
        others: what else the file holds and was not decoded: more audio tracks, video.
        chapters: start and end in seconds, and title (attacker text).
        tags: names and texts as the demuxer tells them (attacker text).
        more_audio: how many further audio tracks the file holds, which nobody hears here.
    """

    name: str
    sha256: str
    size_bytes: int
    container: str
    codec: str
    bit_rate: int | None = None
    truncated: bool = False
    reasons: tuple[str, ...] = ()
    bits: int | None = None
    others: tuple[str, ...] = ()
    chapters: tuple[tuple[float, float, str], ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    more_audio: int = 0


@dataclass(frozen=True)
class Clip:
    """Audio decoded once and passed to every stage.

    Attributes:
        wav: samples, [C, T] float32, nominally in [-1, 1].
        sample_rate: in Hz, as decoded (never resampled).
        source: where it came from.
        layout: which channel is which, by a name of `core.layouts`; None where nobody said.
    """

    wav: Tensor
    sample_rate: int
    source: Source
    layout: str | None = None

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return float(self.wav.shape[-1]) / self.sample_rate


@dataclass(frozen=True)
class Segment:
    """A stretch of time with a score (higher: more of what the detector looks for)."""

    start_s: float
    end_s: float
    score: float
