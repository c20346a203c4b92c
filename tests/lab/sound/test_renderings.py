import numpy as np
import pytest

from lab.sound.renderings import METHODS, equalised, interpolated, softened, transposed
from tests.signals import music

RATE = 24_000


def host(seed: int = 0) -> np.ndarray:
    return music(2.0, RATE, seed=seed).mean(0).numpy()


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_copy_is_as_long_finite_and_repeatable_but_not_the_original(name: str) -> None:
    wav, method = host(), METHODS[name][1]
    first, second, other = (method(wav, RATE, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == wav.shape and first.dtype == np.float32 and np.isfinite(first).all()
    assert np.array_equal(first, second)
    assert not np.array_equal(first, wav) and not np.array_equal(first, other)


@pytest.mark.parametrize("method", [transposed, interpolated])
def test_a_chain_leaves_its_trace_between_25_and_60_db_under_the_music(method) -> None:  # type: ignore[no-untyped-def]  # a pytest parameter
    wav = host()
    for seed in range(5):
        difference = method(wav, RATE, np.random.default_rng(seed)) - wav
        under = 10 * np.log10(np.mean(wav**2) / np.mean(difference**2))
        assert 24.5 < under < 60.5


def test_zero_insertion_draws_lines_on_a_clock_that_the_music_does_not_have() -> None:
    # the residual of a chain repeats with the product of its strides: the mean of its squared cycles varies
    wav = np.asarray(0.1 * np.random.default_rng(0).standard_normal(4 * RATE), np.float32)
    rng = np.random.default_rng(3)
    difference = transposed(wav, RATE, rng) - wav
    spectrum = np.abs(np.fft.rfft(difference * np.hanning(len(difference)))) ** 2
    quiet = np.median(spectrum)
    found = [hop for hop in range(4, 1025) if RATE % hop == 0 and spectrum[4 * RATE // hop] > 50 * quiet]
    assert found


def test_softening_keeps_the_direction_of_the_difference() -> None:
    wav = host()
    copy = METHODS["griffin-lim"][1](wav, RATE, np.random.default_rng(0))
    softer = softened(wav, copy, -20.0)
    assert np.allclose(softer - wav, 0.1 * (copy - wav), atol=1e-6)


def test_equalising_gives_a_dull_copy_the_originals_spectrum_and_level() -> None:
    wav = np.asarray(0.1 * np.random.default_rng(0).standard_normal(2 * RATE), np.float32)
    spectrum = np.fft.rfft(wav)
    dull = np.fft.irfft(spectrum / (1 + np.linspace(0, 2, len(spectrum))), len(wav)).astype(np.float32) * 0.3
    back = equalised(dull, wav)
    halves = [np.abs(np.fft.rfft(x))[len(spectrum) // 2 :].std() for x in (back, wav)]
    assert halves[0] / halves[1] == pytest.approx(1.0, abs=0.1)
    assert np.sqrt(np.mean(back**2)) == pytest.approx(np.sqrt(np.mean(wav**2)), rel=1e-3)
