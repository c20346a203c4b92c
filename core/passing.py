"""Folders in the temporary folder (`TMPDIR`), and what is left of them when their process was killed.

Who has such a folder holds a lock on it, which ends with the process however that ends. A folder that nobody
holds any more is of nobody, and whoever keeps the machine in order takes it away.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "trackmark-passing-"


@contextmanager
def passing_folder() -> Iterator[Path]:
    """An empty folder that only this user may look into; gone after the block."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        held = os.open(name, os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield Path(name)
        finally:
            os.close(held)


def remove_abandoned(until: float) -> None:
    """Remove folders of this user whose process has ended without doing so.

    Args:
        until: seconds since 1970; what was changed since may be a folder whose lock is taken in a moment.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:  # gone meanwhile, or another's
            continue
        try:
            known = os.fstat(held)
            if known.st_uid == os.geteuid() and known.st_mtime < until:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(held)
