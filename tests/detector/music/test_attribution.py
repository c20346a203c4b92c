import numpy as np
import pytest
from scipy.optimize import nnls

from detector.decoders import ARCHITECTURES, SPACINGS_HZ
from detector.music.attribution import LENT, OWN, explained, lent, non_negative, posterior

NAMES = [a.name for a in ARCHITECTURES]
AT = {spacing_hz: k for k, spacing_hz in enumerate(SPACINGS_HZ)}


def scores_of(heights: dict[float, float], seed: int = 0) -> np.ndarray:
    """Unit noise and combs of these heights with what they lend to others, in both signals."""
    own = np.zeros(len(SPACINGS_HZ))
    for spacing_hz, height in heights.items():
        own[AT[spacing_hz]] = height
    rng = np.random.default_rng(seed)
    return np.stack([LENT @ own + rng.normal(size=own.size) for _ in range(2)])


def test_what_combs_share_follows_their_teeth() -> None:
    assert lent(50.0, 50.0) == 1.0
    assert lent(50.0, 200.0) == pytest.approx(0.5) == lent(200.0, 50.0)
    assert lent(50.0, 75.0) == pytest.approx(6**-0.5)
    assert lent(100.0, 110.03) == 0.0
    np.testing.assert_allclose(LENT, LENT.T)


@pytest.mark.parametrize("seed", range(40))
def test_weights_are_scipys(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns, row = rng.normal(size=(28, 1 + seed % 12)), rng.normal(size=28)
    if seed % 2:  # combs of one architecture, and scores with a few of them
        own = OWN[seed % len(OWN)]
        columns, row = (
            LENT[:, own],
            LENT[:, own] @ rng.normal(size=len(own)) * 10 + rng.normal(size=len(LENT)),
        )
    found, (wanted, rest) = non_negative(columns, row), nnls(columns, row)
    assert found.min() >= 0.0
    assert np.linalg.norm(row - columns @ found) == pytest.approx(rest, rel=1e-9)
    assert np.allclose(found, wanted, atol=1e-7)


def test_columns_that_say_the_same_or_nothing_do_no_harm() -> None:
    column = LENT[:, 3]
    found = non_negative(np.stack([column, column, 0 * column, -column], 1), 5 * column)
    assert found.min() >= 0.0 and found[:2].sum() == pytest.approx(5.0) and not found[2:].any()
    assert not non_negative(column[:, None], -column).any()


def test_every_architecture_owns_its_spacings() -> None:
    for architecture, own in zip(ARCHITECTURES, OWN, strict=True):
        assert [SPACINGS_HZ[k] for k in own] == sorted({round(s, 4) for s in architecture.spacings_hz})


def test_layers_of_a_known_decoder_name_it() -> None:
    weights = posterior(scores_of({50.0: 20.0, 400.0: 15.0, 2000.0: 12.0}))
    assert weights.sum() == pytest.approx(1.0)
    assert NAMES[int(weights.argmax())].startswith("EnCodec 32 kHz")


def test_a_coarser_clock_is_not_taken_for_a_finer_one() -> None:
    # a comb of 100 Hz lends 0.7 of its score to 50 Hz; a sum of scores took it for a decoder of 50 Hz
    weights = dict(zip(NAMES, posterior(scores_of({100.0: 30.0, 500.0: 12.0, 2000.0: 9.0})), strict=True))
    own = weights["HiFi-GAN 16 kHz, hop 160 (AudioLDM, Tango, MusicLDM)"]
    assert own > 0.05 and own > weights["EnCodec 32 kHz (MusicGen, AudioGen)"]


def test_equal_clocks_stay_ambiguous() -> None:
    weights = dict(zip(NAMES, posterior(scores_of({86.1328: 25.0})), strict=True))
    same = [weights["BigVGAN 22.05 kHz"], weights["ADaMoS-HiFiGAN (ACE-Step)"]]
    assert min(same) > 0.05 and same[0] == pytest.approx(same[1], abs=0.2)


def test_noise_explains_little() -> None:
    assert explained(scores_of({})).max() < explained(scores_of({86.1328: 10.0})).max() / 3
