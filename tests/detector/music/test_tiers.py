import numpy as np
import torch

from detector.music import spectra
from detector.music.tiers import GRIDS, grid_scores, prominence
from tests.signals import music, noise

RATE = 44100


def with_lines(frequencies_hz: tuple[float, ...], level: float) -> torch.Tensor:
    wav = music(10, RATE, seed=5) + noise(10, RATE, seed=6, channels=2, amplitude=1e-3)
    time = torch.arange(wav.shape[-1], dtype=torch.float64) / RATE
    for hz in frequencies_hz:
        wav = wav + level * torch.sin(2 * torch.pi * hz * time).float()
    return wav


def scores_of(wav: torch.Tensor) -> dict[str, float]:
    block, _ = spectra.survey(wav, RATE)
    return dict(zip(GRIDS, grid_scores(block.spectrum, block.limit_hz), strict=True))


def test_lines_of_a_cascade_stand_out_and_name_their_grid() -> None:
    scores = scores_of(with_lines((6000.0, 12000.0), 3e-4))
    assert max(scores, key=lambda k: scores[k]) == "multiples of 6 kHz"
    assert scores["multiples of 6 kHz"] > 4


def test_lines_elsewhere_count_for_nothing() -> None:
    scores = scores_of(with_lines((6137.0, 12211.0), 3e-4))
    assert max(scores.values()) < 3


def test_lines_above_half_the_sample_rate_are_not_looked_for() -> None:
    spectrum = np.zeros(spectra.LINE_FRAME // 2 + 1, np.float32)
    spectrum[round(12000 * spectra.LINE_FRAME / spectra.ANALYSIS_RATE)] = 20.0
    low = dict(zip(GRIDS, grid_scores(spectrum, spectra.limit_of(16000)), strict=True))
    high = dict(zip(GRIDS, grid_scores(spectrum, spectra.limit_of(44100)), strict=True))
    assert low["multiples of 4 kHz"] <= 0 < high["multiples of 4 kHz"]


def test_prominence_ignores_the_level_of_the_spectrum() -> None:
    rng = np.random.default_rng(0)
    spectrum = rng.normal(size=spectra.LINE_FRAME // 2 + 1).astype(np.float32)
    np.testing.assert_allclose(prominence(spectrum), prominence(spectrum + 40), atol=1e-4)
