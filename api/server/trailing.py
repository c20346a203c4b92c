"""Which requests the audit trail tells of: every write, and every read of a record, a voice or a report."""

from dataclasses import dataclass
from secrets import token_hex

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api.outbox.trail import Acting, Event, Phase, acting
from api.server.answers import status_of
from api.server.api_keys import Caller
from api.server.parts import parts
from core import clock
from core.errors import TrackmarkError

READ = (
    "records",
    "audits",
    "batches",
    "artists",
    "tracks",
    *("audits.csv", "records.csv", "cases.csv", "notices.csv", "artists.csv", "comparisons.csv"),
    "comparisons",
    "cases",
    "notices",
    "enrolments",
    "lookups",
    "exports",
    "audit-events",
)
"""What is told when it is read: claims, voices, findings, reports, what people decided, the trail itself."""
_UNDER = ("/v1/", "/", "/c2pa/v1/")
_MANIFESTS = "/c2pa/v1/manifests"


def watched(method: str, path: str) -> Phase | None:
    """Whether a request of a known caller is told of, and before or behind it.

    >>> watched("POST", "/v1/keys"), watched("GET", "/v1/records/{record_id}"), watched("GET", "/v1/whoami")
    ('asked', 'read', None)
    """
    if method not in ("GET", "HEAD", "OPTIONS"):
        return "asked"
    told = path.startswith(_MANIFESTS) or any(
        path == f"{under}{name}" or path.startswith(f"{under}{name}/") for under in _UNDER for name in READ
    )
    return "read" if told else None


@dataclass(frozen=True)
class Watch:
    """One request that the trail tells of."""

    request: Request
    phase: Phase
    action: str
    by: Acting
    tenant: str

    @classmethod
    async def begin(cls, request: Request, phase: Phase, path: str, caller: Caller) -> "Watch":
        """Name who acts; a write is on disk in the trail before anything of it is done."""
        by = Acting(caller.actor, token_hex(8))
        acting.set(by)
        made = cls(request, phase, f"{request.method} {path}", by, caller.tenant)
        if phase == "asked":
            await run_in_threadpool(parts(request).worker.journal.write, made._event("asked", None))
        return made

    def answered(self, response: Response) -> None:
        """Tell how it ended. A job that is being followed, again and again, is told of once it has ended."""
        if self.phase == "read" and "retry-after" in response.headers:
            return
        self.ended(response.status_code)

    def failed(self, error: Exception) -> None:
        """Tell that it was refused, or failed."""
        status = 500
        if isinstance(error, TrackmarkError):
            status = status_of(error)
        elif isinstance(error, RequestValidationError):
            status = 422
        elif isinstance(error, HTTPException):
            status = error.status_code
        self.ended(status)

    def ended(self, status: int) -> None:
        """Tell with which status it ended."""
        phase: Phase = "answered" if self.phase == "asked" else "read"
        parts(self.request).worker.journal.soon(self._event(phase, status))

    def _event(self, phase: Phase, outcome: int | None) -> Event:
        return Event(self.tenant, phase, self.action, self.request.url.path, self.by, outcome, clock.now())
