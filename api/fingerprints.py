"""The fingerprint index of one tenant: the shared index, its answers limited to the tenant's records."""

from sqlalchemy import Engine, select

from api import db
from api.tables import Table
from provenance.fingerprint import Fingerprint, Match, SqlIndex

_RECORDS = Table.metadata.tables["records"]


class TenantIndex:
    """The fingerprints of one tenant's records."""

    def __init__(self, engine: Engine, tenant: str) -> None:
        self._engine = engine
        self._tenant = tenant

    def query(self, fingerprint: Fingerprint) -> list[Match]:
        """Matches among the tenant's records, best first."""
        matches = SqlIndex(self._engine).query(fingerprint)
        if not matches:
            return []
        mine = select(_RECORDS.c.record_id).where(
            _RECORDS.c.record_id.in_([match.record_id for match in matches]),
            _RECORDS.c.tenant == self._tenant,
        )
        with db.reading(self._engine) as connection:
            owned = set(connection.execute(mine).scalars())
        return [match for match in matches if match.record_id in owned]
