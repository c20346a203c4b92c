import numpy as np
import pytest

from lab.sound.spectra import Samples
from lab.sound.tempo import (
    FASTEST,
    HELD_OUT,
    HIGHEST,
    LEAST_CHANGE,
    SLOWEST,
    TOOLS,
    drawn_factor,
    moved,
    repitched,
    scaled,
    tuned,
)

RATE = 22_050
TIME = np.arange(2 * RATE) / RATE


def tone(frequency: float) -> Samples:
    return np.asarray(0.5 * np.sin(2 * np.pi * frequency * TIME), np.float32)


def strongest_hz(wav: Samples) -> float:
    return float(np.abs(np.fft.rfft(wav * np.hanning(len(wav)))).argmax() * RATE / len(wav))


@pytest.mark.parametrize("name", sorted({**TOOLS, **HELD_OUT}))
@pytest.mark.parametrize("factor", [0.9, 1.12])
def test_tools_change_one_thing_and_keep_the_other(name: str, factor: float) -> None:
    tool = {**TOOLS, **HELD_OUT}[name]
    off = 0.03 if name == "grains" else 0.005  # pieces wherever they fall beat against each other
    rng = np.random.default_rng(0)
    paced = tool(tone(440.0), RATE, factor, rng)
    assert len(paced) == pytest.approx(2 * RATE / factor, rel=0.02)
    assert strongest_hz(paced) == pytest.approx(440.0, rel=off)
    higher = repitched(tone(440.0), RATE, factor, rng, tool)
    assert len(higher) == pytest.approx(2 * RATE, rel=0.02)
    assert strongest_hz(higher) == pytest.approx(440.0 * factor, rel=off)


def test_delay_lines_change_pitch_from_moment_to_moment() -> None:
    rng = np.random.default_rng(0)
    curve = np.where(TIME < 1, 0.9, 1.1)
    wav = moved(tone(500.0), RATE, curve, rng)
    assert strongest_hz(wav[:RATE]) == pytest.approx(450.0, rel=0.03)
    assert strongest_hz(wav[RATE:]) == pytest.approx(550.0, rel=0.03)


def test_tuning_moves_a_note_between_two_keys_to_the_nearest() -> None:
    off = 440.0 * 2 ** (0.35 / 12)
    wav = tuned(tone(off), RATE, np.random.default_rng(0))
    assert abs(strongest_hz(wav) - 440.0) < abs(off - 440.0) / 2


def test_a_seed_treats_copies_alike_and_no_factor_is_too_close_to_one() -> None:
    wav = tone(440.0)
    for seed in range(12):
        first, second = (scaled(wav, RATE, np.random.default_rng(seed)) for _ in range(2))
        assert np.array_equal(first, second) and np.isfinite(first).all()
    rng = np.random.default_rng(1)
    factors = [drawn_factor(SLOWEST, HIGHEST, rng) for _ in range(200)]
    assert (
        min(abs(f - 1) for f in factors) > LEAST_CHANGE and SLOWEST <= min(factors) < max(factors) <= HIGHEST
    )
    assert FASTEST < HIGHEST and not TOOLS.keys() & HELD_OUT.keys()
