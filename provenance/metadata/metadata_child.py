"""The task of the process that reads and carries tags: covers, lyrics and whatever else strangers put in.

The answer `A` is JSON: of reading, what `carrying.Carried` holds; of carrying, null. To carry is to read the
source again and write into the other file what it says, so that nobody else ever parses a stranger's frame.
"""

import json
from typing import Any

import mutagen
from mutagen import (
    aac,
    ac3,
    aiff,
    apev2,
    asf,
    dsdiff,
    dsf,
    easyid3,
    flac,
    monkeysaudio,
    mp3,
    mp4,
    musepack,
    oggflac,
    oggopus,
    oggspeex,
    oggtheora,
    oggvorbis,
    optimfrog,
    smf,
    tak,
    trueaudio,
    wave,
    wavpack,
)  # fmt: skip

from core.errors import CredentialsError
from core.locked_child import Refusal, Task
from provenance.credentials import tag_reading
from provenance.metadata import chunks
from provenance.metadata.kept import FAMILIES, Told
from provenance.metadata.losses import losses
from provenance.metadata.reading import read
from provenance.metadata.writing import write

LOADED = (
    mutagen, aac, ac3, aiff, apev2, asf, dsdiff, dsf, easyid3, flac, monkeysaudio, mp3, mp4, musepack,
    oggflac, oggopus, oggspeex, oggtheora, oggvorbis, optimfrog, smf, tak, trueaudio, wave, wavpack,
)  # fmt: skip
"""Kinds of files that mutagen loads when it first meets one, which is too late in here."""


def prepare() -> None:
    """Load what Python would load when a tag first needs it."""
    tag_reading.prepare()


def work(task: Task) -> None:
    """Read a source's tags, or carry them into another file."""
    asked: dict[str, Any] = task.request
    told = asked["told"]
    chapters = tuple((start, end, title) for start, end, title in told["chapters"])
    source = task.files[0]
    source.raw.name = told["name"]  # type: ignore[attr-defined]  # mutagen also judges by the name
    found = read(source, Told(told["name"], told["container"], chapters, tuple(map(tuple, told["tags"]))))
    if len(task.files) == 1:
        facts = {
            "chapters": bool(found.chapters),
            "losses": {suffix: losses(found, suffix) for suffix in FAMILIES},
            "levels": found.levels,
            "stale": chunks.others(list(found.stale)),
            "statements": list(found.statements),
            "unreadable": found.unreadable,
            "empty": found.empty,
        }
        task.send(b"A", json.dumps(facts).encode())
        return
    try:
        target = task.files[1]
        found = found.without(set(asked["left_out"]))
        write(target, asked["suffix"], found.without_levels() if asked["other_levels"] else found)
        target.flush()
    except CredentialsError as error:
        raise Refusal("CredentialsError", str(error)) from error
    task.send(b"A", b"null")
