"""Which files of a watched folder are finished, and which are still being written."""

import fcntl
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from core.folders import files_under
from core.suffixes import is_audio
from provenance.score.reading import is_score

SET_ASIDE = "failed"


@dataclass(frozen=True)
class Arrival:
    """An audio file as it lies in the folder.

    Attributes:
        path: where.
        name: its path inside the folder.
        state: what changes whenever it is written: size and times, in nanoseconds.
        quiet_s: how long nobody has changed it, by the clock of the file system.
        score: the MIDI file of the same name beside it.
    """

    path: Path
    name: str
    state: tuple[int, int, int]
    quiet_s: float
    score: Path | None


@dataclass(frozen=True)
class Seen:
    """What lies in a folder, each in order.

    Attributes:
        audio: its files of audio.
        lone: names of scores that wait for their rendering.
        closed: names of subfolders whose files cannot be seen.
    """

    audio: list[Arrival]
    lone: list[str]
    closed: list[str]


def look(folder: Path, now_s: float) -> Seen:
    """What lies in a folder and its subfolders, but for hidden files, what was set aside before, and links.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    audio: list[tuple[Path, str]] = []
    scores: dict[Path, tuple[Path, str]] = {}
    files, folders = files_under(str(folder))
    closed = {name for one in folders if not _left_alone(name := _name(folder, Path(one)))}
    for path in sorted(map(Path, files)):
        parts = _name(folder, path).split("/")
        if _left_alone("/".join(parts)):
            continue
        if is_audio(path.name):
            audio.append((path, "/".join(parts)))
        elif is_score(path.name):
            scores.setdefault(path.with_suffix(""), (path, "/".join(parts)))
    found = []
    for path, name in audio:
        try:
            facts = path.lstat()
        except FileNotFoundError:
            continue  # gone since it was listed
        except PermissionError:  # its folder tells names, and nothing else
            closed.add(_name(folder, path.parent))
            continue
        if stat.S_ISREG(facts.st_mode):
            # The time of the last change of the inode: no writer can set it, unlike that of the content.
            quiet_s = now_s - facts.st_ctime_ns / 1e9
            score = scores.get(path.with_suffix(""), (None, ""))[0]
            found.append(Arrival(path, name, state_of(facts), quiet_s, score))
    rendered = {path.with_suffix("") for path, _name in audio}
    lone = [name for stem, (_path, name) in scores.items() if stem not in rendered]
    return Seen(found, lone, sorted(closed))


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _left_alone(name: str) -> bool:
    parts = name.split("/")
    return parts[0] == SET_ASIDE or any(part.startswith(".") and part != "." for part in parts)


def state_of(found: os.stat_result) -> tuple[int, int, int]:
    """What differs after every write."""
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def is_being_written(path: Path) -> bool:
    """Whether a process has the file open for writing.

    Linux tells on local file systems, by refusing a lease (`fcntl(2)`); where nobody can tell, the answer is
    no, and how long the file has been quiet decides alone.
    """
    if sys.platform != "linux":
        return False
    with path.open("rb") as file:
        try:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False
