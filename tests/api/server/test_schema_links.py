"""Requests that follow the document's links, so that ids which were given out flow on: no 500 behind any."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from tests.api.server.test_schema import checked, client, send
from tests.api.serving import GOOD, parts, register

__all__ = ["client"]  # the server of the requests without a past, filled anew
pytestmark = pytest.mark.slow

EXAMPLES = 2
_STATED = {"json": {"issuer": "A Label", "reason": "a reason"}}
SENT: Mapping[str, dict[str, Any]] = {
    "createAudit": {"files": {"file": ("a.wav", GOOD)}},
    "createTrack": {"files": {"file": ("a.wav", GOOD)}, "data": {"title": "a", "owner": "b"}},
    "getMatchesByContent": {"files": {"file": ("a.wav", GOOD)}, "headers": {"prefer": "respond-async"}},
    "createKey": {"json": {"name": "a key", "scopes": ["audits:read"]}},
    "createBatch": {"json": {"items": [{"upload_id": "0" * 32}]}},
    "listRecords": {},
    "amendRecord": {"json": {"asset": {"title": "Another"}}},
    "transferRecord": {"json": {"to": "A Buyer"}},
    "disputeRecord": _STATED,
    "revokeRecord": _STATED,
}
"""A request that each operation answers with an id."""


def links(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str, Mapping[str, str]]]:
    """Every link: its operation with method and path, the operation that it leads to, what it takes along."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for answer in operation["responses"].values():
                for link in answer.get("links", {}).values():
                    source, target = operation["operationId"], link["operationId"]
                    yield source, method, path, target, link["parameters"]


def found(where: str, body: Any, path: Mapping[str, str]) -> str:
    """The value of a runtime expression of OpenAPI."""
    kind, _, pointer = where.partition("#/")
    if kind != "$response.body":
        return path[where.rpartition(".")[2]]
    for name in pointer.split("/"):
        body = body[int(name) if isinstance(body, list) else name]
    return str(body)


def test_no_id_that_was_given_out_leads_to_the_servers_fault(client: TestClient) -> None:
    app: Any = client.app
    schema = schemathesis.openapi.from_dict(app.openapi())
    operations: dict[str, Any] = {}
    for one in schema.get_all_operations():
        operation: Any = one.ok()  # type: ignore[union-attr]  # an invalid document raises
        operations[operation.definition.raw["operationId"]] = operation
    reached: set[str] = set()
    for source, method, template, target, told in links(app.openapi()):
        if source not in SENT:
            continue

        def ask(case: Any) -> None:
            record = register(parts(client).registry).record_id
            path = {"record_id": record}
            answer = client.request(method, template.format(**path), **SENT[source])  # noqa: B023
            assert answer.is_success, (source, answer.text)  # noqa: B023
            case.path_parameters.update(
                {name: found(where, answer.json(), path) for name, where in told.items()}  # noqa: B023
            )
            after = send(client, case)
            if after is not None:
                checked(case.operation, after)
                if after.status_code not in (401, 404):
                    reached.add(target)  # noqa: B023

        cases = given(case=operations[target].as_strategy(generation_mode=GenerationMode.POSITIVE))
        settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )(cases(ask))()
    assert {"getAudit", "cancelAudit", "getTrack", "getLookup", "getRecordEvent", "revokeKey"} <= reached
    assert len(reached) >= 25
