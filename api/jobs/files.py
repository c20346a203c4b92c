"""The one place for a job's files: what was uploaded for it, and what it left behind."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from api.jobs.job import Job, stored_names
from api.settings import Settings

ROOM_BYTES = 64 << 20
"""What uploads leave free and jobs wait for, so that a disk that fills does not fail whatever is queued."""


@dataclass(frozen=True)
class JobFiles:
    """Where the files of jobs lie.

    Every attempt at a job writes into a folder of its own, named by its fence: an attempt that hung and comes
    back cannot touch what another has made since.

    Attributes:
        uploads: folder of audio that waits for its job, or is retained.
        outputs: folder of reports, pictures and tagged files, one folder for each job.
    """

    uploads: Path
    outputs: Path

    @classmethod
    def of(cls, settings: Settings) -> "JobFiles":
        """The files of this home."""
        return cls(settings.uploads, settings.outputs)

    def has_room(self) -> bool:
        """Whether what a job writes will find room: `ROOM_BYTES`, or a twentieth of a small disk."""
        disk = shutil.disk_usage(next(one for one in (self.outputs, *self.outputs.parents) if one.exists()))
        return disk.free >= min(ROOM_BYTES, disk.total // 20)

    def received(self, job: Job) -> list[Path]:
        """Where the job's uploaded files lie, or lay; most jobs have one."""
        return [self.uploads / name for name in stored_names(job.request)]

    def has_upload(self, job: Job) -> bool:
        """Whether the uploaded files are still there."""
        return all(path.is_file() for path in self.received(job))

    def output(self, job: Job) -> Path:
        """Folder of what the newest attempt left behind; jobs without a fence kept it one floor above."""
        folder = self.outputs / job.id
        return folder / str(job.fence) if job.fence else folder

    def left_by(self, job: Job, ending: str) -> list[Path]:
        """Files of the newest attempt whose names end like this."""
        return [path for path in _inside(self.output(job)) if path.name.endswith(ending)]

    def fresh_output(self, job: Job) -> Path:
        """The same, made anew: without what attempts that were cut short left there."""
        self.discard_output(job)
        folder = self.output(job)
        while True:
            try:
                folder.mkdir(parents=True, mode=0o700)
            except FileNotFoundError:  # an attempt that ends at this moment took the folder above with it
                continue
            return folder

    def keep_result(self, job: Job) -> None:
        """Delete what earlier attempts left, and half-made files; of a job without a result, everything."""
        if job.state != "succeeded":
            self.discard_output(job)
            return
        if job.fence:
            _remove(self._left(job, job.fence - 1))
        _remove(path for path in _inside(self.output(job)) if path.name.startswith(".trackmark-"))

    def discard_output(self, job: Job) -> None:
        """Delete what this attempt and earlier ones left; a later one has a folder of its own."""
        _remove(self._left(job, job.fence))
        with suppress(OSError):  # not there, or not empty
            (self.outputs / job.id).rmdir()

    def discard_attempt(self, job: Job) -> None:
        """Delete what one attempt left behind."""
        _remove([self.output(job)])
        with suppress(OSError):
            (self.outputs / job.id).rmdir()

    def discard_upload(self, job: Job) -> None:
        """Delete the uploaded files."""
        for path in self.received(job):
            path.unlink(missing_ok=True)

    def discard(self, job: Job) -> None:
        """Delete every file of the job."""
        self.discard_upload(job)
        self.discard_folder(job.id)

    def discard_folder(self, name: str) -> None:
        """Delete everything that a job of this id left behind."""
        _remove([self.outputs / name])

    def _left(self, job: Job, newest: int) -> Iterator[Path]:
        """What attempts up to a fence left; what is in no attempt's folder is older than all of them."""
        for path in _inside(self.outputs / job.id):
            if not path.name.isdecimal() or int(path.name) <= newest:
                yield path


def _inside(folder: Path) -> list[Path]:
    """What lies in a folder; nothing where it is not, or is removed at this moment by another attempt."""
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def _remove(paths: Iterable[Path]) -> None:
    for path in list(paths):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
