"""What webhooks are told of jobs: that an audit has ended, in the transaction that ends it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from api.outbox.outbox import tell


def audit_ended(
    connection: Connection,
    job: Any,
    *,
    result: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
) -> None:
    """Tell that an audit completed, or failed or expired; of other jobs nothing.

    Args:
        connection: of the transaction that ends it.
        job: the job, or its row.
        result: of an audit that completed.
        error: of one that did not.
    """
    if job.kind != "audit":
        return
    said = {"audit_id": job.id, "url": f"/v1/audits/{job.id}"}
    if error is not None:
        tell(connection, job.tenant, "audit.failed", {**said, "code": error["code"]})
        return
    decision = ((result or {}).get("decision") or {}).get("action")
    tell(connection, job.tenant, "audit.completed", {**said, "decision": decision})
