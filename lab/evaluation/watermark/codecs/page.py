"""`docs/benchmarks/watermark-codecs.md`, from rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.evaluation.watermark.codecs import slow
from lab.evaluation.watermark.codecs.slopes import octaves
from lab.metrics import share
from provenance.watermark import sync
from provenance.watermark.chips import CYCLE_COLUMNS
from provenance.watermark.finding import PRESENT_P_VALUE

_FOLDER = Path(__file__).resolve().parents[4] / "docs" / "benchmarks"
PAGE = _FOLDER / "watermark-codecs.md"
OWN_PAGES = {name: _FOLDER / f"watermark-{name}-codec.md" for name in ("own", "fine")}
OWN = {
    "own": "The codec is the composer's ([decision 353]"
    "(../decisions/0353-what-a-composer-of-our-own-must-reach.md))",
    "fine": "The codec has the composer's layers at three times its frames and twice its numbers of each",
}
PLACES = CYCLE_COLUMNS * len(sync.PHASES)
NEEDED = float(np.sqrt(2.0 * np.log(PLACES / PRESENT_P_VALUE)))
"""Statistic that is present at one in a million, over the places that the reader looks at."""
DRAWS = 1000
NAMED = (
    "*Unquantised* leaves its frames as they are: no rate of this codec passes more. Numbers in names are "
    "kbit/s."
)
Row = dict[str, Any]


def chosen_size(rows: Sequence[Row]) -> slow.Size:
    """The size whose cells are heard best on the tracks that are there to choose by."""
    tried = [row for row in rows if row["part"] == "sizes"]
    return max(slow.SIZES, key=lambda size: _median(_of(tried, size=str(size))))


def slope(rows: Sequence[Row]) -> tuple[float, float, float]:
    """What is left of the levels of all tracks together, and the 95 % interval over tracks."""
    before, after = (np.array([np.sum(row[name]) for row in rows]) for name in ("before", "after"))
    drawn = np.random.default_rng(0).integers(0, len(rows), (DRAWS, len(rows)))
    ratios = after[drawn].sum(1) / before[drawn].sum(1)
    low, high = np.quantile(ratios, (0.025, 0.975))
    return float(after.sum() / before.sum()), float(low), float(high)


def page(rows: Sequence[Row], weights: str) -> str:
    """The page, in Markdown."""
    marks = [row for row in rows if row["part"].endswith("marks")]
    lines = [
        "# Watermark: through neural codecs, measured",
        "",
        *_begin(marks, weights),
        "Lyra v2 (Apache-2.0), with its published weights, was trained on *speech*, at 16 kHz: of music it "
        f"makes what the first column says. {NAMED}",
        *_marks(marks),
    ]
    return "\n".join(lines + _slow(rows)) + "\n"


def own_page(rows: Sequence[Row], weights: str, which: str, step: int) -> str:
    """The page of one of the lab's codecs (`OWN`), in Markdown."""
    marks = [row for row in rows if row["part"].endswith("marks")]
    heard = [row for row in rows if row["part"] == "heard"]
    lines = [
        "# Watermark: through a codec of our own, measured",
        "",
        *_begin(marks, weights),
        f"{OWN[which]}: of audiocraft's classes, for music, trained with an adversary for {step} steps on "
        "one core, which is far from trained out. How far it "
        f"moves music stands beside it; Opus is there to compare. {NAMED}",
        "",
        "## What is left of the music",
        "",
        "Distance of mel spectra, mean, and SI-SDR, median over tracks, unmarked.",
        "",
        "| codec | mel distance, dB | SI-SDR, dB |",
        "|---|---:|---:|",
    ]
    for name in dict.fromkeys(row["codec"] for row in heard):
        some = _of(heard, codec=name)
        distance = float(np.mean([row["distance_db"] for row in some]))
        lines.append(f"| {name} | {distance:.2f} | {_median(some, 'si_sdr_db'):.1f} |")
    return "\n".join(lines + _marks(marks)) + "\n"


def _begin(marks: Sequence[Row], weights: str) -> list[str]:
    """What both pages are of, up to their codecs."""
    tracks = len({row["track"] for row in marks})
    return [
        "Written by `python -m lab.evaluation.watermark.codecs`; do not edit. "
        f"Weights `{weights}`. Protocol and rule, written before: "
        "[decision 8](../decisions/0008-what-a-neural-codec-must-leave-of-a-mark.md).",
        "",
        f"{tracks} tracks of 68 s, each two cuts of human music that were not trained on, joined, mono.",
    ]


