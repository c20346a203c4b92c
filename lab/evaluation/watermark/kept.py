"""Rows of a run, kept as they are made: a run that was stopped goes on where it was."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.errors import WeightsError
from provenance.watermark import model


class Kept:
    """Rows about the shipped weights, a line each.

    Args:
        folder: of the runs; made where it is missing.

    Attributes:
        weights: the beginning of their hash, which names the file.
        rows: every row so far.
    """

    def __init__(self, folder: Path) -> None:
        card = model.shipped().card
        if card is None:
            raise WeightsError("the shipped weights have no card")
        self.weights = card.sha256[:12]
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{self.weights}.jsonl"
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        self.rows: list[dict[str, Any]] = [json.loads(line) for line in lines]

    def add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Keep rows that belong together: all of them or, where the run is stopped before, none."""
        made = list(rows)
        with self._path.open("a") as file:
            file.write("".join(json.dumps(row) + "\n" for row in made))
        self.rows += made
