import numpy as np
import pytest
import torch
from torch import Tensor

from detector.decoders import SPACINGS_HZ
from detector.music import spectra
from detector.music.comb import CLIP, Row, contrast, even_contrast, open_search
from detector.music.features import (
    CAP,
    COMB_FEATURES,
    IN_STEP,
    LONE,
    OPEN,
    STEADY,
    Combs,
    comb_vector,
    joined,
    limit,
    measure,
    steady,
)
from detector.music.spectra import LAG_RATE, LAGS
from tests.detector.music.combs import decoded, sped_up
from tests.signals import music, noise

RATE = 44100


def combs_of(wav: Tensor, sample_rate: int = RATE) -> Combs:
    return measure(spectra.survey(wav, sample_rate)[0])


@pytest.fixture(scope="module")
def clean() -> Combs:
    return combs_of(music(10, RATE, seed=3))


@pytest.fixture(scope="module")
def marked() -> Combs:
    return combs_of(decoded(10, RATE, 86.1328125, seed=3))


def test_a_decoder_clock_stands_out_and_music_does_not(clean: Combs, marked: Combs) -> None:
    z = dict(zip(SPACINGS_HZ, marked.scores[0], strict=True))
    assert z[86.1328] > 10
    assert z[86.1328] > z[93.75] + 8
    # 28 spacings: by luck, unit normals exceed 6 once in 10^7
    assert clean.scores[0].max() < 6


def test_open_search_finds_an_unknown_spacing_to_a_ten_thousandth() -> None:
    found = combs_of(decoded(10, RATE, 61.37, seed=5)).found
    assert found.z > 10
    assert found.spacing_hz == pytest.approx(61.37, rel=1e-4)


def test_open_search_follows_a_change_of_speed() -> None:
    wav = sped_up(decoded(10.5, RATE, 75.0, seed=6), 20, 21)
    assert combs_of(wav).found.spacing_hz == pytest.approx(75.0 * 1.05, rel=1e-4)


def test_noise_has_no_comb() -> None:
    measured = combs_of(noise(10, RATE, seed=1))
    assert measured.scores.max() < 5
    assert measured.found.z < 8


def row_of(period: float, every: int = 1, height: float = 2.0, seed: int = 0) -> Row:
    """Unit noise with a peak at every `every`-th multiple of a period in lags."""
    values = np.random.default_rng(seed).normal(size=LAGS).astype(np.float32)
    lags = np.rint(np.arange(every, LAGS / period, every) * period).astype(int)
    values[lags[lags < LAGS]] += height
    return Row(np.clip(values, -CLIP, CLIP), np.ones(LAGS, np.float32))


def test_a_beat_that_skips_teeth_is_no_comb() -> None:
    spacing_hz = 24.0
    comb, beat = row_of(LAG_RATE / spacing_hz), row_of(LAG_RATE / spacing_hz, every=3, height=3.0)
    # 2 spreads at 144 teeth, 3 at every third of them; without those nothing of the beat is left
    assert contrast(comb, spacing_hz) > 18 and contrast(beat, spacing_hz) > 8
    assert even_contrast(comb, spacing_hz) > 0.8 * contrast(comb, spacing_hz)
    assert even_contrast(beat, spacing_hz) < 4  # eight unit normals exceed 4 once in 4000


def test_a_comb_that_is_weak_in_either_signal_is_found_in_both() -> None:
    spacing_hz = 50.0 * 0.9537
    rows = [row_of(LAG_RATE / spacing_hz, height=0.55, seed=seed) for seed in (1, 2)]
    found = open_search(rows)
    assert found.spacing_hz == pytest.approx(spacing_hz, rel=1e-5)
    assert found.z > 9
    noise_only = open_search([row_of(LAG_RATE, height=0.0, seed=seed) for seed in (1, 2)])
    assert noise_only.z < 6  # a hundred thousand independent spacings: unit normals stay below 4.6 typically


def test_what_one_half_has_alone_is_not_steady() -> None:
    whole = np.zeros(COMB_FEATURES)
    whole[OPEN] = 20.0
    parts = [np.zeros(COMB_FEATURES), whole * 0.7]
    assert steady(whole, [whole * 0.7, whole * 0.7])[OPEN] == 20.0
    assert steady(whole, parts)[OPEN] == 0.0
    assert steady(whole, parts[:1])[OPEN] == 20.0
    assert steady(whole, [*parts, whole * 0.2])[OPEN] == pytest.approx(STEADY * 4.0)
    assert whole[OPEN] == 20.0


