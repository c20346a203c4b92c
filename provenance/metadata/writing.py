"""Write what a source says of itself into the file that is made of it, before its credentials are signed."""

import base64
import io
from dataclasses import replace
from typing import Any, BinaryIO

import mutagen
from mutagen import flac, id3
from mutagen.flac import FLAC, CueSheet
from mutagen.mp4 import MP4, MP4Cover

from core.errors import CredentialsError
from provenance.credentials import riff
from provenance.metadata import kept
from provenance.metadata.kept import FAMILIES, Kept
from provenance.metadata.losses import MAX_BLOCK_BYTES, MOST_COMMENT_CHAPTERS, PLAIN_PICTURES, comment_name

_TO_ID3 = {name: frame for frame, name in kept.ID3.items()}
_TO_MP4 = {name: atom for atom, name in kept.MP4.items()}
_TO_RIFF = {name: key for key, name in kept.RIFF.items()}


def write(file: BinaryIO, suffix: str, found: Kept) -> None:
    """Add to an open file, in place; chapters of an MP4 file are written with its audio.

    Args:
        file: open for reading and writing.
        suffix: of its name.
        found: what to add.

    Raises:
        CredentialsError: the file cannot be written.
    """
    if found.empty:
        return
    try:
        family = FAMILIES[suffix.lower()]
        {"riff": _riff, "id3": _mp3, "mp4": _mp4, "vorbis": _vorbis}[family](file, found)
    except (mutagen.MutagenError, OSError, ValueError) as error:
        raise CredentialsError(f"cannot write the source's tags into a {suffix} file: {error}") from error


def _mp3(file: BinaryIO, found: Kept) -> None:
    _frames(found).save(file, v2_version=4)


def _frames(found: Kept) -> id3.ID3:
    """Frames as they are, and what else was found in frames of its own."""
    tags = id3.ID3()
    for frame in found.frames:
        tags.add(frame)
    for name, values in found.texts.items():
        if not _has(tags, name):
            for frame in _of_text(name, values):
                tags.add(frame)
    held = {one.data for one in tags.getall("APIC")}
    for place, one in enumerate(one for one in found.pictures if one.data not in held):
        description = one.description or ("" if place == 0 else str(place))
        tags.add(id3.APIC(encoding=3, mime=one.mime, type=one.type, desc=description, data=one.data))
    if found.chapters and not tags.getall("CHAP"):
        names = [f"ch{number}" for number in range(len(found.chapters))]
        for name, (start_s, end_s, title) in zip(names, found.chapters, strict=True):
            told = id3.TIT2(encoding=3, text=[title])
            times = {"start_time": round(1000 * start_s), "end_time": round(1000 * end_s)}
            nowhere = {"start_offset": 0xFFFFFFFF, "end_offset": 0xFFFFFFFF}
            tags.add(id3.CHAP(element_id=name, **times, **nowhere, sub_frames=[told]))
        tags.add(id3.CTOC(element_id="toc", flags=3, child_element_ids=names, sub_frames=[]))
    return tags


def _has(tags: id3.ID3, name: str) -> bool:
    if name == "LYRICS":
        return bool(tags.getall("USLT"))
    if name == "COMMENT":
        return bool(tags.getall("COMM"))
    if name == "MUSICBRAINZ_TRACKID" and tags.getall("UFID"):
        return True
    if any(kept.frame_name(frame) == name for frame in tags.getall("COMM")):
        return True
    return bool(tags.getall(_TO_ID3.get(name, ""))) or any(
        f.desc.upper() == name for f in tags.getall("TXXX")
    )


def _of_text(name: str, values: list[str]) -> list[Any]:
    if name == "LYRICS":
        described = enumerate(values)  # a tag holds one of each language and description
        return [
            id3.USLT(encoding=3, lang="und", desc=str(n + 1) if n else "", text=text) for n, text in described
        ]
    if name == "COMMENT":
        return [id3.COMM(encoding=3, lang="und", desc="", text=values)]
    if name in _TO_ID3:
        frame = getattr(id3, _TO_ID3[name])(encoding=3, text=values)
        if [str(text) for text in frame.text] == values:  # a date in words does not fit
            return [frame]
    return [id3.TXXX(encoding=3, desc=name, text=values)]


