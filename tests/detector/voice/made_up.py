"""A voice detector whose networks are made up: two voices, Ada and Bob."""

import torch
from torch import Tensor

from core.clip import Clip, Source
from detector.voice import VoiceDetector, VoicePrint
from detector.voice.activity import HOP_S, WINDOW_S, Activity, VocalActivity, mask
from detector.voice.countermeasure import Countermeasure, Synthesis
from detector.voice.frontend import SAMPLE_RATE, windows
from detector.voice.identity import Identity

SOURCE = Source("generated.wav", "0" * 64, 0, "wav", "pcm_f32le")


def clip(wav: Tensor, sample_rate: int = SAMPLE_RATE) -> Clip:
    return Clip(wav, sample_rate, SOURCE)


class FakeActivity(VocalActivity):
    """Takes everything before `until_s` for vocals."""

    def __init__(self, until_s: float) -> None:
        self._until_s = until_s

    def find(self, wav: Tensor) -> Activity:
        starts = windows(wav, WINDOW_S, HOP_S).starts_s
        voiced = starts + WINDOW_S <= self._until_s + 1e-6
        seconds = float(mask(starts, voiced, wav.numel()).sum()) / SAMPLE_RATE
        return Activity(starts, voiced.float(), voiced, seconds)


class FakeCountermeasure(Countermeasure):
    """Says the same of every window."""

    def __init__(self, llr: float) -> None:
        self._value = llr

    def listen(self, wav: Tensor, voiced: Tensor | None = None) -> Synthesis:
        starts = windows(wav, 3.0, 1.5).starts_s
        return Synthesis(
            starts, starts + 3.0, torch.full_like(starts, self._value), torch.full_like(starts, self._value)
        )

    def llr(self, logit: Tensor) -> Tensor:
        return logit


class FakeEncoder:
    """Embeds by the sign of the first samples: two speakers, one on each axis; a `take` is a bit aside."""

    name = "fake"
    dimension = 4

    def embed(self, wav: Tensor) -> Tensor:
        axis = 0 if float(wav[:100].mean()) >= 0 else 1
        rows = torch.full((max(1, wav.numel() // SAMPLE_RATE), 4), 0.05)
        rows[:, axis] = 1.0
        first, then = float(wav[:100].mean()), float(wav[100:200].mean())
        rows[:, 2] += 1.0 - min(1.0, max(0.0, then / first)) if first and wav.numel() >= 200 else 0.0
        return torch.nn.functional.normalize(rows, dim=1)


def fake(until_s: float = 60.0, llr_syn: float = 4.0) -> VoiceDetector:
    generator = torch.Generator().manual_seed(0)
    cohort = torch.rand(60, 4, generator=generator)
    cohort = cohort / cohort.norm(dim=1, keepdim=True)
    identity = Identity(cohort, torch.tensor([2.0, -1.0]), torch.tensor([2.0, -1.0]), "fake")
    return VoiceDetector(FakeActivity(until_s), FakeCountermeasure(llr_syn), FakeEncoder(), identity)


ADA = torch.full((1, 12 * SAMPLE_RATE), 0.1)
BOB = -ADA


def take(wav: Tensor, number: int) -> Tensor:
    """Another recording of the same voice; a sample above the others and one below: it is not clipped."""
    other = wav.clone()
    other[:, 100:200] *= 1.0 - 0.2 * number
    other[:, 300] *= 2.0
    other[:, 301] *= 0.0
    return other


def prints(detector: VoiceDetector) -> dict[str, VoicePrint]:
    return {"Ada": detector.enrol([clip(ADA)]), "Bob": detector.enrol([clip(BOB)])}
