"""How fast bodies come in: every piece costs the event loop, which all tenants share."""

import asyncio
import time
from collections.abc import Awaitable, Callable

AHEAD_S = 0.5
"""How far a tenant may be ahead of its pace, so that a small file never waits."""


class Pace:
    """Holds all uploads of one tenant together to so many bytes a second.

    Args:
        bytes_per_s: the pace; 0 lets everybody run.
        now: a clock that only goes forward, in seconds.
        rest: waits so many seconds.
    """

    def __init__(
        self,
        bytes_per_s: int,
        now: Callable[[], float] = time.monotonic,
        rest: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._bytes_per_s = bytes_per_s
        self._now = now
        self._rest = rest
        self._due: dict[str, float] = {}  # tenant -> when what it has sent would be through at its pace

    async def keep(self, tenant: str, size: int) -> None:
        """Count bytes that came in, and wait until more may."""
        if not self._bytes_per_s:
            return
        now = self._now()
        due = self._due[tenant] = max(now, self._due.get(tenant, now)) + size / self._bytes_per_s
        if due - now > AHEAD_S:
            await self._rest(due - now - AHEAD_S)
