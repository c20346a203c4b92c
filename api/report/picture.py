"""A picture of an audit: waveform, spectrogram, and watermark, AI score and voice over time.

It holds no words: a picture is drawn once, while there is audio, and reports show it in every language.
Colours are those of Okabe and Ito (2008), told apart by every common kind of colour blindness;
each curve has its own marking as well, so that the picture survives a black-and-white print.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from api.audit.json_form import Json
from api.audit.result import AuditResult
from api.report.numbers import clock_text
from api.report.spectrum import top_hz
from api.report.words.heard import not_measured
from core.clip import Clip
from core.downmix import downmix
from core.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREEN, INK, GREY = "#0072B2", "#D55E00", "#009E73", "#1b1b1b", "#8a8a8a"
ROWS = "ABCDE"
"""The names of the rows; what each shows, the caption tells in the reader's language."""
STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
MOST_MARKS = 12
COLUMNS = 1400
BANDS = 220
FLOOR_DB = -90.0
QUICKLY = {"compress_level": 1}
"""How PNGs are packed: the usual level takes most of the time of a spectrogram, for 1 % of its size."""


def picture(clip: Clip, result: AuditResult, path: Path) -> None:
    """Draw an audit as a PNG of 1600 x 1200 pixels, to be read in print across a page of A4.

    A row that is hatched holds what could not be measured; an empty one, that nothing was found.

    Args:
        clip: the audio that was audited.
        result: the findings.
        path: where to write.
    """
    # The object interface, not pyplot: no global state, so that threads may draw at once.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    found = result.to_dict()
    figure = Figure(figsize=(16, 12), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        5,
        1,
        height_ratios=(1.0, 2.2, 0.8, 0.8, 0.8),
        left=0.09,
        right=0.985,
        top=0.985,
        bottom=0.045,
        hspace=0.16,
    )
    axes: list[Any] = [figure.add_subplot(grid[row]) for row in range(5)]
    _waveform(axes[0], clip)
    _spectrogram(axes[1], clip)
    for axis, lane in zip(axes[2:], _lanes(found), strict=True):
        _timeline(axis, lane)
    for letter, axis in zip(ROWS, axes, strict=True):
        axis.set_xlim(0, max(clip.duration_s, 1e-3))
        axis.tick_params(labelsize=14, colors=INK, length=3)
        axis.text(
            -0.075, 1.0, letter, transform=axis.transAxes, fontsize=22, weight="bold", color=INK, va="top"
        )
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    for axis in axes[:-1]:
        axis.tick_params(labelbottom=False)
    clock(axes[-1], clip.duration_s)
    with replacing(path) as part:
        figure.savefig(part, format="png", metadata={"Software": "trackmark"}, pil_kwargs=QUICKLY)


@dataclass(frozen=True)
class Lane:
    """A row of scores over time.

    Attributes:
        measured: whether the check gave an answer; a row without one is hatched.
        even: the score at which both answers are as likely; None where there is no such score.
        top: the height of the lane.
    """

    segments: Sequence[Json]
    colour: str
    measured: bool
    top: float = 1.0
    even: float | None = None


def _lanes(found: Json) -> tuple[Lane, Lane, Lane]:
    mark, ai, voice = found["watermark"], found["ai"], found["voice"]
    heard = max([1.0, *(abs(s["score"] or 0.0) for s in mark["segments"])])
    return (
        Lane(mark["segments"], BLUE, found["checks"]["watermark"] == "done", top=heard),
        Lane(ai["segments"], ORANGE, ai["score"] is not None, even=0.5),
        Lane(voice["segments"], GREEN, not not_measured(voice), even=0.5),
    )


def clock(axis: "Axes", duration_s: float) -> None:
    """Write moments along an axis of time, at most a dozen, in steps that a clock has."""
    step = next((step for step in STEPS_S if duration_s / step <= MOST_MARKS), STEPS_S[-1])
    marks = [step * number for number in range(int(duration_s / step) + 1)]
    axis.set_xticks(marks, [clock_text(mark) for mark in marks])


