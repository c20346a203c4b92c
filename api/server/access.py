"""A line of the log for each answer: who asked for which route, and what became of it.

Labels and ids only, as in `api.server.metrics`: no address as it was asked for, no header, no name of a file.
"""

import logging
from typing import Any

from starlette.types import Scope

from api.server.api_keys import Caller
from api.server.metrics import labels

log = logging.getLogger("api.access")


def answered(scope: Scope, status: int, seconds: float) -> None:
    """Log a request that has ended, where `api.logs` was told to.

    Args:
        scope: of the request, with the route that took it and, where it asked who that is, its caller.
        status: of its answer.
        seconds: from its head to the end of its answer.
    """
    if not log.isEnabledFor(logging.INFO):
        return
    method, route = labels(scope)
    facts: dict[str, Any] = {"method": method, "route": route, "status": status}
    facts["duration_ms"] = round(1000.0 * seconds, 1)
    caller: Caller | None = scope["state"].get("caller")
    if caller is not None:
        facts |= {"tenant": caller.tenant, "key_id": caller.key_id, "member_id": caller.member_id}
    text = "%s %s %s, %.1f ms"
    log.info(text, method, route, status, facts["duration_ms"], extra={"facts": facts})
