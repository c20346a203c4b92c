"""Files that arrive in a folder, each once it is finished: for commands that watch one."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from api.born.arrivals import is_being_written, look
from api.cli.console import messages

SETTLE_S = 5.0
PAUSE_S = 1.0


def arriving(
    folder: Path,
    known: Callable[[Path], bool],
    *,
    settle_s: float = SETTLE_S,
    now: Callable[[], float] = time.time,
    rest: Callable[[float], None] = time.sleep,
) -> Iterator[Path]:
    """Each audio file of a folder and its subfolders once it rests, and again whenever it was changed.

    A subfolder that cannot be listed is told, once.

    Args:
        folder: is looked at every second until whoever waits presses Ctrl-C.
        known: whether a file needs nothing any more.
        settle_s: how long a file must rest to count as finished.
        now: the time, in seconds since 1970.
        rest: waits.
    """
    seen: dict[Path, tuple[int, int, int]] = {}
    told: set[str] = set()
    while True:
        found = look(folder, now())
        for name in sorted(set(found.closed) - told):
            messages().print(f"{folder / name}: cannot be listed; its files are left out", markup=False)
        told = set(found.closed)
        for one in found.audio:
            if one.quiet_s < settle_s or seen.get(one.path) == one.state:
                continue
            try:
                if is_being_written(one.path):
                    continue
            except OSError:  # gone since it was listed
                continue
            seen[one.path] = one.state
            if not known(one.path):
                yield one.path
        try:
            rest(PAUSE_S)
        except KeyboardInterrupt:
            return
