"""The clone formula: a soft minimum of two pieces of evidence."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.calibration import probability
from detector.voice.fusion import PRIORS, Priors, among, llr_clone, posterior

RATIO = st.floats(-40, 40)


@given(RATIO, RATIO)
def test_never_above_what_either_evidence_allows(syn: float, same: float) -> None:
    bound = min(syn - math.log(PRIORS.genuine), same - math.log(PRIORS.other_synthetic))
    assert llr_clone(syn, same) <= bound + 1e-9


@given(RATIO, RATIO, st.floats(0.01, 5))
def test_more_evidence_never_lowers_it(syn: float, same: float, more: float) -> None:
    assert llr_clone(syn + more, same) >= llr_clone(syn, same)
    assert llr_clone(syn, same + more) >= llr_clone(syn, same)


@given(RATIO, RATIO)
def test_posterior_is_a_distribution_and_agrees_with_the_ratio(syn: float, same: float) -> None:
    shares = posterior(syn, same)
    total = shares.genuine + shares.clone + shares.other_human + shares.other_synthetic
    assert total == pytest.approx(1.0)
    odds = PRIORS.clone / (1 - PRIORS.clone) * math.exp(llr_clone(syn, same))
    assert shares.clone == pytest.approx(odds / (1 + odds), abs=1e-9)


@pytest.mark.parametrize(
    ("syn", "same", "words"),
    [
        (8.0, 8.0, "synthetic voice imitating Ada"),
        (-8.0, 8.0, "genuine voice of Ada"),
        (-8.0, -8.0, "human voice, not Ada"),
        (8.0, -8.0, "synthetic voice, not imitating Ada"),
        (0.8, 0.4, "undecided between"),
        (0.5, 5.0, "voice like Ada; recorded or synthetic: undecided"),
        (-0.5, -5.0, "voice unlike Ada; recorded or synthetic: undecided"),
    ],
)
def test_outcome_names_the_leading_hypothesis(syn: float, same: float, words: str) -> None:
    assert posterior(syn, same).outcome("Ada", syn).startswith(words)


def test_without_sound_alikes_it_is_the_published_two_term_fusion() -> None:
    priors = Priors(genuine=0.5, other_human=1e-300, other_synthetic=0.5)
    assert llr_clone(2.0, 3.0, priors) == pytest.approx(-math.log(0.5 * math.exp(-2) + 0.5 * math.exp(-3)))


def test_looking_at_many_artists_costs_evidence() -> None:
    assert among(5.0, 1) == 5.0
    assert among(5.0, 100) == pytest.approx(5.0 - math.log(100))


def test_probability_is_one_even_for_absurd_ratios() -> None:
    assert probability(0.0) == 0.5
    assert probability(0.0, 0.1) == pytest.approx(0.1)
    assert 0.0 <= probability(-1e9) < 1e-9
    assert 1.0 - 1e-9 < probability(1e9) <= 1.0


def test_a_genuine_artist_with_neutral_evidence_is_not_accused() -> None:
    shares = posterior(0.0, 6.0)
    assert shares.clone < 0.25 < shares.genuine
