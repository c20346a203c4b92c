"""What adapters say of a recording, and how those that may vote are heard beside the detector itself.

Voters are joined by the mean of the log-likelihood ratios (a logarithmic opinion pool): detectors that look
at the same recording are not independent, and a mean never claims more than its boldest member. The p-value
is the smallest times their number (Bonferroni). The verdict then follows the detector's own rule. An adapter
that may not vote adds its rank among the user's human recordings to the evidence and changes nothing else.

Sources: C. Genest and J. Zidek, Combining Probability Distributions, Statistical Science 1 (1986).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from detector.calibration import probability
from detector.music.adapters.store import Calibrated
from detector.music.finding import Evidence, MusicFinding
from detector.music.verdict import decide

APART = "the detector and its adapters do not decide together"


@dataclass(frozen=True)
class Opinion:
    """What one adapter says.

    Attributes:
        name: of the adapter.
        sha256: of its checkpoint; empty where it could not be read.
        score: raw, high for synthetic; comparable with nothing. None where it failed.
        p_value: share of the user's human recordings that score at least as high; None likewise.
        human: how many those are.
        llr: log10 likelihood ratio; None where it may not vote.
        problem: why it may not; empty where it may.
    """

    name: str
    sha256: str
    score: float | None
    p_value: float | None
    human: int
    llr: float | None
    problem: str


def opinion(guest: Calibrated, score: float) -> Opinion:
    """Turn an adapter's raw score into what may be said."""
    llr = guest.calibration.llr(score) if guest.calibration else None
    return Opinion(
        guest.adapter.name,
        guest.adapter.sha256,
        score,
        guest.reference.p_value(score),
        guest.reference.scores.size,
        llr,
        "; ".join(guest.problems),
    )


def heard(finding: MusicFinding, opinions: Sequence[Opinion]) -> MusicFinding:
    """A finding with the adapters' opinions: voters take part in it, the others stand beside it.

    Args:
        finding: the detector's own; one that could not be measured gets evidence only.
        opinions: one per adapter.
    """
    if not opinions:
        return finding
    found = replace(finding, evidence=(*finding.evidence, *map(_evidence, opinions)))
    votes = [(o.llr, o.p_value) for o in opinions if o.llr is not None and o.p_value is not None]
    if finding.llr is None or finding.p_value is None or not votes:
        return found
    ratios, p_values = zip((finding.llr, finding.p_value), *votes, strict=True)
    llr = sum(ratios) / len(ratios)
    p_value = min(1.0, len(p_values) * min(p_values))
    ruling = decide(llr, p_value, finding.segments, finding.held, undecided=APART)
    basis = ", ".join(f"adapter {o.name} sha256:{o.sha256[:16]}" for o in opinions if o.llr is not None)
    return replace(
        found,
        score=probability(ruling.llr),
        llr=ruling.llr,
        p_value=p_value,
        verdict=ruling.verdict,
        reason=ruling.reason,
        propositions=(*ruling.propositions, *(p for p in finding.propositions if p.name == "C")),
        calibration=f"{finding.calibration}, {basis}",
    )


def _evidence(said: Opinion) -> Evidence:
    if said.p_value is None:
        failed = {"name": said.name, "votes": False, "problem": said.problem}
        return Evidence("adapter", f"adapter {said.name} failed: {said.problem}", failed)
    rank = f"{100 * said.p_value:.1f} % of {said.human} human recordings score at least as high"
    if said.llr is None:
        text = f"adapter {said.name}: {rank}; no vote: {said.problem}"
    else:
        text = f"adapter {said.name}: log10 likelihood ratio {said.llr:.2f}, {rank}"
    data = {
        "name": said.name,
        "sha256": said.sha256,
        "p_value": round(said.p_value, 6),
        "human": said.human,
        "llr": None if said.llr is None else round(said.llr, 4),
        "votes": said.llr is not None,
    }
    return Evidence("adapter", text, data)
