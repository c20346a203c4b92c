"""A score that goes into a record, seen from the process that tags; a locked-in child parses it."""

import hashlib
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

from core.errors import UnreadableAudio, UnreadableScore
from core.locked import Locked, LockedError
from provenance.records.ingredient import Ingredient

READER = Locked("provenance.score.score_child")
MEMORY_BYTES = 512 << 20
TIMEOUT_S = 10.0
MAX_BYTES = 16 << 20
SUFFIXES = frozenset({".mid", ".midi", ".smf", ".kar"})


@dataclass(frozen=True)
class Score:
    """A score.

    Attributes:
        ingredient: how a record names it.
        notes: how many begin in it.
        duration_s: how long they last.
    """

    ingredient: Ingredient
    notes: int
    duration_s: float


def is_score(name: str) -> bool:
    """Whether a file's name says that it holds a score that `read_score` reads.

    >>> is_score("Song.MID"), is_score("song.wav")
    (True, False)
    """
    return Path(name).suffix.lower() in SUFFIXES


def read_score(path: Path) -> Score:
    """Read a MIDI file and name it by its hash.

    Raises:
        UnreadableScore: it is none, is damaged or too large, has no note, or cannot be opened.
    """
    from core.reception import opened  # with NumPy, which the command line starts without

    try:
        with opened(path) as file:  # a named pipe would keep whoever opens it waiting
            size = os.fstat(file.fileno()).st_size
            if size > MAX_BYTES:
                raise UnreadableScore(f"{path.name} has {size} bytes: a score may have {MAX_BYTES}")
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            with READER.begin(None, [file.fileno()], memory_bytes=MEMORY_BYTES, seconds=TIMEOUT_S) as talk:
                found = json.loads(talk.answer(b"A"))
            notes, duration_s = int(found["notes"]), float(found["duration_s"])
    except (OSError, UnreadableAudio) as error:
        raise UnreadableScore(f"cannot read the score {error}") from error
    except (LockedError, ValueError, KeyError, TypeError) as error:
        raise UnreadableScore(f"{path.name} is no usable MIDI file: {error}") from error
    if notes < 1 or not math.isfinite(duration_s):
        raise UnreadableScore(f"{path.name} has no notes: give the score that was rendered")
    return Score(Ingredient("score", sha256, "midi"), notes, duration_s)
