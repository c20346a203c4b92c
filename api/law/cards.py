"""Numbers of the model cards that ship with this release, read without the weights."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from api.law.law import Measured
from core.errors import InvalidInput

_CARDS = (
    ("provenance.watermark", "watermark.toml"),
    ("detector.music", "music.toml"),
    ("detector.voice", "identity.toml"),
    ("detector.voice", "synthesis.toml"),
)


@dataclass(frozen=True)
class Number:
    """A number with the card that it stands on.

    Attributes:
        text: as it is read by people.
        trained_at: day of the weights that it belongs to.
    """

    says: str
    text: str
    card: str
    version: str
    trained_at: str


def number(wanted: Measured) -> Number:
    """What a card says.

    Raises:
        InvalidInput: no card has such a number.
    """
    card = _cards().get(wanted.card, {"metrics": {}})
    metrics = card["metrics"]
    names = [wanted.metric] if wanted.of is None else [wanted.metric, wanted.of]
    if missing := [name for name in names if name not in metrics]:
        raise InvalidInput(f"the model card {wanted.card} has no number {missing[0]!r}")
    text = f"{100 * metrics[wanted.metric]:.1f} %"
    if wanted.shown_as == "count":
        text = " of ".join(f"{metrics[name]:.0f}" for name in names)
    return Number(wanted.says, text, wanted.card, card["version"], card["trained_at"])


@cache
def _cards() -> dict[str, dict[str, Any]]:
    told = [tomllib.loads((files(package) / name).read_text()) for package, name in _CARDS]
    return {card["name"]: card for card in told}
