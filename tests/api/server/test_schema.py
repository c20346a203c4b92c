"""Requests made of the OpenAPI document, the same at every run: no 500, and nothing that it does not tell."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from tests.api.serving import parts, register, serve

pytestmark = pytest.mark.slow

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
schemathesis.serializer.alias("text/csv", "text/plain")

EXAMPLES = 6
SENT = ("method", "url", "params", "headers", "json", "data", "files")


@pytest.fixture(scope="module")
def client(either: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home"), run_jobs=False, answer_wait_s=0, **either) as client:
        register(parts(client).registry)
        answers = TestClient(client.app, base_url=str(client.base_url), raise_server_exceptions=False)
        answers.headers.update(client.headers)
        yield answers


def send(client: TestClient, case: Any) -> Any:
    """The answer to a case; None for one that no client can put on the wire."""
    sent = case.as_transport_kwargs(base_url=str(client.base_url))
    sent = {name: value for name, value in sent.items() if name in SENT}
    if isinstance(sent.get("data"), bytes | str):
        sent["content"] = sent.pop("data")
    files = sent.get("files") or []
    for _, file in files.items() if isinstance(files, dict) else files:
        if not isinstance(file[1] if isinstance(file, tuple) else file, bytes | str):
            return None
    try:
        return client.request(**sent)
    except (UnicodeEncodeError, TypeError, ValueError):
        return None


def checked(operation: Any, answer: Any) -> None:
    """Hold an answer against the document."""
    told, status = operation.definition.raw["responses"], str(answer.status_code)
    assert status < "500" or status in ("501", "503"), (operation.label, answer.text)
    if status >= "400" and status not in ("404", "405"):
        assert status in told, (operation.label, status, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.name.lower())
def test_no_request_of_the_document_is_the_servers_fault(client: TestClient, mode: GenerationMode) -> None:
    app: Any = client.app
    asked: set[str] = set()
    for found in schemathesis.openapi.from_dict(app.openapi()).get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # an invalid document raises

        def ask(case: Any) -> None:
            answer = send(client, case)
            if answer is not None:
                asked.add(operation.label)  # noqa: B023  # called within the round
                checked(operation, answer)  # noqa: B023

        cases = given(case=operation.as_strategy(generation_mode=mode))
        with suppress(Unsatisfiable):  # nothing that this operation is sent can be wrong
            settings(
                max_examples=EXAMPLES,
                derandomize=True,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )(cases(ask))()
    assert len(asked) > 40
