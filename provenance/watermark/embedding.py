"""Hide a message in audio."""

import torch
from torch import Tensor

from core.errors import WatermarkError
from core.resample import resample
from provenance.watermark import chips as chips_
from provenance.watermark import code, model
from provenance.watermark.grid import (
    CELL_FRAMES,
    COLUMNS_PER_S,
    HOP,
    RATE,
    istft,
    log_rows,
    stft,
)
from provenance.watermark.key import WatermarkKey
from provenance.watermark.level import relative_gain

SNR_DB = 36.0
CEILING_DB = -3.0
MIN_DURATION_S = chips_.BLOCK_COLUMNS / COLUMNS_PER_S
CHUNK_COLUMNS = 300
CONTEXT_COLUMNS = 40
PEAK = 0.999
_SILENCE = 1e-5


def embed(
    wav: Tensor,
    sample_rate: int,
    message: bytes,
    key: WatermarkKey,
    *,
    strength: float = 1.0,
    networks: model.Model | None = None,
) -> Tensor:
    """Hide a message in audio.

    The same real gain acts on every channel, below 6.2 kHz only; length, sample rate and what lies above
    stay as they are. The mark never makes a sample clip: where it would, it fades out.

    Args:
        wav: audio, [C, T].
        sample_rate: in Hz, of `wav`.
        message: 8 bytes.
        key: the tenant's key.
        strength: amplitude of the mark; 2 is 6 dB louder, 0 returns a copy.
        networks: other networks than the shipped ones (the laboratory's baselines).

    Returns:
        Marked audio, [C, T].

    Raises:
        WatermarkError: shorter than one block (2.3 s), silent, or samples that are not finite.
    """
    _refuse_unmarkable(wav, sample_rate)
    if strength <= 0.0:
        return wav.clone()
    with torch.no_grad():
        hosts = resample(torch.cat([wav.mean(0, keepdim=True), wav]), sample_rate, RATE)
        chips = _chips(hosts.shape[-1], message, key)
        mark = _mark(hosts, chips, strength, networks or model.shipped())
        change = resample(mark, RATE, sample_rate)[:, : wav.shape[-1]]
        change = torch.nn.functional.pad(change, (0, wav.shape[-1] - change.shape[-1]))
        return wav + change * _headroom(wav, change, sample_rate)


def _refuse_unmarkable(wav: Tensor, sample_rate: int) -> None:
    duration_s = wav.shape[-1] / sample_rate
    if duration_s < MIN_DURATION_S:
        raise WatermarkError(
            f"{duration_s:.2f} s is too short to mark; give at least {MIN_DURATION_S:.1f} s of audio"
        )
    if not bool(torch.isfinite(wav).all()):
        raise WatermarkError("samples that are not finite numbers cannot be marked; repair the file first")
    if float(wav.abs().max()) < _SILENCE:
        raise WatermarkError("silence cannot carry a watermark; give audio with content")


def _chips(length: int, message: bytes, key: WatermarkKey) -> Tensor:
    frames = length // HOP + 2
    columns = -(-frames // CELL_FRAMES) + CHUNK_COLUMNS
    layout = chips_.layout(key)
    signs = layout.chips(code.encode(message, key), chips_.start_column(key, message), columns)
    return torch.from_numpy(signs)


def _mark(hosts: Tensor, chips: Tensor, strength: float, networks: model.Model) -> Tensor:
    """The change of each channel at `RATE`, chunk by chunk.

    Args:
        hosts: the mid signal first, then the channels, [1 + C, T].
        chips: ±1, [CELL_BANDS, columns].
        strength: amplitude of the mark.
        networks: embedder to use.

    Returns:
        [C, T].
    """
    length = hosts.shape[-1]
    step, context = CHUNK_COLUMNS * CELL_FRAMES * HOP, CONTEXT_COLUMNS * CELL_FRAMES * HOP
    mark = torch.zeros(hosts.shape[0] - 1, length)
    for start in range(0, length, step):
        first = max(0, start - context)
        piece = hosts[:, first : min(length, start + step + context)]
        spectrum = stft(piece)
        spectrum = torch.nn.functional.pad(spectrum, (0, spectrum.shape[-1] % 2))
        power = spectrum[:1].real.square() + spectrum[:1].imag.square()
        column = first // (CELL_FRAMES * HOP)
        columns = -(-spectrum.shape[-1] // CELL_FRAMES)
        pattern = networks.embedder(log_rows(spectrum[:1]), chips[None, :, column : column + columns])
        gain = relative_gain(pattern, power, snr_db=SNR_DB, ceiling_db=CEILING_DB, strength=strength)
        change = istft(spectrum[1:] * gain, piece.shape[-1])
        stop = min(length, start + step)
        mark[:, start:stop] = change[:, start - first : stop - first]
    return mark


def _headroom(wav: Tensor, change: Tensor, sample_rate: int) -> Tensor:
    """Gain on the mark that keeps every sample below clipping, [1, T]: 1 nearly everywhere.

    A sample that was over full scale before is left to its maker; the mark only never adds to it.
    """
    ceiling = wav.abs().clamp_min(PEAK)
    over = ((wav + change).abs() > ceiling).any(0, keepdim=True).float()[None]
    if not bool(over.any()):
        return torch.ones(1, wav.shape[-1])
    half = max(1, int(0.005 * sample_rate))
    near = torch.nn.functional.max_pool1d(over, 2 * half + 1, stride=1, padding=half)
    smooth = torch.nn.functional.avg_pool1d(near, 2 * half + 1, stride=1, padding=half)
    return (1.0 - torch.maximum(smooth, over))[0]
