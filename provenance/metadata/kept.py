"""What was found in a source, in words that every container can be given; and the names of tags in each."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from provenance.metadata import levels

Chapter = tuple[float, float, str]
"""Start and end in seconds, and the title."""


@dataclass(frozen=True)
class Picture:
    """A picture: a cover (type 3) or another, by its ID3 type."""

    mime: str
    data: bytes
    type: int = 3
    description: str = ""


@dataclass(frozen=True)
class Told:
    """What decoding a source told of it: name, container, chapters and the demuxer's tags."""

    name: str
    container: str
    chapters: tuple[Chapter, ...]
    tags: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Kept:
    """What a source says of itself.

    Attributes:
        texts: by Vorbis comment name, in capitals.
        pictures: covers and others.
        chapters: in order of time.
        frames: ID3 frames as they are, for MP3 and WAV.
        chunks: of a RIFF file, as they are but for LIST INFO, for WAV.
        info: what its LIST INFO holds, as it is, for WAV.
        atoms: of MP4, as they are, for MP4.
        blocks: metadata blocks of FLAC beside comments and pictures, for FLAC.
        doubled: names of texts of which a RIFF file's two kinds of tags say different things.
        lost: what no output is given, in plain words.
        statements: names of tags that speak of AI or of a record, which this tagging replaces.
        unreadable: why the tags could not be read, or not all, if so.
    """

    texts: dict[str, list[str]] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    frames: Sequence[Any] = ()
    chunks: Sequence[tuple[bytes, bytes]] = ()
    info: Sequence[tuple[bytes, bytes]] = ()
    atoms: Sequence[tuple[str, Any]] = ()
    blocks: Sequence[Any] = ()
    doubled: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    unreadable: str | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to carry."""
        every = (self.texts, self.pictures, self.chapters, self.frames, self.chunks, self.info, self.atoms)
        return not any((*every, self.blocks))

    @property
    def levels(self) -> bool:
        """Whether it states levels of its sound, as ReplayGain does, which a change of gain makes wrong."""
        mine, rest = self.without(()), self.without_levels()
        return _counts(mine) != _counts(rest) or list(mine.chunks) != list(rest.chunks)

    @property
    def stale(self) -> tuple[bytes, ...]:
        """Kinds of chunks that may state levels which `without_levels` leaves as they are."""
        return tuple(dict.fromkeys(kind for kind, data in self.chunks if levels.may_state(kind, data)))

    def without(self, names: Container[str]) -> "Kept":
        """The same, but for texts of these names."""
        return replace(
            self,
            texts={name: values for name, values in self.texts.items() if name not in names},
            frames=[one for one in self.frames if frame_name(one) not in names],
            info=[(key, data) for key, data in self.info if info_name(key, data) not in names],
            atoms=[(key, value) for key, value in self.atoms if atom_name(key) not in names],
        )

    def without_levels(self) -> "Kept":
        """The same, but for statements of levels; those of a chunk as `levels.without` has them."""
        found = self.without(levels.NAMES)
        return replace(
            found,
            frames=[one for one in found.frames if one.FrameID not in ("RVA2", "RVAD")],
            chunks=[
                (kind, left)
                for kind, data in found.chunks
                if (left := levels.without(kind, data)) is not None
            ],
        )


def _counts(found: Kept) -> tuple[int, ...]:
    return tuple(len(part) for part in (found.texts, found.frames, found.info, found.atoms))


FAMILIES = {
    ".wav": "riff",
    ".mp3": "id3",
    ".m4a": "mp4",
    ".mp4": "mp4",
    ".flac": "vorbis",
    ".ogg": "vorbis",
    ".opus": "vorbis",
}
"""Kind of tags in each format that is written."""

ID3 = {
    "TPE1": "ARTIST", "TPE2": "ALBUMARTIST", "TPE3": "CONDUCTOR", "TPE4": "REMIXER", "TALB": "ALBUM",
    "TIT1": "GROUPING", "TIT2": "TITLE", "TIT3": "SUBTITLE", "TRCK": "TRACKNUMBER", "TPOS": "DISCNUMBER",
    "TDRC": "DATE", "TDOR": "ORIGINALDATE", "TCON": "GENRE", "TCOM": "COMPOSER", "TEXT": "LYRICIST",
    "TSRC": "ISRC", "TBPM": "BPM", "TKEY": "KEY", "TCOP": "COPYRIGHT", "TPUB": "LABEL", "TLAN": "LANGUAGE",
    "TMOO": "MOOD", "TENC": "ENCODED-BY", "TCMP": "COMPILATION", "TSOA": "ALBUMSORT", "TSOP": "ARTISTSORT",
    "TSOT": "TITLESORT", "TSO2": "ALBUMARTISTSORT", "TSOC": "COMPOSERSORT", "TOPE": "ORIGINALARTIST",
}  # fmt: skip
MP4 = {
    "\xa9nam": "TITLE", "\xa9ART": "ARTIST", "aART": "ALBUMARTIST", "\xa9alb": "ALBUM", "\xa9day": "DATE",
    "\xa9gen": "GENRE", "\xa9wrt": "COMPOSER", "\xa9cmt": "COMMENT", "\xa9lyr": "LYRICS",
    "\xa9grp": "GROUPING",
    "cprt": "COPYRIGHT", "desc": "DESCRIPTION", "soal": "ALBUMSORT", "soar": "ARTISTSORT",
    "sonm": "TITLESORT", "soaa": "ALBUMARTISTSORT", "soco": "COMPOSERSORT",
}  # fmt: skip
RIFF = {
    "INAM": "TITLE", "IART": "ARTIST", "IPRD": "ALBUM", "ICRD": "DATE", "IGNR": "GENRE", "ICOP": "COPYRIGHT",
    "ICMT": "COMMENT", "ITRK": "TRACKNUMBER", "IENG": "ENGINEER", "IKEY": "KEYWORDS", "ISBJ": "SUBJECT",
    "ISRC": "ISRC", "IMUS": "COMPOSER", "ILNG": "LANGUAGE", "IPUB": "LABEL",
}  # fmt: skip
FREEFORM = "----:com.apple.iTunes:"
_ISRC = re.compile(rb"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}", re.IGNORECASE)

NAMED = {
    "ALBUM_ARTIST": "ALBUMARTIST", "ALBUM ARTIST": "ALBUMARTIST", "TRACK": "TRACKNUMBER",
    "DISC": "DISCNUMBER", "AUTHOR": "ARTIST", "YEAR": "DATE",
}  # fmt: skip
"""What APEv2 and demuxers call otherwise."""

_TECHNICAL = (
    "ENCODER",
    "ENCODING",
    "ENCODERSETTINGS",
    "ITUNSMPB",
    "METADATA_BLOCK_PICTURE",
    "MP3GAIN_",
    "WAVEFORMATEXTENSIBLE",
)
_STATEMENTS = ("TRACKMARK_", "AI_", "AIGC", "DISCLOSURE_TIME")


def carried(name: str) -> bool:
    """Whether a text belongs to the recording: not to its former encoder, nor to a former statement on AI."""
    return not name.startswith(_TECHNICAL) and not stated(name)


def stated(name: str) -> bool:
    """Whether a text of this name speaks of AI or of a record of ours."""
    return name.startswith(_STATEMENTS)


def texts(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Texts by name, in capitals; those that do not belong to the recording are left out."""
    found: dict[str, list[str]] = {}
    for name, text in pairs:
        key = "".join(c for c in name.upper() if c.isprintable()).strip()
        if key and carried(key):
            found.setdefault(key, []).append(text)
    return found


def doubled(first: Mapping[str, list[str]], second: Mapping[str, list[str]]) -> tuple[str, ...]:
    """Names of texts of which two kinds of tags say different things: only one of them can be carried."""
    return tuple(name for name, values in first.items() if second.get(name, values) != values)


def statements(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that speak of AI or of a record, once each."""
    return tuple(dict.fromkeys(name.upper() for name in names if stated(name.upper())))


def frame_name(frame: Any) -> str:
    """The common name of what an ID3 frame says."""
    if frame.FrameID == "TXXX" or (frame.FrameID == "COMM" and str(frame.desc).upper() in levels.NAMES):
        return str(frame.desc).upper()
    return ID3.get(frame.FrameID, str(frame.FrameID))


def info_name(key: bytes, data: bytes) -> str:
    """The common name of a text in LIST INFO, whose `ISRC` was meant for who supplied a source."""
    name = key.decode("latin-1")
    if name == "ISRC" and not _ISRC.fullmatch(data.replace(b"-", b"").rstrip(b"\0").strip()):
        return "SOURCE"
    return RIFF.get(name, name)


def atom_name(key: str) -> str:
    """The common name of an MP4 atom."""
    return MP4.get(key, key.removeprefix(FREEFORM).upper())
