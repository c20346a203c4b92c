"""The colour of music: how loud its bands are in the mean, taken out before diffusion, put back after.

White noise would cover treble, 50 dB below the bass, until shortly before the end, and what is left of it
there is heard as hiss. So the network hears music whose bands are equally loud. The filter does
not change with time and leaves no clock.

Source: Y. Koizumi et al., SpecGrad, Interspeech 2022, who colour the noise by each piece instead.
"""

import torch
from torch import Tensor
from torch.nn import functional

MOST_DB = 60.0
"""From the loudest band to one that is raised no further."""
SMOOTH = 9
"""Bands that are averaged."""
TOP = 0.95
"""Of half the rate: what is above is not played, for the network does not say the last bin."""


def measured(excerpts: Tensor, window: int) -> Tensor:
    """Amplitude of each band in the mean, [window / 2 + 1].

    Args:
        excerpts: music at the network's rate, [N, T].
        window: of the spectra, in samples.
    """
    hann = torch.hann_window(window, device=excerpts.device)
    spectra = torch.stft(excerpts, window, window // 2, window=hann, return_complex=True)
    power = spectra.abs().square().mean((0, 2)) / hann.square().sum()
    level = power.clamp_min(float(power.max()) * 10 ** (-MOST_DB / 10)).log()
    padded = functional.pad(level[None, None], (SMOOTH // 2, SMOOTH // 2), mode="replicate")
    return (functional.avg_pool1d(padded, SMOOTH, 1)[0, 0] / 2).exp()


def whitened(wav: Tensor, colour: Tensor, length: int) -> Tensor:
    """Music at any rate above the network's, to the network's rate with bands equally loud.

    Args:
        wav: excerpts, [B, samples at their own rate].
        colour: from `measured`.
        length: samples of the same stretch at the network's rate.

    Returns:
        [B, length]; what lies at the ends hears the other end.
    """
    spectrum = torch.fft.rfft(wav)[:, : length // 2 + 1] * (length / wav.shape[-1])
    even: Tensor = torch.fft.irfft(spectrum / _at(colour, length), length)
    return even


def coloured(wav: Tensor, colour: Tensor) -> Tensor:
    """What `whitened` took out, put back, [B, T]; nothing is left above `TOP`."""
    size = wav.shape[-1]
    place = torch.linspace(0, 1, size // 2 + 1, device=wav.device)
    ends = ((1 - place) / (1 - TOP) * 2 - 1).clamp(0, 1)
    wav = torch.fft.irfft(torch.fft.rfft(wav) * _at(colour, size) * ends, size)
    return wav


def _at(colour: Tensor, size: int) -> Tensor:
    """The colour at the frequencies of a transform of that size, [size / 2 + 1]."""
    levels = functional.interpolate(
        colour.log()[None, None], size // 2 + 1, mode="linear", align_corners=True
    )
    return levels[0, 0].exp()
