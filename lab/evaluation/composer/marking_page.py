"""The page of marks in the model: tables, and the rule of decision 0354 point by point."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Row = dict[str, Any]

WANTED = 12
"""Recordings that the rule asks for; of so many a try may be read once less than the mark afterwards."""
WORSE_MOS = 0.05
LEAST_BELOW = 0.99
LONG_S = 30
REMOVALS = {
    "swapped": "the codes are played by the untouched decoder",
    "set to zero": "what was added to the decoder hears zeros",
    "re-encoded": "what is played goes through the same codec again",
}


def page(rows: Sequence[Row], steps: Mapping[str, int]) -> str:
    """Markdown."""
    ways = list(dict.fromkeys(row["way"] for row in rows))
    tries = [way for way in ways if way != "afterwards"]
    pieces = len({row["piece"] for row in rows})
    trained = ", ".join(f"`{name}` {number}" for name, number in steps.items())
    lines = [
        "# Marks in the model",
        "",
        "Written by `python -m lab.evaluation.composer.marking`; do not edit. What each way is, how it was "
        "trained and the rule: [decision 0354](../decisions/0354-a-decoder-that-marks-what-it-plays.md). "
        f"{pieces} held-out recordings of people, {LONG_S} s each, through our own codec. Steps of training: "
        f"{trained}.",
        "",
        "## What it does to the sound",
        "",
        "Of the difference to what the untouched decoder plays; medians over recordings.",
        "",
        "| | SNR, dB | noise to mask, dB | below the mask, % | highest, dB | ViSQOL | s of a core for 1 s |",
        "|---|---|---|---|---|---|---|",
    ]
    for way in ways:
        names = ("snr_db", "nmr_mean_db", "nmr_below_0", "nmr_highest_db", "moslqo", "seconds")
        snr, mean, below, highest, mos, seconds = (_median(rows, way, name) for name in names)
        lines.append(
            f"| {way} | {snr:.1f} | {mean:.1f} | {100 * below:.2f} | {highest:.1f} | {mos:.2f} "
            f"| {seconds:.3f} |"
        )
    lines += [
        "",
        "## What is read",
        "",
        "Recordings of which the message is read (`clock`: the tenant's block is there), from 30 s and 10 s.",
        "",
        "| | " + " | ".join(ways) + " |",
        "|---|" + "---|" * len(ways),
    ]
    for attack in dict.fromkeys(row["attack"] for row in rows if row["kind"] == "read"):
        cells = [", ".join(_share(rows, way, attack, seconds) for seconds in (30, 10)) for way in ways]
        lines.append(f"| {attack} | " + " | ".join(cells) + " |")
    strange = [_count(rows, way, "stranger", "present") for way in ways]
    lines.append("| another key finds a mark | " + " | ".join(strange) + " |")
    lines += [
        "",
        "## Whether it can be taken away",
        "",
        "Recordings of which the mark is still read (`clock`: is present), from 30 s.",
        "",
        "| | " + " | ".join(ways) + " |",
        "|---|" + "---|" * len(ways),
    ]
    for by, text in REMOVALS.items():
        chosen = [
            [r for r in rows if r["kind"] == "removal" and r.get("by") == by and r["way"] == w] for w in ways
        ]
        cells = [f"{sum(r['right'] for r in some)} of {len(some)}" if some else "-" for some in chosen]
        lines.append(f"| {text} | " + " | ".join(cells) + " |")
    for way in tries:
        told = "" if pieces >= WANTED else f", no verdict yet: {pieces} of {WANTED} recordings"
        lines += ["", f"## The rule: `{way}`{told}", ""]
        lines += [f"- {'met' if met else 'not met'}: {text}" for text, met in rule(rows, way)]
    return "\n".join([*lines, ""])


def rule(rows: Sequence[Row], way: str) -> list[tuple[str, bool]]:
    """Each demand of decision 0354 on a try, with what was measured, and whether it is met."""
    pieces = len({row["piece"] for row in rows})
    short, asked = [], "present" if way == "clock" else "right"
    for attack in dict.fromkeys(row["attack"] for row in rows if row["kind"] == "read"):
        wanted, read = (
            sum(r[asked] for r in _read(rows, one, attack, LONG_S)) for one in ("afterwards", way)
        )
        if read < wanted - pieces / WANTED:
            short.append(f"{attack} ({read} against {wanted})")
    below, mos = _median(rows, way, "nmr_below_0"), _median(rows, way, "moslqo")
    reference = _median(rows, "afterwards", "moslqo")
    false = sum(row["present"] for row in rows if row["kind"] == "stranger" and row["way"] == way)
    seconds, slow = (_median(rows, one, "seconds") for one in (way, "afterwards"))
    return [
        (f"read less often than the mark afterwards: {', '.join(short) or 'nowhere'}", not short),
        (f"{100 * below:.2f} % of bands and frames below the mask, wanted 99", below >= LEAST_BELOW),
        (f"ViSQOL {mos:.2f}, of the mark afterwards {reference:.2f}", mos >= reference - WORSE_MOS),
        (f"another key finds a mark in {false}", false == 0),
        (f"{seconds:.3f} s of a core for a second, marking afterwards {slow:.3f}", seconds < slow),
    ]


def _median(rows: Sequence[Row], way: str, name: str) -> float:
    return float(np.median([row[name] for row in rows if row["kind"] == "quality" and row["way"] == way]))


def _read(rows: Sequence[Row], way: str, attack: str, seconds: int) -> list[Row]:
    return [
        row
        for row in rows
        if row["kind"] == "read" and (row["way"], row["attack"], row["seconds"]) == (way, attack, seconds)
    ]


def _share(rows: Sequence[Row], way: str, attack: str, seconds: int) -> str:
    read = _read(rows, way, attack, seconds)
    return f"{sum(row['right'] for row in read)} of {len(read)}"


def _count(rows: Sequence[Row], way: str, kind: str, name: str) -> str:
    chosen = [row for row in rows if row["kind"] == kind and row["way"] == way]
    return f"{sum(row[name] for row in chosen)} of {len(chosen)}"
