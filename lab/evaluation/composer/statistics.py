"""What music has and noise, hum and a stuck model have not, in a few numbers of a recording."""

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from core.resample import one_channel
from detector.originality.chroma import chroma
from detector.originality.frames import RATE, SHORT, frames
from detector.originality.rhythm import rhythm


@dataclass(frozen=True)
class Statistics:
    """Of one recording of ten seconds.

    Attributes:
        steadiness: how much of the pitches is still there a quarter of a second later, 0 to 1.
        change: how much the pitch classes change over the recording, 0 to 1.
        pulse: how clearly what begins repeats in time.
        onsets_per_s: how much begins.
        flatness_db: geometric over arithmetic mean of the power spectrum, mean over frames: 0 dB would be a
            spectrum without peaks, white noise has -2.5.
        level_db: spread of the level from second to second, standard deviation.
    """

    steadiness: float
    change: float
    pulse: float
    onsets_per_s: float
    flatness_db: float
    level_db: float


NAMES = tuple(Statistics.__dataclass_fields__)


def statistics(wav: Tensor, sample_rate: int) -> Statistics:
    """Measure a recording, [C, T]."""
    heard = frames(wav, sample_rate)
    pitches, beats = chroma(heard.tones), rhythm(heard.mel)
    mono = one_channel(wav.float(), sample_rate, RATE)
    window = torch.hann_window(SHORT)
    power = torch.stft(mono, SHORT, SHORT // 2, window=window, return_complex=True).abs().square() + 1e-9
    flatness = 10 * (power.log10().mean(0) - power.mean(0).log10())
    seconds = mono[: len(mono) // RATE * RATE].reshape(-1, RATE).square().mean(1) + 1e-9
    return Statistics(
        pitches.steadiness,
        pitches.change,
        beats.pulse,
        beats.onsets_per_s,
        float(flatness.mean()),
        float((10 * seconds.log10()).std()),
    )


def table(rows: list[Statistics]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Recordings by statistics, in the order of `NAMES`."""
    return np.array([[asdict(row)[name] for name in NAMES] for row in rows])
