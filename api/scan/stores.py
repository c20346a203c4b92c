"""The stores that files lie in, by fsspec."""

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
