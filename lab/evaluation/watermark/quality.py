"""What the mark does to the sound: levels, masking, ViSQOL, and the cases where marks are heard first."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.resample import resample
from provenance.watermark import grid, masking
from provenance.watermark.embedding import embed
from provenance.watermark.key import WatermarkKey

RATE = 44_100
VISQOL_RATE = 48_000


def quality(wav: Tensor, marked: Tensor, sample_rate: int) -> dict[str, float]:
    """SNR at the native rate, and the noise-to-mask ratio of the mid signal per band and frame."""
    change = marked - wav
    snr = 10.0 * torch.log10(wav.square().sum() / change.square().sum().clamp_min(1e-20))
    spectra = [grid.stft(resample(x.mean(0, keepdim=True), sample_rate, grid.RATE)) for x in (change, wav)]
    noise, host = (s.real.square() + s.imag.square() for s in spectra)
    ratio = masking.noise_to_mask_db(noise, host)[:, 3:]
    audible = host.sum(1, keepdim=True).expand_as(ratio) > 1e-3
    return {
        "snr_db": float(snr),
        "nmr_mean_db": float(10.0 * torch.log10((10.0 ** (ratio[audible] / 10.0)).mean())),
        "nmr_below_0": float((ratio[audible] <= 0.0).float().mean()),
        "nmr_highest_db": float(ratio[audible].max()),
        "peak": float(marked.abs().max()),
    }


def visqol(wav: Tensor, marked: Tensor, sample_rate: int) -> float:
    """ViSQOL v3 in audio mode of the mid signal, 1 (bad) to 4.73 (same) MOS-LQO."""
    from visqol import VisqolApi  # the laboratory's only: see `lab` in pyproject.toml

    api = VisqolApi()
    api.create(mode="audio")
    before, after = (
        resample(x.mean(0, keepdim=True), sample_rate, VISQOL_RATE)[0].double().numpy() for x in (wav, marked)
    )
    return float(api.measure_from_arrays(before, after, VISQOL_RATE).moslqo)


def difficult_hosts() -> dict[str, Tensor]:
    """Generated audio in which a mark is easiest to hear, [2, T] at 44.1 kHz, 12 s each."""
    time = torch.arange(12 * RATE) / RATE
    hosts = {
        "solo piano": _notes(time, decay=1.2, partials=8, spread=2.0),
        "sine pad": _pad(time, partials=1),
        "harmonic pad": _pad(time, partials=10),
        "plucks with silence between": _notes(time, decay=12.0, partials=12, spread=1.2),
        "quiet passage": _pad(time, partials=10) * 10.0 ** (-50.0 / 20.0),
        "fade to nothing": _notes(time, decay=2.0, partials=10, spread=1.5)
        * 10.0 ** (-5.0 * time / time[-1]),
    }
    return {name: torch.stack([wav, 0.8 * wav]) for name, wav in hosts.items()}


def _pad(time: Tensor, partials: int) -> Tensor:
    chord = (110.0, 164.8, 220.0, 277.2, 659.3, 1318.5)
    tones = [
        0.06 * torch.sin(2.0 * torch.pi * n * pitch * time + n) / n
        for pitch in chord
        for n in range(1, partials + 1)
    ]
    return torch.stack(tones).sum(0)


def _notes(time: Tensor, *, decay: float, partials: int, spread: float) -> Tensor:
    """Struck notes, two a second, whose partials die out faster the higher they are."""
    rng = np.random.default_rng(5)
    wav = torch.zeros_like(time)
    for start in np.arange(0.0, float(time[-1]), 0.5):
        pitch = 220.0 * 2.0 ** (rng.integers(-12, 25) / 12.0)
        since = time - start
        for n in range(1, partials + 1):
            tone = torch.sin(2.0 * torch.pi * n * pitch * since) * torch.exp(-decay * n**0.5 * since)
            wav += 0.15 * torch.where(since >= 0.0, tone, 0.0) / n**spread
    return wav


def difficult(key: WatermarkKey) -> Iterator[dict[str, Any]]:
    """Quality on each of the difficult hosts."""
    for name, wav in difficult_hosts().items():
        marked = embed(wav, RATE, b"difficul", key)
        yield {"kind": "difficult", "host": name, **quality(wav, marked, RATE)}
