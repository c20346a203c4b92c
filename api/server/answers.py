"""The one table from a failure's code to its HTTP status and title, and RFC 9457 problem details from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.errors import told
from core.errors import TrackmarkError


@dataclass(frozen=True)
class Answer:
    """How a failure looks to a client."""

    status: int
    title: str


ANSWERS: Mapping[str, Answer] = {
    "malformed-request": Answer(400, "The request cannot be read as HTTP"),
    "unsupported-checksum": Answer(400, "The checksum is of an unknown kind"),
    "sign-in-failed": Answer(400, "You were not signed in"),
    "digest-mismatch": Answer(400, "The digest does not agree"),
    "invalid-token-request": Answer(400, "No token can be given for this"),
    "invalid-client": Answer(401, "The client is not known"),
    "unauthorized": Answer(401, "An API key is needed"),
    "forbidden": Answer(403, "This is not allowed"),
    "not-a-member": Answer(403, "You are no member here"),
    "tenant-suspended": Answer(403, "The tenant is suspended"),
    "not-found": Answer(404, "No such entry"),
    "method-not-allowed": Answer(405, "The address does not take this method"),
    "upload-timeout": Answer(408, "The body did not come in time"),
    "conflict": Answer(409, "The state does not allow this"),
    "registry-conflict": Answer(409, "The registry cannot do this"),
    "request-in-progress": Answer(409, "The same request is under way"),
    "offset-mismatch": Answer(409, "The upload goes on elsewhere"),
    "legal-hold": Answer(409, "A legal hold keeps this"),
    "cancelled": Answer(409, "The job was cancelled"),
    "expired": Answer(409, "The job waited too long"),
    "no-longer-kept": Answer(410, "This is no longer kept"),
    "length-required": Answer(411, "A Content-Length is needed"),
    "precondition-failed": Answer(412, "The entry has changed meanwhile"),
    "tus-version": Answer(412, "This version of tus is not spoken here"),
    "upload-too-large": Answer(413, "The upload is too large"),
    "quota-reached": Answer(413, "The tenant stores as much as it may"),
    "audio-too-large": Answer(413, "The audio is too long"),
    "address-too-long": Answer(414, "The address is too long"),
    "unsupported-media-type": Answer(415, "The content type is not supported"),
    "invalid-request": Answer(422, "The request is not valid"),
    "idempotency-key-reused": Answer(422, "The Idempotency-Key belongs to another request"),
    "unreadable-report": Answer(422, "The file is not a report"),
    "unreadable-audio": Answer(422, "The file is not readable audio"),
    "unreadable-score": Answer(422, "The file is not a readable score"),
    "unsupported-audio": Answer(422, "The audio is outside what is accepted"),
    "empty-audio": Answer(422, "The audio has no samples"),
    "invalid-samples": Answer(422, "The audio holds values that are not numbers"),
    "decode-timeout": Answer(422, "Decoding took too long"),
    "unusable-audio": Answer(422, "The audio cannot be used"),
    "watermark-impossible": Answer(422, "The audio cannot carry the watermark"),
    "enrolment-failed": Answer(422, "The recordings make no usable voice print"),
    "invalid-voice-print": Answer(422, "The stored voice print is not usable"),
    "source-unusable": Answer(422, "The object cannot be fetched"),
    "encode-failed": Answer(422, "The audio could not be written"),
    "invalid-record": Answer(422, "The ownership record is not valid"),
    "signature-invalid": Answer(422, "A signature does not verify"),
    "proof-invalid": Answer(422, "A log proof does not verify"),
    "verification-failed": Answer(422, "Something signed or logged does not verify"),
    "credentials-failed": Answer(422, "Content credentials cannot be read or written"),
    "upload-locked": Answer(423, "Another request writes to the upload"),
    "precondition-required": Answer(428, "An If-Match header is needed"),
    "too-many-requests": Answer(429, "Too many requests"),
    "too-many-jobs": Answer(429, "Too many jobs are under way"),
    "checksum-mismatch": Answer(460, "The checksum does not agree"),
    "internal": Answer(500, "The server failed"),
    "job-crashed": Answer(500, "The job ended the process that ran it"),
    "typesetting-failed": Answer(500, "The PDF could not be made"),
    "generation-failed": Answer(500, "The generator failed"),
    "weights-unavailable": Answer(500, "The model weights are not usable"),
    "keys-unavailable": Answer(500, "A key file is not usable"),
    "stored-file-lost": Answer(500, "A stored file is gone or changed"),
    "not-implemented": Answer(501, "This route is not offered here"),
    "provider-unavailable": Answer(503, "Nobody can be signed in at the moment"),
    "unavailable": Answer(503, "Something that the server needs does not answer"),
    "not-ready": Answer(503, "The server cannot work at the moment"),
    "disk-full": Answer(503, "The server's disk is full"),
    "store-unavailable": Answer(503, "The object store does not answer"),
    "log-cut-short": Answer(503, "The log lacks entries that others have seen"),
}


def problem(error: BaseException) -> dict[str, Any]:
    """An error as problem details; anything foreign is an internal one."""
    return problem_of(told(error))


def problem_of(failure: Mapping[str, Any]) -> dict[str, Any]:
    """Problem details of a failure as `api.errors.told` gives it and a job keeps it.

    Jobs that ended under earlier releases keep a title and a status besides; the table's are told. A later
    release may work on the same database: a code of its own is told as it is, as a failure of the server.
    """
    code = str(failure["code"])
    answer = ANSWERS.get(code, ANSWERS[TrackmarkError.code])
    why = {"reason": failure["reason"]} if "reason" in failure else {}
    return {
        **why,
        "type": f"urn:trackmark:problem:{code}",
        "title": answer.title,
        "status": answer.status,
        "code": code,
        "detail": failure["detail"],
    }


def status_of(error: TrackmarkError) -> int:
    """The HTTP status of an error."""
    return ANSWERS[error.code].status
