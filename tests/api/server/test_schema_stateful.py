"""Requests that follow the document's links, so that ids which were given out flow on: no 500 on any path."""

import itertools
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, reject, seed, settings
from hypothesis.errors import FlakyStrategyDefinition
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.core.transport import Response

from tests.api.server.test_schema import checked, client, send
from tests.api.serving import key, parts, register

__all__ = ["client"]  # the server of the requests without a past, filled anew
pytestmark = pytest.mark.slow

SEEDS, EXAMPLES, STEPS = 4, 4, 8


def test_no_path_through_the_document_is_the_servers_fault(client: TestClient) -> None:
    app: Any = client.app
    followed: set[str] = set()

    numbers = itertools.count()

    class Machine(schemathesis.openapi.from_dict(app.openapi()).as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            """A tenant of its own, so that no run meets what another left."""
            tenant = f"tenant-{next(numbers)}"
            client.headers.update(key(client, tenant=tenant))
            register(parts(client).registry.for_tenant(tenant))

        def call(self, case: Any, **_options: Any) -> Response:
            answer = send(client, case)
            if answer is None:
                reject()
            checked(case.operation, answer)
            if answer.is_success and "{" in case.operation.path:
                followed.add(case.operation.label)
            return Response.from_any(answer)

        def validate_response(self, *_arguments: Any, **_options: Any) -> None:
            """`call` has."""

    for number in range(SEEDS):
        # A run ends early where the server remembers what Hypothesis does not: names that are taken, say.
        with suppress(FlakyStrategyDefinition):
            run_state_machine_as_test(
                seed(number)(Machine),
                settings=settings(
                    max_examples=EXAMPLES,
                    stateful_step_count=STEPS,
                    database=None,
                    deadline=None,
                    phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                ),
            )
    assert len(followed) >= 5, "ids that were given out were asked for"
