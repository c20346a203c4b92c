"""What a scan is asked to look at: the audio files of a folder, a pattern, a URL or a manifest."""

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from api.scan.stores import store_of
from core.errors import TrackmarkError
from core.folders import files_under
from core.suffixes import SUFFIXES, is_audio

MANIFESTS = (".txt", ".csv")
NAMED_LINES = 20
VERSIONS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "modified", "created")
"""What stores tell of a file's content, the surest first."""


class ScanError(TrackmarkError):
    """A scan cannot start or go on: nothing to scan, another one at work, a place that cannot be reached."""


class FetchError(ScanError):
    """A file cannot be fetched from where it lies: its own row says so."""


class FileMissing(ScanError):
    """A file is not there: its own row says so."""


class FileForbidden(ScanError):
    """The store of a file does not show it to us: its own row says so."""


class FileChanged(ScanError):
    """A file is not, or no longer, the one that was listed: its own row says so."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file to audit, as it was when it was listed.

    Attributes:
        location: a local path or a URL that fsspec understands.
        size: in bytes; None where it was not there.
        version: entity tag or time of the last change, as its store tells it; None where it does not.
    """

    location: str
    size: int | None
    version: str | None = None


def find(target: str) -> list[Item]:
    """List the audio files that a folder, a glob pattern, a file or a URL names, in a fixed order.

    A manifest names them in its own order: a `.txt` one a line, a `.csv` one in the column `file` of each
    row, as a scan's own table does. Names without a folder lie beside it. What is not there has a row that
    says so, and so has a folder inside a folder that cannot be listed. Where a manifest has a wrong row,
    nothing is scanned: whoever wrote it meant another file.

    What is there by its very name is no pattern: `Album [2020]` is a folder.

    Raises:
        ScanError: nothing is there, the place cannot be reached, the protocol of the URL is not known, or the
            manifest has rows without an audio file, whose lines it names.
    """
    try:
        items = _listing(target)
    except ScanError:
        raise
    except Exception as error:  # each kind of store has errors of its own
        raise ScanError(f"cannot list {target}: {error or type(error).__name__}") from error
    if not items:
        raise ScanError(f"no audio files in {target} (looked for {', '.join(sorted(SUFFIXES))})")
    return items


def _listing(target: str) -> list[Item]:
    system, path = store_of(target)
    local = "file" in system.protocol
    if local and system.isdir(path):
        files, closed = files_under(path)
        names = [name for name in files if is_audio(name)]
        return [Item(name, None) if name in closed else _there(name) for name in sorted([*names, *closed])]
    if target.lower().endswith(MANIFESTS):
        with system.open(path, "rb") as file:
            return _named(target, file.read())
    if any(c in path for c in "*?[") and not system.exists(path):
        found = system.glob(path, detail=True)
    elif system.isdir(path):
        found = system.find(path, detail=True)
    elif system.exists(path):
        found = {path: system.info(path)}
    else:
        raise ScanError(f"{target}: there is no such file or folder")
    names = sorted(name for name in found if is_audio(name) and found[name].get("type") != "directory")
    if local:
        return [_there(name) for name in names]
    return [_item(system.unstrip_protocol(name), found[name]) for name in names]


def listed(location: str) -> Item:
    """A file as it is now.

    Raises:
        Exception: any; each kind of store has errors of its own.
    """
    if "://" not in location:
        told = Path(location).stat()
        return Item(location, told.st_size, str(told.st_mtime_ns))
    system, path = store_of(location)
    return _item(location, system.info(path))


def _item(location: str, info: Mapping[str, Any]) -> Item:
    """A file of which its object store tells this."""
    size = info.get("size")
    version = next((info[name] for name in VERSIONS if info.get(name) is not None), None)
    if isinstance(version, datetime):  # some give a date in one answer and its seconds in another
        version = version.timestamp()
    return Item(location, None if size is None else int(size), None if version is None else str(version))


def _named(manifest: str, content: bytes) -> list[Item]:
    """What a manifest names, each once, in its order."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ScanError(
            f"{manifest} is not UTF-8 (line {line}, byte {error.start}): save it as such"
        ) from None
    names = list(_column(manifest, text) if manifest.lower().endswith(".csv") else _lines(text))
    wrong = [number for number, name in names if not is_audio(name) or "\0" in name]
    if wrong:
        more = f" and {len(wrong) - NAMED_LINES} more" if len(wrong) > NAMED_LINES else ""
        told = ", ".join(map(str, wrong[:NAMED_LINES])) + more
        raise ScanError(f"{manifest} names no audio file in line {told}: complete or remove the row")
    if not names:
        raise ScanError(f"{manifest} names no file")
    beside = (
        manifest.rpartition("/")[0] + "/" if "://" in manifest else f"{Path(manifest).absolute().parent}/"
    )
    places = dict.fromkeys(
        name if name.startswith("/") or "://" in name else beside + name for _number, name in names
    )
    return [_there(place) for place in places]


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """One location a line; empty lines and comments (`#`) are left out."""
    for number, line in enumerate(io.StringIO(text, newline=None), 1):  # names may hold other line breaks
        if line.strip() and not line.startswith("#"):
            yield number, line.strip()


def _column(manifest: str, text: str) -> Iterator[tuple[int, str]]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    try:
        if "file" not in (rows.fieldnames or ()):
            raise ScanError(f"{manifest} has no column `file`")
        for row in rows:
            yield rows.line_num, (row["file"] or "").strip()
    except csv.Error as error:
        raise ScanError(f"{manifest} cannot be read in line {rows.line_num + 1}: {error}") from None


def _there(location: str) -> Item:
    """A file as it is now; without a size where it is not there, which its audit will tell."""
    with suppress(Exception):  # each kind of store has errors of its own
        return listed(location)
    return Item(location, None)
