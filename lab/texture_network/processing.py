"""What studios, platforms and people do to music, to human and to rendered copies by the same odds.

Each of these leaves traces of its own, some like a machine's: a network that never met them in human music
would call them one. Tuning voices also destroys clocks, so it is told apart from the rest.

Sources: D. Fitzgerald, Harmonic/percussive separation using median filtering, DAFx 2010; P. Smaragdis and
J. Brown, Non-negative matrix factorization for polyphonic music transcription, 2003 (soft masks of parts).
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.codecs import Codec
from core.encode import recode
from lab.sound.spectra import Frames
from lab.sound.tempo import tuned
from lab.training.music.copies import CODECS

Samples = NDArray[np.float32]
Rng = np.random.Generator
LOW_RATES: tuple[tuple[Codec, int], ...] = tuple(
    (codec, kbps) for codec in ("mp3", "aac", "opus", "vorbis") for kbps in (24, 32, 48, 64)
)
TUNED = 0.12
"""Share of retouched copies whose pitch is corrected."""
MEDIAN, PARTS, UPDATES = 17, 8, 12


def equalised_by_hand(wav: Samples, rate: int, rng: Rng) -> Samples:
    """A smooth curve of a few decibels."""
    spectrum = np.fft.rfft(wav)
    gain = np.interp(np.linspace(0, 1, len(spectrum)) ** 0.5, np.linspace(0, 1, 8), rng.normal(0, 3, 8))
    return np.asarray(np.fft.irfft(spectrum * 10 ** (gain / 20), len(wav)), np.float32)


def driven(wav: Samples, rate: int, rng: Rng) -> Samples:
    """Soft clipping."""
    drive = rng.uniform(0.5, 2.0) / (float(np.abs(wav).max()) + 1e-6)
    return np.asarray(np.tanh(drive * wav) / drive, np.float32)


def noisy(wav: Samples, rate: int, rng: Rng) -> Samples:
    """White noise 40 to 65 dB below."""
    level = np.sqrt(np.mean(np.square(wav))) * 10 ** (rng.uniform(-65, -40) / 20)
    return np.asarray(wav + level * rng.standard_normal(len(wav)), np.float32)


def coded(wav: Samples, rate: int, rng: Rng) -> Samples:
    """One lossy generation at a usual bit rate."""
    codec, kbps = CODECS[int(rng.integers(len(CODECS)))]
    return _recoded(wav, rate, codec, max(48, kbps // 2))


def coded_low(wav: Samples, rate: int, rng: Rng) -> Samples:
    """One lossy generation at 24 to 64 kbit/s."""
    return _recoded(wav, rate, *LOW_RATES[int(rng.integers(len(LOW_RATES)))])


def _recoded(wav: Samples, rate: int, codec: Codec, kbps: int) -> Samples:
    back = recode(torch.from_numpy(wav)[None], rate, codec=codec, bit_rate=1000 * kbps)
    return np.asarray(back[0].numpy(), np.float32)


def separated(wav: Samples, rate: int, rng: Rng) -> Samples:
    """Some of the music taken out or down by a soft mask: of what rings, what strikes, or learned parts."""
    size = int(rng.choice([1024, 2048]))
    frames = Frames(size, size // 4)
    spectrum = frames.spectrum(wav)
    level = spectrum.abs() + 1e-6
    mask = _ringing(level, rng) if rng.random() < 0.5 else _parts(level, rng)
    floor = float(10 ** (-rng.uniform(6, 40) / 20))
    kept = frames.audio(spectrum * mask.clamp_min(floor), len(wav))
    return np.asarray(kept * (_rms(wav) / _rms(kept)), np.float32)


def _ringing(level: Tensor, rng: Rng) -> Tensor:
    half = MEDIAN // 2
    padded = torch.nn.functional.pad(level[None], (half,) * 4, mode="reflect")[0]
    steady = padded[half:-half].unfold(1, MEDIAN, 1).median(-1).values.square()
    struck = padded[:, half:-half].unfold(0, MEDIAN, 1).median(-1).values.square()
    wanted = steady if rng.random() < 0.5 else struck
    return wanted / (steady + struck + 1e-12)


def _parts(level: Tensor, rng: Rng) -> Tensor:
    tones = torch.from_numpy(rng.uniform(0.1, 1, (level.shape[0], PARTS)).astype(np.float32))
    times = torch.from_numpy(rng.uniform(0.1, 1, (PARTS, level.shape[1])).astype(np.float32))
    for _ in range(UPDATES):  # multiplicative, least Kullback-Leibler divergence
        ratio = level / (tones @ times + 1e-6)
        times = times * (tones.T @ ratio) / (tones.sum(0)[:, None] + 1e-6)
        ratio = level / (tones @ times + 1e-6)
        tones = tones * (ratio @ times.T) / (times.sum(1)[None] + 1e-6)
    chosen = torch.from_numpy(rng.random(PARTS) < 0.6)
    return (tones[:, chosen] @ times[chosen]) / (tones @ times + 1e-6)


def _rms(wav: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(wav)))) + 1e-7


TOOLS = (equalised_by_hand, driven, noisy, coded, coded_low, separated)


def retouched(wav: Samples, rate: int, rng: Rng) -> tuple[Samples, bool]:
    """One treatment drawn at random.

    Returns:
        The treated audio, and whether its pitch was changed on the way.
    """
    if rng.random() < TUNED:
        return tuned(wav, rate, rng), True
    return TOOLS[int(rng.integers(len(TOOLS)))](wav, rate, rng), False


def marked(wav: Samples, rate: int, rng: Rng) -> Samples:
    """With our own watermark, under a key of its own."""
    from provenance.watermark import WatermarkKey, embed

    return embed(torch.from_numpy(wav)[None], rate, rng.bytes(8), WatermarkKey(rng.bytes(32)))[0].numpy()
