"""Our routes: as FastAPI's, but they take only the parameters that they declare, answer HEAD, and act once.

A request with an `Idempotency-Key` is claimed by `parts.begin`; here its answer is kept, or given again.
"""

import inspect
import re
from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import Annotated, Any, get_args, get_origin

import fastapi
from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Depends, Query
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from api.server import digests
from api.server.answers import status_of
from api.server.api_keys import Caller
from api.server.idempotency import REPLAYED, Kept, claimed
from api.server.inputs import check_json, check_parameters
from api.server.parts import Needs, Replayed, address, caller, count, parts
from api.server.schemas import Model
from api.server.trailing import Watch, watched
from core.errors import InvalidInput, TrackmarkError

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_HEAD = "trackmark.head"
_JSON = re.compile(r"application/([\w.-]+\+)?json\s*(;.*)?", re.IGNORECASE)
_ASKED = inspect.Parameter("asked_by_route", inspect.Parameter.KEYWORD_ONLY, annotation=Request)


class Route(APIRoute):
    """A route of ours."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        status, leaves_out = (
            options.get("status_code") or 200,
            bool(options.get("response_model_exclude_none")),
        )
        reads = set(options.get("methods") or ()) <= {"GET"}
        super().__init__(path, _in_one_turn(endpoint, status, leaves_out, reads=reads), **options)
        self._begins = self.path.partition("{")[0]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """HEAD goes where GET goes. No router of ours is put under a prefix, so most routes are told apart
        by how they begin."""
        if not scope["path"].startswith(self._begins):
            return Match.NONE, {}
        return super().matches(_read(scope))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await super().handle(_read(scope), receive, send)

    def get_route_handler(self) -> Handler:
        """FastAPI's handler between what every route of ours does."""
        answer = super().get_route_handler()
        declared = get_flat_params(self.dependant)
        phase = watched(next(iter(self.methods or {"GET"})), self.path_format)
        known = frozenset(field.alias for field in declared if isinstance(field.field_info, Query))
        takes_json = self.body_field is not None and self.include_in_schema

        private = asks_who(self.dependant)
        public = not private and "health" not in self.tags

        async def handler(request: Request) -> Response:
            watch: Watch | None = None
            if public:  # whoever balances load asks after health as often as it likes
                count(request, parts(request).requests, f"public {address(request)}")
            if self.include_in_schema:  # a page may be reached by whatever address a browser makes up
                check_parameters(request.query_params, known)
            if private:  # who asks is known, and counted, before anything of a body is read
                asking = request.state.caller = await caller(request, parts(request))
                if phase is not None:
                    watch = await Watch.begin(request, phase, self.path_format, asking)
            if takes_json and (body := await request.body()):
                check_json(body)
                if not _JSON.fullmatch(request.headers.get("content-type", "")):
                    raise InvalidInput("send the body with Content-Type: application/json")
            try:
                response = await answer(request)
            except Replayed as replayed:
                kept = replayed.answer
                if watch is not None:
                    watch.ended(kept.status)
                return Response(kept.body, kept.status, {**kept.headers, REPLAYED: "true"})
            except Exception as error:
                if watch is not None:
                    watch.failed(error)
                await _release(request, error)
                raise
            if watch is not None:
                watch.answered(response)
            await _keep(request, response)
            if self.include_in_schema and digests.is_file(response):
                response = await run_in_threadpool(digests.tell, response, request)
            return _Head(response) if request.scope.get(_HEAD) else response

        return handler


