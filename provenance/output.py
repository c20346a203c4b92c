"""Where a tagged file goes: what is asked before any work is done, and the last step, which puts it there."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from core.errors import EncodeError, UnreadableAudio
from provenance.formats import CREDENTIALS_IN

State = tuple[int, int, int, int]
"""Of a file: its device and number there, its length, and when it was written, in nanoseconds."""


def refuse_overwriting(out: Path, source: Path | None = None) -> None:
    """Refuse to replace anything that nobody asked to replace: a file, a link to nowhere, a sidecar.

    Raises:
        EncodeError: `out` or the sidecar of its credentials exists, `out` is the source itself, or no file
            can have such a name.
    """
    if source is not None and _is_there(out) and _same(out, source):
        raise EncodeError(f"{out} is the source itself: choose another output, or replace it with --force")
    for path in _places(out):
        if _is_there(path):
            raise EncodeError(f"{path} exists already: choose another output, or replace it with --force")


def check_output(out: Path, *, overwrite: bool, source: Path | None = None) -> None:
    """Refuse an output that could not be put into its place once all the work is done.

    Args:
        out: the file to be.
        overwrite: whether one that is there may be replaced.
        source: the file that it is made of.

    Raises:
        EncodeError: as `refuse_overwriting`; there is no such folder, it cannot be written to, or what is to
            be replaced is no file.
    """
    if not overwrite:
        refuse_overwriting(out, source)
    for path in _places(out):
        if _is_there(path) and not (path.is_symlink() or path.is_file()):
            raise EncodeError(f"{path} is no file that could be replaced: choose another output")
    if not out.parent.is_dir():
        raise EncodeError(f"cannot write {out}: there is no folder {out.parent}")
    if not os.access(out.parent, os.W_OK | os.X_OK):
        raise EncodeError(f"cannot write {out}: the folder may not be written to")


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Let one tagging at a time end in a folder, also of those in other processes.

    Between the last look at an output's name and the file's move there, its record is registered: of two that
    look at once, one would leave a record without a file, which would contest the other's. A file system
    without locks, and a folder that cannot be read, let both end.
    """
    with ExitStack() as ends:
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            ends.callback(os.close, handle)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def put(finished: Path, out: Path, *, overwrite: bool) -> None:
    """Move a finished file, and the sidecar of its credentials if there is one, to its place.

    Raises:
        EncodeError: something appeared there that nobody asked to replace.
        OSError: it cannot be moved.
    """
    from provenance.credentials.sidecar import sidecar_for, sidecar_of  # the library of C2PA starts slowly

    beside, place = sidecar_of(finished), None
    if beside.is_file():
        place = sidecar_for(out)
        _move(beside, place, overwrite=overwrite)
    try:
        _move(finished, out, overwrite=overwrite)
    except BaseException:
        if place is not None and not overwrite:
            place.unlink(missing_ok=True)
        raise


def state_of(path: Path) -> State:
    """What tells whether a file is still the one that it was.

    Raises:
        UnreadableAudio: there is none.
    """
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or error
        raise UnreadableAudio(f"{path.name}: cannot be opened ({told})") from error
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def refuse_changed(path: Path, state: State) -> None:
    """Refuse a source that is another one than when work on it began: its parts would not fit together.

    Raises:
        UnreadableAudio: it was changed, replaced or removed since.
    """
    if state_of(path) != state:
        raise UnreadableAudio(f"{path.name}: the file changed while it was being tagged: tag it again")


def _places(out: Path) -> tuple[Path, ...]:
    from provenance.credentials.sidecar import sidecar_for

    return (out,) if out.suffix.lower() in CREDENTIALS_IN else (out, sidecar_for(out))


def _is_there(path: Path) -> bool:
    """Whether anything has the name, also a link that leads nowhere."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:  # too long, not a folder, a zero byte
        raise EncodeError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from error
    return True


def _same(out: Path, source: Path) -> bool:
    return out.exists() and source.exists() and out.samefile(source)


def _move(part: Path, path: Path, *, overwrite: bool) -> None:
    if not overwrite:
        try:
            os.link(part, path)  # unlike a rename, it never replaces
        except OSError as error:
            # a file system without hard links says so by several numbers
            if isinstance(error, FileExistsError) or _is_there(path):
                told = f"{path} appeared while it was being made, and is left as it is"
                raise EncodeError(told) from error
        else:
            part.unlink()
            return
    part.replace(path)
