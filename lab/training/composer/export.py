"""From snapshots to a folder for `trackmark generate --model`: a card and weights in half precision."""

from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from core import cards, clock
from core.cards import Card
from core.errors import WeightsError
from provenance.generate import Composer, Shape
from provenance.generate.composer import CARD, NAME

MOST_BYTES = 16 << 20
LICENCE = "CC-BY-SA-4.0"
"""The most demanding of the licences that a share of the music is under."""
DATA = (
    "openly licensed human music (CC0, CC-BY, CC-BY-SA, MIT; see the manifest of the data) and tunes made "
    "in the lab"
)
NOTES = (
    "An hour and a half of one core, on less than two hours of music and less than four of tunes. It reads "
    "no prompt. What it plays may resemble what it heard. Numbers: docs/benchmarks/composer.md"
)


def export(
    folder: Path,
    shape: Shape,
    codec: dict[str, Tensor],
    language: dict[str, Tensor],
    *,
    commit: str,
    steps: dict[str, int],
) -> Card:
    """Write a composer.

    Args:
        folder: for the card and the weights.
        shape: of both parts.
        codec: tensors of the codec.
        language: tensors of the language model.
        commit: of the code that trained them.
        steps: how many each part was trained for.

    Returns:
        The card as written.

    Raises:
        WeightsError: the weights are too large, not finite in half precision, or of another shape.
    """
    made = Composer(shape)
    made.codec.load_state_dict(codec)
    made.language.load_state_dict(language)
    tensors = {name: value.half() for name, value in made.state_dict().items()}
    size = sum(value.numel() * value.element_size() for value in tensors.values())
    if size > MOST_BYTES:
        raise WeightsError(f"the weights take {size / 2**20:.1f} MiB, {MOST_BYTES >> 20} are the most")
    if not all(torch.isfinite(value).all() for value in tensors.values()):
        raise WeightsError("a weight is too large for half precision: train on, or with weights that decay")
    card = Card(
        NAME, "0", "", "", LICENCE, DATA, commit, clock.now_text(), _metrics(steps), asdict(shape), NOTES
    )
    folder.mkdir(parents=True, exist_ok=True)
    return cards.write(card, tensors, folder / CARD)


def _metrics(steps: dict[str, int]) -> dict[str, float]:
    return {f"{part}_steps": float(number) for part, number in steps.items()}
