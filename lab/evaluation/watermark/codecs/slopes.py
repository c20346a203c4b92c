"""How much of a chip's level a codec passes on, and what the reader hears of the mark."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from provenance.watermark import Known, WatermarkKey, chips, code, detect, model, sync
from provenance.watermark.grid import BANDS_PER_OCTAVE, CELL_BANDS, FIRST_BAND, LOWEST_HZ, RATE, whiten
from provenance.watermark.network import cell_mean
from provenance.watermark.receiver import plane_of, rows_of

MARGIN_S = 2.0
"""Left out at both ends of what is read."""
Row = dict[str, Any]


def octaves() -> list[tuple[str, slice]]:
    """The marked bands by octave: frequencies, and which rows of cells."""
    edges = [*range(0, CELL_BANDS, BANDS_PER_OCTAVE), CELL_BANDS]
    hz = [LOWEST_HZ * 2.0 ** ((FIRST_BAND + edge) / BANDS_PER_OCTAVE) for edge in edges]
    return [
        (f"{hz[n]:.0f} to {hz[n + 1]:.0f} Hz", slice(edges[n], edges[n + 1])) for n in range(len(edges) - 1)
    ]


class Mark:
    """A mark at a known place: it begins with the audio.

    Args:
        key: that it was made with.
        message: that it carries.
    """

    def __init__(self, key: WatermarkKey, message: bytes) -> None:
        self.key, self.message = key, message
        self._start = chips.start_column(key, message)
        self._place = sync.Alignment(0.0, self._start, 0.0)

    def chips(self, columns: int) -> NDArray[np.float32]:
        """Signs of the cells of so many columns, [CELL_BANDS, columns]."""
        return chips.layout(self.key).chips(code.encode(self.message, self.key), self._start, columns)

    def levels(self, wav: Tensor, unmarked: Tensor) -> NDArray[np.float64]:
        """What the mark adds to its cells along their signs, summed by octave, in nepers of power.

        Args:
            wav: marked audio at `grid.RATE`, [1, T], as it was or after a codec.
            unmarked: the same host without the mark, after the same codec.

        Returns:
            [octaves].
        """
        marked, plain = (cell_mean(whiten(rows_of(one)))[0].numpy() for one in (wav, unmarked))
        added = sync.cells(marked - plain, self._place.frames(marked))
        signs = self.chips(added.shape[1])
        return np.array([float((added[rows] * signs[rows]).sum()) for _, rows in octaves()])

    def statistics(self, wav: Tensor) -> tuple[float, int]:
        """The message's own cells at the true place: their sum over its norm, and how many there are."""
        plane = plane_of(rows_of(wav)[0], model.shipped())
        pattern = chips.expected(self.key, self.message)
        soft = sync.cells(plane, self._place.frames(plane))
        signs = pattern.pilots(self._start, soft.shape[1])
        return float((soft * signs).sum()) / sync.norm(soft, pattern, self._start), int((signs != 0).sum())

    def readings(self, wav: Tensor, parts: list[tuple[float, float]]) -> list[Row]:
        """What the reader tells of parts of audio, (begin, length) in seconds."""
        rows = []
        for begin_s, length_s in parts:
            excerpt = wav[:, int(begin_s * RATE) :][:, : int(length_s * RATE)]
            read = detect(excerpt, RATE, self.key)
            heard = detect(excerpt, RATE, self.key, known=[Known(1.0, 1.0, message=self.message)])
            rows.append(
                {
                    "seconds": length_s,
                    "read": read.message == self.message,
                    "wrong": read.message not in (None, self.message),
                    "present": read.present,
                    "heard": heard.message == self.message,
                    "p_value": heard.p_value,
                }
            )
        return rows


def snr_db(wav: Tensor, other: Tensor) -> float:
    """Host over what a codec changed, in dB."""
    changed = (wav - other).square().sum().clamp_min(1e-20)
    return float(10.0 * torch.log10(wav.square().sum().clamp_min(1e-20) / changed))
