"""The audit trail of a tenant.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from ..answers import Page
from ..calling import Calling
from ..shapes import AuditEventAnswer


class AuditEventsOperations(Calling):
    """The audit trail of a tenant."""

    def list_audit_events(
        self, *, limit: int | None = None, cursor: str | None = None, of: str | None = None
    ) -> Page[AuditEventAnswer]:
        """List the audit trail.

        The audit trail, newest first. `trackmark audit-trail verify` checks that it holds together.

        Args:
            limit: entries on a page
            cursor: `next` of the page before
            of: address of what it is about
        """
        answer: Page[AuditEventAnswer] = self._page(
            "GET", "/v1/audit-events", query={"limit": limit, "cursor": cursor, "of": of}
        )
        return answer