def _waveform(axis: "Axes", clip: Clip) -> None:
    low, high = envelope(downmix(clip.wav).numpy(), COLUMNS)
    times = (np.arange(len(low)) + 0.5) * clip.duration_s / len(low)
    axis.fill_between(times, low, high, color="#4d4d4d", linewidth=0, step="mid")
    top = max(float(np.abs([low.min(), high.max()]).max()), 0.05)
    axis.set_ylim(-top, top)
    axis.set_yticks([-top, 0, top], [f"−{100 * top:.0f} %", "0", f"{100 * top:.0f} %"])


def _spectrogram(axis: "Axes", clip: Clip) -> None:
    from matplotlib.ticker import MaxNLocator

    top = top_hz(clip.sample_rate)
    levels = spectrogram_db(downmix(clip.wav).numpy(), clip.sample_rate, top)
    axis.imshow(
        levels,
        origin="lower",
        aspect="auto",
        extent=(0, clip.duration_s, 0, top / 1000),
        cmap="cividis",
        vmin=FLOOR_DB,
        vmax=0,
        interpolation="nearest",
    )
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    axis.yaxis.set_major_formatter("{x:g} kHz")


def _timeline(axis: "Axes", lane: Lane) -> None:
    """Scores over time as bars, each as wide as its segment; hatched where there is no score."""
    from matplotlib.ticker import MaxNLocator

    axis.set_ylim(0, lane.top * 1.08)
    if lane.even is None:
        axis.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        axis.yaxis.set_major_formatter("{x:g}")
    else:
        axis.set_yticks([0, lane.even, 1], ["0", "½", "1"])
    if not lane.segments:
        axis.set_yticks([])
        if not lane.measured:
            axis.patch.set(hatch="//", edgecolor=GREY)
        return
    starts = np.array([s["start_s"] for s in lane.segments])
    widths = np.array([s["end_s"] for s in lane.segments]) - starts
    known = np.array([s["score"] is not None for s in lane.segments])
    scores = np.array([max(s["score"] or 0.0, 0.0) for s in lane.segments])
    axis.bar(starts, scores, widths, align="edge", color=lane.colour, alpha=0.35, linewidth=0)
    axis.hlines(scores[known], starts[known], (starts + widths)[known], color=lane.colour, linewidth=2.5)
    axis.bar(
        starts[~known],
        lane.top,
        widths[~known],
        align="edge",
        color="none",
        edgecolor=GREY,
        hatch="//",
        linewidth=0,
    )
    if lane.even is not None:
        axis.axhline(lane.even, color=INK, linewidth=1.2, linestyle=(0, (4, 4)))


def envelope(wave: NDArray[np.float32], columns: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lowest and highest sample of each of at most `columns` equal stretches, [columns] each."""
    edges = np.linspace(0, len(wave), min(columns, len(wave)) + 1).astype(int)[:-1]
    return np.minimum.reduceat(wave, edges), np.maximum.reduceat(wave, edges)


def spectrogram_db(wave: NDArray[np.float32], sample_rate: int, top_hz: float) -> NDArray[np.float32]:
    """Level of each band over time in decibels below the loudest, [BANDS, at most COLUMNS].

    Frames are taken at as many places as the picture has columns, so that an hour of audio costs
    no more than a minute; a sound between two frames of a long file is not drawn.
    """
    size = 2048
    padded = np.pad(wave, (size // 2, size // 2))
    hop = max(512, len(wave) // COLUMNS)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32), axis=1)) ** 2
    kept = max(1, int(top_hz / sample_rate * size))
    edges = np.unique(np.linspace(0, kept, BANDS + 1).astype(int))[:-1]
    bands = np.maximum.reduceat(power[:, :kept], edges, axis=1).T
    loudest = float(bands.max())
    if loudest <= 0:
        return np.full(bands.shape, FLOOR_DB, dtype=np.float32)
    levels = 10 * np.log10(np.maximum(bands / loudest, 10 ** (FLOOR_DB / 10)))
    return levels.astype(np.float32)
