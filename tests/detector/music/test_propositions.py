import pytest

from core.clip import Segment
from detector.music.finding import Answer
from detector.music.propositions import decoder_propositions, merged


def segments(*scores: float) -> list[Segment]:
    return [Segment(5.0 * k, 5.0 * k + 5.0, score) for k, score in enumerate(scores)]


def answers(*args: object, **kwargs: object) -> dict[str, Answer]:
    return {p.name: p.answer for p in decoder_propositions(*args, **kwargs)}  # type: ignore[arg-type]  # test shorthand


def test_traces_throughout_support_p1_and_p2() -> None:
    found = answers("synthetic", 2.0, segments(0.9, 0.95, 0.9, 0.99), separator=False)
    assert found == {"P1": "supported", "P1-part": "not_supported", "P2": "supported"}


def test_traces_in_one_stretch_support_only_the_part() -> None:
    found = decoder_propositions("synthetic", 1.5, segments(0.1, 0.1, 0.95, 0.9, 0.1, 0.1), separator=False)
    by_name = {p.name: p for p in found}
    assert by_name["P1"].answer == "supported"
    assert by_name["P1-part"].answer == "supported" and "10-20 s" in by_name["P1-part"].text
    assert by_name["P2"].answer == "not_supported"


def test_a_separator_is_a_decoder_but_no_generator() -> None:
    found = answers("uncertain", 3.0, segments(0.99, 0.99), separator=True)
    assert found["P1"] == "supported" and found["P2"] == "open"


@pytest.mark.parametrize(("verdict", "first"), [("no_trace", "not_supported"), ("uncertain", "open")])
def test_without_clear_traces_nothing_is_supported(verdict: str, first: str) -> None:
    found = answers(verdict, -1.0, segments(0.1, 0.2, 0.3), separator=False)
    assert found["P1"] == first
    assert "supported" not in found.values()


def test_only_p1_has_a_likelihood_ratio() -> None:
    found = decoder_propositions("synthetic", 2.0, segments(0.9, 0.9, 0.9), separator=False)
    assert [p.llr for p in found] == [2.0, None, None]


def test_neighbouring_stretches_are_joined() -> None:
    three = segments(0.9, 0.9, 0.9)
    assert merged([three[0], three[1]]) == [(0.0, 10.0)]
    assert merged([three[0], three[2]]) == [(0.0, 5.0), (10.0, 15.0)]