def _in_one_turn(
    endpoint: Callable[..., Any], status: int, leaves_out: bool, *, reads: bool
) -> Callable[..., Any]:
    """The same endpoint, so that its request takes one turn in a thread, in which its answer is written, too.

    What only reads takes the turns of its tenant. What writes waits for the disk, and together with others.

    FastAPI gives another one to each class among the dependencies, whose making costs nothing, and one to the
    check of the answer, which its own class has checked; and it writes the answer on the event loop.
    """
    signature = inspect.signature(endpoint, eval_str=True)
    taken = {
        name: one.replace(annotation=_made_here(one.annotation)) for name, one in signature.parameters.items()
    }
    asked = next((name for name, one in taken.items() if one.annotation is Request), _ASKED.name)
    model = signature.return_annotation
    if inspect.iscoroutinefunction(endpoint):

        @wraps(endpoint)
        async def answer(**values: Any) -> Any:
            return await endpoint(**values)
    else:

        @wraps(endpoint)
        async def answer(**values: Any) -> Any:
            request: Request = values[asked] if asked in signature.parameters else values.pop(asked)
            written = partial(_written, endpoint, values, model, status, leaves_out)
            if not reads:
                return await run_in_threadpool(written)
            by: Caller | None = getattr(request.state, "caller", None)
            return await parts(request).turns.take(None if by is None else by.tenant, written)

        taken.setdefault(asked, _ASKED)
    told = signature.replace(parameters=list(taken.values()))
    answer.__signature__ = told  # type: ignore[attr-defined]  # read by FastAPI
    return answer


def _made_here(annotation: Any) -> Any:
    """An annotation whose class is made on the event loop, where a class is all that it depends on."""
    kind, *said = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
    if not any(isinstance(one, Depends) and one.dependency in (None, kind) for one in said):
        return annotation
    if not isinstance(kind, type):
        return annotation

    async def make(**values: Any) -> Any:
        return kind(**values)

    make.__signature__ = inspect.signature(kind, eval_str=True)  # type: ignore[attr-defined]  # read by FastAPI
    return Annotated[kind, fastapi.Depends(make)]


def _written(
    endpoint: Callable[..., Any], values: dict[str, Any], model: Any, status: int, leaves_out: bool
) -> Any:
    """What an endpoint answers, as bytes where it answers with the class that it says.

    `leaves_out` of an answer what is None there.
    """
    made = endpoint(**values)
    if type(made) is not model or not isinstance(made, Model):
        return made
    answer = Response(made.as_bytes(exclude_none=leaves_out), status, media_type="application/json")
    for told in values.values():
        if type(told) is Response:  # what the endpoint was given to tell headers and another status
            answer.headers.raw.extend(told.headers.raw)
            answer.status_code = told.status_code or status
    return answer


def asks_who(dependant: Dependant) -> bool:
    """Whether a route, or what it depends on, asks for the caller."""
    asks = dependant.call is caller or isinstance(dependant.call, Needs)
    return asks or any(map(asks_who, dependant.dependencies))


async def _release(request: Request, error: Exception) -> None:
    """Free the key of a request that failed; one that the server failed may have done something."""
    once = claimed(request)
    if once is not None:
        refused = isinstance(error, RequestValidationError | HTTPException) or (
            isinstance(error, TrackmarkError) and status_of(error) < 500
        )
        await run_in_threadpool(parts(request).answers.release, once, done_nothing=refused)


async def _keep(request: Request, response: Response) -> None:
    """Keep the answer to a request that named a key."""
    once = claimed(request)
    if once is None:
        return
    answers = parts(request).answers
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    kept = Kept(response.status_code, headers, bytes(response.body))
    sealed = getattr(request.state, "confidential", False)
    await run_in_threadpool(answers.keep, once, kept, sealed=sealed)


class _Head(Response):
    """What an answer says of itself, without the answer."""

    def __init__(self, full: Response) -> None:
        super().__init__(status_code=full.status_code, background=full.background)
        told = digests.CONTENT.lower().encode()  # of the bytes of a message, of which there are none
        self.raw_headers = [one for one in full.raw_headers if one[0] != told]


def _read(scope: Scope) -> Scope:
    return {**scope, "method": "GET", _HEAD: True} if scope.get("method") == "HEAD" else scope
