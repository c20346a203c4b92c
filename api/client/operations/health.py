"""How the server is.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from ..calling import Calling
from ..shapes import Health


class HealthOperations(Calling):
    """How the server is."""

    def get_health(self) -> Health:
        """Alive.

        The process answers.
        """
        answer: Health = self._json("GET", "/healthz")
        return answer

    def get_readiness(self) -> Health:
        """Ready.

        The database answers and the folders can be written; 503 names, in `parts`, what does not.
        """
        answer: Health = self._json("GET", "/readyz")
        return answer

    def get_metrics(self) -> str:
        """Numbers for Prometheus.

        What this process counted of its requests, and how jobs, audits, the log and backups stand.

        For keys of the tenant `default`, since the numbers are of all tenants together; no label tells one.
        """
        return self._text("GET", "/metrics")
