"""Our side of the process that holds the C2PA library: it parses, we keep the keys."""

import mmap
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import CredentialsError
from core.locked import Locked, LockedError, LockedTimeout
from provenance.credentials import stamp
from provenance.credentials.identity import C2paIdentity

LIBRARY = Locked("provenance.credentials.reader_child")
MEMORY_BYTES = 2 << 30
TIMEOUT_S = 60.0
MAX_MANIFEST_BYTES = 64 << 20


def read(
    request: Mapping[str, Any], files: Sequence[BinaryIO], name: str, timeout_s: float
) -> tuple[bytes | None, bytes | str]:
    """The answers to a request for a file's credentials, and for what its own tags say.

    Returns:
        The credentials, None where they were not asked for (no `media_type`); and the tags, or why there is
        no answer: a parser that tags broke is no reason to say nothing of the credentials.

    Raises:
        CredentialsError: parsing the credentials exceeded the limits, or broke the library.
    """
    descriptors = [file.fileno() for file in files]
    found = None
    try:
        with LIBRARY.begin(request, descriptors, memory_bytes=MEMORY_BYTES, seconds=timeout_s) as talk:
            if request["media_type"] is not None:
                found = talk.answer(b"A")
            try:
                return found, talk.answer(b"T")
            except LockedError as error:
                return found, str(error)
    except LockedTimeout as error:
        raise CredentialsError(
            f"the credentials of {name} took longer than {timeout_s:g} s to parse"
        ) from error
    except LockedError as error:
        raise CredentialsError(f"the credentials of {name} broke their parser: {error}") from error


def sign(
    source: Path,
    target: BinaryIO,
    identity: C2paIdentity,
    *,
    definition: Mapping[str, Any],
    media_type: str,
    parent: tuple[Path, str] | None = None,
    embed: bool = True,
) -> bytes:
    """Have the library write a manifest, and sign it here; the child that parses never holds a key.

    Args:
        source: the file to be signed.
        target: where its signed copy goes, open for reading and writing.
        identity: who signs.
        definition: of the manifest.
        media_type: of `source`.
        parent: the file that it was made from, and its media type.
        embed: whether the manifest goes into the file.

    Returns:
        The manifest store.

    Raises:
        CredentialsError: the library refuses or exceeded the limits, or the authority does not answer.
        OSError: a file cannot be opened.
    """
    request = {
        "definition": definition,
        "media_type": media_type,
        "embed": embed,
        "parent_type": None if parent is None else parent[1],
        "trust_anchors": [identity.trust_anchor],
        "chain": identity.chain_pem,
    }
    paths = [source] if parent is None else [source, parent[0]]
    files = [path.open("rb") for path in paths]
    growth = os.fstat(files[0].fileno()).st_size + MAX_MANIFEST_BYTES
    descriptors = [files[0].fileno(), target.fileno(), *(file.fileno() for file in files[1:])]
    try:
        with LIBRARY.begin(
            request, descriptors, memory_bytes=MEMORY_BYTES, seconds=TIMEOUT_S, growth_bytes=growth
        ) as talk:
            # One signature: a child that was taken over gets no second one.
            message = talk.answer(b"S")
            signature = identity.sign(message)
            talk.send(signature)
            store = talk.answer(b"A")
        if identity.tsa is None:
            return store
        token = stamp.token(message, signature, identity.tsa)
        return _stamp(store, signature, token, target if embed else None)
    except LockedTimeout as error:
        raise CredentialsError(f"signing {source.name} took longer than {TIMEOUT_S:g} s") from error
    except LockedError as error:
        raise CredentialsError(f"signing {source.name} failed: {error}") from error
    finally:
        for file in files:
            file.close()


def _stamp(store: bytes, signature: bytes, token: bytes, target: BinaryIO | None) -> bytes:
    """Put a time stamp into a manifest store, and into the file that carries it."""
    place, header = stamp.stamped(store, signature, token)
    if target is not None:
        with mmap.mmap(target.fileno(), 0) as data:
            at = data.find(store)
            if at < 0:
                raise CredentialsError("the credentials are not in the file in one piece")
            data[at + place : at + place + len(header)] = header
    return store[:place] + header + store[place + len(header) :]
