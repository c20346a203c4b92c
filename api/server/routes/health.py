"""Whether the server lives, and whether it can work."""

from fastapi import APIRouter
from sqlalchemy import text

from api import database
from api.server.parts import PartsDep
from api.server.schemas import Health

router = APIRouter(tags=["health"])


@router.get("/healthz", operation_id="getHealth", summary="Alive")
def healthz() -> Health:
    """The process answers."""
    return Health()


@router.get("/readyz", operation_id="getReadiness", summary="Ready")
def readyz(parts: PartsDep) -> Health:
    """The database answers and the folders can be written."""
    with database.reading(parts.registry.engine) as connection:
        connection.execute(text("SELECT 1"))
    probe = parts.settings.uploads / ".ready"
    probe.touch()
    probe.unlink(missing_ok=True)
    return Health()
