"""The application: its parts put together from settings, nothing global, nothing started at import."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api import telemetry
from api.audit.engines import Engines, product_engines
from api.identity.given import signing_in
from api.jobs.beside import Beside
from api.jobs.books import Jobs
from api.jobs.listing import JobLists
from api.jobs.worker import Worker
from api.lists.cursors import Cursors
from api.members.sessions import Sessions
from api.registry.registry import Registry
from api.server import access, problems
from api.server.api_keys import ApiKeys
from api.server.document import document
from api.server.gates import Gate, Gates
from api.server.guard import Guard
from api.server.idempotency import Answers
from api.server.metrics import Metrics, request_span
from api.server.pace import Pace
from api.server.pages import rendering, site
from api.server.parts import Parts
from api.server.rate_limit import RateLimit
from api.server.routes import (
    artists,
    audit_events,
    audits,
    batches,
    cases,
    comparisons,
    consents,
    enrolments,
    events,
    exports,
    health,
    keys,
    log,
    lookups,
    members,
    metrics,
    notices,
    oauth,
    policies,
    records,
    resolution,
    retention,
    tables,
    tenants,
    tracks,
    uploads,
    verification,
    webhooks,
)
from api.server.tokens import Tokens
from api.server.turns import Turns
from api.settings import Settings
from api.uploads import Uploads
from api.webhooks.address import Addresses
from api.webhooks.webhooks import Webhooks

logger = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
DESCRIPTION = """Audit audio files, tag tracks, and prove what was registered.

Send an API key as `Authorization: Bearer tmk_...`. Errors are RFC 9457 problem details with a stable `code`.
Work that takes long is answered with 202 and a `Location` to follow. The log and the public keys need no key.
A body may come with `Content-Digest` (RFC 9530; sha-256, sha-512) and is then held against it.
"""


def create_app(
    settings: Settings, engines: Engines | None = None, *, beside: Beside | None = None
) -> FastAPI:
    """Build the application.

    Args:
        settings: folders, limits, databases.
        engines: what touches audio; None takes the parts as they ship.
        beside: who works on the queue, started and stopped with the application; None does it in threads of
            this process, where `settings.run_jobs` says so.

    Returns:
        The application. Database, keys and job queue are opened when it starts and closed when it stops.
    """
    app = FastAPI(
        title="Trackmark",
        version="1",
        description=DESCRIPTION,
        lifespan=_lifespan(settings, engines or product_engines(settings), beside),
        redirect_slashes=False,
        # The interactive pages of FastAPI load their scripts from a CDN; ours work without a network.
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    app.state.problem_page = rendering.problem_page
    for module in (
        audits,
        audit_events,
        batches,
        cases,
        comparisons,
        notices,
        policies,
        retention,
        tables,
        tenants,
        tracks,
        uploads,
        records,
        events,
        exports,
        resolution,
        artists,
        consents,
        enrolments,
        lookups,
        log,
        keys,
        members,
        webhooks,
        oauth,
        health,
        metrics,
        verification,
        site,
    ):
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.openapi = lambda: document(app)  # type: ignore[method-assign]  # as FastAPI has it extended
    counted = app.state.metrics = Metrics()

    def ended(scope: Scope, status: int, seconds: float) -> None:
        counted.answered(scope, status, seconds)
        access.answered(scope, status, seconds)
        telemetry.ended(scope["state"].get("span"), *request_span(scope, status))

    app.add_middleware(Guard, idle_s=settings.body_idle_s, total_s=settings.body_total_s, counted=ended)
    return app


def _lifespan(
    settings: Settings, engines: Engines, beside: Beside | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        parts, close = await run_in_threadpool(_open, settings, engines, beside)
        app.state.parts = parts
        try:
            yield
        finally:
            await run_in_threadpool(close.close)

    return lifespan


def _open(settings: Settings, engines: Engines, beside: Beside | None) -> tuple[Parts, ExitStack]:
    """The parts, and what closes them again."""
    for folder in (settings.home, settings.uploads, settings.outputs):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as opened:  # whatever fails to start, what was opened before it is closed
        opened.callback(telemetry.begin(settings.telemetry_endpoint))
        registry = Registry.open(settings)
        opened.callback(registry.close)
        registry.keys.enter()
        turns = Turns()
        opened.callback(turns.close)
        jobs, keys = Jobs(registry.engine), ApiKeys(registry.engine)
        _, path = keys.first_admin(settings.home)
        logger.info("the first admin's API key is in %s", path)
        worker = Worker(settings, registry, jobs, engines)
        opened.callback(worker.stop)
        worker.start(listen=settings.run_jobs and beside is None, receives=True)
        if beside is not None:
            opened.callback(beside.stop)
            beside.start()
        limits = RateLimit(settings.requests_per_minute), RateLimit(settings.uploads_per_minute)
        receiving = Gate(settings.uploads_at_once, settings.uploads_at_once, total=1000)
        answers = Answers(registry.engine, timedelta(hours=settings.idempotency_hours))
        cursors = Cursors.of(registry.engine)
        lists = JobLists(registry.engine, cursors)
        parts = Parts(
            settings,
            registry,
            keys,
            jobs,
            worker,
            worker.wake if beside is None else beside.wake,
            engines,
            *limits,
            answers,
            Gates(receiving, Pace(settings.upload_bytes_per_s)),
            cursors,
            lists,
            Webhooks(registry.engine, registry.keys, Addresses(settings.webhook_trusted)),
            Uploads.of(registry.engine, settings),
            Tokens(registry.keys.token_key, keys),
            Sessions(
                registry.engine,
                timedelta(minutes=settings.session_idle_minutes),
                timedelta(hours=settings.session_hours),
            ),
            turns,
            signing_in(settings, registry.engine),
        )
        return parts, opened.pop_all()
