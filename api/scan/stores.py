"""The stores that files lie in: object stores by fsspec, folders of this machine by the system itself."""

import os
from importlib import import_module
from typing import Any


def store_of(location: str) -> tuple[Any, str]:
    """The store of an address, and what it calls the file there.

    Names come from listings, where any sign may occur: unlike `fsspec.url_to_fs`, this takes a `::` for a
    part of the name, not for a chain of stores.

    Raises:
        Exception: any; each kind of store has errors of its own.
    """
    fsspec = import_module("fsspec")
    protocol = location.partition("://")[0] if "://" in location else "file"
    kind = fsspec.get_filesystem_class(protocol)
    return fsspec.filesystem(protocol, **kind._get_kwargs_from_urls(location)), kind._strip_protocol(location)


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
        closed.add(error.filename)

    files = [f"{at}/{name}" for at, _folders, names in os.walk(folder, onerror=note) for name in names]
    return files, closed
