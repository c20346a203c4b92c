"""Reading one block that is played again and again: soft chips added up modulo the block.

For a key that did not mark the audio the 760 signs of its block are fair coins, so that Hoeffding's bound
over all places and phases gives a p-value that needs no assumption about music (decision 0001).
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from provenance.watermark import model, receiver, sync
from provenance.watermark.chips import BLOCK_COLUMNS
from provenance.watermark.grid import CELL_BANDS, STRIDE

Signs = NDArray[np.float32]


@torch.no_grad()
def p_value(wav: Tensor, sample_rate: int, block: Signs) -> float:
    """Bound on the chance of so much agreement in audio that the block's key did not mark.

    Args:
        wav: audio, [C, T].
        sample_rate: in Hz.
        block: signs, ±1, [CELL_BANDS, BLOCK_COLUMNS].
    """
    plane = receiver.plane_of(receiver.views(wav, sample_rate)[0], model.shipped())
    best = max(statistic(folded(plane, phase), block) for phase in sync.PHASES)
    places = len(sync.PHASES) * BLOCK_COLUMNS
    return min(1.0, places * math.exp(-0.5 * best**2)) if best > 0.0 else 1.0


def folded(plane: sync.Plane, phase: float) -> Signs:
    """Soft chips at a phase, columns of one place in the block added up, [CELL_BANDS, BLOCK_COLUMNS]."""
    soft = sync.cells(plane, sync.column_frames(plane.shape[1] * STRIDE, phase, 1.0))
    padded = np.pad(soft, ((0, 0), (0, -soft.shape[1] % BLOCK_COLUMNS)))
    return np.asarray(padded.reshape(CELL_BANDS, -1, BLOCK_COLUMNS).sum(1), np.float32)


def statistic(sums: Signs, block: Signs) -> float:
    """Agreement at the best place of the block, over its norm."""
    agreeing = [float((sums * np.roll(block, -start, 1)).sum()) for start in range(BLOCK_COLUMNS)]
    return max(agreeing) / math.sqrt(float(np.square(sums).sum()) + 1e-6)
