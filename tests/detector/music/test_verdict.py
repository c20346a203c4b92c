"""Every combination of scores and what holds them back: one rule, and propositions that agree with it."""

import itertools
from dataclasses import replace

import pytest

from core.clip import Segment
from detector.music.adapters import Opinion, heard
from detector.music.finding import Family, MusicFinding, Proposition, Reservations
from detector.music.verdict import FALSE_ALARMS, LEAST_LLR, NO_TRACE_LLR, decide

RATIOS = (-4.0, NO_TRACE_LLR, 0.0, LEAST_LLR, 4.0)
P_VALUES = (0.001, FALSE_ALARMS, 0.3)
STRETCHES = ((), (0.1, 0.1, 0.1), (0.9, 0.9, 0.9), (0.9, 0.1, 0.5), (0.5, 0.5, 0.5))
HELD = tuple(
    Reservations(clear, separator, objection)
    for clear, separator, objection in itertools.product((False, True), (False, True), (None, "a chip"))
)
C = Proposition("C", "played by a machine", "open", 0.2)


def segments(scores: tuple[float, ...]) -> tuple[Segment, ...]:
    return tuple(Segment(5.0 * k, 5.0 * k + 5.0, score) for k, score in enumerate(scores))


def agrees(verdict: str, answers: dict[str, str], held: Reservations) -> None:
    """The propositions say what the verdict says."""
    if held.objection is not None:
        assert set(answers.values()) == {"open"}
    elif held.separator:
        assert answers["P1"] == "supported" and answers["P2"] == "open"
    elif verdict == "synthetic":
        assert answers["P1"] == "supported"
        assert {answers["P1-part"], answers["P2"]} != {"not_supported"}, (
            "found, but neither in part nor in whole"
        )
    elif verdict == "uncertain":
        assert answers["P1"] == "open" and answers["P2"] != "supported"
    else:
        assert "supported" not in answers.values()


@pytest.mark.parametrize("held", HELD, ids=str)
def test_one_rule_for_all_scores(held: Reservations) -> None:
    for llr, p_value, stretches in itertools.product(RATIOS, P_VALUES, STRETCHES):
        ruling = decide(llr, p_value, segments(stretches), held)
        if held.objection is not None or held.separator:
            assert ruling.verdict == "uncertain"
        elif llr >= LEAST_LLR and p_value <= FALSE_ALARMS:
            assert ruling.verdict == "synthetic"
        elif llr <= NO_TRACE_LLR and not held.clear:
            assert ruling.verdict not in ("synthetic", "uncertain")
        else:
            assert ruling.verdict == "uncertain"
        assert ruling.llr <= 0 if held.objection is not None else ruling.llr == llr
        assert (ruling.reason is None) == (ruling.verdict != "uncertain")
        agrees(ruling.verdict, {p.name: p.answer for p in ruling.propositions}, held)


@pytest.mark.parametrize("held", HELD, ids=str)
def test_no_vote_of_an_adapter_overrules_what_holds_the_detector_back(held: Reservations) -> None:
    for own, vote, p_value, stretches in itertools.product(RATIOS, RATIOS, P_VALUES, STRETCHES):
        ruling = decide(own, p_value, segments(stretches), held)
        finding = MusicFinding(
            0.5,
            ruling.llr,
            p_value,
            ruling.verdict,
            (Family("separator, HT-Demucs time branch", 1.0),) if held.separator else (),
            (),
            segments(stretches),
            ruling.reason,
            (*ruling.propositions, C),
            held=held,
        )
        together = heard(finding, [Opinion("guest", "ab" * 32, 1.0, p_value, 300, vote, "")])
        assert together.llr is not None and together.score is not None and together.p_value is not None
        if held.objection is not None or held.separator:
            assert together.verdict == "uncertain" and together.reason == ruling.reason
        if held.objection is not None:
            assert together.llr <= 0 and together.score <= 0.5
        if held.clear:
            assert together.verdict in ("synthetic", "uncertain")
        again = decide(together.llr, together.p_value, finding.segments, held)
        assert together.verdict == again.verdict
        assert together.propositions == (*again.propositions, C)
        agrees(together.verdict, {p.name: p.answer for p in again.propositions}, held)


def test_an_objection_against_a_vote_that_would_accuse() -> None:
    finding = MusicFinding(
        0.5, 0.0, 0.003, "uncertain", (), (), (), "a chip", held=Reservations(objection="a chip")
    )
    voted = heard(finding, [Opinion("guest", "ab" * 32, 1.0, 0.003, 300, 4.0, "")])
    assert voted.verdict == "uncertain" and voted.reason == "a chip" and voted.score == 0.5
    free = replace(finding, held=Reservations())
    assert heard(free, [Opinion("guest", "", 1.0, 0.003, 300, 4.0, "")]).verdict == "synthetic"
