"""Whether the server lives, and whether it can work."""

from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal

from fastapi import APIRouter
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from api import database
from api.errors import StoreUnavailable
from api.server.parts import Parts, PartsDep
from api.server.problems import RETRY_S
from api.server.refusals import NotReady
from api.server.route import Route
from api.server.routes.openapi import problems
from api.server.schemas import Model

router = APIRouter(tags=["health"], route_class=Route)


class Health(Model):
    """How the server is."""

    status: Literal["ok"] = "ok"


@router.get("/healthz", operation_id="getHealth", summary="Alive")
def healthz() -> Health:
    """The process answers."""
    return Health()


@router.get("/readyz", operation_id="getReadiness", summary="Ready", responses=problems(503))
def readyz(parts: PartsDep) -> Health:
    """The database answers and the folders can be written; 503 names, in `parts`, what does not."""
    found = checked(parts)
    if set(found.values()) != {"ok"}:
        raise NotReady(found, RETRY_S)
    return Health()


def checked(parts: Parts) -> dict[str, str]:
    """Each part that the service needs: `ok`, or what is wrong with it."""
    store = parts.worker.files.store
    return {
        **({} if store is None else {"store": _state(store.check)}),
        "database": _state(lambda: _ask(parts.registry.engine)),
        "uploads": _state(lambda: _write(parts.settings.uploads)),
        "outputs": _state(lambda: _write(parts.settings.outputs)),
    }


def _state(attempt: Callable[[], None]) -> str:
    try:
        attempt()
    except OSError as error:
        return f"cannot be written ({error.strerror})"
    except StoreUnavailable as error:
        return str(error)
    except SQLAlchemyError:
        return "does not answer"
    return "ok"


def _ask(engine: Engine) -> None:
    with database.reading(engine) as connection:
        connection.execute(text("SELECT 1"))


def _write(folder: Path) -> None:
    with NamedTemporaryFile(dir=folder, prefix=".ready-"):
        pass
