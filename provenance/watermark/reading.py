"""From a place in the decoder's plane to the message that lies there."""

import numpy as np

from provenance.watermark import code, sync
from provenance.watermark.chips import CYCLE_COLUMNS, Layout, layout
from provenance.watermark.key import WatermarkKey

WORTH_READING = 0.5
"""p-value of the pilots above which decoding is not tried: it would only cost time and multiplicity."""
LIST = 8


def read(
    plane: sync.Plane, place: sync.Alignment, searched: int, key: WatermarkKey, *, thorough: bool
) -> tuple[bytes | None, int]:
    """Try to decode the message at a place.

    Args:
        plane: the decoder's logits, [BANDS, M].
        place: where the key's cycle lies.
        searched: among how many places it was the best.
        key: layout and check.
        thorough: also follow a drifting clock, then try the `LIST` likeliest messages.

    Returns:
        The message whose keyed check holds, or None; and how many checks were made.
    """
    if place.p_value(searched) > WORTH_READING:
        return None, 0
    key_layout = layout(key)
    straight = soft_bits(sync.cells(plane, place.frames(plane)), place, key_layout)
    message = code.decode(straight, key)
    if message is not None or not thorough:
        return message, 1
    followed = soft_bits(sync.cells(plane, sync.follow(plane, place, key_layout)), place, key_layout)
    message = code.decode(followed, key, paths=LIST)
    return message, 1 + LIST


def soft_bits(soft: sync.Plane, place: sync.Alignment, key_layout: Layout) -> code.Soft:
    """Log-likelihood ratio of every code bit over all repeats, [CODE_BITS].

    The decoder's logits are log-likelihood ratios of the chips, so repeats add up.
    """
    index = (place.start + np.arange(soft.shape[1])) % CYCLE_COLUMNS
    bit = key_layout.bit[:, index]
    data = bit >= 0
    return np.bincount(
        bit[data], weights=(soft * key_layout.signs[:, index])[data], minlength=code.CODE_BITS
    ).astype(np.float32)
