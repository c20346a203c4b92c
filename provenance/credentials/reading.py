"""Read content credentials, and the plain tags beside them, from a file that anybody may have made."""

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.errors import CredentialsError
from core.files import is_file
from provenance.credentials import locked, own_tags
from provenance.credentials.containers import OGG, is_ogg, sniff
from provenance.credentials.findings import Credentials

__all__ = ["Credentials", "read_credentials"]

MAX_FILE_BYTES = 2 << 30
SEARCHED_BYTES = 1 << 20
LABEL = b"c2pa"
CANNOT = "the container cannot carry embedded credentials"


def read_credentials(
    path: Path,
    trust_anchors: Sequence[str] = (),
    tsa_anchors: Sequence[str] = (),
    *,
    timeout_s: float = locked.TIMEOUT_S,
) -> Credentials:
    """Read and validate the content credentials of a file and hear its tags, in a locked-in child process.

    Nothing is fetched: no remote manifest, no OCSP.

    Args:
        path: any file; the credentials of an Ogg file lie beside it, under its name with the
            ending `.c2pa`, added or instead of its own.
        trust_anchors: root certificates in PEM to trust: our own (`C2paIdentity.trust_anchor`), a label's.
        tsa_anchors: root certificates in PEM of the time-stamp authorities to trust.
        timeout_s: how long the child may take.

    Returns:
        `present=False` for a file without a manifest, and for a container that cannot carry one.

    Raises:
        CredentialsError: unreadable or too large, or parsing the credentials exceeded the limits. Tags that
            cannot be read are no error: `Credentials.tags.unreadable` says why.
    """
    container, sidecar = sniff(path), None
    if container is None and is_ogg(path) and is_file(_beside(path)):
        container, sidecar = OGG, _beside(path)
    held = _may_hold_manifest(sidecar or path) and container is not None
    request = {
        "media_type": container.media_type if held and container is not None else None,
        "trust_anchors": list(trust_anchors),
        "tsa_anchors": list(tsa_anchors),
        "name": path.name,
    }
    try:
        with path.open("rb") as file, (sidecar or path).open("rb") as beside:
            files = [file] if sidecar is None else [file, beside]
            answer, tags = locked.read(request, files, path.name, timeout_s)
            found = Credentials(present=False, problems=() if container is not None else (CANNOT,))
            if answer is not None:
                told = json.loads(answer)
                told["problems"], told["tags"] = tuple(told["problems"]), own_tags.OwnTags()
                found = Credentials(**told)
            said = own_tags.unread(tags) if isinstance(tags, str) else own_tags.from_answer(json.loads(tags))
            return replace(found, tags=said)
    except OSError as error:
        raise CredentialsError(f"cannot read {path.name}: {error}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise CredentialsError(f"the credentials of {path.name} gave no readable answer") from error


def _beside(path: Path) -> Path:
    """The sidecar of an Ogg file; `provenance.credentials.sidecar` loads the library, and this does not."""
    own = path.with_name(path.name + ".c2pa")
    return own if is_file(own) else path.with_suffix(".c2pa")


def _may_hold_manifest(path: Path) -> bool:
    """Look for the label that every manifest store carries; most files have none, and no library is asked."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_FILE_BYTES:
                raise CredentialsError(f"{path.name} is larger than {MAX_FILE_BYTES} bytes")
            if size == 0:
                raise ValueError("the file is empty")
            before = b""
            while part := file.read(SEARCHED_BYTES):  # a mapped file would count as memory, all of it
                if LABEL in before + part:
                    return True
                before = part[1 - len(LABEL) :]
            return False
    except (OSError, ValueError) as error:
        raise CredentialsError(f"cannot read {path.name}: {error}") from error
