"""ID3 and APEv2 tags, wherever they stand: what of them is kept, and what no reader could read."""

from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

from mutagen.apev2 import APENoHeaderError, APEv2
from mutagen.id3 import ID3, Frames, Frames_2_2, ID3NoHeaderError, ParseID3v1

from provenance.metadata import kept
from provenance.metadata.kept import Chapter, Kept, Picture

_LEFT = ("TSSE", "MLLT", "SEEK", "ASPI", "TLEN", "ENCR", "GRID", "SIGN")
_OF_ENCODER = "ITUNSMPB"
_DROPPED = ("RVAD", "EQUA", "TRDA")
"""Frames of ID3v2.3 that v2.4 has nothing for."""
_V1_BYTES = 128


def read(file: BinaryIO) -> tuple[list[Any], list[str]]:
    """The frames of an ID3 tag, in version 2.4, and the names of those that could not be read.

    Args:
        file: at its start, or at the end, lies a tag; both are read.
    """
    known = _Noting()
    try:
        file.seek(0)
        tags = ID3(file, known_frames=known, translate=False, load_v1=False)
    except ID3NoHeaderError:
        tags = ID3()
    lost = [*known.junk, *(name for one in tags.unknown_frames if (name := frame_id(one)))]
    lost += [name for name in _DROPPED if tags.getall(name)]
    dates = [text for frame in tags.getall("TYER") for text in frame.text]
    tags.update_to_v24()
    written = {str(text)[:4] for frame in tags.getall("TDRC") for text in frame.text}
    lost += ["TYER" for text in dates if text and str(text) not in written][:1]
    for frame in _v1(file).values():
        if not tags.getall(frame.FrameID):
            tags.add(frame)
    return list(tags.values()), list(dict.fromkeys(lost))


class _Noting(dict[str, Any]):
    """The frames that mutagen knows, of every version; what it cannot read, it passes over in silence."""

    def __init__(self) -> None:
        super().__init__({**Frames, **Frames_2_2})
        self.junk: list[str] = []

    def __getitem__(self, name: str) -> Any:
        return _Noted(super().__getitem__(name), name, self.junk)


class _Noted:
    def __init__(self, kind: Any, name: str, junk: list[str]) -> None:
        self._kind, self._name, self._junk = kind, name, junk

    def _fromData(self, *given: Any) -> Any:  # noqa: N802  # mutagen calls it so
        try:
            return self._kind._fromData(*given)
        except NotImplementedError:  # mutagen keeps the bytes itself
            raise
        except Exception:
            self._junk.append(self._name)
            raise


def frame_id(data: bytes) -> str:
    """The name of a frame that mutagen kept as bytes."""
    return data[:4].rstrip(b"\0").decode("ascii", "replace")


def _v1(file: BinaryIO) -> dict[str, Any]:
    """The frames of an ID3v1 tag, which older players read."""
    file.seek(max(0, file.seek(0, 2) - _V1_BYTES))
    return ParseID3v1(file.read()) or {}


def found(frames: Iterable[Any], lost: Sequence[str], chapters: tuple[Chapter, ...]) -> Kept:
    """What frames say."""
    every = list(frames)
    named = [str(f.desc) for f in every if f.FrameID == "TXXX"]
    kept_frames = [frame for frame in every if _belongs(frame)]
    pictures = tuple(
        Picture(f.mime, bytes(f.data), int(f.type), str(f.desc)) for f in kept_frames if f.FrameID == "APIC"
    )
    return Kept(
        texts=kept.texts(pair for frame in kept_frames for pair in _texts(frame)),
        pictures=pictures,
        chapters=chapters,
        frames=kept_frames,
        lost=(f"ID3 frames {', '.join(lost)}",) if lost else (),
        statements=kept.statements(named),
    )


def _belongs(frame: Any) -> bool:
    if frame.FrameID == "GEOB":
        return "c2pa" not in str(frame.mime)
    if frame.FrameID == "TXXX":
        return kept.carried(str(frame.desc).upper())
    if frame.FrameID == "COMM":
        return str(frame.desc).upper() != _OF_ENCODER
    return frame.FrameID not in _LEFT


def _texts(frame: Any) -> list[tuple[str, str]]:
    if frame.FrameID == "USLT":
        return [("LYRICS", str(frame.text))]
    if frame.FrameID == "UFID":
        mine = "musicbrainz" in frame.owner
        return [("MUSICBRAINZ_TRACKID", frame.data.decode("ascii", "replace"))] if mine else []
    if frame.FrameID == "COMM":
        name: str | None = kept.frame_name(frame) if kept.frame_name(frame) != "COMM" else "COMMENT"
    else:
        name = str(frame.desc) if frame.FrameID == "TXXX" else kept.ID3.get(frame.FrameID)
    if frame.FrameID == "TCON":
        return [("GENRE", str(text)) for text in frame.genres]  # "(17)" is a number of ID3v1's list
    return [(name, str(text)) for text in frame.text] if name and hasattr(frame, "text") else []


def ape(file: BinaryIO) -> tuple[dict[str, list[str]], list[str]]:
    """The texts of an APEv2 tag, and the names of its items that are none."""
    try:
        file.seek(0)
        return ape_texts(APEv2(file))
    except APENoHeaderError:
        return {}, []


def ape_texts(tags: Any) -> tuple[dict[str, list[str]], list[str]]:
    """The same of a tag that is read already."""
    pairs = [(str(key), str(one)) for key, value in tags.items() if value.kind == 0 for one in value]
    others = [str(key) for key, value in tags.items() if value.kind != 0]
    return kept.texts((kept.NAMED.get(key.upper(), key), text) for key, text in pairs), others


def lyrics3(file: BinaryIO) -> bool:
    """Whether a Lyrics3 tag stands before the ID3v1 tag."""
    file.seek(max(0, file.seek(0, 2) - _V1_BYTES - 9))
    return file.read(9) in (b"LYRICS200", b"LYRICSEND")
