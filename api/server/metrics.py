"""What a server process counts of its requests, in the text format of Prometheus.

Labels are templates of our routes, methods and statuses: never an address as it was asked for, which holds
names and ids of entries, nor anything of a tenant.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from starlette.types import Scope

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})
OTHER = "other"
"""A route that nobody has, the files of the pages, and a method that nobody knows."""


class Metrics:
    """The requests that one process answered, since it started."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "trackmark_http_requests",
            "Requests that were answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "trackmark_http_request_duration_seconds",
            "From the head of a request to the end of its answer, with the body in between.",
            ("route",),
            buckets=BUCKETS_S,
            registry=self._registry,
        )
        ProcessCollector(registry=self._registry)

    def answered(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request that has ended.

        Args:
            scope: of the request, with the route that took it.
            status: of its answer.
            seconds: how long it took.
        """
        route = getattr(scope.get("route"), "path_format", OTHER)
        method = scope["method"] if scope["method"] in METHODS else OTHER
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Everything that was counted."""
        return generate_latest(self._registry)
