"""What a track is heard as: short frames in mel bands, long frames as spectral peaks.

Some thousand frames are looked at together: memory beyond the audio at `RATE` hardly grows with its length.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import fft
from torch import Tensor

from core.native import torchaudio
from core.resample import one_channel

Array = NDArray[np.float32]

RATE = 16_000
LONGEST_S = 900.0
"""A quarter of an hour says what a track sounds like; of longer ones the beginning is heard."""
AT_ONCE = 2000

SHORT = 1024
HOP = 256
HOP_S = HOP / RATE
BANDS = 40
LOWEST_HZ, HIGHEST_HZ = 60.0, 7600.0
"""Above it, codecs and low sample rates would be heard as timbre."""

LONG = 4096
STEP = 2000
STEP_S = STEP / RATE
TONES_HZ = (80.0, 2000.0)
"""Where pitches of melody and harmony lie, with their first overtones."""


@dataclass(frozen=True)
class Frames:
    """A track in frames.

    Attributes:
        mel: level in mel bands in decibels, every `HOP_S`, [N, `BANDS`].
        tones: magnitudes up to the highest tone, every `STEP_S`, [M, F]; bin f is f * `RATE` / `LONG` Hz.
        heard_s: how much of the recording this is.
    """

    mel: Array
    tones: Array
    heard_s: float


def frames(wav: Tensor, sample_rate: int) -> Frames:
    """Cut a recording into frames.

    Args:
        wav: audio, [C, T]; what lies beyond `LONGEST_S` is not heard.
        sample_rate: in Hz.
    """
    heard = wav[:, : round(LONGEST_S * sample_rate)]
    samples = one_channel(heard.float(), sample_rate, RATE).numpy()
    mel = _framed(samples, SHORT, HOP, _mel)
    tones = _framed(samples, LONG, STEP, _tones)
    return Frames(mel, tones, heard.shape[-1] / sample_rate)


def _framed(samples: Array, size: int, hop: int, measure: Callable[[Array], Array]) -> Array:
    """What `measure` makes of windowed frames that lie within the audio, some thousand at a time."""
    if samples.size < size:
        samples = np.pad(samples, (0, size - samples.size))
    cut = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
    window = torch.hann_window(size).numpy()
    parts = [measure(cut[start : start + AT_ONCE] * window) for start in range(0, len(cut), AT_ONCE)]
    return np.concatenate(parts)


def _mel(windowed: Array) -> Array:
    spectra = fft.rfft(windowed, axis=1)
    power = np.square(spectra.real) + np.square(spectra.imag)
    return np.asarray(10 * np.log10(power @ _filters() + 1e-7), np.float32)


def _tones(windowed: Array) -> Array:
    spectra = fft.rfft(windowed, axis=1)[:, : int(TONES_HZ[1] * LONG / RATE) + 2]
    return np.asarray(np.abs(spectra), np.float32)


@lru_cache(maxsize=1)
def _filters() -> Array:
    made: Tensor = torchaudio().functional.melscale_fbanks(SHORT // 2 + 1, LOWEST_HZ, HIGHEST_HZ, BANDS, RATE)
    return made.numpy()
