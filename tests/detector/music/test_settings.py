import numpy as np
import pytest

from detector.decoders import SPACINGS_HZ
from detector.music import spectra
from detector.music.comb import CLIP, Row, contrast, rows_of
from detector.music.evidence import exhibits
from detector.music.features import COMB_FEATURES, IN_STEP, SETTINGS, comb_vector, measure
from detector.music.settings import SPANS_S, again, search, short_contrasts
from detector.music.spectra import LAG_RATE, LAGS, Block
from lab.sound.stretch import stretch
from tests.detector.music.combs import decoded, sped_up
from tests.signals import music

RATE = 44100
CLOCK_HZ = 86.1328125


def block_of(tempo: float | None = None, up: int = 1, down: int = 1) -> Block:
    """Decoded music after a change of tempo by overlap-add, then of speed."""
    wav = decoded(12, RATE, CLOCK_HZ, level_db=-40.0, seed=3)
    changed = wav if tempo is None else stretch(wav, RATE, tempo)
    return spectra.survey(sped_up(changed, up, down)[:, : 10 * RATE], RATE)[0]


@pytest.fixture(scope="module")
def paced() -> Block:
    return block_of(1.1)


@pytest.fixture(scope="module")
def pitched() -> Block:
    # 55 / 49 is two semitones to a hundred thousandth
    return block_of(49 / 55, 49, 55)


def test_a_row_within_a_span_counts_its_first_lags_alone() -> None:
    values = np.random.default_rng(0).normal(size=LAGS).astype(np.float32)
    for lag in range(LAG_RATE // 50, LAG_RATE // 4, LAG_RATE // 50):
        values[lag] = CLIP
    row = Row(values, np.ones(LAGS, np.float32))
    assert contrast(row.within(0.3), 50.0) > 2 * max(contrast(row, 50.0), 4.0)
    assert row.within(0.3).support[0] == 1.0 and row.within(0.3).support[-1] < 1e-3
    assert row.within(7.0) is row


def test_a_clock_broken_by_a_change_of_tempo_is_found_in_short_steps(paced: Block) -> None:
    rows = rows_of(paced)
    at = [round(s, 4) for s in SPACINGS_HZ].index(round(CLOCK_HZ, 4))
    short = short_contrasts(rows)[0, :, at].max()
    assert short > 8  # 70 unit normals exceed that never
    assert short > 1.5 * max(contrast(row, CLOCK_HZ) for row in rows)


def test_a_change_of_pitch_by_semitones_is_told(pitched: Block) -> None:
    found = max(search(rows_of(pitched)), key=lambda setting: setting.z)
    assert found.z > 8
    assert found.spacing_hz * found.ratio == pytest.approx(CLOCK_HZ * 2 ** (2 / 12), rel=1e-4)


def test_a_setting_measured_again_scores_the_same(pitched: Block) -> None:
    rows = rows_of(pitched)
    found = search(rows)
    assert [s.z for s in again(rows, found)] == pytest.approx([s.z for s in found])


def test_music_has_no_setting() -> None:
    rows = rows_of(spectra.survey(music(10, RATE, seed=3), RATE)[0])
    assert max(setting.z for setting in search(rows)) < 8


def test_features_hold_broken_clocks_apart(paced: Block) -> None:
    vector = comb_vector(measure(paced))
    assert vector.shape == (COMB_FEATURES,) and len(vector[SETTINGS]) == len(SPANS_S)
    assert vector[IN_STEP : SETTINGS.start].max() > 8


def test_the_exhibit_says_that_pitch_was_changed(pitched: Block) -> None:
    families, evidence, speed = exhibits(measure(pitched))
    assert families and evidence[0].kind == "comb"
    assert speed != 1.0 and "was changed" in evidence[1].text
