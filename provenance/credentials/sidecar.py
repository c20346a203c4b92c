"""Content credentials beside a file, for containers that cannot carry them: Ogg Vorbis and Opus.

The manifest lies next to the file under its name with the ending `.c2pa` (C2PA 2.x, external manifests). Its
hard binding covers every byte of the audio file, so tags are written first, as for embedded credentials.
"""

import io
import json
import shutil
import tempfile
from pathlib import Path

import c2pa

from core.errors import CredentialsError
from core.files import is_file
from provenance.credentials import locked, manifest
from provenance.credentials.containers import OGG, is_ogg
from provenance.credentials.identity import C2paIdentity
from provenance.credentials.library import settings
from provenance.credentials.tags import write_tags
from provenance.records.record import OwnershipRecord

MEDIA_TYPE = "application/c2pa"


def sidecar_of(path: Path) -> Path:
    """Where the credentials of an Ogg file lie: `song.opus.c2pa` if there, else `song.c2pa`."""
    own = path.with_name(path.name + ".c2pa")
    return own if is_file(own) else path.with_suffix(".c2pa")


def sidecar_for(path: Path) -> Path:
    """Where to write them: `song.c2pa`, or `song.opus.c2pa` where the former is another file's."""
    shared = path.with_suffix(".c2pa")
    others = (path.with_suffix(suffix) for suffix in (".ogg", ".oga", ".opus"))
    taken = any(other != path and is_file(other) for other in others) or not is_file(path)
    return path.with_name(path.name + ".c2pa") if is_file(shared) and taken else sidecar_of(path)


def write_sidecar(
    src: Path, dst: Path, record: OwnershipRecord, identity: C2paIdentity, *, log_origin: str | None = None
) -> bytes:
    """Copy an Ogg file with disclosure tags, and write its signed manifest beside the copy.

    Args:
        src: Ogg Vorbis or Opus, already watermarked.
        dst: the file to write, may be `src`; the manifest goes to `sidecar_of(dst)`.
        record: the ownership record that the credentials point to.
        identity: who signs.
        log_origin: name of the transparency log that holds the record.

    Returns:
        The manifest store.

    Raises:
        CredentialsError: not Ogg, a damaged file, the library refuses, or the time-stamp authority does not
            answer.
    """
    if not is_ogg(src):
        raise CredentialsError(f"{src.name} is not Ogg Vorbis or Opus")
    # Nobody is said to have created a track about which nothing was declared: we opened it.
    opened = record.ai_involvement.overall == "Undeclared"
    definition = manifest.build(record, OGG.media_type, opened=opened, log_origin=log_origin)
    try:
        with tempfile.TemporaryDirectory(dir=dst.parent, prefix=".credentials-") as folder:
            tagged, unchanged, store = Path(folder, "tagged"), Path(folder, "same"), Path(folder, "store")
            shutil.copyfile(src, tagged)
            write_tags(tagged, record)
            with unchanged.open("w+b") as target:
                data = locked.sign(
                    tagged,
                    target,
                    identity,
                    definition=definition,
                    media_type=OGG.media_type,
                    parent=(src, OGG.media_type) if opened else None,
                    embed=False,
                )
            store.write_bytes(data)
            store.replace(sidecar_of(dst))
            tagged.replace(dst)
    except OSError as error:
        raise CredentialsError(f"cannot write credentials beside {dst}: {error}") from error
    return data


def manifest_id(store: bytes) -> str:
    """The name of the active manifest in a store that we have made: `urn:c2pa:...`.

    Raises:
        CredentialsError: not a manifest store.
    """
    try:
        context = c2pa.Context.from_dict(settings([]))
        with c2pa.Reader(MEDIA_TYPE, io.BytesIO(store), context=context) as reader:
            return str(json.loads(reader.json())["active_manifest"])
    except (c2pa.C2paError, KeyError, ValueError) as error:
        raise CredentialsError(f"not a manifest store: {error}") from error
