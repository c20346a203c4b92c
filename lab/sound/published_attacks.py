"""Attacks on marks in music beyond the common catalogue: three published lists, run offline.

`STRICT` holds strict settings of RAW-Bench (Özer et al., Interspeech 2025), `CHAIN` what happens to music in
use, `REMOVAL` what somebody tries who wants the mark gone and has no key.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage, signal
from torch import Tensor

from core.encode import recode
from lab.sound import transforms
from lab.sound.attacks import Attack

Rng = np.random.Generator
Spectrum = NDArray[np.complex64]


def _jitter(wav: Tensor, _: int, rng: Rng, *, spread: float) -> Tensor:
    """Every sample is read up to `spread` samples too early or too late, linearly interpolated."""
    at = np.arange(wav.shape[-1]) + rng.uniform(-spread, spread, wav.shape[-1])
    return torch.from_numpy(
        np.stack([np.interp(at, np.arange(wav.shape[-1]), channel) for channel in wav.numpy()])
    ).float()


def _drift(wav: Tensor, sample_rate: int, _: Rng, *, depth: float, rate_hz: float) -> Tensor:
    """Wow of a worn tape: speed swings by `depth` at `rate_hz`."""
    time = np.arange(wav.shape[-1])
    swing = 2.0 * np.pi * rate_hz / sample_rate
    at = time + depth / swing * np.sin(swing * time)
    return torch.from_numpy(np.stack([np.interp(at, time, channel) for channel in wav.numpy()])).float()


def _time_mask(wav: Tensor, _: int, rng: Rng, *, share: float) -> Tensor:
    masked, length = wav.clone(), int(share / 3 * wav.shape[-1])
    for start in rng.integers(0, wav.shape[-1] - length, 3):
        masked[:, start : start + length] = 0.0
    return masked


def _frequency_mask(wav: Tensor, sample_rate: int, rng: Rng, *, share: float) -> Tensor:
    """Take out `share` of the octaves between 300 Hz and 10 kHz, at a random place."""
    octaves = np.log2(10_000.0 / 300.0)
    low = 300.0 * 2.0 ** (rng.random() * octaves * (1.0 - share))
    high = low * 2.0 ** (share * octaves)
    kept = transforms.bandpass(wav, sample_rate, low, high)
    return wav - kept


def _expander(wav: Tensor, sample_rate: int, _: Rng) -> Tensor:
    """1:2 below 14 dB under the loudest block: what is quiet gets quieter."""
    block = max(1, sample_rate // 100)
    level = transforms.block_peak(wav, block)
    under = np.minimum(1.0, level / (level.max() * 10.0 ** (-14.0 / 20.0)) + 1e-4)
    smooth = ndimage.uniform_filter1d(under, 5)
    return wav * transforms.per_sample(smooth, block, wav.shape[-1])


def _loudness(wav: Tensor, sample_rate: int, rng: Rng, *, lufs: float) -> Tensor:
    """Bring to a loudness (ITU-R BS.1770 K-weighting, ungated) and limit what is then too loud."""
    shelf = signal.iirfilter(2, 1500.0, btype="high", ftype="butter", fs=sample_rate)
    weighted = signal.lfilter(*shelf, wav.numpy(), axis=-1) * 0.585 + wav.numpy()
    now = -0.691 + 10.0 * np.log10(np.mean(np.square(weighted)) * wav.shape[0] + 1e-12)
    louder = wav * float(10.0 ** ((lufs - now) / 20.0))
    return louder if float(louder.abs().max()) <= 1.0 else transforms.limit_peaks(louder, sample_rate, 1.0)


def _swap(wav: Tensor, _: int, __: Rng) -> Tensor:
    return wav.flip(0)


def _karaoke(wav: Tensor, _: int, __: Rng) -> Tensor:
    return ((wav[:1] - wav[1:]) / 2.0).expand_as(wav).clone()


def _fade(wav: Tensor, _: int, __: Rng) -> Tensor:
    ramp = torch.linspace(0.02, 1.0, wav.shape[-1] // 2)
    return wav * torch.cat([ramp, ramp.flip(0), ramp[:1].expand(wav.shape[-1] % 2)])


def _generations(wav: Tensor, sample_rate: int, _: Rng) -> Tensor:
    for _generation in range(3):
        wav = recode(wav, sample_rate, codec="aac", bit_rate=128_000)
    return wav


def _vorbis_48(wav: Tensor, sample_rate: int, _: Rng) -> Tensor:
    """At 32 kHz, where libvorbis comes down to about 48 kbit/s in stereo; at 44.1 kHz it stops at 64."""
    return recode(wav, sample_rate, codec="vorbis", bit_rate=48_000, coded_rate=32_000)


def _telephone_aac(wav: Tensor, sample_rate: int, rng: Rng) -> Tensor:
    narrow = transforms.telephone(wav, sample_rate, rng)
    return recode(narrow, sample_rate, codec="aac", bit_rate=24_000, coded_rate=8000)


def _stem(wav: Tensor, sample_rate: int, _: Rng, *, percussive: bool) -> Tensor:
    """One side of a harmonic-percussive separation by median filters (Fitzgerald 2010)."""

    def masked(spectrum: Spectrum) -> Spectrum:
        power = np.abs(spectrum).astype(np.float32)
        harmonic = ndimage.median_filter(power, (1, 1, 9))
        struck = ndimage.median_filter(power, (1, 9, 1))
        wanted, other = (struck, harmonic) if percussive else (harmonic, struck)
        kept: Spectrum = spectrum * (wanted**2 / (wanted**2 + other**2 + 1e-12))
        return kept

    return _through(wav, sample_rate, masked)


def _loop(wav: Tensor, sample_rate: int, rng: Rng) -> Tensor:
    """Four seconds, repeated: a sample in somebody else's track."""
    start = int(rng.integers(0, wav.shape[-1] - 4 * sample_rate))
    bar = wav[:, start : start + 4 * sample_rate]
    return bar.repeat(1, -(-wav.shape[-1] // bar.shape[-1]))[:, : wav.shape[-1]]


def _room(wav: Tensor, sample_rate: int, rng: Rng) -> Tensor:
    """A room of 1 s reverberation time, direct path 0 dB over the tail."""
    return transforms.room(wav, sample_rate, rng, t60=1.0, drr_db=0.0)


def _spectral_gate(wav: Tensor, sample_rate: int, _: Rng) -> Tensor:
    """A denoiser: bins below their own median over time lose 12 dB."""

    def gated(spectrum: Spectrum) -> Spectrum:
        power = np.abs(spectrum)
        gate = np.where(power < np.median(power, axis=-1, keepdims=True), 0.25, 1.0)
        kept: Spectrum = spectrum * ndimage.uniform_filter(gate, (0, 3, 3))
        return kept

    return _through(wav, sample_rate, gated)


def _magnitude_noise(wav: Tensor, sample_rate: int, rng: Rng, *, spread_db: float) -> Tensor:
    """Every bin of the spectrogram is raised or lowered by chance, aimed at gain marks like ours."""
    return _through(wav, sample_rate, lambda s: s * 10.0 ** (rng.normal(0.0, spread_db, s.shape) / 20.0))


def _through(wav: Tensor, sample_rate: int, change: Callable[[Spectrum], Spectrum]) -> Tensor:
    """Audio whose short-time spectrum was changed, [C, F, N], without the reflected ends of `Frames`."""
    _f, _t, spectrum = signal.stft(wav.numpy(), sample_rate, nperseg=2048)
    _t, kept = signal.istft(change(spectrum), sample_rate, nperseg=2048)
    return transforms.fit(torch.from_numpy(kept).float(), wav.shape[-1])


STRICT: tuple[Attack, ...] = (
    Attack("vorbis_48", "codec", _vorbis_48),
    Attack("lowpass_3500", "filter", partial(transforms.lowpass, cutoff=3500.0)),
    Attack("expander", "dynamics", _expander),
    Attack("gain_+14db", "dynamics", partial(transforms.gain, gain_db=14.0)),
    Attack("quantise_12bit", "noise", partial(transforms.quantise, bits=12)),
    Attack("jitter_0.2", "noise", partial(_jitter, spread=0.2)),
    Attack("time_mask_15", "time", partial(_time_mask, share=0.15)),
    Attack("frequency_mask_15", "filter", partial(_frequency_mask, share=0.15)),
)
CHAIN: tuple[Attack, ...] = (
    Attack("resample_48000", "resample", partial(transforms.through_rate, rate=48000)),
    Attack("swap_sides", "channel", _swap, needs_stereo=True),
    Attack("karaoke", "channel", _karaoke, needs_stereo=True),
    Attack("loudness_-14", "dynamics", partial(_loudness, lufs=-14.0)),
    Attack("fade", "dynamics", _fade),
    Attack("aac_128_x3", "chain", _generations),
    Attack("telephone_aac", "chain", _telephone_aac),
    Attack("stem_harmonic", "mix", partial(_stem, percussive=False)),
    Attack("stem_percussive", "mix", partial(_stem, percussive=True)),
    Attack("loop_4s", "time", _loop),
    Attack("room_1s", "room", _room),
    Attack("wow_0.2%", "time", partial(_drift, depth=0.002, rate_hz=0.5)),
)
REMOVAL: tuple[Attack, ...] = (
    Attack("notch_octave", "filter", partial(_frequency_mask, share=0.2)),
    Attack("spectral_gate", "filter", _spectral_gate),
    Attack("magnitude_noise_1db", "noise", partial(_magnitude_noise, spread_db=1.0)),
    Attack("magnitude_noise_3db", "noise", partial(_magnitude_noise, spread_db=3.0)),
)
