"""The child process that parses content credentials: one file, locked in, then it is gone.

The C2PA library parses nested binary formats from strangers' files. In a process of its own, which can
neither open another file nor a socket once it starts parsing, a crash, an endless loop, a memory bomb or
worse costs one answer and nothing else. Request and answer are JSON on standard input and output; run by
`reading`, never by hand.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import c2pa

from core.sandbox import limit_resources, refuse_system_calls
from provenance.credentials.findings import Credentials, from_report
from provenance.credentials.library import settings

MEMORY_BYTES = 2 << 30
MAX_STORE_BYTES = 64 << 20


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    context = c2pa.Context.from_dict(settings(request["trust_anchors"], request["tsa_anchors"]))
    with Path(request["path"]).open("rb") as file:
        store = _store(request.get("sidecar"))
        limit_resources(memory_bytes=MEMORY_BYTES, seconds=request["timeout_s"])
        refuse_system_calls(code=True)  # the library calls back through code that ctypes makes
        found = _validate(file, request["media_type"], context, store)
    json.dump(asdict(found), sys.stdout)


def validate(
    path: Path, media_type: str, trust_anchors: Sequence[str], tsa_anchors: Sequence[str] = ()
) -> Credentials:
    """Do the same in this process, without any protection: only for files that we have made ourselves."""
    with path.open("rb") as file:
        return _validate(file, media_type, c2pa.Context.from_dict(settings(trust_anchors, tsa_anchors)))


def _store(path: str | None) -> bytes | None:
    """The manifest store beside the file, read before the process is locked in."""
    if path is None:
        return None
    with Path(path).open("rb") as file:
        return file.read(MAX_STORE_BYTES)


def _validate(
    file: BinaryIO, media_type: str, context: c2pa.Context, store: bytes | None = None
) -> Credentials:
    try:
        if store is None:
            reader = c2pa.Reader.try_create(media_type, file, context=context)
        else:
            reader = c2pa.Reader(media_type, file, manifest_data=store, context=context)
        return Credentials(present=False) if reader is None else from_report(json.loads(reader.json()))
    except c2pa.C2paError as error:
        return Credentials(present=True, problems=(f"the manifest cannot be read: {str(error)[:200]}",))


if __name__ == "__main__":
    main()