def _mp4(file: BinaryIO, found: Kept) -> None:
    audio = MP4(file)
    if audio.tags is None:
        audio.add_tags()
    tags: Any = audio.tags
    for key, value in found.atoms:
        tags[key] = value
    told = {kept.atom_name(key) for key, _ in found.atoms} | _told_by_numbers(found)
    for name, values in found.texts.items():
        if name in told:
            continue
        if name in ("TRACKNUMBER", "DISCNUMBER") and _pair(values[0]):
            tags["trkn" if name == "TRACKNUMBER" else "disk"] = [_pair(values[0])]
        elif name == "BPM" and values[0].strip().isdigit():
            tags["tmpo"] = [min(int(values[0]), 65535)]
        elif name == "COMPILATION" and values == ["1"]:
            tags["cpil"] = True
        elif name in _TO_MP4:
            tags[_TO_MP4[name]] = values
        else:
            tags[kept.FREEFORM + name] = [text.encode() for text in values]
    covers = [] if found.atoms else [one for one in found.pictures if one.mime in PLAIN_PICTURES]
    if covers:
        tags["covr"] = [MP4Cover(c.data, 14 if c.mime == "image/png" else 13) for c in covers]
    file.seek(0)
    audio.save(file)


def _told_by_numbers(found: Kept) -> set[str]:
    names = {"trkn": "TRACKNUMBER", "disk": "DISCNUMBER", "tmpo": "BPM", "cpil": "COMPILATION"}
    return {names[key] for key, _ in found.atoms if key in names}


def _pair(text: str) -> tuple[int, int] | None:
    at, _, of = text.partition("/")
    whole = at.strip().isdigit() and (not of or of.strip().isdigit())
    return (min(int(at), 65535), min(int(of or 0), 65535)) if whole else None


def _vorbis(file: BinaryIO, found: Kept) -> None:
    audio: Any = mutagen.File(file)
    if audio is None:
        raise ValueError("its kind is not known")
    if audio.tags is None:
        audio.add_tags()
    for name, values in found.texts.items():
        if comment_name(name):
            audio.tags[comment_name(name)] = values
    for number, (start_s, _end, title) in enumerate(found.chapters[:MOST_COMMENT_CHAPTERS], 1):
        minutes, seconds = divmod(start_s, 60)
        audio.tags[f"CHAPTER{number:03}"] = [
            f"{int(minutes) // 60:02}:{int(minutes) % 60:02}:{seconds:06.3f}"
        ]
        audio.tags[f"CHAPTER{number:03}NAME"] = [title]
    if isinstance(audio, FLAC):
        for one in found.pictures:
            if len(one.data) <= MAX_BLOCK_BYTES:
                audio.add_picture(_block(one))
        for block in found.blocks:
            audio.metadata_blocks.append(block)
            if isinstance(block, CueSheet):
                audio.cuesheet = block
    elif found.pictures:
        blocks = [_block(one) for one in found.pictures]
        audio.tags["METADATA_BLOCK_PICTURE"] = [base64.b64encode(block.write()).decode() for block in blocks]
    file.seek(0)
    audio.save(file)


def _block(one: kept.Picture) -> flac.Picture:
    block = flac.Picture()
    block.mime, block.data, block.type, block.desc = one.mime, one.data, one.type, one.description
    return block


def _riff(file: BinaryIO, found: Kept) -> None:
    additions = list(found.chunks)
    others = {name: values for name, values in found.texts.items() if name not in _told_in_info(found)}
    if found.frames or found.pictures or found.chapters or others:
        additions.append((b"id3 ", _tag(_frames(replace(found, texts=others)))))
    if not found.info:
        texts = {_TO_RIFF[name]: values[0] for name, values in found.texts.items() if name in _TO_RIFF}
        info = [(key.encode(), text.encode() + b"\0") for key, text in texts.items()]
    else:
        info = list(found.info)
    if info:
        additions.append((b"LIST", riff.info_of(info)))
    riff.append_in(file, "the file", additions)


def _told_in_info(found: Kept) -> set[str]:
    return {kept.info_name(key, data).upper() for key, data in found.info}


def _tag(tags: id3.ID3) -> bytes:
    """An ID3 tag as the data of a chunk."""
    buffer = io.BytesIO()
    tags.save(buffer, v2_version=4)
    return buffer.getvalue()
