"""Which container a file really is, by its first bytes; names and declared types may lie."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import CredentialsError


@dataclass(frozen=True)
class Container:
    """A container that can carry C2PA credentials: our name for it and its media type."""

    name: str
    media_type: str


WAV = Container("wav", "audio/wav")
MP3 = Container("mp3", "audio/mpeg")
FLAC = Container("flac", "audio/flac")
M4A = Container("m4a", "audio/mp4")
OGG = Container("ogg", "audio/ogg")
"""Not among those that can carry credentials: they lie beside it."""

_M4A_BRANDS = frozenset(
    b"M4A M4B M4P M4V mp41mp42isomiso2iso3iso4iso5iso6avc1dashMSNV"[place : place + 4]
    for place in range(0, 60, 4)
)


def sniff(path: Path) -> Container | None:
    """Return the container of a file, or None if it is none that can carry credentials.

    Raises:
        CredentialsError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(16)
            if head[:3] == b"ID3" and len(head) >= 10:
                # FLAC with an ID3 tag in front is what C2PA writes; the stream behind the tag decides.
                file.seek(10 + syncsafe(head[6:10]))
                return FLAC if file.read(4) == b"fLaC" else MP3
    except OSError as error:
        raise CredentialsError(f"cannot read {path.name}: {error.strerror}") from error
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return WAV
    if head[:4] == b"fLaC":
        return FLAC
    if head[4:8] == b"ftyp" and head[8:12] in _M4A_BRANDS:
        return M4A
    if len(head) >= 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06 == 0x02:
        return MP3
    return None


def is_ogg(path: Path) -> bool:
    """Whether a file is Ogg, whose credentials lie in a sidecar.

    Raises:
        CredentialsError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(4) == b"OggS"
    except OSError as error:
        raise CredentialsError(f"cannot read {path.name}: {error.strerror}") from error


def syncsafe(data: bytes) -> int:
    """A length as ID3 writes it: seven bits to a byte."""
    return sum((byte & 0x7F) << shift for byte, shift in zip(data, (21, 14, 7, 0), strict=True))
