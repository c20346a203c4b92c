"""Numbers for whoever watches the service."""

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from api.database.tables import DEFAULT_TENANT
from api.server.metrics import MEDIA_TYPE
from api.server.parts import MetricsReader, PartsDep
from api.server.refusals import Forbidden
from api.server.route import Route
from api.server.routes.openapi import problems
from api.server.stored_metrics import Stored

router = APIRouter(tags=["health"], route_class=Route)
EXAMPLE = 'trackmark_jobs{kind="audit",state="queued"} 3.0\n'


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Numbers for Prometheus",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"example": EXAMPLE}}}, **problems()},
)
def metrics(request: Request, parts: PartsDep, caller: MetricsReader) -> PlainTextResponse:
    """What this process counted of its requests, and how jobs, audits, the log and backups stand.

    For keys of the tenant `default`, since the numbers are of all tenants together; no label tells one.
    """
    if caller.tenant != DEFAULT_TENANT:
        raise Forbidden("the numbers are of all tenants; only keys of the tenant 'default' may read them")
    stored = Stored(parts.registry.engine, parts.settings.backup_note)
    text: bytes = request.app.state.metrics.text() + stored.text()
    return PlainTextResponse(text, media_type=MEDIA_TYPE)
