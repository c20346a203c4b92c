"""Audio on its way to its file: whatever writes a file of somebody's audio does it here.

The finished audio is encoded, what its source says of itself is carried into it, and both lie in a folder
beside the output until the last step, so that a crash leaves nothing half-written.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core.encode import encode
from core.errors import CredentialsError, EncodeError
from core.room import refused
from provenance.formats import codec_for
from provenance.metadata.carrying import carry
from provenance.preparation import Prepared

if TYPE_CHECKING:
    from torch import Tensor


def write(path: Path, wav: "Tensor | Iterable[Tensor]", ready: Prepared) -> None:
    """Write audio with all that is kept of its source.

    Args:
        path: the file; its suffix chooses the format.
        wav: audio at the rate of `ready.clip`, [C, T], or blocks of it in order.
        ready: what is kept, and how samples are written.

    Raises:
        EncodeError: it cannot be encoded or written.
        CredentialsError: the source's tags cannot be written into it.
    """
    codec, bit_rate = codec_for(path)
    encode(
        wav,
        ready.clip.sample_rate,
        path,
        codec=codec,
        bit_rate=bit_rate,
        bits=ready.bits,
        layout=ready.clip.layout,
        chapters=ready.kept.chapters,
    )
    carry(path, ready.kept)


@contextmanager
def workplace(out: Path) -> Iterator[Path]:
    """A folder beside the output, so that the last step is a rename on one file system.

    What cannot be written there is told of the output: nobody knows the names of files in it.

    Raises:
        EncodeError: the disk is full, failed or takes no files.
    """
    with writing(out):
        folder = tempfile.TemporaryDirectory(prefix=".trackmark-", dir=out.parent)
    with folder as name:
        try:
            yield Path(name)
        except (EncodeError, CredentialsError) as error:
            failed = refused(error)
            if failed is None:
                raise
            raise EncodeError(f"cannot write {out}: {os.strerror(failed)}") from error


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Our own writes: what fails in a ledger or elsewhere is not told as theirs."""
    try:
        yield
    except OSError as error:
        raise EncodeError(f"cannot write {out}: {error.strerror or error}") from error
