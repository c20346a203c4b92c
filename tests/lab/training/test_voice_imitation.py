"""The calibration of identity on clones: fitted to trials, and kept only where it costs less."""

import numpy as np
import pytest

from lab.training.voice.cloned import KINDS, Trials
from lab.training.voice.imitation import costs, fitted


def drawn(seed: int, clones: int, others: int) -> Trials:
    """Similarities of clones and others whose true ratio is `2 s - 4`: unit normals about 3 and 1."""
    rng = np.random.default_rng(seed)
    same = np.arange(clones + others) < clones
    values = rng.standard_normal(clones + others) + np.where(same, 3.0, 1.0)
    flags = np.zeros(len(same), bool)
    kind, page, artist = (
        np.where(same, KINDS[0], KINDS[1]),
        np.full(len(same), "p"),
        np.full(len(same), "Ada"),
    )
    return Trials(kind, page, artist, flags, values, 0 * values)


def test_the_true_ratio_is_found_however_many_others_there_are() -> None:
    slope, offset = fitted([drawn(1, 3000, 9000), drawn(2, 2000, 6000)])
    assert slope == pytest.approx(2.0, rel=0.08) and offset == pytest.approx(-4.0, rel=0.08)


def test_a_ratio_that_overstates_costs_more() -> None:
    rows, true = drawn(3, 2000, 2000), (2.0, -4.0)
    assert costs(rows, true) < costs(rows, (2.0, -2.5))
    assert costs(rows, true) < costs(rows, (5.0, -10.0))
    assert costs(rows, (0.0, 0.0)) == pytest.approx(1.0)
