"""The one place for a job's files: what was uploaded for it, and what it left behind."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from api.jobs.books import Job
from api.settings import Settings


@dataclass(frozen=True)
class JobFiles:
    """Where the files of jobs lie.

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

    def upload(self, job: Job) -> Path:
        """Where the job's uploaded file lies, or lay."""
        return self.uploads / str(job.request["stored"])

    def output(self, job: Job) -> Path:
        """Folder of what the job left behind."""
        return self.outputs / job.id

    def fresh_output(self, job: Job) -> Path:
        """The same, made anew: without what an attempt that was cut short left there."""
        folder = self.output(job)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        return folder

    def discard_upload(self, job: Job) -> None:
        """Delete the uploaded file."""
        self.upload(job).unlink(missing_ok=True)

    def discard(self, job: Job) -> None:
        """Delete every file of the job."""
        self.discard_upload(job)
        shutil.rmtree(self.output(job), ignore_errors=True)
