"""Where a command writes: looked at before anything is done, so that nothing of somebody else's is lost.

A file of the same kind is replaced, as a timer does that writes it every night; what begins otherwise is not.
"""

from collections.abc import Sequence
from pathlib import Path

from api.cli.console import USAGE, fail

OPENINGS = {
    "pdf": b"%PDF-",
    "html": b"<!doctype html>",
    "ddex": b"<?xml ",
    "csv": b"file,title,version_title,artist,",
    "credential": b"eyJ",
    "rejected": b"line,column,",
    "trail": b'{"trail": ',
}
"""How what commands write begins, by its kind."""
KINDS = {
    "pdf": "PDF",
    "html": "page",
    "ddex": "DDEX fragment",
    "csv": "table of records",
    "rejected": "table of rejected rows",
}
"""What people call those of them that they call otherwise."""


def check_place(option: str, path: Path, kind: str, *, reads: Sequence[Path] = ()) -> None:
    """Leave with a usage error where a file cannot be written, or would take the place of another one.

    Args:
        option: that names the file.
        path: where the command writes; an empty file there is no loss.
        kind: what it writes, of `OPENINGS`; of what has no such opening nothing is replaced.
        reads: what the command reads, which is never replaced.
    """
    if not path.parent.is_dir():
        fail(f"{option}: there is no folder {path.parent}", USAGE)
    if any(path.exists() and one.exists() and path.samefile(one) for one in reads):
        fail(f"{option}: {path} is what is read; choose another name", USAGE)
    if path.is_file():
        begins = OPENINGS.get(kind, b"")
        with path.open("rb") as file:
            found = file.read(max(1, len(begins)))
        if found and found != begins:
            told = f"exists and is no {KINDS.get(kind, kind)}" if begins else "exists"
            fail(f"{option}: {path} {told}; choose another name", USAGE)
