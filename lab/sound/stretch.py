"""Tempo change without pitch change, by waveform-similarity overlap-add (WSOLA).

Source: W. Verhelst and M. Roelands, "An overlap-add technique based on waveform similarity (WSOLA) for high
quality time-scale modification of speech", ICASSP 1993.
"""

import numpy as np
import torch
from scipy.signal import correlate
from torch import Tensor

WINDOW_S = 0.05
SEARCH_S = 0.012


def stretch(wav: Tensor, sample_rate: int, tempo: float) -> Tensor:
    """Change the tempo and keep the pitch.

    Args:
        wav: samples, [C, T].
        sample_rate: in Hz.
        tempo: 1.05 plays five per cent faster; 1 is refused, for it would change nothing.

    Returns:
        Samples, [C, round(T / tempo)].

    Raises:
        ValueError: `tempo` is 1 or not positive.

    >>> stretch(torch.rand(2, 44100), 44100, 1.05).shape
    torch.Size([2, 42000])
    """
    if tempo <= 0 or tempo == 1.0:
        raise ValueError(f"tempo must be positive and not 1, got {tempo}")
    hop, search = int(WINDOW_S * sample_rate) // 2, int(SEARCH_S * sample_rate)
    length = round(wav.shape[-1] / tempo)
    frames = -(-length // hop) + 1
    # One window and the search range of zeros on either side: every read below stays inside.
    source = np.pad(wav.numpy(), ((0, 0), (hop + search, 4 * hop + 2 * search)))
    guide = source.mean(0)
    if not guide.any():
        guide = source[0]
    window = np.hanning(2 * hop + 1)[: 2 * hop].astype(np.float32)
    out = np.zeros((wav.shape[0], (frames + 2) * hop), np.float32)
    previous = hop + search
    for n in range(frames):
        ideal = min(hop + search + round((n - 1) * hop * tempo), guide.size - 2 * hop - search)
        begin = max(0, ideal - search)
        if n == 0:
            best = ideal if ideal > 0 else begin
        else:
            # The continuation of what was just written tells which of the nearby windows fits on to it.
            natural = guide[previous + hop : previous + 3 * hop]
            region = guide[begin : begin + natural.size + 2 * search]
            best = begin + int(np.argmax(correlate(region, natural, mode="valid", method="fft")))
        out[:, n * hop : (n + 2) * hop] += source[:, best : best + 2 * hop] * window
        previous = best
    return torch.from_numpy(out[:, hop : hop + length].copy())
