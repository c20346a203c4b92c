"""Groups of recordings within which p-values are right: alike in band and length.

Both change how high a comb can score by chance. The container's codec is no group: it says how the last copy
was stored, not what the sound went through; what a codec does to the sound shows in its band. Where content
ends does not tell the codec, see the strata of `docs/benchmarks/ai-music.md`.
"""

NARROW_HZ = 9000.0
MIDDLE_HZ = 14000.0
SHORT_S = 8.0
LONG_S = 25.0


def group_of(band_hz: float, duration_s: float) -> str:
    """Name of the group: band, then length.

    >>> group_of(15500.0, 180.0)
    'wide/long'
    """
    band = "narrow" if band_hz < NARROW_HZ else "middle" if band_hz < MIDDLE_HZ else "wide"
    length = "short" if duration_s < SHORT_S else "excerpt" if duration_s < LONG_S else "long"
    return f"{band}/{length}"
