"""Read what a source says of itself. The bytes are a stranger's; mutagen reads them."""

import base64
import re
from dataclasses import replace
from typing import Any, BinaryIO

import mutagen
from mutagen import flac
from mutagen.flac import FLAC
from mutagen.id3 import ID3, ID3FileType
from mutagen.mp4 import MP4

from core.limits import MOST_CHAPTERS, MOST_TAG_TEXT, MOST_TAGS
from provenance.metadata import chunks, id3_tags, kept
from provenance.metadata.kept import Chapter, Kept, Picture, Told

_CHAPTER = re.compile(r"CHAPTER\d{3}(NAME)?")
_TECHNICAL = {"LANGUAGE", "HANDLER_NAME", "VENDOR_ID", "DURATION", "CREATION_TIME", "MAJOR_BRAND",
              "MINOR_VERSION", "COMPATIBLE_BRANDS"}  # fmt: skip
"""What demuxers tell of the container, not of the recording."""
_BLOCKS = {2: "foreign metadata", 5: "cue sheet"}
"""Metadata blocks of FLAC that are neither comments nor pictures nor technical (RFC 9639, 8.1)."""
_BOXES = (b"uuid", b"ID32", b"xml ", b"XMP_")
MOST_BOXES = 100
_TOLD_BOXES = (b"meta", b"chpl", b"name", b"tagc", b"free", b"skip", bytes(4))
"""Of user data: what is read otherwise, how tracks are called for machines, and nothing."""
_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def read(file: BinaryIO, source: Told) -> Kept:
    """What a file says of itself; never fails: what cannot be read is named in `Kept.unreadable`.

    Args:
        file: the source, open.
        source: what decoding it told, for the chapters.
    """
    try:
        found = _read(file, source)
    except Exception as error:  # mutagen raises many kinds of errors on hostile bytes
        return Kept(
            chapters=source.chapters,
            unreadable=f"the source's tags cannot be read and are left out: {error}"[:200],
        )
    if len(source.chapters) >= MOST_CHAPTERS and not found.frames:
        found = replace(found, lost=(*found.lost, f"chapters after the {MOST_CHAPTERS}th"))
    return found


def _read(file: BinaryIO, source: Told) -> Kept:
    chapters = source.chapters
    head = file.read(16)
    file.seek(0)
    if head[:4] in chunks.RIFF or head == chunks.W64:
        return chunks.read_riff(file, source.name, chapters)
    found: Any = mutagen.File(file)
    if isinstance(found, MP4):
        return _mp4(found, file, source)
    if isinstance(found, FLAC):
        return _flac(found, file, chapters)
    if found is not None and hasattr(found.tags, "as_dict"):
        return _vorbis(found, chapters)
    if head[:4] == b"FORM":
        tags = found.tags if found is not None and isinstance(found.tags, ID3) else None
        unread = [] if tags is None else [id3_tags.frame_id(one) for one in tags.unknown_frames]
        inner = id3_tags.found(() if tags is None else tags.values(), unread, chapters)
        return chunks.read_aiff(file, inner)
    if found is not None and (isinstance(found, ID3FileType) or isinstance(found.tags, ID3)):
        return _mp3(file, chapters)
    if found is not None and found.tags:
        texts, lost = id3_tags.ape_texts(found.tags)
        return Kept(texts, chapters=chapters, lost=_ape_lost(lost))
    told = _told(source)
    return chunks.read_caf(file, told) if head[:4] == b"caff" else told


def _told(source: Told) -> Kept:
    """What the demuxer tells, where nothing else reads the tags."""
    pairs = [(kept.NAMED.get(name.upper(), name.upper()), text) for name, text in source.tags if text]
    texts = kept.texts(pair for pair in pairs if pair[0] not in _TECHNICAL)
    cut = len(source.tags) >= MOST_TAGS or any(len(text) >= MOST_TAG_TEXT for _, text in source.tags)
    beyond = f"tags beyond the first {MOST_TAGS} and their texts beyond {MOST_TAG_TEXT:,} characters"
    return Kept(
        texts,
        chapters=source.chapters,
        lost=(beyond,) if cut else (),
        statements=kept.statements(name for name, _ in pairs),
    )


def _mp3(file: BinaryIO, chapters: tuple[Chapter, ...]) -> Kept:
    frames, unread = id3_tags.read(file)
    found = id3_tags.found(frames, unread, chapters)
    texts, others = id3_tags.ape(file)
    others += kept.doubled(texts, found.texts)
    lost = [*found.lost, *_ape_lost(others)]
    if id3_tags.lyrics3(file):
        lost.append("Lyrics3 tag")
    return replace(found, texts={**texts, **found.texts}, lost=tuple(lost))


def _ape_lost(names: list[str]) -> tuple[str, ...]:
    return (f"APEv2 items {', '.join(names)}",) if names else ()


