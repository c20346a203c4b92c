"""Asks the checks of an audit: whatever a check raises becomes an answer with a reason."""

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

from api import database, telemetry
from api.audit.checks import Inconclusive
from api.audit.findings import Found, NotRun
from api.errors import DiskFull, told
from core.errors import TrackmarkError
from core.progress import Progress

log = logging.getLogger(__name__)
Told = TypeVar("Told")


class Shared(Generic[Told]):
    """Work that the other lane does, unless this one asks for it before that has begun.

    Args:
        lane: the other one.
        work: what there is to do.
    """

    def __init__(self, lane: Executor, work: Callable[[], Told]) -> None:
        self._work = work
        self._begun: Future[Told] = lane.submit(work)

    def result(self) -> Told:
        """What came of it; done here and now where nobody has begun."""
        return self._work() if self._begun.cancel() else self._begun.result()


@dataclass
class Asking:
    """Which checks are asked; two lanes may ask side by side.

    Attributes:
        wanted: the checks that were asked for.
        unusable: why no check of the sound can answer, or None.
        report: the caller's progress.
        steps: how many steps an audit has.
        begun: how many of them have begun.
        within: the span of the audit, also for the lane in another thread.
    """

    wanted: frozenset[str]
    unusable: str | None
    report: Progress
    steps: int
    begun: int = 0
    lock: Lock = field(default_factory=Lock)
    within: object = field(default_factory=telemetry.here)

    def ask(self, name: str, check: Callable[[], Found], kept: Found | None = None) -> Found | NotRun[Found]:
        """Run one check.

        Args:
            name: of the check.
            check: asks it.
            kept: what an earlier question of the same check found, which a failure does not undo.

        Raises:
            OSError: the disk has no room for what the check would put aside.
            SQLAlchemyError: the database cannot be reached.
        """
        if name not in self.wanted:
            return NotRun("skipped", "not checked")
        with self.lock:
            self.begun += 1
            self.report(name, self.begun / self.steps)
        if self.unusable is not None and name != "credentials":
            return NotRun("inconclusive", self.unusable)
        try:
            with telemetry.span(f"check {name}", {}, self.within):
                return check()
        except Inconclusive as reason:
            return NotRun("inconclusive", str(reason), reason.found)
        except Exception as error:
            if told(error)["code"] == DiskFull.code or database.away(error):
                raise  # says nothing of the audio: the whole is to be tried again
            log.warning("the %s check failed", name, exc_info=True)
            kind = "" if isinstance(error, TrackmarkError) else f"{type(error).__name__}: "
            return NotRun("failed", f"the check failed: {kind}{error}", kept)
