"""Folders with all that lies in them, and with what nobody may see there."""

import errno
import os
from pathlib import Path

RECOVERED = "lost+found"
"""Of the root of a file system: the system's own."""


def files_under(folder: str) -> tuple[list[str], set[str]]:
    """The files of a folder of this machine and its subfolders, and the subfolders that cannot be listed.

    Links to folders are not followed, so that no file is listed twice or for ever.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    closed: set[str] = set()

    def note(error: OSError) -> None:
        if error.filename == folder:
            raise error
        if not isinstance(error, FileNotFoundError):  # gone since its name was read
            closed.add(error.filename)

    files = [f"{at}/{name}" for at, _folders, names in os.walk(folder, onerror=note) for name in names]
    return files, closed


def every_file_under(folder: str) -> list[str]:
    """The same, where none may be left out.

    Raises:
        OSError: the folder, or one inside it, cannot be listed.
    """
    files, closed = files_under(folder)
    told = sorted(name for name in closed if Path(name).name != RECOVERED)
    if told:
        why = "this folder cannot be listed, so its files would be left out"
        raise PermissionError(errno.EACCES, why, told[0])
    return files
