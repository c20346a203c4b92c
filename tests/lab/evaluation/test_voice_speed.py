"""What the voice check costs, told for each length of voice."""

from lab.evaluation.voice.speed import TITLE, measured, section, took_s
from tests.signals import music


def test_every_case_is_told_with_its_cost() -> None:
    text = section(measured(music(3.0, 16_000, seed=1)[0], artists=3))
    assert text.startswith(TITLE) and text.count("| three minutes,") == 2
    assert "read 3 stored voice prints" in text


def test_the_least_of_the_rounds_is_told() -> None:
    rounds: list[int] = []
    assert took_s(lambda: rounds.append(1), rounds=4) >= 0 and len(rounds) == 4
