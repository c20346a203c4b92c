"""Held-out likelihood ratios, by one curve for all recordings or by one per band, and what either loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from detector.calibration import LogisticCalibration
from lab.training.music.folds import Matrix

LEAST = 30
"""Recordings of either class without which a band keeps the curve of all."""


def ratios(
    raw: Matrix,
    synthetic: NDArray[np.bool_],
    judged: NDArray[np.bool_],
    folds: NDArray[np.str_],
    bands: Sequence[str] | None = None,
) -> Matrix:
    """Log10 likelihood ratio of every recording, from curves that saw nothing of its fold.

    Args:
        raw: scores, [N].
        synthetic: which recordings are generated, [N].
        judged: which may fit curves, [N].
        folds: of each recording, [N].
        bands: names; where given, a recording is judged by the curve of its band, [N].
    """
    names = np.array(bands if bands is not None else [""] * raw.size)
    found = np.zeros(raw.size)
    for fold in sorted(set(folds)):
        others = judged & (folds != fold)
        everybody = LogisticCalibration.fit(raw[others], synthetic[others])
        for name in sorted(set(names)):
            own = others & (names == name)
            both = min(int((own & synthetic).sum()), int((own & ~synthetic).sum()))
            curve = everybody if both < LEAST else LogisticCalibration.fit(raw[own], synthetic[own])
            rows = (folds == fold) & (names == name)
            found[rows] = [curve.llr(float(value)) for value in raw[rows]]
    return found


def section(results: Mapping[str, Mapping[str, float]]) -> str:
    """What is lost by lack of discrimination and what by calibration, per delivery, as Markdown."""
    rows = [
        f"| {name} | {f['cllr']:.2f} | {f['min_cllr']:.2f} | {f['cllr'] - f['min_cllr']:.2f} "
        f"| {f['cllr_by_band']:.2f} | {100 * f['ece']:.1f} | {100 * f['ece_by_band']:.1f} |"
        for name, f in results.items()
    ]
    head = (
        "| delivery | Cllr | lowest possible | lost by calibration | Cllr by band | ECE % | ECE by band % |"
    )
    return (
        "\n## Calibration\n\n*Lowest possible* is the Cllr after the best monotone calibration of the same "
        "scores, fitted on themselves: what no calibration can repair. *By band* fits one curve per band "
        "(narrow, middle, wide) instead of one for all, held out likewise.\n\n"
        + "\n".join([head, "|---|---|---|---|---|---|---|", *rows])
        + "\n"
    )
