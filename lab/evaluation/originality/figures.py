"""Figures of merit, and the page that tells them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.originality.reference import shipped
from detector.originality.shelf import Shelf
from detector.originality.sketch import DIMENSIONS, Sketch
from detector.originality.tune import shared
from lab.evaluation.originality.reference import distances
from lab.evaluation.originality.trials import Trial
from lab.metrics import wilson

LEVELS = (0.99, 0.999)


def found(trials: Iterable[Trial], others: Sequence[Sketch]) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """By way and dimension: rank of the right answer, and how rare its likeness is said to be.

    Melodies are aligned with all of the others, so the rank does not depend on the outline.
    """
    shelf, known = Shelf.of(others), shipped()
    told: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for trial in trials:
        rows = shelf.distances(trial.query)
        if not trial.query.reason("melody"):
            aligned = [
                np.inf if other.reason("melody") else shared(trial.query, other).distance for other in others
            ]
            rows = {"melody": np.array(aligned, np.float32), "outline": rows["melody"]} | {
                name: rows[name] for name in DIMENSIONS[1:]
            }
        shorter = min(trial.query.heard_s, others[trial.own].heard_s)
        for name, row in rows.items():
            if np.isfinite(row[trial.own]):
                rare = known.farther(name, float(row[trial.own]), shorter)
                rank = int((row < row[trial.own]).sum())
                told.setdefault(trial.way, {}).setdefault(name, []).append((rank, rare or 0.0))
    return told


def ranking(told: dict[str, dict[str, list[tuple[int, float]]]], others: int) -> list[str]:
    """Lines of a table."""
    lines = []
    for way, by_name in told.items():
        for name, values in by_name.items():
            ranks = np.array([rank for rank, _ in values])
            rare = np.array([share for _, share in values])
            alarms = " | ".join(f"{(rare > level - 1e-9).mean():.2f}" for level in LEVELS)
            lines.append(
                f"| {way} | {name} | {len(ranks)} of {others} | {np.mean(1 / (ranks + 1)):.2f} | "
                f"{(ranks == 0).mean():.2f} | {alarms} |"
            )
    return lines


def false_alarms(sketches: Sequence[Sketch], collections: Sequence[str], length_s: float) -> list[str]:
    """Lines of a table: unrelated pairs that are said to be closer than 99 and 99.9 % of such pairs."""
    lines = []
    for name, values in distances(sketches, collections, len(sketches) ** 2).items():
        rare = _rare(name, values, length_s)
        cells = []
        for level in LEVELS:
            count = int((rare >= level).sum())
            low, high = wilson(count, len(rare))
            cells.append(f"{count / max(1, len(rare)):.4f} ({low:.4f}-{high:.4f})")
        lines.append(f"| {name} | {len(rare)} | {' | '.join(cells)} |")
    return lines


def _rare(name: str, values: NDArray[np.float64], length_s: float) -> NDArray[np.float64]:
    known = shipped()
    return np.array([known.farther(name, float(value), length_s) or 0.0 for value in values])


def page(tables: dict[str, tuple[str, list[str]]], notes: Sequence[str], command: str, out: Path) -> None:
    """Write the page anew, without a `section`: titles with the head of a table and its lines."""
    text = ["# Originality: how well likeness is measured", "", f"Made by `{command}`.", ""]
    text += [line for note in notes for line in (note, "")]
    for title, (head, lines) in tables.items():
        text += [f"## {title}", "", *_table(head, lines), ""]
    out.write_text("\n".join(text), encoding="utf-8")


def section(
    title: str, tables: Sequence[tuple[str, list[str]]], notes: Sequence[str], command: str, out: Path
) -> None:
    """Put a section at the end of the page, in place of what stood there under its title."""
    before = out.read_text(encoding="utf-8") if out.exists() else ""
    text = [
        before.partition(f"## {title}\n")[0].rstrip("\n"),
        "",
        f"## {title}",
        "",
        f"Made by `{command}`.",
        "",
    ]
    text += [line for note in notes for line in (note, "")]
    for head, lines in tables:
        text += [*_table(head, lines), ""]
    out.write_text("\n".join(text).lstrip("\n"), encoding="utf-8")


def _table(head: str, lines: list[str]) -> list[str]:
    return [head, "|" + "---|" * (head.count("|") - 1), *lines]
