"""Short-time spectra, there and back, and what vocoders do with them.

`Frames` works in single precision, its ends reflected: music is rendered, treated and paced with it.
`PreciseFrames` works in double precision, its ends silent: voices are copied with it. Weights and benchmarks
rest on the audio of both to the last bit, so neither takes the other's place, nor any of the three ways to
advance phases another's (docs/decisions/0311-spectra-in-one-room.md).

Sources: D. Griffin and J. Lim, 1984; J. Flanagan and R. Golden, 1966 (phase vocoder).
"""

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.native import torchaudio

Samples = NDArray[np.float32]
Precise = NDArray[np.complex128]
Rng = np.random.Generator
Spectrum = TypeVar("Spectrum", Tensor, Precise)
LEAST = 1e-9


class Transform(Protocol[Spectrum]):
    """What both kinds of frames can do."""

    def spectrum(self, wav: Samples) -> Spectrum:
        """Short-time spectrum of audio, [T]."""
        ...

    def audio(self, spectrum: Spectrum, length: int) -> Samples:
        """Least-squares inverse, [length]."""
        ...

    def phases(self, spectrum: Spectrum) -> Spectrum:
        """The spectrum with magnitudes of one."""
        ...


@dataclass(frozen=True)
class Frames:
    """Spectra in single precision, [F, N], with a Hann window.

    Attributes:
        size: of the window, in samples.
        hop: from frame to frame, in samples.
    """

    size: int
    hop: int

    def spectrum(self, wav: Samples) -> Tensor:
        """Short-time spectrum of audio, [T] -> [F, N]."""
        samples, window = torch.from_numpy(np.ascontiguousarray(wav)), torch.hann_window(self.size)
        return torch.stft(samples, self.size, self.hop, self.size, window, return_complex=True)

    def audio(self, spectrum: Tensor, length: int | None = None) -> Samples:
        """Least-squares inverse, [F, N] -> [length]; without a length as long as whole frames are."""
        window = torch.hann_window(self.size)
        wav = torch.istft(spectrum, self.size, self.hop, self.size, window, length=length)
        return np.asarray(wav.numpy(), np.float32)

    def phases(self, spectrum: Tensor) -> Tensor:
        """The spectrum with magnitudes of one."""
        return spectrum / spectrum.abs().clamp_min(LEAST)

    def turned(self, spectrum: Tensor, by: Tensor) -> Tensor:
        """Phases of a spectrum, turned by angles."""
        return torch.polar(torch.ones_like(by), spectrum.angle() + by)

    def random_phases(self, magnitude: Tensor, rng: Rng) -> Tensor:
        """A phase for each magnitude, all angles alike."""
        angles = torch.from_numpy(rng.uniform(-np.pi, np.pi, magnitude.shape).astype(np.float32))
        return torch.polar(torch.ones_like(magnitude), angles)


@dataclass(frozen=True)
class PreciseFrames:
    """Spectra in double precision, [N, F], with a Hann window.

    Attributes:
        size: of the window, in samples.
        hop: from frame to frame, in samples.
    """

    size: int
    hop: int

    def spectrum(self, wav: Samples) -> Precise:
        """Short-time spectrum of audio, [T] -> [N, F]."""
        padded = np.pad(wav.astype(np.float64), (self.size, self.size + self.hop))
        starts = np.arange(0, len(padded) - self.size, self.hop)
        frames = np.stack([padded[s : s + self.size] for s in starts])
        return np.fft.rfft(frames * self._window(), axis=1)

    def audio(self, spectrum: Precise, length: int) -> Samples:
        """Least-squares inverse, [N, F] -> [length]."""
        window = self._window()
        frames = np.fft.irfft(spectrum, self.size, axis=1) * window
        out = np.zeros(self.hop * (len(frames) - 1) + self.size)
        weight = np.full_like(out, 1e-8)
        for n, frame in enumerate(frames):
            out[n * self.hop : n * self.hop + self.size] += frame
            weight[n * self.hop : n * self.hop + self.size] += window**2
        return (out / weight)[self.size : self.size + length].astype(np.float32)

    def phases(self, spectrum: Precise) -> Precise:
        """The spectrum with magnitudes of one."""
        units: Precise = np.exp(1j * np.angle(spectrum))
        return units

    def turned(self, spectrum: Precise, by: NDArray[np.float64]) -> Precise:
        """Phases of a spectrum, turned by angles."""
        units: Precise = np.exp(1j * (np.angle(spectrum) + by))
        return units

    def random_phases(self, magnitude: NDArray[np.float64], rng: Rng) -> Precise:
        """A phase for each magnitude, all angles alike."""
        units: Precise = np.exp(2j * np.pi * rng.random(magnitude.shape))
        return units

    def _window(self) -> NDArray[np.float64]:
        return np.hanning(self.size + 1)[:-1]


def griffin_lim(
    frames: Transform[Spectrum], magnitude: Any, phases: Spectrum, rounds: int, length: int
) -> Samples:
    """Audio whose magnitudes are about those given.

    Args:
        frames: the transform.
        magnitude: wanted, real, of the spectrum's shape and kind.
        phases: to begin with, as complex numbers of magnitude one.
        rounds: from spectrum to audio and back.
        length: of the audio, in samples.
    """
    for _ in range(rounds):
        phases = frames.phases(frames.spectrum(frames.audio(magnitude * phases, length)))
    return frames.audio(magnitude * phases, length)


def paced(spectrum: Tensor, hop: int, tempo: float) -> Tensor:
    """A spectrum at another pace; each bin goes on by its own frequency plus the drift that was measured."""
    advance = torch.linspace(0, np.pi * hop, spectrum.shape[0])[:, None]
    moved: Tensor = torchaudio().functional.phase_vocoder(spectrum, tempo, advance)
    return moved


def paced_by_differences(spectrum: Tensor, tempo: float) -> Tensor:
    """A spectrum at another pace; phases are sums of differences from frame to frame, one frame ahead."""
    steps = torch.arange(0, spectrum.shape[1] - 1.01, tempo)
    before, after = spectrum[:, steps.long()], spectrum[:, steps.long() + 1]
    share = (steps - steps.floor())[None]
    magnitude = (1 - share) * before.abs() + share * after.abs()
    turn = torch.cumsum(after.angle() - before.angle(), 1)
    return torch.polar(magnitude, before.angle()[:, :1] + turn)


def paced_precisely(spectrum: Precise, hop: int, tempo: float) -> Precise:
    """`paced`, in double precision and on frames in rows."""
    size = 2 * (spectrum.shape[1] - 1)
    expected = 2 * np.pi * hop * np.arange(size // 2 + 1) / size
    phase, rows = np.angle(spectrum[0]), []
    for step in np.arange(0, len(spectrum) - 1, tempo):
        left, right = spectrum[int(step)], spectrum[int(step) + 1]
        share = step - int(step)
        rows.append(((1 - share) * np.abs(left) + share * np.abs(right)) * np.exp(1j * phase))
        drift = np.angle(right) - np.angle(left) - expected
        phase = phase + expected + drift - 2 * np.pi * np.round(drift / (2 * np.pi))
    return np.array(rows)
