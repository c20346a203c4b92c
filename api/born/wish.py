"""What is stated of every file of a watched folder, and how it is written."""

import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path

from core import clock
from provenance.declaration import Declaration, draft_record
from provenance.formats import CODECS, codec_for


@dataclass(frozen=True)
class Wish:
    """What is stated of every file, and how it is written.

    Attributes:
        owner: who holds the master right.
        generator: the system that makes the files, as `Meta/MusicGen 1.3`; None states none.
        ai: how much of each a machine made; None states nothing.
        suffix: chooses the format; that of the file where it can be written, else `.flac`.
        settle_s: how long a file must rest before it counts as finished.
    """

    owner: str
    generator: str | None = None
    ai: str | None = None
    suffix: str | None = None
    settle_s: float = 5.0

    def __post_init__(self) -> None:
        draft_record("0" * 16, self.declaration("title", 0.0), "0" * 64)  # broken rules are told now
        if self.suffix is not None:
            codec_for(Path(f"track{self.suffix}"))

    def output(self, name: str) -> Path:
        """Where a file of that name goes, inside the output folder."""
        path = Path(name)
        own = path.suffix.lower()
        return path.with_suffix(self.suffix or (own if own in CODECS else ".flac"))

    def declaration(self, name: str, made_at_s: float) -> Declaration:
        """What is stated of a file of that name, which was written at that time."""
        stated = Declaration.parse(
            _title(name), self.owner, ai=self.ai, generator=self.generator, basis="generated_here"
        )
        if stated.generation is None:
            return replace(stated, basis="uploaded")
        made = replace(stated.generation, finished_at=clock.utc_text(clock.at(made_at_s)))
        return replace(stated, generation=made)


def _title(name: str) -> str:
    """A file's name as a title may be: no ending, no control characters, NFC."""
    text = unicodedata.normalize("NFC", Path(name).stem)
    kept = (" " if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in text)
    return " ".join("".join(kept).split())[:200] or "untitled"
