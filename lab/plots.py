"""Pictures of the watermark's benchmark and training."""

import csv
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

matplotlib.use("Agg")
from matplotlib import pyplot as plt

INK, ACCENT, FAINT = "#1b1b1b", "#0b5fa5", "#b8b8b8"


def p_values_picture(values: NDArray[np.float64], path: Path) -> None:
    """Share of unmarked looks at or below each p-value, against the line that a valid p-value stays under."""
    levels = np.logspace(-6, 0, 200)
    share = np.searchsorted(np.sort(values), levels, side="right") / len(values)
    figure, axes = plt.subplots(figsize=(6.4, 4.0), dpi=120)
    axes.plot(levels, levels, color=FAINT, linewidth=1.5)
    axes.plot(levels, np.where(share > 0, share, np.nan), color=ACCENT, linewidth=2.0)
    axes.annotate("uniform: the most that is allowed", (2e-4, 2e-4), (1.2e-5, 2e-3), color=INK, fontsize=9)
    axes.axvline(1e-6, color=INK, linewidth=0.8, linestyle=":")
    axes.set(xscale="log", yscale="log", xlim=(8e-7, 1.2), ylim=(0.5 / len(values), 1.5))
    axes.set_xlabel("p-value reported")
    axes.set_ylabel(f"share of {len(values)} unmarked looks at or below it")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def curves_picture(curves: Path, path: Path) -> None:
    """Share of chips read right after each attack over the steps of a training run.

    Args:
        curves: the run's `curves.csv`.
        path: where to write the picture.
    """
    with curves.open(newline="") as file:
        rows = list(csv.DictReader(file))
    steps = [int(row["step"]) for row in rows]
    attacks = list(rows[0])[5:]
    figure, axes = plt.subplots(figsize=(7.2, 4.4), dpi=120)
    last = {}
    for name in attacks:
        values = [float(row[name]) if row[name] else np.nan for row in rows]
        axes.plot(steps, values, color=ACCENT, linewidth=1.0, alpha=0.7)
        last[name] = values[-1]
    met = {name: value for name, value in last.items() if not np.isnan(value)}
    heights = np.array(sorted(met.values()))
    for rank in range(1, len(heights)):
        heights[rank] = max(heights[rank], heights[rank - 1] + 0.011)
    for height, name in zip(heights, sorted(met, key=lambda n: met[n]), strict=True):
        axes.annotate(name, (1.01, height), xycoords=("axes fraction", "data"), va="center", fontsize=8)
    axes.set_xlabel("step")
    axes.set_ylabel("chips read right, running mean")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, bbox_inches="tight")  # the names of the attacks stand beside the axes
    plt.close(figure)
