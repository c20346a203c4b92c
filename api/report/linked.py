"""A picture of a comparison: two waveforms on one scale of time, and a band for each stretch that both share.

Like the picture of an audit it holds no words, and its colours stand a print in black and white.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from api.audit.json_form import Json
from api.compare.comparison import Role
from api.report.picture import BLUE, GREY, INK, QUICKLY, clock
from core.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_NUMBERS = 12
"""Of so many bands each bears the number of its row in the table; more would lie over one another."""


def linked(outlines: Mapping[Role, Json], aligned: Json, path: Path) -> None:
    """Draw a comparison as a PNG of 1600 x 800 pixels: original, bands, suspected copy.

    Bands that are hatched altogether: the two could not be compared. None: nothing that both share was found.

    Args:
        outlines: the waveform of each file (`api.report.sound.outline`); one that is missing stays empty.
        aligned: the alignment, as `Comparison.to_dict` tells it.
        path: where to write.
    """
    # The object interface, not pyplot: no global state, so that threads may draw at once.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(16, 8), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        3, 1, height_ratios=(1, 1.1, 1), left=0.09, right=0.985, top=0.94, bottom=0.06, hspace=0.08
    )
    top, middle, bottom = axes = [figure.add_subplot(grid[row]) for row in range(3)]
    longest = max([1e-3, *(float(one["duration_s"]) for one in outlines.values())])
    _waveform(top, outlines.get("original"))
    _waveform(bottom, outlines.get("suspect"))
    _bands(middle, aligned["stretches"], measured=aligned["outcome"] == "done")
    for letter, axis in zip("ABC", axes, strict=True):
        axis.set_xlim(0, longest)
        axis.tick_params(labelsize=14, colors=INK, length=3)
        axis.text(
            -0.075, 1.0, letter, transform=axis.transAxes, fontsize=22, weight="bold", color=INK, va="top"
        )
    for axis in (top, bottom):
        clock(axis, longest)
    top.xaxis.tick_top()
    with replacing(path) as part:
        figure.savefig(part, format="png", metadata={"Software": "trackmark"}, pil_kwargs=QUICKLY)


def _waveform(axis: "Axes", outline: Json | None) -> None:
    axis.set_ylim(-1, 1)
    axis.set_yticks([])
    for side in ("left", "right"):
        axis.spines[side].set_visible(False)
    if outline is None:
        return
    low, high = np.array(outline["low"]), np.array(outline["high"])
    peak = max(float(np.abs([low.min(), high.max()]).max()), 0.05)
    times = (np.arange(len(low)) + 0.5) * outline["duration_s"] / len(low)
    axis.fill_between(times, low / peak, high / peak, color="#4d4d4d", linewidth=0, step="mid")
    axis.axvline(outline["duration_s"], color=INK, linewidth=1.2)


def _bands(axis: "Axes", stretches: Sequence[Mapping[str, Any]], *, measured: bool) -> None:
    from matplotlib.patches import Polygon

    axis.set_ylim(0, 1)
    axis.set_xticks([])
    axis.set_yticks([])
    for spine in axis.spines.values():
        spine.set_visible(False)
    if not measured:
        axis.patch.set(hatch="//", edgecolor=GREY)
    for number, one in enumerate(stretches, 1):
        above, below = (one["original_start_s"], one["original_end_s"]), (one["start_s"], one["end_s"])
        corners = [(above[0], 1), (above[1], 1), (below[1], 0), (below[0], 0)]
        axis.add_patch(Polygon(corners, facecolor=BLUE, edgecolor=BLUE, alpha=0.35, linewidth=1.5))
        if len(stretches) <= MOST_NUMBERS:
            middle = sum(moment for moment, _height in corners) / 4
            axis.text(middle, 0.5, str(number), fontsize=18, color=INK, ha="center", va="center")
