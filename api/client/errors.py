"""What can go wrong between a caller and the server.

ClientError
  NoAnswer
  NotFinished
  Damaged
  Refused
    BadRequest        400
    Unauthorized      401
    Forbidden         403
    NotFound          404
    Conflict          409
    Outdated          412, 428
    TooLarge          413
    Invalid           422
    TooManyRequests   429
    ServerFailed      500 and above
      Unavailable     503
"""

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Anything that this package raises."""


class NoAnswer(ClientError):
    """The server was not reached, or the connection broke off before its answer was complete."""


class NotFinished(ClientError):
    """A job had not ended when nobody wanted to wait for it any longer. The server goes on with it."""


class Damaged(ClientError):
    """A file that was fetched is not the one that its digest was made of."""


class Refused(ClientError):
    """The server answered with a problem (RFC 9457), or a job ended with one.

    Attributes:
        status: HTTP status.
        code: what happened, for programs: stable, such as `legal-hold`.
        detail: the same for people.
        request_id: names the request in the server's log; None where no server of ours answered.
        retry_after_s: seconds until it is worth another try; None where nothing was said of that.
        problem: the whole answer, with what some codes tell besides.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after_s: float | None = None) -> None:
        self.status = status
        self.problem = dict(problem)
        self.code = str(problem.get("code", f"http-{status}"))
        self.detail = str(problem.get("detail", ""))
        self.request_id: str | None = problem.get("request_id")
        self.retry_after_s = retry_after_s
        super().__init__(f"{status} {self.code}: {self.detail}")

    def __reduce__(self) -> tuple[type["Refused"], tuple[int, dict[str, Any], float | None]]:
        """How it is handed to another process."""
        return type(self), (self.status, self.problem, self.retry_after_s)


class BadRequest(Refused):
    """What was sent is not as it says, or cannot be read."""


class Unauthorized(Refused):
    """No API key, or one that is unknown, expired or revoked."""


class Forbidden(Refused):
    """The API key lacks the scope, or its tenant is suspended."""


class NotFound(Refused):
    """There is no such entry for this key's tenant."""


class Conflict(Refused):
    """The state of the entry does not allow this."""


class Outdated(Refused):
    """The entry has changed since `if_match` named its state, or the server wants such a name."""


class TooLarge(Refused):
    """More bytes, or longer audio, than the server takes."""


class Invalid(Refused):
    """The request or its audio cannot be used."""


class TooManyRequests(Refused):
    """A limit was reached; see `retry_after_s`."""


class ServerFailed(Refused):
    """The server failed; its log has the rest, under `request_id`."""


class Unavailable(ServerFailed):
    """Something that the server needs does not answer; see `retry_after_s`."""


_KINDS: Mapping[int, type[Refused]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Outdated,
    413: TooLarge,
    422: Invalid,
    428: Outdated,
    429: TooManyRequests,
    503: Unavailable,
}


def refused(status: int, problem: Mapping[str, Any], retry_after_s: float | None = None) -> Refused:
    """The error of a status; one of no class of its own is plainly `Refused`."""
    kind = _KINDS.get(status, ServerFailed if status >= 500 else Refused)
    return kind(status, problem, retry_after_s)
