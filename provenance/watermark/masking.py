"""What the ear cannot hear: a masking threshold per critical band and frame.

Johnston's model ("Transform coding of audio signals using perceptual noise criteria", IEEE JSAC
1988): critical-band energies, Schroeder's spreading function, an offset that depends on how tonal
the band is, and the threshold in quiet (Terhardt 1979, full scale taken as 96 dB SPL).
"""

import functools

import torch
from torch import Tensor

from provenance.watermark.grid import N_FFT, RATE

FULL_SCALE_SPL_DB = 96.0
LESS_DB = (3.0, 10.0, 20.0)
"""By how much a change is weaker one, two and three frames (16 ms) away from where it is made."""
_POWER_OF_FULL_SCALE_SINE = (N_FFT / 4.0) ** 2


def bark(hz: Tensor) -> Tensor:
    """Critical-band rate in Bark (Zwicker and Terhardt 1980)."""
    return 13.0 * torch.atan(0.00076 * hz) + 3.5 * torch.atan((hz / 7500.0).square())


@functools.cache
def band_matrix() -> Tensor:
    """Membership of bins in half-open one-Bark bands, [Z, F], zeros and ones."""
    bins = torch.arange(N_FFT // 2 + 1) * (RATE / N_FFT)
    index = bark(bins).floor().long()
    return torch.nn.functional.one_hot(index, int(index.max()) + 1).T.float()


@functools.cache
def _spreading() -> Tensor:
    bands = torch.arange(band_matrix().shape[0]).float()
    distance = bands[:, None] - bands[None] + 0.474
    decibels = 15.81 + 7.5 * distance - 17.5 * torch.sqrt(1.0 + distance.square())
    matrix = 10.0 ** (decibels / 10.0)
    return matrix / matrix.sum(1, keepdim=True)


@functools.cache
def _quiet() -> Tensor:
    members = band_matrix()
    bins = torch.arange(N_FFT // 2 + 1) * (RATE / N_FFT)
    khz = ((members * bins).sum(1) / members.sum(1)).clamp_min(50.0) / 1000.0
    spl = 3.64 * khz**-0.8 - 6.5 * torch.exp(-0.6 * (khz - 3.3).square()) + 1e-3 * khz**4
    return _POWER_OF_FULL_SCALE_SINE * 10.0 ** ((spl - FULL_SCALE_SPL_DB) / 10.0)


def threshold(power: Tensor) -> Tensor:
    """Masking threshold of a host.

    Args:
        power: |STFT|^2 of the host, [B, F, N].

    Returns:
        Highest noise power per band that stays masked, [B, Z, N].
    """
    members = band_matrix().to(power.device)
    counts = members.sum(1)[None, :, None]
    energy = members @ power + 1e-12
    geometric = torch.exp(members @ torch.log(power + 1e-12) / counts)
    flatness_db = 10.0 * torch.log10(geometric * counts / energy + 1e-12)
    tonality = (flatness_db / -25.0).clamp(0.0, 1.0)
    bands = torch.arange(members.shape[0], device=power.device)[None, :, None].float()
    offset_db = tonality * (14.5 + bands) + (1.0 - tonality) * 5.5
    masked = (_spreading().to(power.device) @ energy) * 10.0 ** (-offset_db / 10.0)
    return torch.maximum(masked, _quiet().to(power.device)[None, :, None])


def noise_to_mask_db(noise_power: Tensor, host_power: Tensor) -> Tensor:
    """Noise-to-mask ratio per band and frame in dB, [B, F, N] twice to [B, Z, N]."""
    noise = band_matrix().to(noise_power.device) @ noise_power
    return 10.0 * torch.log10((noise + 1e-12) / threshold(host_power))


def _over_neighbours(masked: Tensor) -> Tensor:
    """What a change made in one frame may have, given that it is heard in the frames around it too.

    A window of 64 ms reaches three frames to either side; so much less of its energy falls there that a
    quiet neighbour lowers the threshold by the difference only. Without this, marks ring before onsets.
    """
    allowed = masked.clone()
    for frames, less_db in enumerate(LESS_DB, start=1):
        heard = masked * 10.0 ** (less_db / 10.0)
        allowed[..., frames:] = torch.minimum(allowed[..., frames:], heard[..., :-frames])
        allowed[..., :-frames] = torch.minimum(allowed[..., :-frames], heard[..., frames:])
    return allowed


def limit(gain: Tensor, host_power: Tensor, ceiling_db: float) -> Tensor:
    """Shrink relative gains until the added noise stays below the mask.

    Args:
        gain: relative change of each bin, (marked - host) / host, real, [B, F, N].
        host_power: [B, F, N].
        ceiling_db: highest noise-to-mask ratio allowed per band and frame.

    Returns:
        Gain, [B, F, N], shrunk by one factor per band and frame.
    """
    members = band_matrix().to(gain.device)
    noise = members @ (gain.square() * host_power) + 1e-12
    allowed = _over_neighbours(threshold(host_power)) * 10.0 ** (ceiling_db / 10.0)
    factor = torch.sqrt(allowed / noise).clamp_max(1.0)
    return gain * (members.T @ factor)
