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
        method, route = labels(scope)
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Everything that was counted."""
        return generate_latest(self._registry)


def request_span(scope: Scope, status: int) -> tuple[str, dict[str, str | int]]:
    """Name and facts of a request that has ended, as `api.telemetry.ended` takes them."""
    method, route = labels(scope)
    facts: dict[str, str | int] = {
        "http.request.method": method,
        "http.route": route,
        "http.response.status_code": status,
        "trackmark.request_id": scope["state"]["request_id"],
    }
    return f"{method} {route}", facts


def labels(scope: Scope) -> tuple[str, str]:
    """Method and template of the route that took a request."""
    method = scope["method"] if scope["method"] in METHODS else OTHER
    return method, getattr(scope.get("route"), "path_format", OTHER)
