"""Whether a voice came out of a synthesiser, vocoder or conversion.

A small network over linear-frequency contrasts (see `frontend`), averaged over the windows in which
somebody is heard, then an affine calibration to a natural log-likelihood ratio.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from core.cards import load
from detector.voice.frontend import spectrogram, windows
from detector.voice.network import NetworkConfig, SpectralNetwork

_CARD = Path(__file__).with_name("countermeasure.toml")
WINDOW_S = 3.0
HOP_S = 1.5
_BATCH = 16


@dataclass(frozen=True)
class Synthesis:
    """Evidence for a synthetic voice over time.

    Attributes:
        starts_s: start of each window of `WINDOW_S`, [W].
        logits: network output per window before calibration, [W].
        llr: natural log-likelihood ratio per window, synthetic against human, [W].
    """

    starts_s: Tensor
    logits: Tensor
    llr: Tensor


class Countermeasure:
    """The synthetic-voice network with its calibration."""

    def __init__(self, network: SpectralNetwork, scale: float, offset: float) -> None:
        self._network = network.eval()
        self._scale, self._offset = scale, offset

    @classmethod
    def load(cls, card: Path = _CARD) -> "Countermeasure":
        """Read the weights beside `card`.

        Raises:
            WeightsError: card and weights do not agree.
        """
        tensors = dict(load(card)[1])
        calibration = tensors.pop("calibration")
        network = SpectralNetwork(NetworkConfig())
        network.load_state_dict(tensors, strict=True)
        return cls(network, float(calibration[0]), float(calibration[1]))

    @torch.inference_mode()
    def listen(self, wav: Tensor) -> Synthesis:
        """Score every window of a clip.

        Args:
            wav: [T] at 16 kHz from `frontend.mono`, T >= 1.
        """
        cut, starts = windows(wav, WINDOW_S, HOP_S)
        logits = torch.cat([self._network(spectrogram(part)) for part in cut.split(_BATCH)])
        return Synthesis(starts, logits, self.llr(logits))

    def llr(self, logit: Tensor) -> Tensor:
        """Calibrate (mean) logits to natural log-likelihood ratios, any shape."""
        return logit * self._scale + self._offset
