"""Rate limits: a token bucket for each client and class of request, in this process's memory."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MAX_CLIENTS = 10_000
WINDOW_S = 60


@dataclass(frozen=True)
class Allowance:
    """What a client has left after a request.

    Attributes:
        per_minute: how many requests a minute are allowed.
        remaining: how many more are at this moment.
        wait_s: until the next one is, where none remains.
        allowed: whether the request was.
    """

    per_minute: int
    remaining: int
    wait_s: float
    allowed: bool

    def headers(self) -> dict[str, str]:
        """As clients read it (draft-ietf-httpapi-ratelimit-headers)."""
        wait = f";t={math.ceil(self.wait_s)}" if self.remaining == 0 else ""
        return {
            "RateLimit-Policy": f'"requests";q={self.per_minute};w={WINDOW_S}',
            "RateLimit": f'"requests";r={self.remaining}{wait}',
        }


class RateLimit:
    """Allows `per_minute` requests a minute to each client, with bursts up to that number; 0 allows all."""

    def __init__(self, per_minute: int, now: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._now = now
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # client -> (tokens, time)

    def spend(self, client: str) -> Allowance | None:
        """Count one request; None where there is no limit."""
        if self._per_minute == 0:
            return None
        rate = self._per_minute / WINDOW_S
        now = self._now()
        with self._lock:
            tokens, then = self._buckets.pop(client, (float(self._per_minute), now))
            tokens = min(float(self._per_minute), tokens + (now - then) * rate)
            allowed = tokens >= 1
            tokens = tokens - 1 if allowed else tokens
            self._buckets[client] = (tokens, now)
            while len(self._buckets) > MAX_CLIENTS:
                self._buckets.popitem(last=False)
        return Allowance(self._per_minute, int(tokens), max(0.0, (1 - tokens) / rate), allowed)
