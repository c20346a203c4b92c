"""Spectra there and back, phases that are found, and phases at another pace."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lab.sound.spectra import (
    Frames,
    PreciseFrames,
    Samples,
    griffin_lim,
    paced,
    paced_by_differences,
    paced_precisely,
)
from tests.signals import music, sine

RATE = 16_000
KINDS: list[Frames | PreciseFrames] = [Frames(1024, 256), PreciseFrames(1024, 256), PreciseFrames(800, 200)]


def song() -> Samples:
    return np.asarray(music(1.0, RATE, seed=2)[0].numpy(), np.float32)


@pytest.mark.parametrize("frames", KINDS)
def test_audio_comes_back_from_its_spectrum(frames: Any) -> None:
    wav = song()
    spectrum = frames.spectrum(wav)
    np.testing.assert_allclose(frames.audio(spectrum, len(wav)), wav, atol=1e-5)
    np.testing.assert_allclose(abs(frames.phases(spectrum)).max(), 1.0, rtol=1e-5)
    again = frames.audio(abs(spectrum) * frames.turned(spectrum, 0 * abs(spectrum)), len(wav))
    np.testing.assert_allclose(again, wav, atol=1e-5)


@pytest.mark.parametrize("frames", KINDS)
def test_every_round_brings_the_magnitudes_closer(frames: Any) -> None:
    wav = song()
    magnitude = abs(frames.spectrum(wav))
    phases = frames.random_phases(magnitude, np.random.default_rng(0))
    made = [griffin_lim(frames, magnitude, phases, rounds, len(wav)) for rounds in (0, 2, 16)]
    away = [float(((abs(frames.spectrum(m)) - magnitude) ** 2).sum()) for m in made]
    assert away[0] > away[1] > away[2]


SINGLE, DOUBLE = Frames(1024, 256), PreciseFrames(1024, 256)
WAYS: dict[str, Callable[[Samples, float], Samples]] = {
    "drift": lambda wav, tempo: SINGLE.audio(paced(SINGLE.spectrum(wav), 256, tempo)),
    "differences": lambda wav, tempo: SINGLE.audio(paced_by_differences(SINGLE.spectrum(wav), tempo)),
    "precise": lambda wav, tempo: DOUBLE.audio(
        paced_precisely(DOUBLE.spectrum(wav), 256, tempo), int(len(wav) / tempo)
    ),
}


@pytest.mark.parametrize("tempo", [0.8, 1.25])
@pytest.mark.parametrize("way", WAYS)
def test_another_pace_keeps_the_pitch(way: str, tempo: float) -> None:
    wav = np.asarray(sine(2.0, RATE, 440.0)[0].numpy(), np.float32)
    slower = WAYS[way](wav, tempo)
    assert len(slower) == pytest.approx(len(wav) / tempo, rel=0.05)
    inside = slower[len(slower) // 4 : -len(slower) // 4]
    heard = np.abs(np.fft.rfft(inside * np.hanning(len(inside)))).argmax() * RATE / len(inside)
    assert heard == pytest.approx(440.0, abs=2.0)
