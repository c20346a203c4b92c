"""Rate limits: a token bucket for each client and class of request, in this process's memory."""

import threading
import time
from collections import OrderedDict

from api.errors import TooManyRequests

MAX_CLIENTS = 10_000


class RateLimit:
    """Allows `per_minute` requests a minute to each client, with bursts up to that number; 0 allows all."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # client -> (tokens, time)

    def spend(self, client: str) -> None:
        """Count one request.

        Raises:
            TooManyRequests: the client has none left.
        """
        if self._per_minute == 0:
            return
        rate = self._per_minute / 60
        now = time.monotonic()
        with self._lock:
            tokens, then = self._buckets.pop(client, (float(self._per_minute), now))
            tokens = min(float(self._per_minute), tokens + (now - then) * rate)
            allowed = tokens >= 1
            self._buckets[client] = (tokens - 1 if allowed else tokens, now)
            while len(self._buckets) > MAX_CLIENTS:
                self._buckets.popitem(last=False)
        if not allowed:
            wait = (1 - tokens) / rate
            raise TooManyRequests(
                f"at most {self._per_minute} such requests a minute; wait {wait:.0f} s", wait
            )