def test_a_loop_of_half_a_second_is_no_decoder() -> None:
    loop = music(0.5, RATE, seed=9).repeat(1, 20)
    assert combs_of(loop + noise(10, RATE, seed=2, channels=2, amplitude=1e-3)).scores.max() < 8


def test_features_are_bounded_and_finite(clean: Combs, marked: Combs) -> None:
    for vector in (comb_vector(clean), comb_vector(marked)):
        assert vector.shape == (COMB_FEATURES,)
        assert np.isfinite(vector).all()
        assert vector.min() >= 0 and vector.max() <= CAP
    assert comb_vector(marked)[0] > 10


def test_gain_and_polarity_change_nothing(marked: Combs) -> None:
    quiet = combs_of(-0.05 * decoded(10, RATE, 86.1328125, seed=3))
    np.testing.assert_allclose(quiet.scores[0], marked.scores[0], atol=0.3)


def test_blocks_cover_everything_once() -> None:
    pieces = list(spectra.blocks(torch.zeros(2, RATE * 22), RATE))
    assert [p[:2] for p in pieces] == [(0.0, 10.0), (10.0, 22.0)]
    assert sum(p[2].size for p in pieces) == 22 * spectra.ANALYSIS_RATE


def test_silence_is_not_measured() -> None:
    block, parts = spectra.analyse(np.zeros(320000, np.float32), 0.0, 10.0, 15000.0)
    assert not block.loud and not any(p.loud for p in parts)
    assert not spectra.join([block, block]).loud


def test_the_whole_leaves_silence_out_and_weighs_by_duration() -> None:
    loud = decoded(10, RATE, 86.1328125, seed=3)
    whole, parts = spectra.survey(torch.cat([torch.zeros(2, 10 * RATE), loud], 1), RATE)
    alone, _ = spectra.survey(loud, RATE)
    assert [p.loud for p in parts] == [False, False, True, True]
    assert whole.loud_s == pytest.approx(10.0)
    np.testing.assert_allclose(whole.correlations, alone.correlations, atol=1e-3)


def test_support_falls_from_one_to_nothing_left_to_overlap() -> None:
    whole, parts = spectra.survey(decoded(10, RATE, 50.0, seed=1), RATE)
    for block, length_s in ((whole, 10.0), (parts[0], 5.0)):
        lags_s = np.arange(block.support.size) / spectra.LAG_RATE
        assert block.support[0] == pytest.approx(1.0)
        assert (np.diff(block.support) <= 1e-6).all()
        # a quarter of the taper is slope, so less is left than of a rectangle, but not much
        ramp = np.clip(1 - lags_s / length_s, 0, None)
        np.testing.assert_allclose(block.support, ramp, atol=0.12)


def test_a_signal_alone_counts_only_a_little_more_than_the_other() -> None:
    for start in (0, IN_STEP):
        values = np.zeros(COMB_FEATURES)
        values[start : start + 5] = [40.0, 3.0, 0.0, 1.0, 2.0]
        limited = limit(values)
        assert limited[start] == 2.0 + LONE and limited[start + 4] == 2.0
        values[start + 4] = 39.0
        both = limit(values)
        assert both[start] == 40.0 and both[start + 4] == 39.0


def test_one_strong_score_outweighs_many_chance_ones() -> None:
    weights = np.ones(COMB_FEATURES)
    one = np.zeros(COMB_FEATURES)
    one[-1] = 5.0
    assert joined(one, weights) > joined(np.full(COMB_FEATURES, 1.5), weights)


def test_band_of_lowpassed_noise() -> None:
    spectrum = torch.fft.rfft(noise(5, spectra.ANALYSIS_RATE, seed=4)[0])
    spectrum[spectrum.numel() // 2 :] = 0
    samples = torch.fft.irfft(spectrum).numpy()
    assert spectra.usable_band(samples, spectra.limit_of(44100)) == pytest.approx(8000, rel=0.03)
    assert spectra.usable_band(samples, spectra.limit_of(12000)) == pytest.approx(0.485 * 12000)
