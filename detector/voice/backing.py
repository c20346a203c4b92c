"""How loud a voice is over what plays under it, estimated window by window without taking them apart.

A linear regression over what the network of vocal activity hears in a window (mean and spread of its last
layer), fitted on voices laid over music at known ratios. Ratios are of root mean squares inside the window,
in decibels. Extremes are drawn to the middle, as a regression does: one alone is told as some 20 dB.
"""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from core.cards import load
from core.errors import WeightsError
from detector.voice.linear import Linear

CARD = Path(__file__).with_name("backing.toml")
LEAST_DB, ALONE_DB = -10.0, 25.0
"""What training mixed; a voice that stands alone was told as `ALONE_DB`."""
WITHIN = "within_db"
"""In the card: what nine of ten estimates of a window keep to, of pages that training did not know."""


@dataclass(frozen=True)
class BackingLevel(Linear):
    """The regression, to decibels.

    Attributes:
        within_db: see `WITHIN`.
    """

    within_db: float

    @classmethod
    def load(cls, activity_sha256: str, card: Path = CARD) -> "BackingLevel":
        """Read the weights beside `card`.

        Args:
            activity_sha256: of the weights whose layer is read.

        Raises:
            WeightsError: card and weights do not agree, or they were fitted to another network.
        """
        told, tensors = load(card)
        if told.config["activity_sha256"] != activity_sha256:
            raise WeightsError(f"{card.name} was fitted to other weights of vocal activity: fit it again")
        return cls(**tensors, within_db=float(told.metrics[WITHIN]))

    def above_db(self, pooled: Tensor) -> Tensor:
        """Decibels of the voice above its backing, [W, D] -> [W], from `LEAST_DB` to `ALONE_DB`."""
        return self.of(pooled).clamp(LEAST_DB, ALONE_DB)
