"""The task of the process that holds the C2PA library: one file, locked in, then it is gone.

The library parses nested binary formats from strangers' files, when it reads credentials and when it signs a
file that was made from another one; mutagen parses others, for the tags beside them. In a process of its
own, a crash, an endless loop, a memory bomb or worse costs one answer and nothing else: no key is in it. What
it signs it sends out to be signed. Messages (see `core.locked_child`):

    A  the answer: JSON of `Credentials`, or the manifest store
    S  bytes to sign; the reply is the signature
    T  what the file's own tags say of AI: JSON for `own_tags.from_answer`
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, TypeVar

import c2pa

from core.locked_child import Refusal, Task
from provenance.credentials import manifest, own_tags, tag_reading
from provenance.credentials.findings import Credentials, from_report
from provenance.credentials.library import settings

CODE = True
"""The library calls back through code that ctypes makes."""
MAX_STORE_BYTES = 64 << 20
Answer = TypeVar("Answer")


def prepare() -> None:
    """Load what Python would load when a tag first needs it."""
    tag_reading.prepare()


def work(task: Task) -> None:
    """Read the credentials of a file and its own tags, or sign it."""
    asked = task.request
    try:
        if "definition" in asked:
            task.send(b"A", _sign(task))
            return
        if asked["media_type"] is not None:
            task.send(b"A", _read(task))
    except c2pa.C2paError as error:
        raise Refusal("CredentialsError", str(error)) from error
    task.send(b"T", _tags(task.files[0], asked["name"]))


def _read(task: Task) -> bytes:
    asked = task.request
    context = c2pa.Context.from_dict(settings(asked["trust_anchors"], asked["tsa_anchors"]))
    store = task.files[1].read(MAX_STORE_BYTES) if len(task.files) > 1 else None
    return json.dumps(asdict(_validate(task.files[0], asked["media_type"], context, store))).encode()


def _tags(file: BinaryIO, name: str) -> bytes:
    """Never fails: what cannot be read is said beside what could."""
    found: list[own_tags.Pair] = []
    unreadable = None
    try:
        for pair in tag_reading.texts(file, name):
            found += own_tags.heard([pair])
    except Exception as error:  # mutagen raises many kinds of errors on hostile bytes
        unreadable = str(error) or type(error).__name__
    pairs = own_tags.heard(found)
    answer = {
        "pairs": pairs[: own_tags.MOST_PAIRS],
        "left_out": max(0, len(pairs) - own_tags.MOST_PAIRS),
        "unreadable": unreadable,
    }
    return json.dumps(answer).encode()


def _sign(task: Task) -> bytes:
    """Copy the first file into the second with a signed manifest; the third, if any, is its parent."""
    asked = task.request
    source, copy, *parents = task.files
    target = _Written(copy)

    def signed(message: bytes) -> bytes:
        task.send(b"S", message)
        return task.receive()

    context = c2pa.Context.from_dict(settings(asked["trust_anchors"]))
    signer = c2pa.Signer.from_callback(signed, c2pa.C2paSigningAlg.ES256, asked["chain"])
    with context, signer, c2pa.Builder(asked["definition"], context) as builder:
        if not asked["embed"]:
            builder.set_no_embed()
        for parent in parents:
            builder.add_ingredient(manifest.PARENT, asked["parent_type"], parent)
        try:
            store = bytes(builder.sign(signer, asked["media_type"], source, target))
        except c2pa.C2paError as error:
            if target.failure is None:
                raise
            raise target.failure from error
    target.flush()
    return store


class _Written:
    """A file that the library writes to, and why it could not.

    The library makes "embedding error" of a full disk, or what the last error of the process was.

    Attributes:
        failure: the last one, in the words of the system.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.failure: Refusal | None = None

    def read(self, size: int = -1) -> bytes:
        return self._asked(lambda: self._file.read(size))

    def write(self, data: bytes) -> int:
        return self._asked(lambda: self._file.write(data))

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._asked(lambda: self._file.seek(offset, whence))

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        self._asked(self._file.flush)

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        try:
            return ask()
        except OSError as error:
            self.failure = Refusal("CredentialsError", str(error))
            raise


def validate(
    path: Path, media_type: str, trust_anchors: Sequence[str], tsa_anchors: Sequence[str] = ()
) -> Credentials:
    """Do the same in this process, without any protection: only for files that we have made ourselves."""
    with path.open("rb") as file:
        return _validate(file, media_type, c2pa.Context.from_dict(settings(trust_anchors, tsa_anchors)))


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
