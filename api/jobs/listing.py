"""Pages of a tenant's audits, taggings and comparisons."""

from dataclasses import dataclass

from sqlalchemy import Engine, bindparam

from api import database
from api.database.tables import Table
from api.jobs import finding
from api.jobs.books import AS_WRITTEN, job_as_written
from api.jobs.job import Job, Listed
from api.lists.cursors import Cursors
from api.lists.query import Wanted, look_up

_JOBS = Table.metadata.tables["jobs"]
_SHOWN = AS_WRITTEN.where(  # to build it for each page takes a tenth of the page's time
    _JOBS.c.id.in_(bindparam("ids", expanding=True)), _JOBS.c.tenant == bindparam("tenant")
)


@dataclass(frozen=True)
class Page:
    """Some jobs in the order of their list, and where the next page starts."""

    jobs: tuple[Job, ...]
    next: str | None


@dataclass(frozen=True)
class JobLists:
    """The lists of all tenants' jobs; every page is one tenant's."""

    engine: Engine
    cursors: Cursors

    def page(self, kind: Listed, tenant: str, wanted: Wanted) -> Page:
        """A page of a tenant's jobs.

        Raises:
            InvalidInput: the cursor is not one of this list, or a search says nothing.
        """
        with database.reading(database.for_tenant(self.engine, tenant)) as connection:
            found = look_up(connection, finding.shelf(kind), wanted, tenant, self.cursors)
            rows = connection.execute(_SHOWN, {"ids": found.ids, "tenant": tenant})
            jobs = {row.id: job_as_written(row) for row in rows}
        return Page(tuple(jobs[one] for one in found.ids if one in jobs), found.next)
