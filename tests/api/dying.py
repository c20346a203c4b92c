"""A server that is killed in the middle of a request, and the client that asks again afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, update
from starlette.types import ASGIApp, Receive, Scope, Send

from api import database
from api.database.tables import Table
from api.jobs.sweep import Sweep
from api.server.app import create_app
from api.trail.journal import Journal
from tests.api.killing import Killed
from tests.api.mortal import Mortal
from tests.api.serving import ENGINES, URL

_ANSWERS = Table.metadata.tables["kept_answers"]


class Died(Exception):
    """The connection broke: what a client sees of a server that is killed."""


class Mortality:
    """Has a request that is killed end as a broken connection does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or break off."""
        try:
            await self._app(scope, receive, send)
        except Killed:
            raise Died from None


@contextmanager
def server(home: Mortal) -> Iterator[TestClient]:
    """A server on a home; it works on no jobs, and neither sweeps nor chains the trail by itself."""
    options = {"run_jobs": False, "requests_per_minute": 0, "uploads_per_minute": 0}
    app = create_app(home.settings.model_copy(update=options), ENGINES)
    app.add_middleware(Mortality)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "once", lambda _: None)
        with pytest.MonkeyPatch.context() as start:
            start.setattr(Sweep, "once", lambda _: None)
            client = TestClient(app, base_url=URL)
            client.__enter__()
        try:
            yield client
        finally:
            client.__exit__(None, None, None)


def let_go(engine: Engine) -> None:
    """A minute passes: who died holds no request any more."""
    with database.writing(engine) as connection:
        waiting = update(_ANSWERS).where(_ANSWERS.c.status.is_(None))
        connection.execute(waiting.values(claimed_until=_ANSWERS.c.created_at))
