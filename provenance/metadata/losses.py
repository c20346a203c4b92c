"""What of a source a container cannot carry, in plain words: said before anything is written."""

from collections.abc import Iterator

from provenance.metadata import chunks, kept
from provenance.metadata.kept import FAMILIES, Kept

PLAIN_PICTURES = ("image/jpeg", "image/jpg", "image/png")
"""What iTunes' cover atom holds."""
MAX_BLOCK_BYTES = (1 << 24) - 1024
"""Of a picture in a FLAC file (RFC 9639, 8.1), with room for what is said of it."""
MOST_COMMENT_CHAPTERS = 999
_TOLD = {"TXXX", "COMM", "USLT", "APIC", "CHAP", "CTOC", *kept.ID3}
_ANY_LANGUAGE = ("und", "xxx", "\0\0\0", "   ", "")
_BLOCKS = {2: "foreign metadata", 5: "cue sheet"}


def losses(found: Kept, suffix: str) -> tuple[str, ...]:
    """Sentences on what is not carried into a file of this suffix."""
    told = [found.unreadable] if found.unreadable else []
    if found.lost:
        told.append(f"no file can be given the source's {', '.join(found.lost)}: they are left out")
    lost = list(_lost(found, suffix))
    if lost:
        told.append(f"{suffix} files cannot carry the source's {', '.join(lost)}: they are left out")
    return tuple(told)


def _lost(found: Kept, suffix: str) -> Iterator[str]:
    family = FAMILIES[suffix]
    if family != "riff":
        yield from dict.fromkeys(chunks.named(one) for one in found.chunks)
        if found.doubled:
            yield f"second values of {', '.join(found.doubled)}"
    if family not in ("riff", "id3"):
        yield from _of_frames(found)
    if family != "mp4":
        others = [key for key, _ in found.atoms if not _is_told(key)]
        if others:
            yield f"MP4 atoms {', '.join(sorted(others))}"
    if suffix != ".flac":
        yield from dict.fromkeys(_BLOCKS[one.code] for one in found.blocks)
    if family == "vorbis":
        if len(found.chapters) > MOST_COMMENT_CHAPTERS:
            yield f"chapters after the {MOST_COMMENT_CHAPTERS}th"
        odd = [name for name in found.texts if comment_name(name) != name]
        if odd:
            yield f"tag names {', '.join(odd)}"
    if suffix == ".flac" and any(len(one.data) > MAX_BLOCK_BYTES for one in found.pictures):
        yield "pictures of more than 16 MB"
    if family == "mp4" and not found.atoms:
        if any(one.mime not in PLAIN_PICTURES for one in found.pictures):
            yield "pictures that are neither JPEG nor PNG"
        if any(one.type != 3 or one.description for one in found.pictures):
            yield "kinds and descriptions of pictures"


def comment_name(name: str) -> str:
    """A name as Vorbis comments can have it (Vorbis I, 5.2.2); empty where nothing is left of it."""
    return "".join(c for c in name if 0x20 <= ord(c) < 0x7E and c != "=")


def _of_frames(found: Kept) -> Iterator[str]:
    others = {frame.FrameID for frame in found.frames if frame.FrameID not in _TOLD}
    if not any(f.FrameID == "UFID" and "musicbrainz" not in f.owner for f in found.frames):
        others.discard("UFID")
    if others:
        yield f"ID3 frames {', '.join(sorted(others))}"
    for frame_id, name in (("USLT", "lyrics"), ("COMM", "comments")):
        frames = [one for one in found.frames if one.FrameID == frame_id]
        if any(one.desc or str(one.lang).casefold() not in _ANY_LANGUAGE for one in frames):
            yield f"languages and descriptions of {name}"
    inner = [sub for one in found.frames if one.FrameID == "CHAP" for sub in one.sub_frames.values()]
    tables = [one for one in found.frames if one.FrameID == "CTOC"]
    if len(tables) > 1 or any(sub.FrameID != "TIT2" for sub in inner):
        yield "what chapters hold beside time and title"


def _is_told(key: str) -> bool:
    return key in kept.MP4 or key in ("trkn", "disk", "tmpo", "cpil", "covr") or key.startswith(kept.FREEFORM)
