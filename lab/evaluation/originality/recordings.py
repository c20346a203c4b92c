"""Recordings and their sketches: read once, kept under `runs/`."""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from core.decode import decode
from core.errors import AudioError
from core.resample import one_channel
from detector.originality.frames import RATE
from detector.originality.sketch import Sketch, sketch


@dataclass(frozen=True)
class Row:
    """A listed recording.

    Attributes:
        path: the file.
        kind: `human_music` or `ai_music`.
        collection: where it comes from.
        pair_id: what belongs together.
        use: `open` or `research`.
        title: its path in the collection.
        duration_s: as listed.
    """

    path: Path
    kind: str
    collection: str
    pair_id: str
    use: str
    title: str
    duration_s: float


def listed(table: Path) -> Iterator[Row]:
    """The rows of a table of recordings; files lie beside it. Those marked `avoid` are left out."""
    with table.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["use"] != "avoid" and row["kind"] in {"human_music", "ai_music"}:
                yield Row(
                    table.parent / row["file"],
                    row["kind"],
                    row["source"],
                    row["pair_id"],
                    row["use"],
                    row["path"],
                    float(row["duration_s"] or 0),
                )


def heard(row: Row, longest_s: float) -> Tensor | None:
    """The beginning of a recording, mono at `RATE`, [1, T]; None where it cannot be decoded."""
    try:
        clip = decode(row.path)
    except AudioError:
        return None
    part = clip.wav[:, : round(longest_s * clip.sample_rate)]
    return one_channel(part, clip.sample_rate, RATE)[None]


def cuts(row: Row, lengths_s: tuple[float, ...], runs: Path) -> list[Sketch]:
    """Sketches of a recording's beginning, one of each length; none where it cannot be decoded."""
    kept = [_place(row, length, runs) for length in lengths_s]
    if not all(place.exists() for place in kept):
        wav = heard(row, max(lengths_s))
        if wav is None:
            return []
        for place, length in zip(kept, lengths_s, strict=True):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(sketch(wav[:, : round(length * RATE)], RATE).to_bytes())
    return [Sketch.from_bytes(place.read_bytes()) for place in kept]


def _place(row: Row, length_s: float, runs: Path) -> Path:
    name = hashlib.sha256(f"{row.path} {length_s}".encode()).hexdigest()[:24]
    return runs / f"{name}.npz"
