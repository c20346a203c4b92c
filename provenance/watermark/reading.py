"""From a place in the decoder's plane to the message that lies there."""

import numpy as np

from provenance.watermark import code, sync
from provenance.watermark.chips import CYCLE_COLUMNS, Expected, Layout, layout
from provenance.watermark.key import WatermarkKey

BORNE_OUT = 0.5
"""Agreement of a message's cells, over that of the pilots, below which it is another message's mark."""
WORTH_READING = 0.5
"""p-value of the pilots above which decoding is not tried: it would only cost time and multiplicity."""
LIST = 8
WORTH_LISTING = 0.05
"""p-value above which the list is not decoded, which takes ten times longer than the likeliest message."""


def read(
    plane: sync.Plane, place: sync.Alignment, searched: int, key: WatermarkKey, *, thorough: bool
) -> tuple[bytes | None, int]:
    """Try to decode the message at a place.

    Args:
        plane: the decoder's logits, [BANDS, M].
        place: where the key's cycle lies.
        searched: among how many places it was the best.
        key: layout and check.
        thorough: also follow a drifting clock and try the `LIST` likeliest messages.

    Returns:
        The message whose keyed check holds, or None; and how many checks were made.
    """
    if place.p_value(searched) > WORTH_READING:
        return None, 0
    key_layout, checks = layout(key), 0
    straight = sync.cells(plane, place.frames(plane))
    for soft in (straight, straight * reliability(straight, place, key_layout)):
        checks += 1
        message = code.decode(soft_bits(soft, place, key_layout), key)
        if message is not None:
            return message, checks
    if not thorough or place.p_value(searched) > WORTH_LISTING:
        return None, checks
    followed = sync.cells(plane, sync.follow(plane, place, key_layout))
    followed *= reliability(followed, place, key_layout)
    return code.decode(soft_bits(followed, place, key_layout), key, paths=LIST), checks + LIST


def borne_out(plane: sync.Plane, place: sync.Alignment, pattern: Expected) -> bool:
    """Whether the cells of a message agree about as well as the pilots beside them.

    Where another message of the same key lies, the pilots agree as with any, and of the code's cells only
    as many more than half as two words of the code happen to share.
    """
    soft = sync.cells(plane, place.frames(plane))
    agreement = []
    for signs in (
        pattern.pilots(place.start, soft.shape[1]),
        pattern.layout.pilots(place.start, soft.shape[1]),
    ):
        agreement.append(float((soft * signs).sum()) / max(1.0, float(np.abs(signs).sum())))
    return agreement[0] >= BORNE_OUT * agreement[1]


def reliability(soft: sync.Plane, place: sync.Alignment, key_layout: Layout) -> sync.Plane:
    """How far each column may be believed, by the pilots of the three seconds around it, [columns].

    For a part that was replaced, or that repeats out of step (a loop), this is near zero; the factor
    mean / variance is what turns soft values of a Gaussian channel into log-likelihood ratios.
    """
    columns = np.arange(soft.shape[1])
    window = columns // sync.WINDOW_COLUMNS
    pilots = key_layout.pilots(place.start, soft.shape[1])
    agreement = np.bincount(window, (soft * pilots).sum(0))
    energy = np.bincount(window, np.square(soft * pilots).sum(0))
    factors: sync.Plane = np.maximum(0.0, agreement / (energy + 1e-6))[window].astype(np.float32)
    return factors


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
