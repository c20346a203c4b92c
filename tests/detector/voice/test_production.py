"""Statistics of voice production on voices that are made here."""

import numpy as np
import pytest
import torch
from scipy.linalg import solve_toeplitz
from scipy.signal import hilbert

from detector.voice.production import (
    FRAME,
    HOP,
    PRODUCTION,
    RATE,
    envelope,
    framed,
    pitch,
    predictors,
    production_statistics,
)
from detector.voice.tidy import tidy

WAVER = 4
"""Place of the spread of pitch about its slow movement."""


def pulses(hertz: float, jitter: float, seconds: float = 3.0, seed: int = 0) -> np.ndarray:
    """A buzz whose periods differ by so much, with a little noise."""
    rng = np.random.default_rng(seed)
    wav = 0.003 * rng.standard_normal(int(seconds * RATE))
    at = 0.0
    while at < wav.size - 64:
        wav[int(at) : int(at) + 64] += np.exp(-np.arange(64) / 10)
        at += RATE / hertz * (1 + jitter * rng.standard_normal())
    return wav.astype(np.float32)


def measured(wav: np.ndarray) -> np.ndarray:
    return production_statistics(tidy(torch.from_numpy(wav)).numpy())


@pytest.mark.parametrize("hertz", [90.0, 140.0, 230.0, 410.0])
def test_pitch_is_found(hertz: float) -> None:
    found, periodic = pitch(framed(pulses(hertz, 0.0).astype(np.float64), FRAME, HOP))
    assert np.median(found) == pytest.approx(hertz, rel=0.01) and np.median(periodic) > 0.8


def test_a_wavering_pitch_is_told_from_a_steady_one() -> None:
    assert measured(pulses(150, 0.02))[WAVER] > measured(pulses(150, 0.0))[WAVER] + 0.5


def test_level_does_not_matter() -> None:
    wav = pulses(150, 0.01)
    assert measured(0.05 * wav) == pytest.approx(measured(wav), abs=0.05)


@pytest.mark.parametrize("wav", [np.zeros(RATE), np.random.default_rng(1).standard_normal(RATE // 2)])
def test_silence_and_noise_give_numbers(wav: np.ndarray) -> None:
    found = production_statistics(wav.astype(np.float32))
    assert found.shape == (PRODUCTION,) and np.isfinite(found).all()


@pytest.mark.parametrize("samples", [4001, 4002])
def test_an_envelope_is_the_size_of_the_analytic_signal(samples: int) -> None:
    wav = np.random.default_rng(2).standard_normal(samples)
    assert envelope(wav) == pytest.approx(np.abs(hilbert(wav)), abs=1e-9)


def test_predictors_solve_the_normal_equations_of_every_frame() -> None:
    frames = framed(pulses(150, 0.01).astype(np.float64), FRAME, HOP)[::40]
    lags = np.array([np.correlate(frame, frame, "full")[FRAME - 1 : FRAME + 18] for frame in frames])
    lags[:, 0] *= 1.0001
    weights, reflections = predictors(lags)
    for own, row in zip(weights, lags, strict=True):
        assert own == pytest.approx(solve_toeplitz(row[:-1], row[1:]), abs=1e-6)
    assert (weights[:, -1] == reflections[:, -1]).all() and (np.abs(reflections) < 1).all()
