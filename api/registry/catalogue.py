"""Take a label's catalogue into the registry: each row's file is decoded, fingerprinted, registered.

The files are registered as they are: nothing is written and no mark is embedded, so later copies are found by
their fingerprint. One bad file never stops the others; the report names every row that was left out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from core.errors import AudioError, RecordError, TrackmarkError
from core.progress import Progress
from provenance.exchange.catalogue import Entry, Rejected, read_catalogue

if TYPE_CHECKING:
    from torch import Tensor

    from api.registry.registry import Registry
    from core.clip import Clip
    from core.limits import Limits
    from provenance.fingerprint import Fingerprint

Decode: TypeAlias = "Callable[[Path, Limits], Clip]"
Extract: TypeAlias = "Callable[[Tensor, int], Fingerprint]"


@dataclass(frozen=True)
class Imported:
    """A row that became a record; `warnings` are what its owner should know, in plain words."""

    line: int
    file: str
    record_id: str
    leaf_index: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportReport:
    """What became of a table: every row is in one of the two lists."""

    imported: tuple[Imported, ...]
    rejected: tuple[Rejected, ...]
    ignored_columns: tuple[str, ...]


def import_catalogue(
    table: Path,
    folder: Path,
    registry: "Registry",
    *,
    decode: Decode,
    extract: Extract,
    check_only: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a table.

    Args:
        table: CSV, see `provenance.exchange.catalogue`.
        folder: where the files lie that the table names.
        registry: takes the records.
        decode: a file to audio, within limits.
        extract: audio to its fingerprint.
        check_only: check rows and files without registering anything.
        progress: called with (file, fraction done).

    Raises:
        CatalogueError: the table as a whole is unusable.
        OSError: the table cannot be read.
    """
    catalogue = read_catalogue(table.read_bytes(), keyid=registry.keys.signer("record").keyid)
    imported: list[Imported] = []
    rejected = list(catalogue.rejected)
    for place, entry in enumerate(catalogue.entries):
        if progress is not None:
            progress(entry.file, place / len(catalogue.entries))
        try:
            clip = decode(_inside(folder, entry.file), registry.limits)
            imported.append(_take(entry, clip, registry, extract, check_only=check_only))
        except (TrackmarkError, OSError) as error:
            column = "file" if isinstance(error, AudioError | OSError | _Outside) else ""
            rejected.append(Rejected(entry.line, column, entry.file, str(error)))
    rejected.sort(key=lambda item: item.line)
    return ImportReport(tuple(imported), tuple(rejected), catalogue.ignored_columns)


class _Outside(RecordError):
    """A file that lies elsewhere (a link out of the folder), or is registered already."""


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name.replace("\\", "/")).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise _Outside("the file must lie below the catalogue's folder")
    if not path.is_file():
        raise _Outside("there is no such file")
    return path


def _take(
    entry: Entry, clip: "Clip", registry: "Registry", extract: Extract, *, check_only: bool
) -> Imported:
    from provenance.description import describe, pcm_sha256
    from provenance.publishing import same_isrc

    known = registry.records.find_by_sha256(pcm_sha256(clip.wav, clip.sample_rate))
    if known:
        raise _Outside(f"the same audio is registered already, as record {known[0].record_id}")
    isrc = entry.draft.asset.isrc
    warnings = tuple(same_isrc(str(isrc), one) for one in registry.records.stating(isrc))
    if check_only:
        return Imported(entry.line, entry.file, "", -1, warnings)
    fingerprint = extract(clip.wav, clip.sample_rate)
    asset = describe(entry.draft.asset, clip, Path(entry.file).suffix, fingerprint)
    done = registry.records.register(replace(entry.draft, asset=asset), fingerprint)
    registry.heard(done.record_id, clip)
    return Imported(entry.line, entry.file, done.record_id, done.leaf_index, warnings)
