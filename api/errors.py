"""Failures of the service itself, and the one table from error class to HTTP answer.

Codes are part of the API: clients branch on them, so they never change once published.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import (
    AudioError,
    AudioTooLarge,
    CredentialsError,
    DecodeTimeout,
    EmptyAudio,
    EncodeError,
    GenerationError,
    InvalidSamples,
    KeyFileError,
    ProofError,
    RecordError,
    RegistryError,
    SignatureError,
    TrackmarkError,
    UnreadableAudio,
    UnsupportedAudio,
    VerificationError,
    WatermarkError,
    WeightsError,
)
from detector.voice.errors import EnrolmentError, VoicePrintError


class UnknownEntry(RegistryError):
    """Nothing of that name exists for this tenant."""


class ConflictingEntry(RegistryError):
    """The entry exists already, or its state does not allow the request."""


class LogCutShort(RegistryError):
    """The log was restored from a time before entries that others have seen; it takes no new ones."""


class ServiceError(TrackmarkError):
    """A request that the service refuses before any work is done."""


class Unauthorized(ServiceError):
    """No API key, or one that is unknown, expired or revoked."""


class Forbidden(ServiceError):
    """The API key is good but lacks the scope."""


class UploadTooLarge(ServiceError):
    """More bytes than `max_upload_bytes`."""


class AddressTooLong(ServiceError):
    """A parameter in the address is longer than one may be; the same can be sent in a body."""


class UploadTimeout(ServiceError):
    """The body came too slowly, or not at all."""


class LengthRequired(ServiceError):
    """A body of unknown length where only small ones are taken."""


class UnsupportedMedia(ServiceError):
    """The request's content type is not one that the route takes."""


class InvalidRequest(ServiceError):
    """A parameter or form field has no usable value."""


class IdempotencyConflict(ServiceError):
    """An `Idempotency-Key` was used before with a different request."""


class PreconditionFailed(ServiceError):
    """`If-Match` names another state than the entry is in."""


class PreconditionRequired(ServiceError):
    """The server is set up to change nothing that the request does not say it has seen."""


class NotOffered(ServiceError):
    """A route of a standard that leaves it to the service, and that this one does not have."""


class JobCrashed(ServiceError):
    """A job took the process down with it as often as is allowed."""


class JobCancelled(ServiceError):
    """A client ended the job before it had a result."""


class JobExpired(ServiceError):
    """No worker took the job for as long as it may wait."""


class Later(ServiceError):
    """Nothing is wrong with the request; it can be repeated.

    Attributes:
        retry_after_s: seconds until it is worth another try.
    """

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooManyRequests(Later):
    """The rate limit was reached."""


class InProgress(Later):
    """The same request is under way."""


class Unavailable(Later):
    """Something that the server needs, such as its database, does not answer."""


class NotReady(Later):
    """The server cannot work at the moment.

    Attributes:
        parts: what it needs, each `ok` or what is wrong.
    """

    def __init__(self, parts: Mapping[str, str], retry_after_s: float) -> None:
        broken = ", ".join(f"{name}: {state}" for name, state in parts.items() if state != "ok")
        super().__init__(broken, retry_after_s)
        self.parts = parts


@dataclass(frozen=True)
class Answer:
    """How an error class looks to a client."""

    status: int
    code: str
    title: str


