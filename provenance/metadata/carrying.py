"""What a source says of itself, seen from the process that tags; a locked-in child reads and writes it."""

import json
import os
from collections.abc import Iterable
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


@dataclass(frozen=True)
class Carried:
    """What is carried from a source into the file that is made of it.

    Attributes:
        source: where it is read, and what decoding told of it; None where there is nothing to carry.
        family: `id3`, `vorbis`, `mp4` or `riff`: where it was found; None where nothing was.
        texts: by Vorbis comment name, in capitals.
        chapters: in order of time.
        elsewhere: what only the source's own family can carry, in plain words.
        unreadable: why the tags could not be read, if so.
        left_out: names of texts that are not carried.
    """

    source: tuple[Path, Told] | None = None
    family: str | None = None
    texts: dict[str, list[str]] = field(default_factory=dict)
    chapters: tuple[Chapter, ...] = ()
    elsewhere: tuple[str, ...] = ()
    unreadable: str | None = None
    left_out: frozenset[str] = frozenset()

    def without(self, names: Iterable[str]) -> "Carried":
        """The same, but for texts of these names."""
        left_out = self.left_out | frozenset(names)
        texts = {name: values for name, values in self.texts.items() if name not in left_out}
        return replace(self, texts=texts, left_out=left_out)

    def lost(self, suffix: str) -> tuple[str, ...]:
        """What cannot be carried into a file of this suffix, in plain words."""
        lost = [self.unreadable] if self.unreadable else []
        if self.elsewhere and FAMILIES[suffix] != self.family:
            lost.append(
                f"{suffix} files cannot carry the source's {', '.join(self.elsewhere)}: they are left out"
            )
        return tuple(lost)


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
            family=None if found["family"] is None else str(found["family"]),
            texts={str(name): [str(text) for text in texts] for name, texts in found["texts"].items()},
            chapters=source.chapters,
            elsewhere=tuple(str(text)[:200] for text in found["elsewhere"]),
            unreadable=None if unreadable is None else str(unreadable)[:200],
        )
    except (OSError, LockedError, ValueError, TypeError, KeyError, AttributeError) as error:
        text = f"the source's tags cannot be read and are left out: {error}"[:200]
        return Carried(chapters=source.chapters, unreadable=text)


def carry(path: Path, found: Carried) -> None:
    """Write into a file, in place, before its credentials are signed.

    Raises:
        CredentialsError: the file cannot be written.
    """
    if found.source is None:
        return
    source, told = found.source
    request = {"told": asdict(told), "left_out": sorted(found.left_out), "suffix": path.suffix}
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
