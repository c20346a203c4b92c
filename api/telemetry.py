"""Spans for OpenTelemetry, one for each request, job and check, where an endpoint is named.

A span holds names of ours, ids and numbers: no text that a client sent but its request id, no message of an
error, no audio, nothing secret. They are sent by a thread of their own out of a queue that drops what it
cannot hold, so an endpoint that is slow or away costs spans and nothing else.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

SEND_S = 5.0
"""How long one attempt at sending may take."""
END_S = 2.0
"""How long the last spans may take when a process ends."""
Tell = Callable[[str, "str | int | float"], object]
"""Adds a fact to a span."""

_tracer: Any = None


def begin(endpoint: str | None, exporter: "SpanExporter | None" = None) -> Callable[[], None]:
    """Have spans of this process sent from now on; without an endpoint nothing is imported and none are made.

    Args:
        endpoint: of a collector that speaks OTLP over HTTP, with the path.
        exporter: sends spans elsewhere; for tests.

    Returns:
        What ends it, and sends the last spans.
    """
    global _tracer
    if endpoint is None and exporter is None:
        return lambda: None
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if exporter is None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporter = OTLPSpanExporter(endpoint, timeout=SEND_S)
    provider = TracerProvider(resource=Resource({"service.name": "trackmark"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _tracer = provider.get_tracer("trackmark")

    def end() -> None:
        global _tracer
        _tracer = None
        last = threading.Thread(target=provider.shutdown, name="last spans", daemon=True)
        last.start()
        last.join(END_S)

    return end


def here() -> object:
    """Where a span would be entered now, for `span` in another thread."""
    if _tracer is None:
        return None
    from opentelemetry import context

    return context.get_current()


@contextmanager
def span(name: str, facts: Mapping[str, str | int | float], within: object = None) -> Iterator[Tell]:
    """Tell of what is done in the block, and of the kind of error that ends it.

    Args:
        name: of what is done, one of few.
        facts: about it.
        within: see `here`; the span of this thread unless given.
    """
    if _tracer is None:
        yield lambda _name, _value: None
        return
    from opentelemetry.trace import StatusCode

    quiet = {"record_exception": False, "set_status_on_exception": False}  # messages may hold names of files
    with _tracer.start_as_current_span(name, context=within, attributes=facts, **quiet) as made:
        try:
            yield made.set_attribute
        except BaseException as error:
            made.set_attribute("error.type", type(error).__name__)
            made.set_status(StatusCode.ERROR)
            raise


def ended(name: str, seconds: float, facts: Mapping[str, str | int | float]) -> None:
    """Tell of something that has ended at this moment."""
    if _tracer is not None:
        now = time.time_ns()
        _tracer.start_span(name, attributes=facts, start_time=now - int(seconds * 1e9)).end(now)
