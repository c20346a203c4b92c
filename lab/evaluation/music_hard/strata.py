"""The music detector by what the music is like: vocals, percussion, harmony, beat.

The manifest names neither genre nor vocals. What stands here is measured: vocals by `detector.voice.activity`
(a network trained on open voices over game music, partly the same collections), the rest by plain signal
processing. Every stratum is cut the same way for both classes.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from core.errors import TrackmarkError
from core.resample import resample
from detector.voice.activity import VocalActivity
from detector.voice.frontend import SAMPLE_RATE, mono
from lab import metrics
from lab.datasets import Recording
from lab.evaluation.music.__main__ import Scored

CACHE = Path("runs/music-hard/likeness")
LENGTH_S = 10.0
PROPERTIES = ("vocals", "percussion", "harmony", "beat")
VOCAL_SHARE = 0.3
LEAST = 8
"""Rows of either class below which a stratum has no AUC."""
Vector = NDArray[np.float64]


def likeness(recording: Recording, voices: VocalActivity) -> Vector:
    """Properties of a recording's first ten seconds, [4].

    Share of windows with vocals; share of the energy that is struck rather than held (median filters,
    Fitzgerald 2010); share of the energy in spectral peaks; highest autocorrelation of the onset strength
    between 0.25 and 1.5 s.

    Args:
        recording: to decode.
        voices: the network that finds vocals.
    """
    path = CACHE / recording.source / f"{recording.path.stem}.npy"
    if not path.exists():
        clip = recording.load()
        wav = clip.wav[:, : round(LENGTH_S * clip.sample_rate)]
        samples = resample(wav.mean(0, keepdim=True), clip.sample_rate, SAMPLE_RATE)[0]
        vocal = float(voices.find(mono(wav, clip.sample_rate)).voiced.double().mean())
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.array([vocal, *_texture(samples.double().numpy())]))
    return np.asarray(np.load(path), np.float64)


def _texture(samples: Vector) -> tuple[float, float, float]:
    """Percussion, harmony and beat of mono audio at `SAMPLE_RATE`."""
    _, _, spectrum = signal.stft(samples, SAMPLE_RATE, nperseg=1024, noverlap=512)
    level = np.abs(spectrum).astype(np.float32) + 1e-7
    held, struck = ndimage.median_filter(level, (1, 17)), ndimage.median_filter(level, (17, 1))
    total = float(np.sum(level**2))
    percussion = float(np.sum(level[struck > held] ** 2)) / total
    peaks = level > 2 * ndimage.median_filter(level, (21, 1))
    flux = np.maximum(np.diff(np.log(level), axis=1), 0).mean(0)
    flux = flux - flux.mean()
    lags = np.correlate(flux, flux, "full")[flux.size - 1 :]
    first, last = round(0.25 * SAMPLE_RATE / 512), round(1.5 * SAMPLE_RATE / 512)
    beat = float(lags[first : last + 1].max(initial=0.0) / (lags[0] + 1e-12)) if flux.size > last else 0.0
    return percussion, float(np.sum(level[peaks] ** 2)) / total, beat


def section(native: Scored) -> str:
    """Rows by stratum.

    Args:
        native: held-out scores of whole recordings, from `lab.evaluation.music.score_all`.
    """
    voices = VocalActivity.load()
    labelled = [r.label in ("ai", "human") for r in native.recordings]
    kept = native.where(np.array(labelled))
    found, readable = [], []
    for recording in kept.recordings:
        try:
            found.append(likeness(recording, voices))
            readable.append(True)
        except (TrackmarkError, ValueError) as error:
            print(f"{recording.path.name}: {error}")
            readable.append(False)
    scored, values = kept.where(np.array(readable)), np.array(found)
    lines = [
        "| stratum | | AI / human | pooled AUC (95 %) | AI flagged % | human flagged (95 % bound %) |",
        "|---|---|---|---|---|---|",
    ]
    for column, name in enumerate(PROPERTIES):
        row = values[:, column]
        if name == "vocals":
            cuts = [("heard", row >= VOCAL_SHARE), ("not heard", row < VOCAL_SHARE)]
        else:
            low, high = np.quantile(row, [1 / 3, 2 / 3])
            cuts = [("low", row < low), ("middle", (row >= low) & (row < high)), ("high", row >= high)]
        lines += [_row(name, label, scored.where(mask)) for label, mask in cuts]
    return "\n".join(lines) + "\n"


def _row(name: str, label: str, scored: Scored) -> str:
    ai, human = scored.labelled("ai"), scored.labelled("human")
    counts: Sequence[int] = (ai.raw.size, human.raw.size)
    area = "too few"
    if min(counts) >= LEAST:
        low, high = metrics.bootstrap(metrics.auc, ai.raw, human.raw)
        area = f"{metrics.auc(ai.raw, human.raw):.3f} ({low:.2f}-{high:.2f})"
    share = f"{100 * ai.flagged.mean():.0f}" if counts[0] else "-"
    flagged = int(human.flagged.sum())
    bound = 100 * metrics.upper_bound(flagged, counts[1])
    return f"| {name} | {label} | {counts[0]} / {counts[1]} | {area} | {share} | {flagged} (≤ {bound:.1f}) |"
