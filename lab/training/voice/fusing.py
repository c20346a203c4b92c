"""From several scores to one calibrated ratio: the fusion of the synthetic-voice score, and its card."""

import itertools
import time

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression

from core.cards import Card
from detector.voice.countermeasure import WINDOW_S
from detector.voice.synthesis import VIEWS, Fusion

WEIGHT = 0.5
CALIBRATED = (
    "Fusion: 3 development pages. Calibration: those and the training pages with both classes, each left out "
    "in turn."
)
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Names = npt.NDArray[np.str_]


def calibrate(score: Floats, synthetic: Flags, page: Names) -> tuple[float, float]:
    """Slope and offset from fused scores to natural log-likelihood ratios on a page that nobody has seen.

    Pages shift scores, so each page with both classes has an offset of its own (logistic regression; both
    classes of a page weigh the same, pages by the root of their clips). A new page's offset is drawn from
    theirs: slope and mean offset shrink by what the spread of offsets leaves uncertain (D. MacKay, Neural
    Computation 4 (1992) 720, the logistic of a normal variable). Pages with one class cannot tell a page from
    a class and take no part.

    Raises:
        ValueError: fewer than two pages hold both classes.
    """
    both = [n for n in sorted(set(page.tolist())) if 0 < synthetic[page == n].mean() < 1]
    if len(both) < 2:
        raise ValueError("calibration needs scores of both classes on two pages or more")
    own = page[:, None] == np.array(both)
    known = own.any(1)
    weights = np.zeros(len(score))
    for here in own.T:
        for side in (True, False):
            part = here & (synthetic == side)
            weights[part] = here.sum() ** 0.5 / part.sum()
    model = LogisticRegression(C=1e4, fit_intercept=False, max_iter=1000)
    inputs = np.column_stack([score, own])[known]
    model.fit(inputs, synthetic[known], sample_weight=weights[known] * known.sum() / weights.sum())
    slope, *offsets = model.coef_[0].tolist()
    certain = (1 + np.pi * np.var(offsets) / 8) ** -0.5
    return float(slope * certain), float(np.mean(offsets) * certain)


def cautious(score: Floats, synthetic: Flags, page: Names, sung: Flags) -> tuple[float, float]:
    """The same for accusing somebody: flatter, and of all pages.

    Both classes weigh the same, and within a class singing as much as speech: the product hears vocals of
    music, the list mostly speech. Within each, a page weighs by the root of its clips.
    """
    weights = np.zeros(len(score))
    for side, sings in itertools.product((True, False), repeat=2):
        part = (synthetic == side) & (sung == sings)
        for name in set(page[part].tolist()):
            here = part & (page == name)
            weights[here] = here.sum() ** -0.5
        weights[part] /= max(weights[part].sum(), 1e-9)
    model = LogisticRegression(C=1e4)
    model.fit(score[:, None], synthetic, sample_weight=weights * len(score) / weights.sum())
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def fusion(logits: Floats) -> Fusion:
    """Standardise what was trained by the pages for choosing; not yet calibrated.

    Args:
        logits: of C and of each network on those pages, [N, 1 + networks].
    """
    numbers = {"means": logits.mean(0), "spreads": logits.std(0), "weight": [WEIGHT]}
    numbers |= {"calibration": [1.0, 0.0], "accusing": [1.0, 0.0]}
    return Fusion(
        **{name: torch.tensor(np.asarray(value), dtype=torch.float32) for name, value in numbers.items()}
    )


def card(commit: str, clips: int) -> Card:
    """What the shipped weights are; `lab.evaluation.voice.held_out` adds the figures."""
    return Card(
        name="voice-synthesis",
        version="3",
        file="",
        sha256="",
        licence="LicenseRef-research-recordings: trained mostly on demo pages without a stated licence",
        data=f"weights: {clips} clips of 19 pages and corpora, as published and through a random chain; "
        "research demo pages mostly, the others open (CC0, CC-BY, MIT, public domain). "
        f"{CALIBRATED} Nothing from the 11 test pages",
        commit=commit,
        trained_at=time.strftime("%Y-%m-%d"),
        config={"weight": WEIGHT, "networks": list(VIEWS), "window_s": WINDOW_S},
        notes="Protocol and rule: decision 0216; pages, systems and named people of the test are out of "
        "training. Weak over loud music: see docs/benchmarks/voice.md.",
    )
