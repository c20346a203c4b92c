"""Render the watermark's results: the page for readers and the metrics for the card."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from core.cards import Card
from lab.evaluation.fingerprint import wilson
from lab.evaluation.metrics import upper_bound

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "watermark.md"
REQUIRED = (
    "clean",
    "mp3_128",
    "mp3_64",
    "aac_64",
    "resample_22050",
    "mono_downmix",
    "polarity",
    "gain_-12db",
    "shift_0.1s",
)

Row = dict[str, Any]


def write_page(rows: list[Row], card: Card) -> None:
    """Write `docs/benchmarks/watermark.md`."""
    lines = [
        "# Watermark: measured",
        "",
        "Written by `python -m lab.evaluation.watermark`; do not edit. "
        f"Weights `{card.sha256[:12]}`, version {card.version}.",
        "",
        "A message is 64 bits and counts only when all of them are right and the keyed check holds. "
        "Hosts are 34 s cuts of human music that were not trained on (some come from collections of "
        "which other cuts were; `unseen collections` are the rest). Cuts at random offsets. "
        "Intervals are 95 % Wilson.",
        "",
        "## Quality at the default strength",
        "",
        "| network | clips | SNR median (lowest) dB | NMR mean dB | bands x frames at or below the mask |",
        "|---|---|---|---|---|",
        *(_quality(rows, network) for network in ("trained", "patchwork")),
        "",
        "## Messages right, in per cent",
        "",
        "| attack | 30 s | 10 s | 5 s | 30 s, unseen collections | patchwork, 30 s |",
        "|---|---|---|---|---|---|",
        *(_attack(rows, name) for name in _names(rows, "trained")),
        "",
        _unusable(rows),
        "",
        "## Changes of speed, tempo and pitch, with `--exhaustive`, messages right in per cent",
        "",
        "| attack | 30 s | 10 s | median time over length, 30 s |",
        "|---|---|---|---|",
        *(_geometry(rows, name) for name in _names(rows, "geometry")),
        "",
        "## False positives",
        "",
        _unmarked(rows),
        "",
        "## Speed",
        "",
        _speed(rows),
        "",
    ]
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text("\n".join(lines), "utf-8")


def write_metrics(rows: list[Row], path: Path) -> None:
    """Headline numbers for the model card."""
    quality = [r for r in rows if r["kind"] == "quality" and r["network"] == "trained"]
    unmarked = [r for r in rows if r["kind"] == "unmarked"]
    metrics: dict[str, float] = {
        "snr_median_db": round(float(np.median([r["snr_db"] for r in quality])), 2),
        "nmr_mean_db": round(float(np.mean([r["nmr_mean_db"] for r in quality])), 2),
        "unmarked_windows": len(unmarked),
        "unmarked_reported_present": sum(r["present"] for r in unmarked),
    }
    for name in REQUIRED:
        chosen = _messages(rows, name, 30, "trained")
        metrics[f"message_accuracy_30s_{name}"] = round(float(np.mean([r["right"] for r in chosen])), 4)
    path.write_text(json.dumps(metrics, indent=1))


def _names(rows: list[Row], network: str) -> list[str]:
    return list(
        dict.fromkeys(r["attack"] for r in rows if r["kind"] == "message" and r["network"] == network)
    )


def _messages(rows: Iterable[Row], name: str, seconds: int, network: str) -> list[Row]:
    return [
        r
        for r in rows
        if r["kind"] == "message"
        and r["network"] == network
        and r["attack"] == name
        and r["seconds"] == seconds
    ]


def _quality(rows: list[Row], network: str) -> str:
    chosen = [r for r in rows if r["kind"] == "quality" and r["network"] == network]
    snr = [r["snr_db"] for r in chosen]
    ratio = np.mean([r["nmr_mean_db"] for r in chosen])
    below = np.mean([r["nmr_below_0"] for r in chosen])
    levels = f"{np.median(snr):.1f} ({min(snr):.1f}) | {ratio:.1f}"
    return f"| {network} | {len(chosen)} | {levels} | {100 * below:.2f} % |"


def _share(chosen: list[Row]) -> str:
    if not chosen:
        return "-"
    right = sum(r["right"] for r in chosen)
    low, high = wilson(right, len(chosen))
    return f"{100 * right / len(chosen):.0f} ({100 * low:.0f}-{100 * high:.0f})"


def _attack(rows: list[Row], name: str) -> str:
    trained = [_share(_messages(rows, name, seconds, "trained")) for seconds in (30, 10, 5)]
    long = _messages(rows, name, 30, "trained")
    unseen = _share([r for r in long if r["use"] != "open"])
    patchwork = _share(_messages(rows, name, 30, "patchwork"))
    mark = " *" if name in REQUIRED else ""
    return f"| {name}{mark} | {' | '.join(trained)} | {unseen} | {patchwork} |"


def _geometry(rows: list[Row], name: str) -> str:
    long, short = (_messages(rows, name, seconds, "geometry") for seconds in (30, 10))
    cost = float(np.median([r["elapsed_s"] / r["duration_s"] for r in long]))
    return f"| {name} | {_share(long)} | {_share(short)} | {cost:.2f} |"


def _unusable(rows: list[Row]) -> str:
    found = [f"{r['attack']} on {r['file']} ({r['reason']})" for r in rows if r["kind"] == "unusable"]
    return "Left out because the attack itself failed: " + ("; ".join(found) if found else "nothing") + "."


def _unmarked(rows: list[Row]) -> str:
    values = np.array([r["p_value"] for r in rows if r["kind"] == "unmarked"])
    false = sum(r["present"] for r in rows if r["kind"] == "unmarked")
    shares = ", ".join(f"{np.mean(values <= level):.4f} at {level:g}" for level in (0.1, 0.01, 0.001))
    return (
        f"{false} of {len(values)} unmarked 10 s windows (human and AI music, each with a key of its own) "
        f"reported present; upper bound of the rate {upper_bound(false, len(values)):.5f} (95 %). "
        f"Smallest p-value {values.min():.2g}. Share of windows with a p-value at or below a level, "
        f"which must not exceed the level: {shares}."
    )


def _speed(rows: list[Row]) -> str:
    names = _names(rows, "trained")
    long = [r for name in names for r in _messages(rows, name, 30, "trained") if r["right"]]
    factor = float(np.median([r["duration_s"] / r["elapsed_s"] for r in long]))
    return (
        f"Detection of a marked 30 s clip: median {factor:.0f} times real time (on the machine of this run)."
    )