def _flac(found: FLAC, file: BinaryIO, chapters: tuple[Chapter, ...]) -> Kept:
    mine = _vorbis(found, chapters)
    blocks = [one for one in found.metadata_blocks if one.code in _BLOCKS]
    sheet = any(one.code == 5 for one in blocks)
    own = {str(key).upper() for key, _ in found.tags or ()}
    if sheet and not any(_CHAPTER.fullmatch(name) for name in own):
        mine = replace(mine, chapters=())  # FFmpeg makes chapters of the cue sheet, which is kept itself
    pictures = (*mine.pictures, *(_picture(one) for one in found.pictures))
    frames, unread = id3_tags.read(file)
    other = id3_tags.found(frames, unread, ())
    seen = {one.data for one in pictures}
    twice = kept.doubled(other.texts, mine.texts)
    return replace(
        mine,
        texts={**other.texts, **mine.texts},
        pictures=(*pictures, *(one for one in other.pictures if one.data not in seen)),
        frames=other.frames,
        blocks=blocks,
        lost=(*other.lost, *((f"ID3 texts {', '.join(twice)}",) if twice else ())),
        statements=tuple(dict.fromkeys((*mine.statements, *other.statements))),
    )


def _vorbis(found: Any, chapters: tuple[Chapter, ...]) -> Kept:
    pairs = [(str(key), str(text)) for key, text in found.tags or ()]
    pictures = [
        _picture(flac.Picture(base64.b64decode(text)))
        for key, text in pairs
        if key.upper() == "METADATA_BLOCK_PICTURE"
    ]
    texts = kept.texts(pairs)
    if chapters:
        texts = {key: values for key, values in texts.items() if not _CHAPTER.fullmatch(key)}
    return Kept(texts, tuple(pictures), chapters, statements=kept.statements(key for key, _ in pairs))


def _picture(one: Any) -> Picture:
    return Picture(one.mime, bytes(one.data), int(one.type), str(one.desc))


def _mp4(found: MP4, file: BinaryIO, source: Told) -> Kept:
    every: dict[str, Any] = dict(found.tags or {})
    atoms = {key: value for key, value in every.items() if _atom_belongs(key)}
    pairs: list[tuple[str, str]] = []
    for key, value in atoms.items():
        if key.startswith(kept.FREEFORM):
            name = key.removeprefix(kept.FREEFORM)
            pairs += [(name, bytes(one).decode("utf-8", "replace")) for one in value]
        elif key in kept.MP4:
            pairs += [(kept.MP4[key], str(one)) for one in value]
        elif key in ("trkn", "disk"):
            name = "TRACKNUMBER" if key == "trkn" else "DISCNUMBER"
            pairs += [(name, f"{at}/{of}" if of else str(at)) for at, of in value]
        elif key == "tmpo":
            pairs += [("BPM", str(one)) for one in value]
        elif key == "cpil" and value:
            pairs.append(("COMPILATION", "1"))
    covers = atoms.get("covr", ())
    pictures = tuple(Picture("image/png" if c.imageformat == 14 else "image/jpeg", bytes(c)) for c in covers)
    boxes = chunks.others(_boxes(file))
    told = Kept() if every else _told(source)
    return Kept(
        {**told.texts, **kept.texts(pairs)},
        pictures,
        source.chapters,
        atoms=list(atoms.items()),
        lost=(*told.lost, *boxes),
        statements=(*told.statements, *kept.statements(key.removeprefix(kept.FREEFORM) for key in every)),
    )


def _atom_belongs(key: str) -> bool:
    return key != "\xa9too" and kept.carried(key.removeprefix(kept.FREEFORM).upper())


def _boxes(file: BinaryIO) -> list[bytes]:
    """Boxes that hold metadata and no audio: on the top level, and in what movie and tracks tell of them."""
    found: list[bytes] = []
    for kind, start, end in _listed(file, 0, file.seek(0, 2)):
        if kind in _BOXES:
            file.seek(start)
            found += [] if file.read(16) == _C2PA else [kind]
        if kind == b"moov":
            inner = list(_listed(file, start, end))
            tracks = [box for one in inner if one[0] == b"trak" for box in _listed(file, *one[1:])]
            told = [box for one in (*inner, *tracks) if one[0] == b"udta" for box in _listed(file, *one[1:])]
            found += [kind for kind, _, _ in told if kind[:1] != b"\xa9" and kind not in _TOLD_BOXES]
    return found


def _listed(file: BinaryIO, start: int, end: int) -> list[tuple[bytes, int, int]]:
    """Boxes of a stretch of a file (ISO/IEC 14496-12, 4.2): kind, and where the content begins and ends."""
    found: list[tuple[bytes, int, int]] = []
    while start + 8 <= end and len(found) < MOST_BOXES:
        file.seek(start)
        head = file.read(16)
        size, content = int.from_bytes(head[:4], "big"), start + 8
        if size == 1 and len(head) == 16:
            size, content = int.from_bytes(head[8:], "big"), start + 16
        found.append((head[4:8], content, min(start + size, end) if size else end))
        if size < 8:
            break
        start += size
    return found
