"""What a recording gives away without its content, copies that give away little of it, and what is left.

Published detectors often tell the pages apart that their training data came from: by rate, level, length or
codec. A probe that sees these alone says how far one gets without listening. Checkpoints on trial, and the
lab's own benchmark and training data, are held against the same copies and the same probe.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.clip import Clip
from core.downmix import downmix
from core.encode import recode
from core.resample import one_channel, resample
from detector.music import spectra

Scores = NDArray[np.float64]

LEVEL_DBFS = -20.0
MATCHED_S = 10.0
MATCHED_BIT_RATE = 64000
RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


def confounds(clip: Clip) -> tuple[float, ...]:
    """Rate (Hz), level and crest (dB), width (side over middle), length (s) and band (Hz) of a recording."""
    samples = one_channel(clip.wav.float(), clip.sample_rate, spectra.ANALYSIS_RATE).numpy()
    band = spectra.usable_band(samples, spectra.limit_of(clip.sample_rate)) if samples.size else 0.0
    return float(clip.sample_rate), *levels(clip.wav.float()), clip.duration_s, band


def levels(wav: Tensor) -> tuple[float, float, float]:
    """Level and crest in dB, and width (side over middle) of audio, [C, T]."""
    mono = downmix(wav)
    rms = float(mono.square().mean().sqrt()) + 1e-6
    side = float((wav - mono).square().mean().sqrt()) / rms
    crest = 20 * float(np.log10(float(mono.abs().max()) / rms + 1e-6))
    return 20 * float(np.log10(rms)), crest, side


def levelled(wav: Tensor, level_db: float) -> Tensor:
    """Audio at an RMS level in dBFS, or at full scale where that comes first."""
    rms = float(wav.square().mean().sqrt()) + 1e-9
    return wav * min(10 ** (level_db / 20) / rms, 1.0 / (float(wav.abs().max()) + 1e-9))


def common_rate(rates: Sequence[int]) -> int:
    """The highest usual rate that none of the recordings is below."""
    return max((r for r in RATES if r <= min(rates)), default=RATES[0])


def matched(clip: Clip, rate: int, seconds: float) -> Clip:
    """A recording as every other one is delivered: mono, one rate, length and level, AAC at 64 kbit/s.

    Args:
        clip: audio at its own rate.
        rate: of all copies, in Hz, from `common_rate`.
        seconds: length of all copies, at most that of the shortest recording.
    """
    mono = downmix(clip.wav.float()[:, : round(seconds * clip.sample_rate)])[None]
    low = levelled(resample(mono, clip.sample_rate, rate), LEVEL_DBFS)
    return Clip(recode(low, rate, codec="aac", bit_rate=MATCHED_BIT_RATE), rate, clip.source)


def probe(
    ranks: Scores,
    synthetic: NDArray[np.bool_],
    folds: NDArray[Any],
    weigh: Callable[[NDArray[np.bool_]], Scores],
    ridge: float,
) -> Scores:
    """Out-of-fold scores from confounds alone: ridge regression on their ranks and squared ranks.

    Args:
        ranks: of each confound among all, from -0.5 to 0.5, so that scale is no matter, [N, F].
        synthetic: the truth, [N].
        folds: the fold of each recording, [N].
        weigh: from the rows outside a fold, [N], to what each counts in fitting it, [N]; 0 leaves it out.
        ridge: penalty on all coefficients.
    """
    design = np.concatenate([ranks, ranks**2, np.ones((len(ranks), 1))], 1)
    scores = np.zeros(len(ranks))
    for fold in sorted(set(folds.tolist())):
        weight = weigh(folds != fold)
        rows = weight > 0
        x, w = design[rows], weight[rows, None]
        target = x.T @ (w[:, 0] * synthetic[rows])
        beta = np.linalg.solve(x.T @ (w * x) + ridge * np.eye(x.shape[1]), target)
        scores[folds == fold] = design[folds == fold] @ beta
    return scores
