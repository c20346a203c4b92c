"""How far up the spectrum pictures reach; loads without torch, for pages that only name it."""

TOP_HZ = 16_000.0


def top_hz(sample_rate: int) -> float:
    """The highest frequency that a spectrogram shows, in Hz."""
    return min(TOP_HZ, sample_rate / 2)
