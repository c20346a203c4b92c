"""What a source says of itself, seen from the process that tags; a locked-in child reads and writes it."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core.clip import Source
from core.errors import CredentialsError
from core.locked import Locked, LockedError
from provenance.metadata.kept import FAMILIES, Chapter, Told

TAGS = Locked("provenance.metadata.metadata_child")
MEMORY_BYTES = 1 << 30
TIMEOUT_S = 30.0
MAX_GROWTH_BYTES = 256 << 20
MOST_LOSSES = 20
MOST_TEXT = 500
"""Characters of a sentence that a stranger's tags are named in."""


@dataclass(frozen=True)
class Carried:
    """What is carried from a source into the file that is made of it.

    Attributes:
        source: where it is read, and what decoding told of it; None where there is nothing to carry.
        chapters: in order of time.
        losses: by suffix of the file to be, what cannot be carried into it, in sentences.
        levels: whether it states levels of its sound, as ReplayGain does.
        stale: chunks that may state levels in a way that is not changed with them.
        statements: names of tags that speak of AI or of a record, which are not carried.
        unreadable: why the tags could not be read, or not all, if so.
        left_out: names of texts that are not carried.
        other_levels: whether the sound has other levels now, and those that are stated are left out.
    """

    source: tuple[Path, Told] | None = None
    chapters: tuple[Chapter, ...] = ()
    losses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    levels: bool = False
    stale: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    unreadable: str | None = None
    left_out: frozenset[str] = frozenset()
    other_levels: bool = False

    def without(self, names: Iterable[str]) -> "Carried":
        """The same, but for texts of these names."""
        return replace(self, left_out=self.left_out | frozenset(names))

    def lost(self, suffix: str) -> tuple[str, ...]:
        """What cannot be carried into a file of this suffix, in plain words."""
        return self.losses.get(suffix, ())


def read(path: Path, source: Source) -> Carried:
    """What a file says of itself; never fails: what cannot be read is named in `Carried.unreadable`.

    Args:
        path: the source.
        source: what decoding it told.
    """
    told = Told(path.name, source.container, source.chapters, source.tags)
    try:
        with path.open("rb") as file:
            found = json.loads(_ask({"told": asdict(told)}, [file.fileno()]))
        unreadable = found["unreadable"]
        return Carried(
            source=None if found["empty"] else (path, told),
            chapters=source.chapters if found["chapters"] else (),
            losses={
                suffix: tuple(_printable(text) for text in found["losses"][suffix][:MOST_LOSSES])
                for suffix in FAMILIES
            },
            levels=bool(found["levels"]),
            stale=tuple(_printable(name)[:100] for name in found["stale"][:MOST_LOSSES]),
            statements=tuple(_printable(name)[:100] for name in found["statements"][:MOST_LOSSES]),
            unreadable=None if unreadable is None else _printable(unreadable),
        )
    except (OSError, LockedError, ValueError, TypeError, KeyError, AttributeError) as error:
        text = _printable(f"the source's tags cannot be read and are left out: {error}")
        return Carried(chapters=source.chapters, losses=dict.fromkeys(FAMILIES, (text,)), unreadable=text)


def _printable(text: object) -> str:
    """A sentence that holds a stranger's words, on one line and not too long."""
    line = "".join(c if c.isprintable() else "?" for c in " ".join(str(text).split()))
    return line if len(line) <= MOST_TEXT else f"{line[:MOST_TEXT]}…"


def carry(path: Path, found: Carried) -> None:
    """Write into a file, in place, before its credentials are signed.

    Raises:
        CredentialsError: the file cannot be written.
    """
    if found.source is None:
        return
    source, told = found.source
    request = {
        "told": asdict(told),
        "left_out": sorted(found.left_out),
        "other_levels": found.other_levels,
        "suffix": path.suffix,
    }
    try:
        with source.open("rb") as file, path.open("r+b") as target:
            size = os.fstat(target.fileno()).st_size
            _ask(request, [file.fileno(), target.fileno()], growth_bytes=size + MAX_GROWTH_BYTES)
    except (OSError, LockedError) as error:
        raise CredentialsError(f"cannot write the source's tags into {path.name}: {error}") from error


def _ask(request: dict[str, Any], files: list[int], growth_bytes: int = 0) -> bytes:
    with TAGS.begin(
        request, files, memory_bytes=MEMORY_BYTES, seconds=TIMEOUT_S, growth_bytes=growth_bytes
    ) as talk:
        return talk.answer(b"A")
