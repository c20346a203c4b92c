"""The OpenAPI document says who may ask, how every request can fail, and which headers come back."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

METHODS = {"get", "post", "delete", "put", "patch"}
PUBLIC = (
    "/oauth/",
    "/v1/log/",
    "/v1/verify",
    "/.well-known/",
    "/healthz",
    "/readyz",
    "/c2pa/v1/services/capabilities",
)


@pytest.fixture(scope="module")
def told(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def operations(told: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, methods in told["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_operation_has_one_name_and_a_known_method(told: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(told)]
    assert len(names) == len(set(names)) > 50
    assert {method for method, _, _ in operations(told)} <= METHODS  # HEAD goes without saying


def test_who_may_ask_is_told(told: dict[str, Any], client: TestClient) -> None:
    schemes = told["components"]["securitySchemes"]
    assert schemes["bearer"]["scheme"] == "bearer"
    stranger = TestClient(client.app, base_url="http://127.0.0.1")
    for method, path, operation in operations(told):
        assert bool(operation["security"]) != path.startswith(PUBLIC), path
        assert all(name in schemes for one in operation["security"] for name in one)
        if method == "get" and "{" not in path:
            assert (stranger.get(path).status_code == 401) == bool(operation["security"]), path


def test_every_way_to_fail_is_told_as_a_problem(told: dict[str, Any]) -> None:
    for method, path, operation in operations(told):
        answers = operation["responses"]
        expected = {"429", "503", "400" if path.startswith("/c2pa/") else "422"}
        expected |= {"401", "403"} if operation["security"] else set()
        expected |= {"408", "409", "413"} if "requestBody" in operation else set()
        assert expected <= answers.keys(), (method, path, expected - answers.keys())
        for status, answer in answers.items():
            if status[0] in "45" and (status, path) != ("501", "/c2pa/v1/matches/byReference"):
                assert list(answer["content"]) == ["application/problem+json"], (path, status)
    assert "HTTPValidationError" not in told["components"]["schemas"]


def test_headers_are_told(told: dict[str, Any]) -> None:
    known = told["components"]["headers"]
    for _, path, operation in operations(told):
        for answer in operation["responses"].values():
            for shown in answer.get("headers", {}).values():
                assert shown["$ref"].rpartition("/")[2] in known
        assert "Retry-After" in operation["responses"]["429"]["headers"], path
        if "202" in operation["responses"]:
            assert {"Location", "Retry-After"} <= operation["responses"]["202"]["headers"].keys()
    record = told["paths"]["/v1/records/{record_id}"]["get"]
    assert "ETag" in record["responses"]["200"]["headers"]
    for name in ("transfers", "disputes", "amendments"):
        sent = told["paths"][f"/v1/records/{{record_id}}/{name}"]["post"]["parameters"]
        assert {"Idempotency-Key", "if-match"} <= {one["name"] for one in sent}, name
