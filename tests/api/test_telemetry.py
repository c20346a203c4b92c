"""Spans: one for each request, job and check, without what strangers wrote, and never in anybody's way."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text

from api import telemetry
from tests.api.serving import BAD, GOOD, audited, parts, serve

SECRET = "unreleased-single"


class Collector(BaseHTTPRequestHandler):
    """Takes spans by OTLP over HTTP."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append((self.path, body))  # type: ignore[attr-defined]  # ours
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Collector)
    server.bodies = []  # type: ignore[attr-defined]  # ours
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def received(collector: HTTPServer) -> list[Any]:
    found = []
    for path, body in collector.bodies:  # type: ignore[attr-defined]  # ours
        assert path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            found += [one for scope in resource.scope_spans for one in scope.spans]
    return found


def facts(one: Any) -> dict[str, Any]:
    return {fact.key: fact.value.string_value or fact.value.int_value for fact in one.attributes}


def test_requests_jobs_and_checks_reach_a_collector(
    collector: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "END_S", None)  # however busy the machine
    endpoint = f"http://127.0.0.1:{collector.server_port}/v1/traces"
    with serve(tmp_path, telemetry_endpoint=endpoint) as client:
        client.headers["X-Request-Id"] = "my-request"
        audit = audited(client, files={"file": (f"{SECRET}.wav", GOOD + SECRET.encode())})
        refused = client.post("/v1/audits", files={"file": (f"{SECRET}.wav", BAD)})
        assert refused.status_code == 422
        client.get(f"/no/{SECRET}")
        secret = client.headers["authorization"].removeprefix("Bearer ")
    spans = received(collector)
    named: dict[str, list[Any]] = {}
    for one in spans:
        named.setdefault(one.name, []).append(one)
    posted = [facts(one) for one in named["POST /v1/audits"]]
    assert [one["http.response.status_code"] for one in posted] == [202, 422]
    assert {one["trackmark.request_id"] for one in posted} == {"my-request"}
    assert "GET /v1/audits/{audit_id}" in named and "GET other" in named
    (job,) = named["job audit"]
    accepted = named["POST /v1/audits"][0]
    assert (job.trace_id, job.parent_span_id) == (accepted.trace_id, accepted.span_id)
    assert facts(job)["trackmark.job_id"] == audit["id"]
    checks = [one for one in spans if one.name.startswith("check ")]
    assert {"check music", "check voice", "check watermark"} <= {one.name for one in checks}
    assert {one.parent_span_id for one in checks} == {job.span_id}
    sent = b"".join(body for _, body in collector.bodies)  # type: ignore[attr-defined]  # ours
    assert SECRET.encode() not in sent and secret.encode() not in sent


def test_what_fails_tells_its_kind_and_no_message() -> None:
    kept = InMemorySpanExporter()
    end = telemetry.begin(None, kept)
    with pytest.raises(ValueError, match=SECRET), telemetry.span("job audit", {"a": 1}) as tell:
        tell("b", 2)
        raise ValueError(SECRET)
    end()
    (one,) = kept.get_finished_spans()
    assert dict(one.attributes or {}) == {"a": 1, "b": 2, "error.type": "ValueError"}
    assert not one.status.is_ok and SECRET not in one.to_json() and one.events == ()
    with telemetry.span("job audit", {}):  # it has ended
        pass
    assert len(kept.get_finished_spans()) == 1


class Stuck(SpanExporter):
    """A collector that never answers."""

    def __init__(self) -> None:
        self.asked, self.let_go = threading.Event(), threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.asked.set()
        self.let_go.wait()
        return SpanExportResult.FAILURE


def test_a_collector_that_never_answers_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "END_S", 0.01)
    stuck = Stuck()
    end = telemetry.begin(None, stuck)
    try:
        for number in range(5000):  # more than its queue holds
            with telemetry.arrived([]) as made:
                telemetry.ended(made, "GET /healthz", {"number": number})
        assert stuck.asked.wait()
        with telemetry.span("job audit", {}):
            pass
        end()  # it waits no longer than it may
    finally:
        stuck.let_go.set()


def test_a_collector_that_is_away_breaks_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "END_S", 0.01)
    with serve(tmp_path, telemetry_endpoint="http://127.0.0.1:1/v1/traces") as client:
        assert audited(client)["state"] == "succeeded"


def test_without_an_endpoint_nothing_is_imported() -> None:
    code = (
        "import sys; from api import telemetry; telemetry.begin(None)()\n"
        "with telemetry.arrived(['00-1']) as made, telemetry.span('a', {}): telemetry.ended(made, 'b', {})\n"
        "with telemetry.within('00-1'): assert telemetry.traceparent() is None\n"
        "assert telemetry.here() is None and not any(m.startswith('opentelemetry') for m in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_client_names_the_trace_and_what_it_asked_for_stays_in_it(tmp_path: Path) -> None:
    kept = InMemorySpanExporter()
    theirs = f"00-{'a1' * 16}-{'b2' * 8}-00"  # not sampled, which they may say of their spans only
    with serve(tmp_path) as client:
        end = telemetry.begin(None, kept)
        try:
            client.post("/v1/webhooks", json={"url": "https://8.8.8.8/", "events": ["batch.completed"]})
            parts(client).worker.stop()  # nothing is sent anywhere
            for sent in (theirs, "00-nonsense", f"00-{'0' * 32}-{'b2' * 8}-01"):
                client.get("/healthz", headers={"traceparent": sent})
            tus = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
            tus["Upload-Length"] = str(len(GOOD))
            place = client.post("/v1/uploads", content=GOOD, headers=tus).headers["location"]
            items = [{"upload_id": place.rpartition("/")[2]}]
            batch = client.post("/v1/batches", json={"items": items}, headers={"traceparent": theirs}).json()
            (job,) = parts(client).jobs.newest(tenant="default", state="queued", limit=100)
            parts(client).worker.run(job.id)
            parts(client).worker.batches.complete(batch["id"])
        finally:
            end()
        with parts(client).registry.engine.connect() as connection:
            message = connection.execute(text("SELECT trace FROM webhook_deliveries")).scalar()
    spans = {one.name: one for one in kept.get_finished_spans() if one.name != "GET /healthz"}
    healthy = [one for one in kept.get_finished_spans() if one.name == "GET /healthz"]
    assert [one.parent is None for one in healthy] == [False, True, True]
    asked, done = spans["POST /v1/batches"], spans["job audit"]
    assert asked.parent is not None and asked.parent.span_id == int("b2" * 8, 16)
    assert done.parent is not None and done.parent.span_id == asked.context.span_id
    assert message == f"00-{'a1' * 16}-{asked.context.span_id:016x}-01"
