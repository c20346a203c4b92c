"""Generated signals that the tests listen to; nothing is ever read from disk or network."""

import math
from functools import lru_cache

import torch
from torch import Tensor

MINOR_THIRD, MAJOR_THIRD, FIFTH = 3, 4, 7
PROGRESSION = ((0, MAJOR_THIRD), (9, MINOR_THIRD), (5, MAJOR_THIRD), (7, MAJOR_THIRD))
SCALE = (0, 2, 4, 5, 7, 9, 11, 12)
FORMANTS = ((700, 250), (1220, 300), (2600, 400))
CONTROL = 64


def time_axis(seconds: float, sample_rate: int) -> Tensor:
    """Sample times in seconds, [T] float64 so that long tones keep their phase."""
    return torch.arange(round(seconds * sample_rate), dtype=torch.float64) / sample_rate


def sine(seconds: float, sample_rate: int, frequency_hz: float = 440.0, amplitude: float = 0.5) -> Tensor:
    """A pure tone, [1, T]."""
    phase = 2 * math.pi * frequency_hz * time_axis(seconds, sample_rate)
    return (amplitude * torch.sin(phase)).float()[None]


def noise(
    seconds: float, sample_rate: int, seed: int = 0, *, channels: int = 1, amplitude: float = 0.1
) -> Tensor:
    """White Gaussian noise with the given standard deviation, [C, T]."""
    generator = torch.Generator().manual_seed(seed)
    return amplitude * torch.randn(channels, round(seconds * sample_rate), generator=generator)


def silence(seconds: float, sample_rate: int, *, channels: int = 1) -> Tensor:
    """Digital silence, [C, T]."""
    return torch.zeros(channels, round(seconds * sample_rate))


def music(seconds: float, sample_rate: int, seed: int = 0) -> Tensor:
    """A small song: chords, bass, drums and a vocal-like lead, in stereo, [2, T], peak 0.8.

    Tempo, key, timbre and tune depend on `seed`; the same arguments give the same samples.
    """
    return _song(seconds, sample_rate, seed).clone()


@lru_cache(maxsize=16)
def _song(seconds: float, sample_rate: int, seed: int) -> Tensor:
    """What `music` returns, kept because many tests ask for the same song."""
    generator = torch.Generator().manual_seed(seed)

    def draw(low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=generator))

    t = time_axis(seconds, sample_rate)
    beat_s = 60.0 / draw(84, 138)
    root_hz = 110.0 * 2 ** (draw(0, 12) / 12)
    brightness = draw(0.6, 1.4)
    beats = math.ceil(seconds / beat_s) + 1
    tune = [SCALE[int(draw(0, len(SCALE) - 1e-6))] for _ in range(beats)]
    beat = (t / beat_s).long()
    within_s = t - beat * beat_s

    shift = torch.tensor([PROGRESSION[(b // 4) % 4][0] for b in range(beats)], dtype=torch.float64)[beat]
    third = torch.tensor([PROGRESSION[(b // 4) % 4][1] for b in range(beats)], dtype=torch.float64)[beat]
    chord_env = torch.exp(-1.2 * within_s) * torch.clamp(within_s / 0.008, max=1.0)
    strings = (torch.zeros_like(t), third, torch.full_like(t, FIFTH), torch.full_like(t, 12))
    chord = torch.zeros(2, t.numel(), dtype=torch.float64)
    for voice, interval in enumerate(strings):
        tone = _harmonic(root_hz * 2 ** ((shift + interval) / 12), sample_rate, 6, 1.5 / brightness)
        pan = 0.5 + 0.22 * (voice - 1.5)
        chord += torch.tensor([[1 - pan], [pan]], dtype=torch.float64) * tone
    chord *= chord_env

    bass = _harmonic(root_hz / 2 * 2 ** (shift / 12), sample_rate, 3, 2.0) * torch.exp(-2.0 * within_s)
    lead = _lead(t, tune, beat, within_s, root_hz, sample_rate, draw(4.5, 6.5))
    drums = _drums(t, beat, within_s, beat_s, generator)
    mix = 0.35 * chord + 0.5 * bass + 0.4 * torch.stack([lead, lead]) + drums
    mix += 1e-4 * torch.randn(mix.shape, generator=generator, dtype=torch.float64)
    return (0.8 * mix / mix.abs().max().clamp(min=1e-9)).float()


def _sin(phase: Tensor) -> Tensor:
    """Sine of a long float64 phase, computed in float32 after wrapping (three times faster)."""
    return torch.sin(torch.remainder(phase, 2 * math.pi).float()).double()


def _harmonic(frequency_hz: Tensor, sample_rate: int, partials: int, rolloff: float) -> Tensor:
    """Sum of harmonics of a varying pitch, band-limited, [T]."""
    phase = 2 * math.pi * torch.cumsum(frequency_hz, 0) / sample_rate
    total = torch.zeros_like(phase)
    for n in range(1, partials + 1):
        audible = (frequency_hz * n < 0.45 * sample_rate).double()
        total += audible * _sin(n * phase) / n**rolloff
    return total


def _lead(
    t: Tensor,
    tune: list[int],
    beat: Tensor,
    within_s: Tensor,
    root_hz: float,
    sample_rate: int,
    vibrato_hz: float,
) -> Tensor:
    """A sung-like line: vibrato, three formants, a breath between the notes, [T]."""
    steps = torch.tensor(tune, dtype=torch.float64)[beat]
    vibrato = 1 + 0.008 * torch.sin(2 * math.pi * vibrato_hz * t)
    pitch_hz = 2 * root_hz * 2 ** (steps / 12) * vibrato
    phase = 2 * math.pi * torch.cumsum(pitch_hz, 0) / sample_rate
    total = torch.zeros_like(t)
    for n in range(1, 16):
        slow_hz = n * pitch_hz[::CONTROL]  # the formants move slowly: once per CONTROL samples is enough
        gain = torch.full_like(slow_hz, 0.02)
        for centre_hz, width_hz in FORMANTS:
            gain += torch.exp(-(((slow_hz - centre_hz) / width_hz) ** 2))
        gain *= slow_hz < 0.45 * sample_rate
        total += gain.repeat_interleave(CONTROL)[: t.numel()] * _sin(n * phase)
    phrase = ((beat // 4) % 4 != 3).double()
    return total * phrase * torch.exp(-0.8 * within_s) * torch.clamp(within_s / 0.03, max=1.0)


def _drums(t: Tensor, beat: Tensor, within_s: Tensor, beat_s: float, generator: torch.Generator) -> Tensor:
    """Kick on every beat, snare on two and four, hats on the half beats, [2, T]."""
    white = torch.randn(2, t.numel(), generator=generator, dtype=torch.float64)
    kick = torch.sin(2 * math.pi * (50 * within_s + 4 * (1 - torch.exp(-25 * within_s)))) * torch.exp(
        -9 * within_s
    )
    snare = white[0] * torch.exp(-18 * within_s) * (beat % 2 == 1)
    half_s = torch.remainder(t, beat_s / 2)
    crisp = torch.diff(white, prepend=white[:, :1])
    hats = crisp * torch.exp(-60 * half_s)
    return torch.stack([0.6 * kick + 0.15 * snare] * 2) + 0.06 * hats
