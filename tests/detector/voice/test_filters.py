"""Filters and spectra are those of scipy.signal, which no product code loads."""

import numpy as np
import pytest
from scipy import signal

from detector.voice.filters import Butterworth, hann, spectrum_over_time, zero_phase

RATE = 16_000


@pytest.mark.parametrize("samples", [8000, 80_000, 80_001])
@pytest.mark.parametrize(
    ("order", "low", "high", "rate"),
    [(4, 300, 800, RATE), (4, 5600, 7000, RATE), (2, 20, None, RATE / 40), (2, 100, 7900, RATE)],
)
def test_zero_phase_filters_are_those_of_scipy(
    order: int, low: float, high: float | None, rate: float, samples: int
) -> None:
    wav = np.random.default_rng(1).standard_normal((2, samples)) + 3.0
    kind, edges = ("highpass", low) if high is None else ("bandpass", (low, high))
    sos = signal.butter(order, edges, kind, fs=rate, output="sos")
    found = Butterworth(order, low, high, rate).zero_phase(wav)
    assert np.allclose(found, signal.sosfiltfilt(sos, wav, axis=-1), atol=1e-9)
    assert np.allclose(Butterworth(order, low, high, rate).zero_phase(wav[0]), found[0], atol=1e-12)


def test_a_bank_filters_one_signal_or_one_for_each() -> None:
    bank = [Butterworth(4, low, high, RATE) for low, high in ((300, 800), (800, 1500), (5600, 7000))]
    wav = np.random.default_rng(3).standard_normal((3, 9000))
    for given, own in ((wav[0], wav[[0, 0, 0]]), (wav, wav)):
        alone = [design.zero_phase(one) for design, one in zip(bank, own, strict=True)]
        assert np.allclose(zero_phase(bank, given), alone, atol=1e-12)


def test_windows_and_spectra_are_those_of_scipy() -> None:
    assert np.allclose(hann(640), signal.get_window("hann", 640), atol=1e-15)
    wav = np.random.default_rng(2).standard_normal(8000)
    _, _, wanted = signal.stft(wav, RATE, "hann", 512, 512 - 80, boundary=None, padded=False)
    assert np.allclose(spectrum_over_time(wav, 512, 80), wanted, atol=1e-12)
