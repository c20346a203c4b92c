"""Where somebody sings or speaks, also over music."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from core.cards import load
from detector.voice.backing import BackingLevel
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
        above_db: estimated decibels of the voice above what plays under it, where one is heard, [W]; None
            where nobody estimated it.
    """

    starts_s: Tensor
    probability: Tensor
    voiced: Tensor
    voice_s: float
    above_db: Tensor | None = None


class VocalActivity:
    """A small network that tells windows with a voice from purely instrumental ones."""

    def __init__(self, network: SpectralNetwork, scale: float, offset: float, backing: BackingLevel) -> None:
        self._network = network
        self._scale, self._offset, self.backing = scale, offset, backing

    @classmethod
    def load(cls, card: Path = _CARD) -> "VocalActivity":
        """Read the weights beside `card`.

        Raises:
            WeightsError: card and weights do not agree.
        """
        network, (scale, offset), sha256 = trained(card)
        return cls(network, scale, offset, BackingLevel.load(sha256))

    @torch.inference_mode()
    def heard(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Calibrated log odds of a voice, and its decibels above its backing, [W, T] -> [W] each."""
        pooled = self._network.pooled(spectrogram(batch))
        logits = self._network.judged(pooled)
        return logits * self._scale + self._offset, self.backing.above_db(pooled)

    def find(self, wav: Tensor) -> Activity:
        """Locate vocals.

        Args:
            wav: [T] at 16 kHz from `frontend.mono`, T >= 1.
        """
        cut = windows(wav, WINDOW_S, HOP_S)
        some = [(part.square().mean(1).sqrt(), *self.heard(part)) for part in cut.batches(_BATCH)]
        rms, logits, above_db = (torch.cat(column) for column in zip(*some, strict=True))
        level = 20 * torch.log10(rms.clamp(min=1e-9))
        audible = level > level.max() + _QUIET_DB
        probability = torch.sigmoid(logits) * audible
        voiced = (probability > 0.5) & believed(probability)
        # a sum would make a copy of eight times the size first
        heard = torch.count_nonzero(mask(cut.starts_s, voiced, wav.numel()))
        return Activity(cut.starts_s, probability, voiced, float(heard) / SAMPLE_RATE, above_db)


def trained(card: Path = _CARD) -> tuple[SpectralNetwork, tuple[float, float], str]:
    """The network beside `card`, slope and offset of its log odds, and the digest of its weights.

    Raises:
        WeightsError: card and weights do not agree.
    """
    told, held = load(card)
    tensors = dict(held)
    scale, offset = tensors.pop("calibration").tolist()
    network = SpectralNetwork(NetworkConfig())
    network.load_state_dict(tensors, strict=True)
    return network.eval(), (scale, offset), told.sha256


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
