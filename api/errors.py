"""Failures that the service can name without a request, beside those of the packages (`core.errors`).

    TrackmarkError
      RegistryError
        UnknownEntry
        ConflictingEntry
        LogCutShort
      IdempotencyConflict
      PreconditionFailed
      OnHold
      KeptNoLonger
      TypesettingError
      TooManyJobs
      QuotaReached
      UploadLocked
      OffsetMismatch
      DiskFull
      StoreUnavailable
      StoredFileLost
      SignInFailed
      ProviderUnavailable
      SourceUnusable
      JobError
        JobCrashed
        JobCancelled
        JobExpired

What is wrong with a request itself is in `api.server.refusals`; the HTTP status and title of each code in
`api.server.answers`. Codes are part of the API: clients branch on them, so they never change once published.
"""

from core import room
from core.errors import GenerationError, KeyFileError, RegistryError, TrackmarkError, WeightsError
from detector.voice.errors import EnrolmentError


class UnknownEntry(RegistryError):
    """Nothing of that name exists for this tenant."""

    code = "not-found"


class ConflictingEntry(RegistryError):
    """The entry exists already, or its state does not allow the request."""

    code = "conflict"


class LogCutShort(RegistryError):
    """The log was restored from a time before entries that others have seen; it takes no new ones."""

    code = "log-cut-short"


class IdempotencyConflict(TrackmarkError):
    """An `Idempotency-Key` was used before with a different request."""

    code = "idempotency-key-reused"


class PreconditionFailed(TrackmarkError):
    """`If-Match` names another state than the entry is in."""

    code = "precondition-failed"


class OnHold(TrackmarkError):
    """A legal hold keeps what was to be erased."""

    code = "legal-hold"


class TooManyJobs(TrackmarkError):
    """The tenant has as many jobs of the kind under way as it may; the server says `too-many-requests`."""

    code = "too-many-jobs"


class QuotaReached(TrackmarkError):
    """The tenant stores as much as it may."""

    code = "quota-reached"


class UploadLocked(TrackmarkError):
    """Another request writes to the upload at this moment."""

    code = "upload-locked"


class OffsetMismatch(TrackmarkError):
    """A piece of an upload begins elsewhere than where the last one ended."""

    code = "offset-mismatch"


class KeptNoLonger(TrackmarkError):
    """The file was erased when its time was over, as the tenant set it."""

    code = "no-longer-kept"


class TypesettingError(TrackmarkError):
    """A document could not be made into a PDF."""

    code = "typesetting-failed"


class DiskFull(TrackmarkError):
    """There is no room for what would have to be written; made of whatever failed for that reason."""

    code = "disk-full"


class StoreUnavailable(TrackmarkError):
    """The object store cannot be reached, refuses the service, or has no room; nothing was lost.

    Attributes:
        passes: whether that may change without anybody's doing.
    """

    code = "store-unavailable"

    def __init__(self, message: str, *, passes: bool = True) -> None:
        super().__init__(message)
        self.passes = passes


class StoredFileLost(TrackmarkError):
    """A file in the object store is gone, or is no longer what was stored."""

    code = "stored-file-lost"


class SignInFailed(TrackmarkError):
    """What the browser or the provider brought is not the answer to a sign-in that this browser began."""

    code = "sign-in-failed"


class ProviderUnavailable(TrackmarkError):
    """The provider at which people sign in does not answer as one."""

    code = "provider-unavailable"


class SourceUnusable(TrackmarkError):
    """An object that a batch names may not be fetched, or cannot be."""

    code = "source-unusable"


class JobError(TrackmarkError):
    """A job ended without a result, through nothing that it found in the audio."""


class JobCrashed(JobError):
    """A job took the process down with it as often as is allowed."""

    code = "job-crashed"


class JobCancelled(JobError):
    """A client ended the job before it had a result."""

    code = "cancelled"


class JobExpired(JobError):
    """No worker took the job for as long as it may wait."""

    code = "expired"


OURS = frozenset(
    kind.code
    for kind in (
        TrackmarkError,
        TypesettingError,
        JobCrashed,
        DiskFull,
        StoreUnavailable,
        StoredFileLost,
        GenerationError,
        WeightsError,
        KeyFileError,
        LogCutShort,
        ProviderUnavailable,
    )
)
"""Codes of failures that no other file would have avoided: a job that ended so may be tried again."""


def told(error: BaseException) -> dict[str, str]:
    """What is kept and told of a failure; the text of an unforeseen one stays in the server's log.

    Returns:
        `{"code", "detail"}`, and the `reason` of a refused enrolment.
    """
    if room.full(error):
        error = DiskFull("no space is left on the server's disk; try again once there is")
    if not isinstance(error, TrackmarkError):
        detail = "an unforeseen error; the server's log has the details"
        return {"code": TrackmarkError.code, "detail": detail}
    why = {"reason": error.reason} if isinstance(error, EnrolmentError) else {}
    return {"code": error.code, "detail": str(error), **why}
