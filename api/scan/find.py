"""What a scan is asked to look at: the audio files of a folder, a pattern, a URL or a manifest."""

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from core.errors import TrackmarkError
from core.suffixes import SUFFIXES, is_audio

MANIFESTS = (".txt", ".csv")


class ScanError(TrackmarkError):
    """A scan cannot start: nothing to scan, another one at work, or a missing optional package."""


class FetchError(ScanError):
    """A file cannot be fetched from where it lies: its own row says so."""


@dataclass(frozen=True)
class Item:
    """A file to audit: a local path or a URL that fsspec understands."""

    location: str
    size: int | None


def find(target: str) -> list[Item]:
    """List the audio files that a folder, a glob pattern, a file or a URL names, in a fixed order.

    A manifest names them in its own order: a `.txt` one a line, a `.csv` one in the column `file` of each
    row, as a scan's own table does. Names without a folder lie beside it. What is not there has a row that
    says so.

    Raises:
        ScanError: nothing is there, the place cannot be reached, the protocol of the URL is not known, or the
            manifest has a row without an audio file.
    """
    fsspec = import_module("fsspec")
    try:
        if target.lower().endswith(MANIFESTS):
            with fsspec.open(target, "rb") as file:
                return _named(target, file.read(), fsspec)
        system, path = fsspec.url_to_fs(target)
        local = "file" in system.protocol
        if any(c in path for c in "*?["):
            names = system.glob(path)
        elif system.isdir(path):
            names = system.find(path)
        else:
            names = [path] if system.exists(path) else []
        wanted = sorted(n for n in names if is_audio(n))
        found = [
            Item(name if local else system.unstrip_protocol(name), system.info(name).get("size"))
            for name in wanted
        ]
    except ScanError:
        raise
    except Exception as error:  # each kind of store has errors of its own
        raise ScanError(f"cannot list {target}: {error or type(error).__name__}") from error
    if not found:
        raise ScanError(f"no audio files in {target} (looked for {', '.join(sorted(SUFFIXES))})")
    return found


def _named(manifest: str, content: bytes, fsspec: Any) -> list[Item]:
    """What a manifest names, each once, in its order."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScanError(f"{manifest} is not UTF-8 (byte {error.start}): save it as such") from None
    names = list(_column(manifest, text) if manifest.lower().endswith(".csv") else _lines(text))
    wrong = [number for number, name in names if not is_audio(name)]
    if wrong:
        told = ", ".join(map(str, wrong[:5])) + (" and more" if len(wrong) > 5 else "")
        raise ScanError(f"{manifest} names no audio file in line {told}: complete or remove the row")
    if not names:
        raise ScanError(f"{manifest} names no file")
    beside = "" if "://" in manifest else f"{Path(manifest).absolute().parent}/"
    places = dict.fromkeys(
        name if name.startswith("/") or "://" in name else beside + name for _number, name in names
    )
    return [Item(place, _size(place, fsspec)) for place in places]


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """One location a line; empty lines and comments (`#`) are left out."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            yield number, line.strip()


def _column(manifest: str, text: str) -> Iterator[tuple[int, str]]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if "file" not in (rows.fieldnames or ()):
        raise ScanError(f"{manifest} has no column `file`")
    for row in rows:
        yield rows.line_num, (row["file"] or "").strip()


def _size(location: str, fsspec: Any) -> int | None:
    """The size of a file; None where it is not there, which its audit will tell."""
    with suppress(Exception):
        system, path = fsspec.url_to_fs(location)
        size = system.info(path).get("size")
        return int(size) if size is not None else None
    return None
