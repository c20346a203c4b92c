"""Trials of the voice benchmark: who is compared with whom."""

import numpy as np
import numpy.typing as npt
from torch import Tensor

from detector.voice import fusion
from detector.voice.encoder import Ge2eEncoder
from detector.voice.identity import Identity
from lab.training.voice.clips import Voice
from lab.training.voice.identity import Trial, trials

Floats = npt.NDArray[np.float64]
Split = tuple[Floats, Floats]


def _split(rows: list[Trial]) -> Split:
    return (
        np.array([row.similarity for row in rows if row.same]),
        np.array([row.similarity for row in rows if not row.same]),
    )


def verification_trials(
    clips: list[Voice], embedded: dict[str, Tensor], cohort: dict[str, Tensor]
) -> tuple[Split, Split]:
    """Similarities of same and different speakers, for recordings and for clones."""
    genuine = trials(clips, embedded, cohort, cloned=False)
    imitation = trials(clips, embedded, cohort, cloned=True)
    return _split(genuine), _split(imitation)


def clone_trials(
    clips: list[Voice], embedded: dict[str, Tensor], cohort: dict[str, Tensor], llr_syn: dict[str, float]
) -> dict[str, Floats]:
    """Fused ratios by what the heard clip truly is.

    Args:
        clips: the collection's voices.
        embedded: centre per file.
        cohort: centre per cohort speaker.
        llr_syn: natural log-likelihood ratio of a left-out countermeasure per file.
    """
    identity = Identity.load(Ge2eEncoder.name)
    found: dict[str, list[float]] = {
        "clone of X": [],
        "genuine X": [],
        "other human": [],
        "other synthetic": [],
    }
    for cloned in (True, False):
        for row in trials(clips, embedded, cohort, cloned=cloned):
            name = {
                (True, True): "clone of X",
                (True, False): "other synthetic",
                (False, True): "genuine X",
                (False, False): "other human",
            }[(cloned, row.same)]
            same = identity.llr_imitation(row.similarity)
            found[name].append(fusion.llr_clone(llr_syn[row.heard.file], same))
    return {name: np.array(values) for name, values in found.items()}
