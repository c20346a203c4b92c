import numpy as np
import pytest

from lab.texture_network.instruments import INSTRUMENTS, piece
from lab.texture_network.instruments import RATE as INSTRUMENT_RATE
from lab.texture_network.processing import LOW_RATES, TOOLS, coded_low, retouched, separated
from tests.signals import music

RATE = 24_000
WAV = music(2.0, RATE, seed=4).mean(0).numpy()


@pytest.mark.parametrize("number", range(len(TOOLS)))
def test_treatments_keep_length_and_about_the_level(number: int) -> None:
    for seed in range(4):
        treated = TOOLS[number](WAV, RATE, np.random.default_rng(seed))
        assert treated.shape == WAV.shape and treated.dtype == np.float32
        assert not np.array_equal(treated, WAV)
        change = 20 * np.log10(np.sqrt(np.mean(treated**2)) / np.sqrt(np.mean(WAV**2)))
        assert abs(change) < 8


def test_a_treatment_says_whether_it_changed_the_pitch() -> None:
    said = [retouched(WAV, RATE, np.random.default_rng(seed))[1] for seed in range(60)]
    assert 1 <= sum(said) <= 18  # 12 % of 60: outside by chance once in a thousand


def test_low_rates_lose_more_than_noise() -> None:
    assert min(kbps for _, kbps in LOW_RATES) == 24 and {codec for codec, _ in LOW_RATES} >= {"mp3", "opus"}
    lost = [np.mean((coded_low(WAV, RATE, np.random.default_rng(seed)) - WAV) ** 2) for seed in range(4)]
    assert min(lost) > 1e-6 * np.mean(WAV**2)


def test_separation_takes_clicks_or_a_tone_out_of_both() -> None:
    time = np.arange(2 * RATE) / RATE
    ringing = 0.3 * np.sin(2 * np.pi * 1000 * time)
    struck = np.where(np.arange(2 * RATE) % (RATE // 4) < 3, 0.9, 0.0)
    both = np.asarray(ringing + struck, np.float32)
    shares = []
    for seed in range(12):
        kept = separated(both, RATE, np.random.default_rng(seed))
        spectrum = np.abs(np.fft.rfft(kept)) ** 2
        shares.append(float(spectrum[1980:2021].sum() / spectrum.sum()))
    whole = np.abs(np.fft.rfft(both)) ** 2
    before = float(whole[1980:2021].sum() / whole.sum())
    assert min(shares) < before - 0.1 and max(shares) > before


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_instruments_play_and_no_two_pieces_are_alike(name: str) -> None:
    first, again, other = (INSTRUMENTS[name](np.random.default_rng(seed), 1.5) for seed in (0, 0, 1))
    assert first.shape == (round(1.5 * INSTRUMENT_RATE),) and np.isfinite(first).all()
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert np.abs(piece(np.random.default_rng(2), 1.0)).max() == pytest.approx(0.5, rel=1e-3)
