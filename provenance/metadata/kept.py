"""What was found in a source, in words that every container can be given; and the names of tags in each."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

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
        family: `id3`, `vorbis`, `mp4` or `riff`: where it was found; None where nothing was.
        texts: by Vorbis comment name, in capitals.
        pictures: covers and others.
        chapters: in order of time.
        native: frames, atoms, blocks or chunks as they are, for a target of the same family.
        elsewhere: what only the source's own family can carry, in plain words.
        unreadable: why the tags could not be read, if so.
    """

    family: str | None = None
    texts: dict[str, list[str]] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    native: Sequence[object] = ()
    elsewhere: tuple[str, ...] = ()
    unreadable: str | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to carry."""
        return not (self.texts or self.pictures or self.chapters or self.native)

    def without(self, names: Container[str]) -> "Kept":
        """The same, but for texts of these names."""
        native = self.native
        if self.family == "id3":
            frames: list[Any] = list(self.native)
            native = [one for one in frames if not _named(one, names)]
        if self.family == "mp4":
            atoms: list[Any] = list(self.native)
            native = [(k, v) for k, v in atoms if MP4.get(k, k.removeprefix(FREEFORM).upper()) not in names]
        if self.family == "riff":
            chunks: list[Any] = list(self.native)
            native = [
                (k, [one for one in v if not _named(one, names)] if isinstance(v, list) else v)
                for k, v in chunks
            ]
        texts = {name: values for name, values in self.texts.items() if name not in names}
        return replace(self, texts=texts, native=native)


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

_TECHNICAL = (
    "ENCODER",
    "ENCODING",
    "ENCODERSETTINGS",
    "ITUNSMPB",
    "METADATA_BLOCK_PICTURE",
    "WAVEFORMATEXTENSIBLE",
)
_OURS = ("TRACKMARK_", "AI_", "AIGC", "DISCLOSURE_TIME")


def carried(name: str) -> bool:
    """Whether a text belongs to the recording: not to its former encoder, nor to a former tagging by us."""
    return not name.startswith((*_TECHNICAL, *_OURS))


def _named(frame: Any, names: Container[str]) -> bool:
    if frame.FrameID == "TXXX":
        return str(frame.desc).upper() in names
    return ID3.get(frame.FrameID, frame.FrameID) in names
