"""Where somebody sings or speaks, also over music."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from core.cards import load
from detector.voice.frontend import SAMPLE_RATE, spectrogram, windows
from detector.voice.network import NetworkConfig, SpectralNetwork

_CARD = Path(__file__).with_name("activity.toml")
WINDOW_S = 2.0
HOP_S = 1.0
_BATCH = 16
_QUIET_DB = -45.0
_MANY, _SURELY, _LIKELY = 7, 0.9, 0.7


@dataclass(frozen=True)
class Activity:
    """Vocals over time.

    Attributes:
        starts_s: start of each window of `WINDOW_S`, [W].
        probability: that somebody is heard in it, [W].
        voiced: the windows taken as vocals, [W] bool.
        voice_s: seconds covered by them.
    """

    starts_s: Tensor
    probability: Tensor
    voiced: Tensor
    voice_s: float


class VocalActivity:
    """A small network that tells windows with a voice from purely instrumental ones."""

    def __init__(self, network: SpectralNetwork, scale: float, offset: float) -> None:
        self._network = network.eval()
        self._scale, self._offset = scale, offset

    @classmethod
    def load(cls, card: Path = _CARD) -> "VocalActivity":
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
    def logits(self, batch: Tensor) -> Tensor:
        """Calibrated log odds per window, [W, T] -> [W]."""
        logits: Tensor = self._network(spectrogram(batch))
        return logits * self._scale + self._offset

    def find(self, wav: Tensor) -> Activity:
        """Locate vocals.

        Args:
            wav: [T] at 16 kHz from `frontend.mono`, T >= 1.
        """
        cut = windows(wav, WINDOW_S, HOP_S)
        some = [(part.square().mean(1).sqrt(), self.logits(part)) for part in cut.batches(_BATCH)]
        level = 20 * torch.log10(torch.cat([rms for rms, _ in some]).clamp(min=1e-9))
        audible = level > level.max() + _QUIET_DB
        probability = torch.sigmoid(torch.cat([logits for _, logits in some])) * audible
        voiced = (probability > 0.5) & believed(probability)
        # a sum would make a copy of eight times the size first
        heard = torch.count_nonzero(mask(cut.starts_s, voiced, wav.numel()))
        return Activity(cut.starts_s, probability, voiced, float(heard) / SAMPLE_RATE)


def believed(probability: Tensor) -> bool:
    """Whether windows, [W], add up to a voice: of many, one that is hardly likely is chance.

    From eight seconds on one window must be surely a voice or two likely so. Without it 11 % of instrumental
    cuts of ten seconds had one.
    """
    surely, likely = (probability > _SURELY).sum(), (probability > _LIKELY).sum()
    return len(probability) < _MANY or bool((surely >= 1) | (likely >= 2))


def mask(starts_s: Tensor, chosen: Tensor, samples: int) -> Tensor:
    """Mark the samples that lie in chosen windows, [T] bool."""
    marked = torch.zeros(samples, dtype=torch.bool)
    for start in (starts_s[chosen] * SAMPLE_RATE).round().long().tolist():
        marked[start : start + int(WINDOW_S * SAMPLE_RATE)] = True
    return marked


def covered(starts_s: Tensor, chosen: Tensor) -> list[tuple[float, float]]:
    """Merge chosen windows into stretches of (start, end) in seconds."""
    stretches: list[tuple[float, float]] = []
    for start in starts_s[chosen].tolist():
        if stretches and start <= stretches[-1][1] + 1e-6:
            stretches[-1] = (stretches[-1][0], start + WINDOW_S)
        else:
            stretches.append((start, start + WINDOW_S))
    return stretches
