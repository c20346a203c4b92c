"""The verdict: one rule for the detector, for adapters that vote with it, and for the lab that measures both.

Scores accuse only where neither a separator nor a clock that is heard explains the comb; a comb that stands
out keeps the recording from being called free of traces. Nothing that comes later, such as an adapter's vote,
decides past these reservations, and the propositions are always those of the verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.clip import Segment
from detector.music.finding import Proposition, Reservations, Verdict
from detector.music.propositions import decoder_propositions

FALSE_ALARMS = 0.01
"""`synthetic` is said only where at most this share of human recordings looks as synthetic."""
LEAST_LLR = 1.0
NO_TRACE_LLR = -0.5

SEPARATOR = "the comb fits a separator, which processes human recordings"
CLEAR = "a known comb stands out, but the score as a whole does not decide"
UNDECIDED = "the evidence does not decide"


@dataclass(frozen=True)
class Ruling:
    """What is said of a recording as a whole.

    Attributes:
        llr: log10 likelihood ratio; at most 0 where a heard clock explains the comb.
        verdict: `uncertain` where the scores do not decide or must not.
        reason: why it is `uncertain`; None otherwise.
        propositions: P1, P1-part and P2, in agreement with the verdict.
    """

    llr: float
    verdict: Verdict
    reason: str | None
    propositions: tuple[Proposition, ...]


def accuses(llr: float, p_value: float) -> bool:
    """Whether the scores alone say `synthetic`."""
    return p_value <= FALSE_ALARMS and llr >= LEAST_LLR


def clears(llr: float, *, clear: bool) -> bool:
    """Whether the scores alone say `no_trace`; no recording with a clear comb is."""
    return llr <= NO_TRACE_LLR and not clear


def decide(
    llr: float,
    p_value: float,
    segments: Sequence[Segment],
    held: Reservations,
    *,
    undecided: str = UNDECIDED,
) -> Ruling:
    """Decide on a recording.

    Args:
        llr: log10 likelihood ratio of all that votes together.
        p_value: likewise, share of human recordings that look at least as synthetic.
        segments: scores of the recording's stretches.
        held: what keeps the scores from deciding.
        undecided: the reason where nothing but the scores leaves it open.
    """
    verdict: Verdict = "uncertain"
    reason: str | None = undecided
    if held.objection is not None:
        llr, reason = min(llr, 0.0), held.objection
    elif held.separator:
        reason = SEPARATOR
    elif accuses(llr, p_value):
        verdict, reason = "synthetic", None
    elif held.clear:
        reason = CLEAR
    elif clears(llr, clear=held.clear):
        verdict, reason = "no_trace", None
    separator = held.separator and held.objection is None
    told = decoder_propositions(verdict, llr, segments, separator=separator)
    if held.objection is not None:
        told = tuple(replace(one, answer="open") for one in told)
    return Ruling(llr, verdict, reason, told)
