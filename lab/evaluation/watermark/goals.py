"""The goals that were set for the watermark, beside what was measured: the worst of each group."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Row = dict[str, Any]

HARMLESS = ("clean", "polarity", "gain_-12db", "mono_downmix", "left_only", "shift_0.1s", "resample_22050")
CODECS = ("mp3_128", "mp3_64", "aac_128", "aac_64", "vorbis_48", "opus_64")
NARROW = ("opus_32", "mp3_32", "telephone", "codec_chain")
STUDIO = (
    "white_20db",
    "pink_20db",
    "eq_6db",
    "compressor",
    "limiter",
    "loudness_-14",
    "lowpass_3500",
    "highpass_500",
)
SPEEDS = ("speed_0.80", "speed_0.90", "speed_0.95", "speed_1.05", "speed_1.10", "speed_1.25", "nightcore")
TEMPOS = ("tempo_0.80", "tempo_0.90", "tempo_0.95", "tempo_1.05", "tempo_1.10", "tempo_1.25")
PITCHES = ("pitch_0.89", "pitch_0.95", "pitch_1.05", "pitch_1.12")
MESSAGES: tuple[tuple[str, tuple[str, ...], int, float], ...] = (
    ("harmless changes, 30 s", HARMLESS, 30, 100),
    ("harmless changes, 10 s", HARMLESS, 10, 100),
    ("harmless changes, 5 s", HARMLESS, 5, 98),
    ("harmless changes, 3 s", HARMLESS, 3, 85),
    ("codecs, 30 s", CODECS, 30, 99),
    ("codecs, 10 s", CODECS, 10, 97),
    ("Opus and MP3 at 32k, telephone, three codecs, 30 s", NARROW, 30, 95),
    ("noise at 20 dB, filters, dynamics, 30 s", STUDIO, 30, 98),
    ("noise at 10 dB, 30 s", ("white_10db", "pink_10db"), 30, 70),
    ("reverb, echo, 30 s", ("reverb", "echo"), 30, 95),
    ("speed 0.8 to 1.25, nightcore, 30 s", SPEEDS, 30, 98),
    ("tempo 0.8 to 1.25, 30 s", TEMPOS, 30, 95),
    ("pitch, two semitones either way, 30 s", PITCHES, 30, 93),
    ("mixed 1:1 with other music, 30 s", ("mix_+0db",), 30, 90),
)


def goals(rows: Sequence[Row]) -> list[str]:
    """The table, in Markdown; rows that were not measured say so."""
    lines = ["| | goal | measured | |", "|---|---|---|---|"]
    for name, attacks, seconds, goal in MESSAGES:
        shares = {a: s for a in attacks if (s := _share(rows, a, seconds)) is not None}
        if len(shares) < len(attacks):
            lines.append(f"| {name} | {goal:g} % | not measured in full | |")
            continue
        worst = min(shares, key=lambda attack: shares[attack])
        text = f"{shares[worst]:.1f} %" + (f" ({worst})" if shares[worst] < 100 else "")
        lines.append(f"| {name} | {goal:g} % | {text} | {_verdict(shares[worst] >= goal)} |")
    for name, goal_text, measured, reached in _others(rows):
        lines.append(f"| {name} | {goal_text} | {measured} | {_verdict(reached)} |")
    return lines


def _verdict(reached: bool) -> str:
    return "" if reached else "**missed**"


def _share(rows: Sequence[Row], attack: str, seconds: int) -> float | None:
    chosen = [
        r["right"]
        for r in rows
        if r["kind"] == "message"
        and (r["attack"], r["seconds"]) == (attack, seconds)
        and r["part"] in ("trained", "hard", "geometry")
    ]
    return 100.0 * float(np.mean(chosen)) if chosen else None


def _others(rows: Sequence[Row]) -> list[tuple[str, str, str, bool]]:
    """What is no share of messages: name, goal, measured, whether reached."""
    found: list[tuple[str, str, str, bool]] = []

    def add(kind: str, name: str, goal: str, judge: Callable[[list[Row]], tuple[str, bool]]) -> None:
        chosen = [r for r in rows if r["kind"] == kind]
        if chosen:
            found.append((name, goal, *judge(chosen)))

    trained = [r for r in rows if r["kind"] == "quality" and r["part"] == "trained"]
    snr = float(np.median([r["snr_db"] for r in trained]))
    ratio = float(np.mean([r["nmr_mean_db"] for r in trained]))
    below = 100.0 * float(np.mean([r["nmr_below_0"] for r in trained]))
    found.append(("SNR, median", "37 dB", f"{snr:.1f} dB", snr >= 37.0))
    found.append(("noise-to-mask ratio, mean", "-6 dB", f"{ratio:.1f} dB", ratio <= -6.0))
    found.append(("bands x frames below the mask", "99 %", f"{below:.3f} %", below >= 99.0))

    def highest(chosen: list[Row]) -> tuple[str, bool]:
        worst = max(r["nmr_highest_db"] for r in chosen)
        return f"{worst:.2f} dB", worst <= 0.0

    def windows(chosen: list[Row]) -> tuple[str, bool]:
        false = sum(r["p_value"] < 1e-6 for r in chosen)
        return f"{false} of {len(chosen):,}", false == 0 and len(chosen) >= 20_000

    def stranger(chosen: list[Row]) -> tuple[str, bool]:
        error, accepted = float(np.mean([r["bit_error"] for r in chosen])), sum(r["message"] for r in chosen)
        return f"{error:.4f}, {accepted} accepted", abs(error - 0.5) <= 0.01 and accepted == 0

    def averaged(chosen: list[Row]) -> tuple[str, bool]:
        some = [r["right"] for r in chosen if r["attack"] == "average of 50 subtracted"]
        return f"{100 * float(np.mean(some)):.0f} % of {len(some)}", float(np.mean(some)) >= 0.95

    add("difficult", "highest band and frame on difficult hosts", "0 dB", highest)
    add("unmarked", "unmarked windows reported present", "0 of 20,000", windows)
    add("wrong key", "wrong key: bit error", "0.50 ± 0.01, 0 accepted", stranger)
    add("security", "average of 50 marked tracks subtracted", "95 %", averaged)
    for task, goal in (
        ("embed", 60),
        ("detect, marked", 150),
        ("detect --exhaustive, 8 % faster", 20),
        ("detect --exhaustive, unmarked", 20),
    ):
        walls = [r["wall"] for r in rows if r["kind"] == "speed" and r["task"] == task]
        if walls:
            wall = float(np.median(walls))
            found.append((f"{task}, times real time", f"{goal}", f"{wall:.1f}", wall >= goal))
    peaks = [r["peak_mb"] for r in rows if r["kind"] == "memory" and r["minutes"] == 180]
    if peaks:
        found.append(("memory, three hours", "600 MB", f"{max(peaks):.0f} MB", max(peaks) < 600))
    return found