def _marks(marks: Sequence[Row]) -> list[str]:
    """What is left of the mark, and whether it is heard."""
    passed = [row for row in marks if row["codec"] != "none"]
    lines = [
        "",
        "## What is left of a chip",
        "",
        "Slope of the cells' level through the codec, along their signs, the host taken out: 1 passes, 0 is "
        "gone. All tracks together; 95 % interval over tracks.",
        "",
        "| codec | host over change, dB | all bands | " + " | ".join(name for name, _ in octaves()) + " |",
        "|---|---:|---:|" + "---:|" * len(octaves()),
    ]
    for name in dict.fromkeys(row["codec"] for row in passed):
        some = _of(passed, codec=name)
        cells = [f"{_octave(some, number):.3f}" for number in range(len(octaves()))]
        lines.append(
            f"| {name} | {_median(some, 'snr_db'):.1f} | {_slope(some)} | " + " | ".join(cells) + " |"
        )
    lines += [
        "",
        "## Is the mark heard",
        "",
        "*Read*: message right; *present*: p < 1e-6 without a name; *by name*: the message was asked for "
        "([decision 7](../decisions/0007-a-mark-is-heard-by-its-name.md)). Per cent, 95 % Wilson intervals. "
        f"Statistic: of the message's own cells at the true place over the whole track; {NEEDED:.1f} is "
        "needed at any length.",
        "",
        "| codec | 30 s read | 30 s present | 30 s by name | 60 s present | 60 s by name "
        "| statistic, median (lowest) | seconds that would do, median |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name in dict.fromkeys(row["codec"] for row in marks):
        some = _of(marks, codec=name)
        half, whole = (
            [r for row in some for r in row["readings"] if r["seconds"] == seconds] for seconds in (30, 60)
        )
        cells = [share([r[kind] for r in half]) for kind in ("read", "present", "heard")]
        cells += [share([r[kind] for r in whole]) for kind in ("present", "heard")]
        statistics = [row["statistic"] for row in some]
        lines.append(
            f"| {name} | " + " | ".join(cells) + f" | {np.median(statistics):.1f} ({min(statistics):.1f})"
            f" | {_length(some)} |"
        )
    wrong = sum(r["wrong"] for row in marks for r in row["readings"])
    lines += [
        "",
        f"Wrong messages: {wrong} of {sum(len(row['readings']) for row in marks)} readings. Seconds that "
        "would do follow from the statistic, which grows with the root of the length: an extrapolation.",
    ]
    return lines


def _slow(rows: Sequence[Row]) -> list[str]:
    """Of slower cells, those sizes and codecs that were asked."""
    tried = [row for row in rows if row["part"] == "sizes"]
    if not tried:
        return []
    size, looked = chosen_size(rows), {row["track"] for row in tried}
    lines = [
        "",
        "## Slower and broader cells",
        "",
        "Keyed, untrained cells as loud as the mask allows: the noise-to-mask bound of the mark (-3 dB in "
        "every band and frame) without its level, an upper bound for any pattern and far louder than the "
        f"goal. Through Lyra at 6 kbit/s, on {len(looked)} of the tracks. Statistic at 60 s, at the true "
        "place.",
        "",
        "| cell, octaves x seconds | host over mark, dB | slope | statistic, median | present |",
        "|---|---:|---:|---:|---:|",
        *(_slower(_of(tried, size=str(one)), str(one)) for one in slow.SIZES),
    ]
    odd = [row for row in rows if row["part"].endswith("chosen") and row["track"] % 2]
    if odd:
        asked = len({row["track"] for row in odd})
        lines += [
            "",
            f"The size heard best there, {size} (octave x seconds), on {asked} odd tracks:",
            "",
            "| codec, level | host over mark, dB | slope | statistic, median | present |",
            "|---|---:|---:|---:|---:|",
        ]
    for name in dict.fromkeys(row["codec"] for row in odd):
        for level in slow.LEVELS:
            lines.append(_slower(_of(odd, codec=name, level=level), f"{name}, {level}"))
    return lines


def _of(rows: Sequence[Row], **wanted: Any) -> list[Row]:
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def _median(rows: Sequence[Row], name: str = "statistic") -> float:
    return float(np.median([row[name] for row in rows]))


def _octave(rows: Sequence[Row], number: int) -> float:
    before, after = (_sums(rows, name)[number] for name in ("before", "after"))
    return float(after / before)


def _sums(rows: Sequence[Row], name: str) -> NDArray[np.float64]:
    sums: NDArray[np.float64] = np.sum([row[name] for row in rows], axis=0)
    return sums


def _slope(rows: Sequence[Row]) -> str:
    found, low, high = slope(rows)
    return f"{found:.3f} ({low:.3f} to {high:.3f})"


def _length(rows: Sequence[Row]) -> str:
    """Seconds after which the statistic of half of the tracks would be high enough."""
    found = _median(rows)
    return f"{68.0 * (NEEDED / found) ** 2:,.0f}" if found > 0.0 else "none"


def _slower(rows: Sequence[Row], name: str) -> str:
    present = share([row["statistic"] >= NEEDED for row in rows])
    return (
        f"| {name} | {_median(rows, 'mark_snr_db'):.1f} | {_slope(rows)} | {_median(rows):.1f} | {present} |"
    )