ANSWERS: dict[type[TrackmarkError], Answer] = {
    Unauthorized: Answer(401, "unauthorized", "An API key is needed"),
    Forbidden: Answer(403, "forbidden", "The API key lacks a scope"),
    UnknownEntry: Answer(404, "not-found", "No such entry"),
    ConflictingEntry: Answer(409, "conflict", "The state does not allow this"),
    UploadTimeout: Answer(408, "upload-timeout", "The body did not come in time"),
    InProgress: Answer(409, "request-in-progress", "The same request is under way"),
    LengthRequired: Answer(411, "length-required", "A Content-Length is needed"),
    PreconditionFailed: Answer(412, "precondition-failed", "The entry has changed meanwhile"),
    UploadTooLarge: Answer(413, "upload-too-large", "The upload is too large"),
    AddressTooLong: Answer(414, "address-too-long", "The address is too long"),
    UnsupportedMedia: Answer(415, "unsupported-media-type", "The content type is not supported"),
    InvalidRequest: Answer(422, "invalid-request", "The request is not valid"),
    IdempotencyConflict: Answer(
        422, "idempotency-key-reused", "The Idempotency-Key belongs to another request"
    ),
    PreconditionRequired: Answer(428, "precondition-required", "An If-Match header is needed"),
    TooManyRequests: Answer(429, "too-many-requests", "Too many requests"),
    Unavailable: Answer(503, "unavailable", "Something that the server needs does not answer"),
    NotReady: Answer(503, "not-ready", "The server cannot work at the moment"),
    NotOffered: Answer(501, "not-implemented", "This route is not offered here"),
    JobCancelled: Answer(409, "cancelled", "The job was cancelled"),
    JobExpired: Answer(409, "expired", "The job waited too long"),
    JobCrashed: Answer(500, "job-crashed", "The job ended the process that ran it"),
    UnreadableAudio: Answer(422, "unreadable-audio", "The file is not readable audio"),
    UnsupportedAudio: Answer(422, "unsupported-audio", "The audio is outside what is accepted"),
    AudioTooLarge: Answer(413, "audio-too-large", "The audio is too long"),
    EmptyAudio: Answer(422, "empty-audio", "The audio has no samples"),
    InvalidSamples: Answer(422, "invalid-samples", "The audio holds values that are not numbers"),
    DecodeTimeout: Answer(422, "decode-timeout", "Decoding took too long"),
    AudioError: Answer(422, "unusable-audio", "The audio cannot be used"),
    WatermarkError: Answer(422, "watermark-impossible", "The audio cannot carry the watermark"),
    LogCutShort: Answer(503, "log-cut-short", "The log lacks entries that others have seen"),
    EnrolmentError: Answer(422, "enrolment-failed", "The recordings make no usable voice print"),
    VoicePrintError: Answer(422, "invalid-voice-print", "The stored voice print is not usable"),
    EncodeError: Answer(422, "encode-failed", "The audio could not be written"),
    RecordError: Answer(422, "invalid-record", "The ownership record is not valid"),
    SignatureError: Answer(422, "signature-invalid", "A signature does not verify"),
    ProofError: Answer(422, "proof-invalid", "A log proof does not verify"),
    VerificationError: Answer(422, "verification-failed", "Something signed or logged does not verify"),
    CredentialsError: Answer(422, "credentials-failed", "Content credentials cannot be read or written"),
    RegistryError: Answer(409, "registry-conflict", "The registry cannot do this"),
    GenerationError: Answer(500, "generation-failed", "The generator failed"),
    WeightsError: Answer(500, "weights-unavailable", "The model weights are not usable"),
    KeyFileError: Answer(500, "keys-unavailable", "A key file is not usable"),
    TrackmarkError: Answer(500, "internal", "The server failed"),
}


def problem(error: BaseException) -> dict[str, Any]:
    """An error as RFC 9457 problem details; the text of an unforeseen one stays in the server's log."""
    answer = answer_for(error)
    foreseen = isinstance(error, TrackmarkError)
    why = {"reason": error.reason} if isinstance(error, EnrolmentError) else {}
    return {
        **why,
        "type": f"urn:trackmark:problem:{answer.code}",
        "title": answer.title,
        "status": answer.status,
        "code": answer.code,
        "detail": str(error) if foreseen else "an unforeseen error; the server's log has the details",
    }


def answer_for(error: BaseException) -> Answer:
    """The entry of the nearest class in `error`'s ancestry; anything foreign is an internal error."""
    for ancestor in type(error).__mro__:
        if issubclass(ancestor, TrackmarkError) and ancestor in ANSWERS:
            return ANSWERS[ancestor]
    return ANSWERS[TrackmarkError]
