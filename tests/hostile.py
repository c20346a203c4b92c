"""Files that break decoders, each built here and named after its flaw.

`REFUSED` maps a flaw to its bytes and the error it must raise; `ACCEPTED` holds odd but valid files.
"""

import io
import struct
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from core import errors
from core.encode import encode_bytes
from tests.signals import music

Build = Callable[[], bytes]


def wav(
    samples: np.ndarray,
    sample_rate: int,
    *,
    channels: int | None = None,
    data_bytes: int | None = None,
    float_samples: bool = False,
) -> bytes:
    """A RIFF/WAVE file written by hand, so that its header can lie.

    Args:
        samples: [T, C] int16, or float32 with `float_samples`.
        sample_rate: as the header states it, in Hz.
        channels: as the header states it; the truth by default.
        data_bytes: length of the data chunk as the header states it; the truth by default.
    """
    width = 4 if float_samples else 2
    channels = samples.shape[1] if channels is None else channels
    body = samples.astype("<f4" if float_samples else "<i2").tobytes()
    rate_bytes = (sample_rate * channels * width) & 0xFFFFFFFF
    block = (channels * width) & 0xFFFF
    form = struct.pack(
        "<HHIIHH", 3 if float_samples else 1, channels, sample_rate, rate_bytes, block, 8 * width
    )
    stated = len(body) if data_bytes is None else data_bytes
    head = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", stated)
    return b"RIFF" + struct.pack("<I", (4 + len(head) + stated) & 0xFFFFFFFF) + b"WAVE" + head + body


def tone(frames: int, channels: int = 2) -> np.ndarray:
    """A quiet tone as int16, [T, C]."""
    wave = 8000 * np.sin(np.arange(frames) * 0.06)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.int16)


def renamed_zip() -> bytes:
    """An archive with an audio name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("song.txt", "la " * 5000)
    return buffer.getvalue()


def not_a_number() -> bytes:
    """A float WAV in which one sample is NaN."""
    samples = np.zeros((8000, 1), np.float32)
    samples[4321] = np.nan
    return wav(samples, 8000, float_samples=True)


def overflowing() -> bytes:
    """A float WAV in which ten samples are finite, but not their squares."""
    samples = tone(44_100).astype(np.float32)
    samples[1000:1010] = 1e30
    return wav(samples, 44_100, float_samples=True)


def infinite() -> bytes:
    """A float WAV in which one sample is infinite."""
    samples = np.zeros((8000, 1), np.float32)
    samples[7999] = np.inf
    return wav(samples, 8000, float_samples=True)


@lru_cache
def encoded(codec: str, seconds: float = 2.0) -> bytes:
    """A healthy file of generated music."""
    return encode_bytes(music(seconds, 44_100, seed=5), 44_100, codec=codec)  # type: ignore[arg-type]  # by name


def truncated_m4a() -> bytes:
    """An M4A cut before its index, which stands at the end: nothing can be decoded."""
    return encoded("aac")[:8000]


def m4a_with_endless_table() -> bytes:
    """An M4A whose sample table claims four thousand million entries."""
    data = bytearray(encoded("aac"))
    at = data.index(b"stsz")
    data[at + 8 : at + 16] = struct.pack(">II", 0, 0xFFFFFFFF)
    return bytes(data)


def riff_bomb() -> bytes:
    """A WAVE file that opens with thousands of chunks, each claiming four gigabytes."""
    chunk = b"LIST" + struct.pack("<I", 0xFFFFFFF0) + b"INFO"
    return b"RIFF" + struct.pack("<I", 0xFFFFFFFF) + b"WAVE" + chunk * 4000


def random_bytes() -> bytes:
    """Bytes without meaning."""
    return np.random.default_rng(3).bytes(60_000)


def three_hours() -> bytes:
    """Three hours at 8 kHz, mono, 8 bit."""
    head = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    body = b"\x80" * (3 * 3600 * 8000)
    head += b"data" + struct.pack("<I", len(body))
    return b"RIFF" + struct.pack("<I", 4 + len(head) + len(body)) + b"WAVE" + head + body


REFUSED: dict[str, tuple[Build, type[errors.AudioError]]] = {
    "empty.wav": (lambda: b"", errors.EmptyAudio),
    "zero-length.wav": (lambda: wav(tone(0), 44_100), errors.EmptyAudio),
    "text.mp3": (lambda: b"This is a text about music.\n" * 400, errors.UnreadableAudio),
    "random.mp3": (random_bytes, errors.UnreadableAudio),
    "zip.wav": (renamed_zip, errors.UnreadableAudio),
    "header-only.flac": (lambda: encoded("flac")[:60], errors.UnreadableAudio),
    "truncated.m4a": (truncated_m4a, errors.UnreadableAudio),
    "endless-table.m4a": (m4a_with_endless_table, errors.UnreadableAudio),
    "riff-bomb.wav": (riff_bomb, errors.UnreadableAudio),
    "twelve-channels.wav": (lambda: wav(tone(4800, 12), 48_000), errors.UnsupportedAudio),
    "400-khz.wav": (lambda: wav(tone(40_000), 400_000), errors.UnsupportedAudio),
    "1-hz.wav": (lambda: wav(tone(400), 1), errors.UnsupportedAudio),
    "lying-channels.wav": (lambda: wav(tone(4800), 48_000, channels=65_535), errors.UnreadableAudio),
    "nan.wav": (not_a_number, errors.InvalidSamples),
    "overflowing.wav": (overflowing, errors.InvalidSamples),
    "infinity.wav": (infinite, errors.InvalidSamples),
    "three-hours.wav": (three_hours, errors.AudioTooLarge),
}

ACCEPTED: dict[str, Build] = {
    "silent.wav": lambda: wav(tone(44_100) * 0, 44_100),
    "offset.wav": lambda: wav(tone(44_100) * 0 + 0.3, 44_100, float_samples=True),
    "one-sample.wav": lambda: wav(tone(2)[1:], 44_100),
    "lying-length.wav": lambda: wav(tone(44_100), 44_100, data_bytes=0x7FFFFFF0),
    "endless-length.wav": lambda: wav(tone(44_100), 44_100, data_bytes=0xFFFFFFFF),
    "eight-channels.wav": lambda: wav(tone(4800, 8), 48_000),
    "192-khz.wav": lambda: wav(tone(19_200), 192_000),
    "truncated.mp3": lambda: encoded("mp3")[:20_000],
    "truncated.flac": lambda: encoded("flac")[:100_000],
    "clipped.flac": lambda: encode_bytes(torch.full((1, 4000), 3.0), 44_100, codec="flac"),
}


def write_all(folder: Path) -> dict[str, Path]:
    """Write every file above into a folder; paths by flaw."""
    builds = {name: build for name, (build, _) in REFUSED.items()} | ACCEPTED
    for name, build in builds.items():
        (folder / name).write_bytes(build())
    return {name: folder / name for name in builds}
