"""Whether a disk is behind a failure: it is full, a quota is used up, it failed, or it takes no files."""

import errno
import os

from core.errors import TrackmarkError

FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (*FULL, errno.EROFS, errno.EIO, errno.EFBIG)


def full(error: BaseException) -> bool:
    """Whether a full disk is behind an error."""
    return _behind(error, FULL) is not None


def refused(error: BaseException) -> int | None:
    """The number of the disk's error that is behind an error, or None."""
    return _behind(error, REFUSED)


def _behind(error: BaseException | None, numbers: tuple[int, ...]) -> int | None:
    """Locked-in children and C2PA's library say it in words only."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in numbers:
            return error.errno
        ours = isinstance(error, TrackmarkError)  # whose words may hold a file's name
        if not ours:
            for number in numbers:
                if os.strerror(number) in str(error):
                    return number
        error = error.__cause__
    return None
