"""`docs/benchmarks/watermark-peers.md`, from rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lab.metrics import upper_bound, wilson

PAGE = Path(__file__).resolve().parents[4] / "docs" / "benchmarks" / "watermark-peers.md"
Row = dict[str, Any]


def page(rows: Sequence[Row], weights: str) -> str:
    """The page, in Markdown."""
    hosts = len({row["host"] for row in rows})
    unmarked = [row["confidence"] for row in rows if (row["who"], row["kind"]) == ("perth", "unmarked")]
    strict = max(unmarked)
    false = sum(row["present"] for row in rows if (row["who"], row["kind"]) == ("ours", "unmarked"))
    lines = [
        "# Watermarks of others, on the same clips: measured",
        "",
        "Written by `python -m lab.evaluation.watermark.peers`; do not edit. "
        f"Ours: weights `{weights}`. Perth: `resemble-perth` 1.0.1 (MIT), its implicit network, as it comes.",
        "",
        f"{hosts} hosts of human music that ours was not trained on, ten seconds, mono, 32 kHz (Perth's own "
        "rate), both through the same attacks with the same random numbers. Presence against presence: ours "
        "says present from p < 1e-6 for the key asked, after the full search that an audit makes; Perth, "
        "which has no key and no message, gives a confidence and rounds it. *Perth, strict* asks for more "
        f"than the highest confidence in the same clips unmarked ({strict:.2f}), so that neither reports a "
        f"mark where none is; rounded, it does so in {sum(value >= 0.5 for value in unmarked)} of "
        f"{len(unmarked)}, ours in {false} (bound of none: {100 * upper_bound(0, len(unmarked)):.0f} %; "
        "20,000 more looks of ours are on [its own page](watermark.md)).",
        "",
        "Other peers whose weights do not come with what a package registry offers (AudioSeal, WavMark, "
        "SilentCipher) could not be run here and are not in the table.",
        "",
        "## Quality",
        "",
        "| | SNR dB, median (lowest) | noise to mask dB, mean (highest) | bands x frames below the mask |",
        "|---|---|---|---|",
        *(
            _quality([r for r in rows if (r["who"], r["kind"]) == (who, "quality")], who)
            for who in ("ours", "perth")
        ),
        "",
        "## Present after",
        "",
        "Per cent, with 95 % Wilson intervals.",
        "",
        "| attack | clips | ours | Perth | Perth, strict |",
        "|---|---:|---:|---:|---:|",
    ]
    attacked = [row for row in rows if row["kind"] == "attack"]
    for name in dict.fromkeys(row["attack"] for row in attacked):
        some = {
            who: [r for r in attacked if (r["who"], r["attack"]) == (who, name)] for who in ("ours", "perth")
        }
        cells = [
            _share([row["present"] for row in some["ours"]]),
            _share([row["confidence"] >= 0.5 for row in some["perth"]]),
            _share([row["confidence"] > strict for row in some["perth"]]),
        ]
        lines.append(f"| {name} | {len(some['ours'])} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _quality(rows: Sequence[Row], who: str) -> str:
    snr, ratio, highest, below = (
        np.array([row[name] for row in rows])
        for name in ("snr_db", "nmr_mean_db", "nmr_highest_db", "nmr_below_0")
    )
    return (
        f"| {who} | {np.median(snr):.1f} ({snr.min():.1f}) | {ratio.mean():.1f} ({highest.max():.1f}) "
        f"| {100 * below.mean():.2f} % |"
    )


def _share(hits: Sequence[bool]) -> str:
    low, high = wilson(sum(hits), len(hits))
    return f"{100 * np.mean(hits):.0f} ({100 * low:.0f}-{100 * high:.0f})" if hits else "-"
