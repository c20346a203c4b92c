"""The statements that a finding makes, kept apart: a decoder's traces are never reported as authorship.

P1, a neural decoder rendered sound in the recording, is what is measured. P2, the whole recording was
generated, needs P1 in nearly every stretch and no explanation by a separator; it has no likelihood ratio of
its own, because human music sent through a neural codec looks the same. P3 to P5 are about voices and belong
to `detector.voice`, P0 (our own record) to the provenance half.
"""

from collections.abc import Sequence

from core.clip import Segment
from core.counted import whole as rounded
from detector.music.finding import Answer, Proposition, Verdict

THROUGHOUT = 0.9
CLEAR = 0.8
"""Score from which a stretch counts as decoder output; up to `1 - CLEAR` it counts as free of it."""

SILENT = "no decoder's clock was found; most changes of pitch or tempo hide one, and some decoders leave none"


def decoder_propositions(
    verdict: Verdict, llr: float, segments: Sequence[Segment], *, separator: bool
) -> tuple[Proposition, ...]:
    """P1, P1-part and P2 of a measured recording.

    Args:
        verdict: on the recording as a whole.
        llr: its log10 likelihood ratio.
        segments: scores of its stretches.
        separator: whether the comb fits a network that processes human recordings.
    """
    answers: dict[Verdict, Answer] = {
        "synthetic": "supported",
        "no_trace": "not_supported",
        "uncertain": "open",
    }
    statement = (
        "a neural decoder (generator, neural codec or voice converter) rendered sound in this recording"
    )
    if verdict == "no_trace":
        statement += f": {SILENT}"
    first = Proposition(
        "P1",
        statement,
        "supported" if separator else answers[verdict],
        llr,
    )
    found = [s for s in segments if s.score >= CLEAR]
    free = [s for s in segments if s.score <= 1 - CLEAR]
    in_part: Answer = "open"
    if verdict != "no_trace" and found and free:
        in_part = "supported" if len(segments) > 2 else "open"
    elif verdict == "synthetic" and not found:
        pass  # decided by the whole, or by adapters: no stretch tells where
    elif not found or len(found) >= THROUGHOUT * len(segments):
        in_part = "not_supported"
    where = ", ".join(f"{rounded(a)}-{rounded(b)} s" for a, b in merged(found))
    shown = f"clearest: {where}" if where else "none is clear alone"
    second = Proposition("P1-part", f"only some stretches carry decoder traces; {shown}", in_part, None)
    whole: Answer = "open"
    reason = "traces in nearly every stretch; a human recording sent through a neural codec looks the same"
    if separator:
        reason = "the comb fits a separator, which processes human recordings"
    elif verdict == "synthetic" and len(found) >= THROUGHOUT * max(1, len(segments)):
        whole = "supported"
    elif verdict == "synthetic" and not found:
        reason = "no single stretch shows clear traces"
    elif verdict == "no_trace" or len(found) < 0.5 * len(segments):
        whole, reason = "not_supported", "most of the recording carries no decoder traces"
    else:
        reason = "the stretches do not agree"
    third = Proposition("P2", f"the whole recording was generated: {reason}", whole, None)
    return first, second, third


def composition_proposition(llr: float | None) -> Proposition:
    """C: a machine composed and played the notes, whatever rendered the sound.

    Args:
        llr: log10 likelihood ratio of the playing; None where it could not be measured.
    """
    if llr is None:
        return Proposition("C", "the playing was not measured: too short", "not_measured", None)
    answer: Answer = "supported" if llr >= 1 else "not_supported" if llr <= -1 else "open"
    text = "a machine composed and played it, judged by timing, accents and repetition alone: weak evidence"
    return Proposition("C", text, answer, llr)


def merged(segments: Sequence[Segment]) -> list[tuple[float, float]]:
    """Neighbouring stretches joined, as (start, end) in seconds."""
    spans: list[tuple[float, float]] = []
    for segment in segments:
        if spans and abs(spans[-1][1] - segment.start_s) < 0.01:
            spans[-1] = (spans[-1][0], segment.end_s)
        else:
            spans.append((segment.start_s, segment.end_s))
    return spans
