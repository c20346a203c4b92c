"""The OpenAPI document says who may ask, how every request can fail, and which headers come back."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from api.server.answers import ANSWERS
from api.server.schemas import Model

PROBLEM = {"$ref": "#/components/schemas/Problem"}
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
            if status[0] in "45":
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
        assert {"Idempotency-Key", "If-Match"} <= {one["name"] for one in sent}, name


def test_every_post_of_somebody_who_is_known_is_done_once(told: dict[str, Any]) -> None:
    for method, path, operation in operations(told):
        takes = "Idempotency-Key" in {one["name"] for one in operation["parameters"]}
        assert takes == (method == "post" and bool(operation["security"])), (method, path)


def test_every_operation_group_and_parameter_is_described(told: dict[str, Any]) -> None:
    groups = {one["name"] for one in told["tags"] if one["description"]}
    assert groups == {tag for _, _, operation in operations(told) for tag in operation["tags"]}
    for _, path, operation in operations(told):
        assert operation["summary"] and operation["description"], path
        for one in operation["parameters"]:
            assert one.get("description"), (path, one["name"])


def json_bodies(told: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The JSON that is sent, and that comes where all is well: whose it is, its schema, its examples."""
    schemas = told["components"]["schemas"]
    for _, _, operation in operations(told):
        answers = {status: one for status, one in operation["responses"].items() if status[0] == "2"}
        for side, body in {"body": operation.get("requestBody", {}), **answers}.items():
            for media, content in body.get("content", {}).items():
                if media in ("application/json", "multipart/form-data") and content:
                    schema = content["schema"]
                    name = schema.get("$ref", "").rpartition("/")[2]
                    shown = {"examples": [content["example"]]} if "example" in content else {}
                    yield f"{operation['operationId']} {side}", schema, shown or schemas.get(name, schema)


def test_every_json_has_a_shape_and_an_example_of_it(told: dict[str, Any]) -> None:
    free = {"amendRecord body", "verifyReport body", "getLogEntry 200"}  # a patch; what was signed elsewhere
    checked = 0
    for name, schema, shown in json_bodies(told):
        if name in free:
            continue
        assert shown.get("examples"), f"{name} has no example"
        validator = jsonschema_rs.validator_for({**schema, "components": told["components"]})
        for example in shown["examples"]:
            validator.validate(example)
        whole = told["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
        assert whole.get("properties"), f"{name} does not say what it holds"
        checked += 1
    assert checked > 120


def test_the_examples_are_what_a_client_may_send(told: dict[str, Any], client: TestClient) -> None:
    """Validators of the bodies' classes agree, those that no schema can tell as well."""
    app: Any = client.app
    checked = 0
    for route in iter_route_contexts(app.routes):
        body: Any = getattr(route, "body_field", None)
        model = getattr(body, "field_info", None) and body.field_info.annotation
        if isinstance(model, type) and issubclass(model, Model):
            for example in told["components"]["schemas"][model.__name__]["examples"]:
                model.model_validate(example)
            checked += 1
    assert checked > 25


def test_every_problem_names_its_codes(told: dict[str, Any]) -> None:
    known = told["components"]["examples"]
    problem = jsonschema_rs.validator_for({**PROBLEM, "components": told["components"]})
    assert known.keys() == ANSWERS.keys()
    for _, path, operation in operations(told):
        for status, answer in operation["responses"].items():
            if status[0] not in "45":
                continue
            shown = answer["content"]["application/problem+json"]["examples"]
            assert shown or path.startswith("/c2pa/"), (path, status)
            for code in shown:
                assert str(ANSWERS[code].status) == status, (path, code)
                problem.validate(known[code]["value"])
    asked = told["paths"]["/v1/audits"]["post"]["responses"]["422"]["content"]["application/problem+json"]
    assert {"unreadable-audio", "idempotency-key-reused", "invalid-request"} <= asked["examples"].keys()
    listed = told["paths"]["/v1/audits"]["get"]["responses"]["422"]["content"]["application/problem+json"]
    assert "idempotency-key-reused" not in listed["examples"]
