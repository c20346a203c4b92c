"""Tippett plot: what share of recordings of either class reaches a likelihood ratio.

Source: D. Meuwly, Reconnaissance de locuteurs en sciences forensiques, 2001; the usual picture of a forensic
likelihood-ratio system. A curve of generated recordings that stays high to the right of 0 is strong evidence;
the human curve right of 0 is misleading evidence.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
COLOURS = ("tab:red", "tab:orange", "tab:purple", "tab:brown")


def draw(deliveries: Mapping[str, tuple[Scores, Scores]], path: Path) -> None:
    """Draw the curves of some deliveries into a PNG.

    Args:
        deliveries: by name, log10 likelihood ratios of generated and of human recordings.
        path: of the picture.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), dpi=110)
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    colours = COLOURS[: len(deliveries)]
    for (name, (generated, human)), colour in zip(deliveries.items(), colours, strict=True):
        for scores, style, label in ((generated, "-", "generated"), (human, "--", "human")):
            at, share = reached(scores)
            axes.step(at, share, style, where="pre", color=colour, label=f"{name}, {label}")
    axes.axvline(0.0, color="0.6", linewidth=0.8)
    axes.set(xlabel="log10 likelihood ratio", ylabel="share of recordings at or above", ylim=(0, 1.02))
    axes.legend(fontsize=8)
    figure.tight_layout()
    # no software stamp: the same figures must give the same file
    figure.savefig(path, metadata={"Software": None})


def reached(scores: Scores) -> tuple[Scores, Scores]:
    """Ascending scores and the share of all that is at least as high.

    >>> [v.tolist() for v in reached(np.array([2.0, 1.0]))]
    [[1.0, 2.0], [1.0, 0.5]]
    """
    ordered = np.sort(scores)
    return ordered, 1.0 - np.arange(ordered.size) / ordered.size
