"""Gates: how much of the server one tenant may hold at a time, so that its worst never stops another."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from api.server.pace import Pace
from api.server.refusals import TooManyRequests

RETRY_S = 5.0


class Gate:
    """Lets a few in for each tenant, and not too many altogether; a short line may wait.

    Args:
        width: how many of one tenant are inside at once.
        line: how many of one tenant may be inside or wait; more are turned away.
        total: how many of all tenants are inside at once; more than `width`, so that no tenant fills it.
    """

    def __init__(self, width: int, line: int, total: int) -> None:
        self._width = width
        self._line = line
        self._total = asyncio.Semaphore(total)
        self._doors: dict[str, asyncio.Semaphore] = {}
        self._here: Counter[str] = Counter()

    @asynccontextmanager
    async def entered(self, tenant: str) -> AsyncIterator[None]:
        """Wait for a place, and keep it for the block.

        Raises:
            TooManyRequests: too many of the tenant wait already.
        """
        if self._here[tenant] >= self._line:
            raise TooManyRequests(f"{self._line} such requests are under way; send fewer at once", RETRY_S)
        self._here[tenant] += 1
        try:
            # The tenant's own door first: who waits there holds nothing that others need.
            async with self._doors.setdefault(tenant, asyncio.Semaphore(self._width)), self._total:
                yield
        finally:
            self._here[tenant] -= 1
            if not self._here[tenant]:
                del self._here[tenant]
                self._doors.pop(tenant, None)


@dataclass(frozen=True)
class Gates:
    """The gates of a server.

    Attributes:
        uploads: files that are being received.
        pace: how fast.
        typesetting: requests for a PDF, which takes a process of its own for a second or two.
        looks: decoders that look into a file that was received.
    """

    uploads: Gate
    pace: Pace
    typesetting: Gate = field(default_factory=lambda: Gate(width=1, line=8, total=2))
    looks: Gate = field(default_factory=lambda: Gate(width=1, line=16, total=8))
