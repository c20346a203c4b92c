"""Hide a message in audio."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from core import scratch
from core.blocks import Piece, pieces
from core.downmix import downmix
from core.errors import WatermarkError
from core.resample import resample
from provenance.watermark import chips, code, headroom, level, masking, model
from provenance.watermark.grid import COLUMNS_PER_S, RATE, istft, stft
from provenance.watermark.key import WatermarkKey

MIN_DURATION_S = chips.BLOCK_COLUMNS / COLUMNS_PER_S
STEP_COLUMNS = 300
CONTEXT_COLUMNS = 55
"""28.8 s and 5.28 s: both a whole number of samples at every usual rate."""
NOT_FINITE = "samples that are not finite numbers cannot be marked; repair the file first"
_SILENCE = 1e-5


@dataclass
class Meter:
    """Energy of host and mark, added up while audio streams by."""

    host: float = 0.0
    mark: float = 0.0

    @property
    def snr_db(self) -> float:
        """Host over mark in dB; infinite where there is no mark."""
        return 10.0 * math.log10(self.host / self.mark) if self.mark > 0.0 else math.inf


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

    The same real gain acts on every channel, between 386 Hz and 10.4 kHz, under the mask of each;
    length, sample rate and the rest stay as they are. The mark never makes the audio clip, between samples
    neither: where it would, it fades out.

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
        WatermarkError: shorter than one block (1.9 s), silent, or samples that are not finite.
    """
    blocks = scratch.stretches(wav)
    marked = embed_blocks(blocks, sample_rate, message, key, strength=strength, networks=networks)
    return torch.cat(list(marked), -1)


def embed_blocks(
    blocks: Iterable[Tensor],
    sample_rate: int,
    message: bytes,
    key: WatermarkKey,
    *,
    strength: float = 1.0,
    networks: model.Model | None = None,
    meter: Meter | None = None,
) -> Iterator[Tensor]:
    """Hide a message in audio that comes in blocks, holding under a minute of it.

    Args:
        blocks: audio in order, each [C, any length]; the rest as in `embed`.
        meter: is told the energies of host and mark.

    Yields:
        Marked audio, [C, up to 28.8 s], of the same total length.

    Raises:
        WatermarkError: as `embed`; that audio is silent shows only at its end.
    """
    column = sample_rate / COLUMNS_PER_S
    signs, start = code.encode(message, key), chips.start_column(key, message)
    layout, chosen = chips.layout(key), networks or model.shipped()
    samples, peak = 0, 0.0
    for piece in pieces(blocks, round(STEP_COLUMNS * column), round(CONTEXT_COLUMNS * column)):
        if samples == 0:
            refuse_short(piece.wav.shape[-1], sample_rate)  # a short piece is the whole stream
        if not bool(torch.isfinite(piece.core).all()):
            raise WatermarkError(NOT_FINITE)
        samples += piece.core.shape[-1]
        peak = max(peak, float(piece.core.abs().max()))
        columns = int(piece.wav.shape[-1] / column) + 2
        spread = layout.chips(signs, start + round(piece.start / column), columns)
        with torch.no_grad():
            marked = mark(piece, sample_rate, torch.from_numpy(spread), strength, chosen)
        if meter:
            meter.host += float(piece.core.double().square().sum())
            meter.mark += float((marked - piece.core).double().square().sum())
        yield marked
    refuse_short(samples, sample_rate)
    refuse_silence(peak)


def refuse_silence(peak: float) -> None:
    """Refuse a stream that was silent from end to end.

    Raises:
        WatermarkError: it was.
    """
    if peak < _SILENCE:
        raise WatermarkError("silence cannot carry a watermark; give audio with content")


def refuse_short(samples: int, sample_rate: int) -> None:
    """Refuse what does not hold one block.

    Raises:
        WatermarkError: shorter than that.
    """
    duration_s = samples / sample_rate
    if duration_s < MIN_DURATION_S:
        raise WatermarkError(
            f"{duration_s:.2f} s is too short to mark; give at least {MIN_DURATION_S:.1f} s of audio"
        )


def mark(piece: Piece, sample_rate: int, spread: Tensor, strength: float, networks: model.Model) -> Tensor:
    """Mark a piece by chips of its own columns, [CELL_BANDS, columns]; its stretch, [C, last - first]."""
    wav = piece.wav
    if strength <= 0.0:
        return piece.core.clone()
    channels = resample(wav, sample_rate, RATE)
    gain = level.relative_gain_of(_spectrum(downmix(channels)[None]), spread, networks, strength)
    hosts = [_spectrum(one[None]) for one in channels]
    for host in hosts if len(hosts) > 1 else ():
        power = host.real.square() + host.imag.square()
        gain = masking.limit(gain, power, level.ceiling_db(strength))
    change = torch.cat([istft(host * gain, channels.shape[-1]) for host in hosts])
    change = resample(change, RATE, sample_rate)[:, : wav.shape[-1]]
    change = torch.nn.functional.pad(change, (0, wav.shape[-1] - change.shape[-1]))
    fade = headroom.fade(wav, change, sample_rate)
    return (wav + change * fade)[:, piece.first : piece.last]


def _spectrum(wav: Tensor) -> Tensor:
    """STFT with an even number of frames, [1, T] to [1, F, N]."""
    spectrum = stft(wav)
    return torch.nn.functional.pad(spectrum, (0, spectrum.shape[-1] % 2))
