"""From two pieces of evidence to "a clone of X": four hypotheses, one formula.

H1 genuine X · H2 synthetic imitating X · H3 another human · H4 another synthetic voice. Neither a
similarity nor a synthetic score alone decides: a verifier takes clones for the singer (SASV 2022:
1.6 -> 23.8 % EER), and a synthetic voice need not imitate anybody. The countermeasure gives
`llr_syn` (synthetic against human), the verifier `llr_id` (X-like against not X); given the
hypothesis they are taken as independent. Natural logarithms inside this module.

Source: the non-linear score fusion of the ASVspoof 5 / SASV literature with roles exchanged, so
that the clone of X is the target (research notes of this project, section B.2).
"""

import math
from dataclasses import dataclass

LOG10 = math.log(10.0)
_BOUND = 50.0


@dataclass(frozen=True)
class Priors:
    """Shares of the alternatives to "clone of X", and of the clone itself in the 4-way posterior.

    Attributes:
        genuine: H1 among the alternatives (rho 1).
        other_human: H3 (rho 3).
        other_synthetic: H4 (rho 4); the three add up to 1.
        clone: prior probability of H2 against all alternatives; small, because a false accusation of
            the artist's own recordings costs more than a missed clone. Used for posteriors only.
    """

    genuine: float = 0.4
    other_human: float = 0.3
    other_synthetic: float = 0.3
    clone: float = 0.1


PRIORS = Priors()


@dataclass(frozen=True)
class Posterior:
    """Probabilities of the four hypotheses; they add up to 1."""

    genuine: float
    clone: float
    other_human: float
    other_synthetic: float

    def outcome(self, name: str, llr_syn: float) -> str:
        """Say in one sentence which hypothesis leads, or that none does.

        Args:
            name: the artist.
            llr_syn: the countermeasure's ratio, natural log. Below 2 to 1 either way the priors would
                choose between recorded and synthetic, so the sentence leaves that open.
        """
        if abs(llr_syn) < math.log(2.0):
            likeness = "like" if self.genuine + self.clone >= 0.5 else "unlike"
            return f"voice {likeness} {name}; recorded or synthetic: undecided"
        ranked = sorted(
            [
                (self.clone, f"synthetic voice imitating {name}"),
                (self.genuine, f"genuine voice of {name}"),
                (self.other_human, f"human voice, not {name}"),
                (self.other_synthetic, f"synthetic voice, not imitating {name}"),
            ],
            reverse=True,
        )
        if ranked[0][0] < 0.5:
            return f"undecided between: {ranked[0][1]}; {ranked[1][1]}"
        return ranked[0][1]


def _log_sum(terms: list[float]) -> float:
    top = max(terms)
    return top + math.log(sum(math.exp(term - top) for term in terms))


def llr_clone(llr_syn: float, llr_id: float, priors: Priors = PRIORS) -> float:
    """Log-likelihood ratio of "synthetic imitating X" against every alternative.

    `-log[rho1 exp(-llr_syn) + rho3 exp(-llr_id - llr_syn) + rho4 exp(-llr_id)]`: a soft minimum,
    high only where both are high.

    Args:
        llr_syn: synthetic against human, natural log.
        llr_id: X-like against not X, natural log.
        priors: shares of the alternatives.

    >>> round(llr_clone(5.0, 5.0), 2) > 0 > llr_clone(5.0, -5.0)
    True
    """
    syn, same = (max(-_BOUND, min(_BOUND, value)) for value in (llr_syn, llr_id))
    return -_log_sum(
        [
            math.log(priors.genuine) - syn,
            math.log(priors.other_human) - same - syn,
            math.log(priors.other_synthetic) - same,
        ]
    )


def posterior(llr_syn: float, llr_id: float, priors: Priors = PRIORS) -> Posterior:
    """The four hypotheses' probabilities under the recorded priors."""
    syn, same = (max(-_BOUND, min(_BOUND, value)) for value in (llr_syn, llr_id))
    rest = 1.0 - priors.clone
    terms = [
        math.log(rest * priors.genuine) + same,
        math.log(priors.clone) + same + syn,
        math.log(rest * priors.other_human),
        math.log(rest * priors.other_synthetic) + syn,
    ]
    total = _log_sum(terms)
    return Posterior(*(math.exp(term - total) for term in terms))


def suspicious_llr(clone_score: float, priors: Priors = PRIORS) -> float:
    """The natural ratio synthetic against human that makes a voice which is surely X's a clone of that score.

    >>> round(posterior(suspicious_llr(0.8), 50.0).clone, 6)
    0.8
    """
    odds = clone_score / (1.0 - clone_score)
    return math.log(odds * (1.0 - priors.clone) * priors.genuine / priors.clone)


def bounded(llr: float, most: float) -> float:
    """No more than the trials behind a ratio support, either way."""
    return max(-most, min(most, llr))


def among(llr: float, tried: int) -> float:
    """Correct a ratio for being the best of several (Bonferroni on the odds)."""
    return llr - math.log(max(1, tried))


def any_of(llrs: list[float]) -> float:
    """Natural log of the mean likelihood ratio: it is in one of the looks, nobody knows in which.

    >>> any_of([2.0])
    2.0
    """
    return _log_sum(llrs) - math.log(len(llrs))
