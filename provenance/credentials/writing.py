"""Write content credentials into an audio file: tags first, signature last."""

import shutil
import tempfile
from pathlib import Path

from core.errors import CredentialsError
from provenance.credentials import locked, manifest
from provenance.credentials.containers import sniff
from provenance.credentials.identity import C2paIdentity
from provenance.credentials.tags import write_tags
from provenance.records.record import OwnershipRecord

MAX_FILE_BYTES = 2 << 30


def write_credentials(
    src: Path,
    dst: Path,
    record: OwnershipRecord,
    identity: C2paIdentity,
    *,
    parent: Path | None = None,
    log_origin: str | None = None,
) -> bytes:
    """Copy an audio file with disclosure tags and signed C2PA credentials.

    Args:
        src: WAV, MP3, FLAC or M4A, already watermarked and encoded.
        dst: the file to write; it appears whole or not at all, and may be `src` itself.
        record: the ownership record that the credentials point to.
        identity: who signs.
        parent: the file that `src` was made from, kept in the manifest as its parent with the credentials
            that it had. A record with undeclared AI involvement always names a parent (`src` itself if need
            be): we opened such a file, and do not say that anybody created it.
        log_origin: name of the transparency log that holds the record.

    Returns:
        The manifest store that is now in the file.

    Raises:
        CredentialsError: another container, a damaged or too large file, the library refuses, or the
            time-stamp authority does not answer.
    """
    container = sniff(src)
    if container is None:
        raise CredentialsError(
            f"{src.name} is not WAV, MP3, FLAC or M4A; no credentials can be written into it"
        )
    if src.stat().st_size > MAX_FILE_BYTES:
        raise CredentialsError(f"{src.name} is larger than {MAX_FILE_BYTES} bytes")
    if parent is None and record.ai_involvement.overall == "Undeclared":
        parent = src
    definition = manifest.build(
        record, container.media_type, opened=parent is not None, log_origin=log_origin
    )
    try:
        with tempfile.TemporaryDirectory(dir=dst.parent, prefix=".credentials-") as folder:
            tagged, signed = Path(folder, "tagged"), Path(folder, "signed")
            shutil.copyfile(src, tagged)
            write_tags(tagged, record)
            with signed.open("w+b") as target:
                store = locked.sign(
                    tagged,
                    target,
                    identity,
                    definition=definition,
                    media_type=container.media_type,
                    parent=None if parent is None else (parent, _parent_type(parent)),
                )
            signed.replace(dst)
    except OSError as error:
        raise CredentialsError(f"cannot write credentials into {dst}: {error}") from error
    return store


def _parent_type(parent: Path) -> str:
    container = sniff(parent)
    if container is None:
        raise CredentialsError(f"the parent {parent.name} is not WAV, MP3, FLAC or M4A; leave it out")
    return container.media_type
