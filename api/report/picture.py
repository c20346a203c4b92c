"""A picture of an audit: waveform, spectrogram, and the watermark and AI score over time.

Colours are those of Okabe and Ito (2008), told apart by every common kind of colour blindness;
each curve has its own marking as well, so that the picture survives a black-and-white print.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from api.audit.json_form import Json
from api.audit.result import AuditResult
from api.report import words
from core.clip import Clip
from core.downmix import downmix
from core.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREEN, INK, GREY = "#0072B2", "#D55E00", "#009E73", "#1b1b1b", "#8a8a8a"
ACTIONS = {"accept": GREEN, "review": "#8a6100", "reject": "#b3261e"}
COLUMNS = 1400
BANDS = 220
TOP_HZ = 16_000.0
FLOOR_DB = -90.0


def picture(clip: Clip, result: AuditResult, path: Path) -> None:
    """Draw an audit as a PNG of 1600 x 1000 pixels.

    Args:
        clip: the audio that was audited.
        result: the findings.
        path: where to write.
    """
    # The object interface, not pyplot: no global state, so that threads may draw at once.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    found = result.to_dict()
    figure = Figure(figsize=(16, 10), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        4, 1, height_ratios=(1.1, 2.4, 0.8, 0.8), left=0.07, right=0.975, top=0.87, bottom=0.07, hspace=0.3
    )
    axes: list[Any] = [figure.add_subplot(grid[row]) for row in range(4)]
    _heading(figure, found)
    _waveform(axes[0], clip)
    _spectrogram(axes[1], clip)
    mark, checked = found["watermark"], found["checks"]
    _timeline(
        axes[2],
        mark["segments"],
        BLUE,
        title=f"watermark: {words.watermark_line(mark, checked['watermark'])}",
        label="evidence",
        top=max([1.0, *(abs(s["score"]) for s in mark["segments"])]),
    )
    _timeline(
        axes[3],
        found["ai"]["segments"],
        ORANGE,
        title=f"AI music: {words.music_line(found['ai'])}",
        label="score",
        top=1.0,
        even=0.5,
    )
    for axis in axes:
        axis.set_xlim(0, max(clip.duration_s, 1e-3))
        axis.tick_params(labelsize=10, colors=INK, length=3)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    for axis in axes[:-1]:
        axis.tick_params(labelbottom=False)
    axes[-1].set_xlabel("seconds", fontsize=11)
    with replacing(path) as part:
        figure.savefig(part, format="png", metadata={"Software": "trackmark"})


def _heading(figure: Any, found: Json) -> None:
    name = Path(found["file"]).name
    figure.text(0.07, 0.955, _plain(name, 70), fontsize=18, weight="bold", color=INK)
    action = found["decision"]["action"]
    figure.text(0.975, 0.955, action.upper(), fontsize=18, weight="bold", color=ACTIONS[action], ha="right")
    record = found["ownership"]["record"] or {}
    owned = found["ownership"]["text"]
    if record.get("verified"):
        owned += f"  {words.claim(record)}."
    figure.text(0.07, 0.92, _plain(owned, 150), fontsize=12, color=INK)
    rules = [rule["text"] for rule in found["decision"]["rules"]]
    line = rules[0] if rules else words.ACTIONS["accept"][2]
    figure.text(0.07, 0.892, _plain(line, 165), fontsize=11, color=GREY if not rules else INK)


def _waveform(axis: "Axes", clip: Clip) -> None:
    low, high = envelope(downmix(clip.wav).numpy(), COLUMNS)
    times = (np.arange(len(low)) + 0.5) * clip.duration_s / len(low)
    axis.fill_between(times, low, high, color="#4d4d4d", linewidth=0, step="mid")
    top = max(float(np.abs([low.min(), high.max()]).max()), 0.05)
    axis.set_ylim(-top, top)
    axis.set_yticks([-top, 0, top], [f"{-top:.1f}", "0", f"{top:.1f}"])
    axis.set_ylabel("waveform", fontsize=11)


def _spectrogram(axis: "Axes", clip: Clip) -> None:
    top_hz = min(TOP_HZ, clip.sample_rate / 2)
    levels = spectrogram_db(downmix(clip.wav).numpy(), clip.sample_rate, top_hz)
    axis.imshow(
        levels,
        origin="lower",
        aspect="auto",
        extent=(0, clip.duration_s, 0, top_hz / 1000),
        cmap="cividis",
        vmin=FLOOR_DB,
        vmax=0,
        interpolation="nearest",
    )
    axis.set_ylabel("kHz", fontsize=11)


def _timeline(
    axis: "Axes",
    segments: Sequence[Json],
    colour: str,
    *,
    title: str,
    label: str,
    top: float,
    even: float | None = None,
) -> None:
    """Scores over time as bars, each as wide as its segment."""
    axis.set_title(_plain(title, 140), loc="left", fontsize=12, color=INK, pad=4)
    axis.set_ylim(0, top * 1.08)
    axis.set_ylabel(label, fontsize=11)
    if not segments:
        axis.set_yticks([])
        axis.text(
            0.5, 0.45, "nothing to show", transform=axis.transAxes, ha="center", color=GREY, fontsize=11
        )
        return
    starts = np.array([s["start_s"] for s in segments])
    widths = np.array([s["end_s"] for s in segments]) - starts
    scores = np.array([0.0 if s["score"] is None else max(s["score"], 0.0) for s in segments])
    axis.bar(starts, scores, widths, align="edge", color=colour, alpha=0.35, linewidth=0)
    axis.hlines(scores, starts, starts + widths, color=colour, linewidth=2)
    if even is not None:
        axis.axhline(even, color=GREY, linewidth=1, linestyle=(0, (4, 4)))


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


def _plain(text: str, limit: int) -> str:
    """Text for matplotlib: no mathematics out of a `$` in a name, no control characters, not endless."""
    kept = "".join(c for c in text if c.isprintable()).replace("$", r"\$")
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"
