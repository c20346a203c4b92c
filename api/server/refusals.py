"""What can be wrong with a request, before any work is done for it.

    TrackmarkError
      Refusal
        Unauthorized
          InvalidClient
        InvalidTokenRequest
        Forbidden
          TenantSuspended
          NotAMember
        UploadTooLarge
        WrongMethod
        AddressTooLong
        UploadTimeout
        LengthRequired
        MalformedRequest
        UnsupportedMedia
        PreconditionRequired
        TusVersion
        UnsupportedChecksum
        ChecksumMismatch
        DigestMismatch
        NotOffered
        Later
          TooManyRequests
          InProgress
          Unavailable
          NotReady

The rooms below the server do not know these; what they raise is in `api.errors` and `core.errors`.
"""

from collections.abc import Mapping

from core.errors import TrackmarkError


class Refusal(TrackmarkError):
    """A request that the service refuses before any work is done."""


class Unauthorized(Refusal):
    """No API key, or one that is unknown, expired or revoked."""

    code = "unauthorized"


class InvalidClient(Unauthorized):
    """A client that asks for a token is none that is known here.

    Attributes:
        error: what OAuth2 calls it (RFC 6749, 5.2).
    """

    code = "invalid-client"
    error = "invalid_client"


class InvalidTokenRequest(Refusal):
    """A request for a token is not one that can be granted.

    Attributes:
        error: what OAuth2 calls it (RFC 6749, 5.2).
    """

    code = "invalid-token-request"

    def __init__(self, message: str, error: str) -> None:
        super().__init__(message)
        self.error = error


class Forbidden(Refusal):
    """The API key is good but lacks the scope."""

    code = "forbidden"


class TenantSuspended(Forbidden):
    """The API key is good, but an operator has suspended its tenant."""

    code = "tenant-suspended"


class NotAMember(Forbidden):
    """Somebody has signed in whom no tenant has invited, or who is suspended."""

    code = "not-a-member"


class UploadTooLarge(Refusal):
    """More bytes than `max_upload_bytes`."""

    code = "upload-too-large"


class WrongMethod(Refusal):
    """Something is at the address, but it does not take the method."""

    code = "method-not-allowed"


class AddressTooLong(Refusal):
    """A parameter in the address is longer than one may be; the same can be sent in a body."""

    code = "address-too-long"


class UploadTimeout(Refusal):
    """The body came too slowly, or not at all."""

    code = "upload-timeout"


class LengthRequired(Refusal):
    """A body of unknown length where only small ones are taken."""

    code = "length-required"


class MalformedRequest(Refusal):
    """What came is not HTTP, or can be read in two ways."""

    code = "malformed-request"


class UnsupportedMedia(Refusal):
    """The request's content type is not one that the route takes."""

    code = "unsupported-media-type"


class PreconditionRequired(Refusal):
    """The server is set up to change nothing that the request does not say it has seen."""

    code = "precondition-required"


class TusVersion(Refusal):
    """The client does not speak the version of tus that is spoken here."""

    code = "tus-version"


class UnsupportedChecksum(Refusal):
    """A checksum of a kind that is not known here, or one that cannot be read."""

    code = "unsupported-checksum"


class ChecksumMismatch(Refusal):
    """What came is not what the checksum was made of."""

    code = "checksum-mismatch"


class DigestMismatch(Refusal):
    """A body is not what its digest field was made of."""

    code = "digest-mismatch"


class NotOffered(Refusal):
    """A route of a standard that leaves it to the service, and that this one does not have."""

    code = "not-implemented"


class Later(Refusal):
    """Nothing is wrong with the request; it can be repeated.

    Attributes:
        retry_after_s: seconds until it is worth another try.
    """

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooManyRequests(Later):
    """The rate limit was reached."""

    code = "too-many-requests"


class InProgress(Later):
    """The same request is under way."""

    code = "request-in-progress"


class Unavailable(Later):
    """Something that the server needs, such as its database, does not answer."""

    code = "unavailable"


class NotReady(Later):
    """The server cannot work at the moment.

    Attributes:
        parts: what it needs, each `ok` or what is wrong.
    """

    code = "not-ready"

    def __init__(self, parts: Mapping[str, str], retry_after_s: float) -> None:
        broken = ", ".join(f"{name}: {state}" for name, state in parts.items() if state != "ok")
        super().__init__(broken, retry_after_s)
        self.parts = parts
