"""Spans for OpenTelemetry, one for each request, job and check, where an endpoint is named.

A span holds names of ours, ids and numbers: no text that a client sent but its request id, no message of an
error, no audio, nothing secret. They are sent by a thread of their own out of a queue that drops what it
cannot hold, so an endpoint that is slow or away costs spans and nothing else.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON

    if exporter is None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporter = OTLPSpanExporter(endpoint, timeout=SEND_S)
    # whoever asks may name the trace that a request belongs to, and may not keep it out of ours
    provider = TracerProvider(
        ALWAYS_ON, resource=Resource({"service.name": "trackmark"}), shutdown_on_exit=False
    )
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


@contextmanager
def arrived(sent: Sequence[str]) -> Iterator[Any]:
    """Enter what is done in the block, and in threads that work for it, into the span of a request.

    Args:
        sent: every `traceparent` header of it.

    Yields:
        The span, for `ended`; None where none are made.
    """
    if _tracer is None:
        yield None
        return
    from opentelemetry.trace import use_span

    made = _tracer.start_span("request", context=behind(sent[0] if len(sent) == 1 else None))
    with use_span(made, record_exception=False, set_status_on_exception=False):
        yield made


def ended(made: Any, name: str, facts: Mapping[str, str | int | float]) -> None:
    """Tell what the span of a request was, and that it has ended at this moment."""
    if made is not None:
        made.update_name(name)
        made.set_attributes(facts)
        made.end()


def traceparent() -> str | None:
    """The span of this thread as W3C Trace Context writes it, in 55 characters; None where there is none."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")


def behind(parent: str | None) -> object:
    """Where a span that follows from another one is entered, for `span`.

    Args:
        parent: from `traceparent`, or a client's; one that is not well-formed begins a trace of its own.
    """
    if _tracer is None:
        return None
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier = {} if parent is None else {"traceparent": parent}
    return TraceContextTextMapPropagator().extract(carrier, Context())


@contextmanager
def within(parent: str | None) -> Iterator[None]:
    """Have `traceparent` tell in the block what it told elsewhere."""
    if _tracer is None:
        yield
        return
    from opentelemetry import context

    token = context.attach(behind(parent))  # type: ignore[arg-type]  # it is one, kept from who knows no such
    try:
        yield
    finally:
        context.detach(token)
