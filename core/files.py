"""Files and folders that are there whole or not at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A free name beside `path` to write to; what is there at the end takes `path`'s place in one step.

    Two processes that write the same path at once disturb each other's parts no more than the other's
    result. Where the block fails, `path` is as it was and nothing is left behind.

    Raises:
        OSError: the result cannot be moved into place.
    """
    # Not longer than a name may be, whatever `path` is called.
    part = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write bytes to a file, whole or not at all.

    Raises:
        OSError: they cannot be written; it names `path`, not the file that would have taken its place.
    """
    try:
        with replacing(path) as part:
            part.write_bytes(content)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def replacing_folder(path: Path, *, mode: int = 0o777) -> Iterator[Path]:
    """An empty folder beside `path` to fill; at the end it takes `path`'s place.

    Its name is always the same, so that what an attempt left that was killed is taken away by the next; two
    processes must not write the same folder at once. Where the block fails, `path` is as it was.

    Args:
        path: the folder to write, and to replace if it is there.
        mode: of the new folder.

    Raises:
        OSError: the folder cannot be made or moved into place.
    """
    part, former = (path.with_name(f".{path.name[:40]}.{kind}") for kind in ("part", "former"))
    if former.exists() and not path.exists():  # killed between the two moves
        former.rename(path)
    for left in (part, former):
        shutil.rmtree(left, ignore_errors=True)
    part.mkdir(parents=True, mode=mode)
    try:
        yield part
        if path.exists():
            path.rename(former)
        try:
            part.rename(path)
        except OSError:
            if former.exists():
                former.rename(path)
            raise
    finally:
        for left in (part, former):
            shutil.rmtree(left, ignore_errors=True)


def settle(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk, where a power cut leaves them.

    Raises:
        OSError: the disk failed, or is full.
    """
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def is_file(path: Path) -> bool:
    """Whether there is such a file; where a name is longer than one may be, pathlib raises."""
    try:
        return path.is_file()
    except OSError:
        return False
