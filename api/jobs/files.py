"""The one place for a job's files: what was uploaded for it, and what it left behind.

They lie in the home, or in an object store that several machines share; then what lies in the home is on its
way, and is read there first.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from api.jobs.job import Job, Upload, stored_digests, stored_names
from api.settings import Settings
from api.store import ObjectStore
from api.uploads.uploads import STORED as UPLOADS
from core.errors import AudioError
from core.passing import passing_folder

ROOM_BYTES = 64 << 20
"""What uploads leave free and jobs wait for, so that a disk that fills does not fail whatever is queued."""
OUTPUTS = "outputs"
"""The folder of outputs in a store."""
_HALF_MADE = ".trackmark-"


@dataclass(frozen=True)
class JobFiles:
    """Where the files of jobs lie.

    Every attempt at a job writes into a folder of its own, named by its fence: an attempt that hung and comes
    back cannot touch what another has made since.

    Attributes:
        uploads: folder of audio that waits for its job, or is retained.
        outputs: folder of reports, pictures and tagged files, one folder for each job.
        store: where both are kept for all machines, under the same names; None where they stay.
    """

    uploads: Path
    outputs: Path
    store: ObjectStore | None = None

    @classmethod
    def of(cls, settings: Settings) -> "JobFiles":
        """The files of this home."""
        return cls(settings.uploads, settings.outputs, ObjectStore.of(settings))

    def has_room(self) -> bool:
        """Whether what a job writes will find room: `ROOM_BYTES`, or a twentieth of a small disk."""
        disk = shutil.disk_usage(next(one for one in (self.outputs, *self.outputs.parents) if one.exists()))
        return disk.free >= min(ROOM_BYTES, disk.total // 20)

    def received(self, job: Job) -> list[Path]:
        """Where the job's uploaded files lie, or lay; most jobs have one."""
        return [self.uploads / name for name in stored_names(job.request)]

    def has_upload(self, job: Job) -> bool:
        """Whether the uploaded files are still there."""
        return all(path.is_file() or self._stored(_upload(path.name)) for path in self.received(job))

    def hand_in(self, upload: Upload) -> None:
        """Have a received file where every worker finds it. Raises `StoreUnavailable`."""
        path = self.uploads / upload.stored
        if self.store is not None and path.is_file():
            self.store.put(_upload(upload.stored), path, upload.sha256)
            path.unlink()

    @contextmanager
    def upload_at_hand(self, stored: str, sha256: str | None, called: str = "the file") -> Iterator[Path]:
        """An uploaded file on this machine, as it was when its digest was taken, while the block runs.

        What is wrong with its audio is told of the file as it is `called`: nobody outside knows what it is
        stored as.

        Raises:
            StoredFileLost: the store no longer has it, or has another.
            StoreUnavailable: the store does not answer.
        """
        try:
            with self._here(stored, sha256) as path:
                yield path
        except AudioError as error:
            if stored not in str(error):
                raise
            raise type(error)(str(error).replace(stored, called)) from error

    @contextmanager
    def _here(self, stored: str, sha256: str | None) -> Iterator[Path]:
        path = self.uploads / stored
        if self.store is None or path.is_file():
            yield path
            return
        with passing_folder() as folder:
            fetched = folder / stored
            self.store.fetch(_upload(stored), fetched, sha256)
            yield fetched

    @contextmanager
    def received_at_hand(self, job: Job) -> Iterator[list[Path]]:
        """All of a job's uploaded files on this machine; raises as `upload_at_hand`."""
        with ExitStack() as held:
            files = zip(stored_names(job.request), stored_digests(job), strict=True)
            yield [held.enter_context(self.upload_at_hand(name, sha256)) for name, sha256 in files]

    def output(self, job: Job) -> Path:
        """Folder of what the newest attempt left behind; jobs without a fence kept it one floor above."""
        folder = self.outputs / job.id
        return folder / str(job.fence) if job.fence else folder

    def keep(self, job: Job) -> None:
        """Have what an attempt made where every server finds it; repeatable. Raises `StoreUnavailable`."""
        if self.store is not None:
            for path in _inside(self.output(job)):
                if path.is_file() and not path.name.startswith(_HALF_MADE):
                    self.store.put(f"{self._place(job)}/{path.name}", path)
                    path.unlink()

    def left(self, job: Job) -> frozenset[str]:
        """The names of what the newest attempt left behind. Raises `StoreUnavailable`."""
        here = frozenset(path.name for path in _inside(self.output(job)) if path.is_file())
        if self.store is None:
            return here
        found = self.store.within(self._place(job))
        return here | {one.name.rpartition("/")[2] for one in found}

    def read(self, job: Job, name: str) -> bytes:
        """A small file that a job left behind; raises as `output_at_hand`."""
        with self.output_at_hand(job, (name,)) as folder:
            return (folder / name).read_bytes()

    @contextmanager
    def output_at_hand(self, job: Job, names: Iterable[str]) -> Iterator[Path]:
        """A folder of this machine with those of some files that a job left behind, while the block runs.

        Raises:
            StoredFileLost: the store has one that is not what was stored.
            StoreUnavailable: the store does not answer.
        """
        folder = self.output(job)
        if self.store is None or all((folder / name).is_file() for name in names):
            yield folder
            return
        with passing_folder() as made:
            for name in sorted(self.left(job).intersection(names)):
                if (folder / name).is_file():
                    shutil.copyfile(folder / name, made / name)
                else:
                    self.store.fetch(f"{self._place(job)}/{name}", made / name)
            yield made

    def remote(self, job: Job, name: str) -> str | None:
        """The name in the store of a file that a job left behind and that is not on this machine."""
        place = f"{self._place(job)}/{name}"
        if self.store is None or (self.output(job) / name).is_file() or self.store.known(place) is None:
            return None
        return place

    def discard_left(self, job: Job, ending: str) -> None:
        """Delete files of the newest attempt whose names end like this."""
        names = [name for name in self.left(job) if name.endswith(ending)]
        _remove(self.output(job) / name for name in names)
        self._erase(f"{self._place(job)}/{name}" for name in names)

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
            self._erase_attempts(job, job.fence - 1)
        _remove(path for path in _inside(self.output(job)) if path.name.startswith(_HALF_MADE))
        if self.store is not None:
            self.keep(job)  # where whoever made it was cut short, or it was made before there was a store
            self._remove_here(job)

    def discard_output(self, job: Job) -> None:
        """Delete what this attempt and earlier ones left; a later one has a folder of its own."""
        _remove(self._left(job, job.fence))
        self._erase_attempts(job, job.fence)
        with suppress(OSError):  # not there, or not empty
            (self.outputs / job.id).rmdir()

    def discard_attempt(self, job: Job) -> None:
        """Delete what one attempt left behind."""
        self._remove_here(job)
        self._erase_folder(self._place(job))

    def discard_upload(self, job: Job) -> None:
        """Delete the uploaded files."""
        self.discard_uploads(stored_names(job.request))

    def discard_uploads(self, stored: Iterable[str]) -> None:
        """Delete uploaded files by the names under which they are stored."""
        names = list(stored)
        for name in names:
            (self.uploads / name).unlink(missing_ok=True)
        self._erase(_upload(name) for name in names)

    def discard(self, job: Job) -> None:
        """Delete every file of the job."""
        self.discard_upload(job)
        self.discard_folder(job.id)

    def discard_folder(self, name: str) -> None:
        """Delete everything that a job of this id left behind."""
        _remove([self.outputs / name])
        self._erase_folder(f"{OUTPUTS}/{name}")

    def _remove_here(self, job: Job) -> None:
        _remove([self.output(job)])
        with suppress(OSError):  # not there, or not empty
            (self.outputs / job.id).rmdir()

    def _place(self, job: Job) -> str:
        """Where the newest attempt's files lie in a store."""
        return f"{OUTPUTS}/{job.id}/{job.fence}"

    def _stored(self, name: str) -> bool:
        return self.store is not None and self.store.known(name) is not None

    def _erase(self, names: Iterable[str]) -> None:
        if self.store is not None:
            self.store.erase(names)

    def _erase_folder(self, folder: str) -> None:
        if self.store is not None:
            self.store.erase(one.name for one in self.store.within(folder))

    def _erase_attempts(self, job: Job, newest: int) -> None:
        """Delete what attempts up to a fence left in the store."""
        if self.store is not None and newest > 0:
            found = self.store.within(f"{OUTPUTS}/{job.id}")
            self.store.erase(one.name for one in found if int(one.name.split("/")[-2]) <= newest)

    def _left(self, job: Job, newest: int) -> Iterator[Path]:
        """What attempts up to a fence left; what is in no attempt's folder is older than all of them."""
        for path in _inside(self.outputs / job.id):
            if not path.name.isdecimal() or int(path.name) <= newest:
                yield path


def _upload(stored: str) -> str:
    return f"{UPLOADS}/{stored}"


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
