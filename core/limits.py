"""What the decoder accepts: bounds on size, length, channels, time and memory. Loads without torch."""

from dataclasses import dataclass, replace

MOST_TAGS = 200
"""Tags that the demuxer tells of a file, at most."""
MOST_TAG_TEXT = 1 << 16
"""Characters of one of them, at most."""
MOST_CHAPTERS = 1000
"""Chapters of a file, at most."""


@dataclass(frozen=True)
class Limits:
    """What is accepted; everything beyond is refused with a typed error.

    Attributes:
        max_bytes: size of the file.
        max_duration_s: length of the audio, in seconds.
        max_decoded_bytes: size of the decoded float32 samples.
        max_channels: channels per file.
        min_rate: lowest sample rate, in Hz.
        max_rate: highest sample rate, in Hz.
        timeout_s: wall time and processor time for one file, in seconds.
        memory_bytes: memory the decoder may take beyond its own code.
    """

    max_bytes: int = 1 << 30
    max_duration_s: float = 1800.0
    max_decoded_bytes: int = 3 << 29
    max_channels: int = 8
    min_rate: int = 8000
    max_rate: int = 192_000
    timeout_s: float = 60.0
    memory_bytes: int = 1 << 29

    def lasting(self, duration_s: float) -> "Limits":
        """These limits for another longest duration; longer audio may also take more samples and time."""
        longer = max(1.0, duration_s / self.max_duration_s)
        return replace(
            self,
            max_duration_s=duration_s,
            max_decoded_bytes=int(longer * self.max_decoded_bytes),
            timeout_s=longer * self.timeout_s,
        )


DEFAULT_LIMITS = Limits()
LONG_LIMITS = Limits(
    max_bytes=1 << 33, max_duration_s=4 * 3600.0, max_decoded_bytes=1 << 35, timeout_s=1800.0
)
"""For streams: four hours, whose samples are never in memory together."""
