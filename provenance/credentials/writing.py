"""Write content credentials into an audio file: tags first, signature last."""

import shutil
import tempfile
from pathlib import Path

import c2pa

from core.errors import CredentialsError
from provenance.credentials import manifest
from provenance.credentials.containers import Container, sniff
from provenance.credentials.identity import C2paIdentity
from provenance.credentials.library import settings
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
            store = _sign(tagged, signed, container, definition, identity, parent)
            signed.replace(dst)
    except (c2pa.C2paError, OSError) as error:
        raise CredentialsError(f"cannot write credentials into {dst}: {error}") from error
    return store


def _sign(
    src: Path,
    dst: Path,
    container: Container,
    definition: dict[str, object],
    identity: C2paIdentity,
    parent: Path | None,
) -> bytes:
    context = c2pa.Context.from_dict(settings([identity.trust_anchor]))
    with context, identity.signer() as signer, c2pa.Builder(definition, context) as builder:
        if parent is not None:
            _add_parent(builder, parent)
        with src.open("rb") as source, dst.open("w+b") as target:
            return bytes(builder.sign(signer, container.media_type, source, target))


def _add_parent(builder: c2pa.Builder, parent: Path) -> None:
    container = sniff(parent)
    if container is None:
        raise CredentialsError(f"the parent {parent.name} is not WAV, MP3, FLAC or M4A; leave it out")
    with parent.open("rb") as file:
        builder.add_ingredient(manifest.PARENT, container.media_type, file)
