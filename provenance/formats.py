"""The formats that tracks are written in, by the suffix of their file."""

from pathlib import Path

from core.codecs import Codec
from core.errors import EncodeError

CODECS: dict[str, tuple[Codec, int | None]] = {
    ".wav": ("wav", None),
    ".flac": ("flac", None),
    ".mp3": ("mp3", 256_000),
    ".m4a": ("aac", 256_000),
    ".mp4": ("aac", 256_000),
    ".ogg": ("vorbis", None),
    ".opus": ("opus", 160_000),
}
"""Output formats by file suffix, with the bit rate that the lossy ones are written at."""

CREDENTIALS_IN = frozenset({".wav", ".flac", ".mp3", ".m4a", ".mp4"})
"""Suffixes of the containers that can carry a C2PA manifest (no Ogg: contentauth/c2pa-rs #2072)."""


def codec_for(out: Path) -> tuple[Codec, int | None]:
    """Codec and bit rate by the suffix of the output.

    Raises:
        EncodeError: the suffix names no known format.
    """
    try:
        return CODECS[out.suffix.lower()]
    except KeyError:
        raise EncodeError(f"cannot write {out.name!r}: end its name in one of {', '.join(CODECS)}") from None
