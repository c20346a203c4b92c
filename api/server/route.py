"""Our routes: as FastAPI's, but they take the parameters that they declare and no others, and answer HEAD."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from api.server.inputs import check_json, check_parameters

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_HEAD = "trackmark.head"


class Route(APIRoute):
    """A route of ours."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """HEAD goes where GET goes."""
        return super().matches(_read(scope))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await super().handle(_read(scope), receive, send)

    def get_route_handler(self) -> Handler:
        """FastAPI's handler between what every route of ours does."""
        answer = super().get_route_handler()
        declared = get_flat_params(self.dependant)
        known = frozenset(field.alias for field in declared if isinstance(field.field_info, Query))
        takes_json = self.body_field is not None and self.include_in_schema

        async def handler(request: Request) -> Response:
            if self.include_in_schema:  # a page may be reached by whatever address a browser makes up
                check_parameters(request.query_params, known)
            if takes_json and (body := await request.body()):
                check_json(body)
            response = await answer(request)
            return _Head(response) if request.scope.get(_HEAD) else response

        return handler


class _Head(Response):
    """What an answer says of itself, without the answer."""

    def __init__(self, full: Response) -> None:
        super().__init__(status_code=full.status_code, background=full.background)
        self.raw_headers = full.raw_headers


def _read(scope: Scope) -> Scope:
    return {**scope, "method": "GET", _HEAD: True} if scope.get("method") == "HEAD" else scope
