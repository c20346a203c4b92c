"""Files that are there whole or not at all."""

import secrets
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
        OSError: they cannot be written.
    """
    with replacing(path) as part:
        part.write_bytes(content)
