"""How every operation is asked: headers, bodies, another try where one is safe, problems as errors."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack
from urllib.parse import quote
from uuid import uuid4

import httpx

from .answers import Download, Page
from .errors import NoAnswer, Refused, refused

Upload = Path | tuple[str, bytes]
"""A file to send: one on the disk, which is streamed, or a name and the bytes."""
LONGEST_REST_S = 60.0
"""A server that wants to be left alone for longer than this is not asked again by itself."""


class Carried(TypedDict, total=False):
    """What a request carries. None anywhere in it means that nothing is sent.

    Attributes:
        query: parameters of the address.
        headers: further headers.
        body: sent as JSON; bytes as they are.
        fields: a form (`multipart/form-data`) of texts and of files, an `Upload` or several.
        posted: a form of texts (`application/x-www-form-urlencoded`).
        content: bytes, and in `headers` what they are.
        key: the `Idempotency-Key`; one is made where it is None. Absent from requests that take none.
    """

    query: Mapping[str, object]
    headers: Mapping[str, object]
    body: object
    fields: Mapping[str, object]
    posted: Mapping[str, object]
    content: bytes | None
    key: str | None


class Calling:
    """A connection to a Trackmark server.

    What the server refuses for now (`Retry-After`) is asked again after the time that it names. So is what
    got no answer, where asking twice does no harm: reads, and requests with an `Idempotency-Key`.

    Args:
        base_url: such as `https://trackmark.example` or `http://127.0.0.1:8000`.
        api_key: an API key or an access token; needed unless the server answers anonymous requests.
        timeout_s: for a connection, and for each silence within one; a whole request may take longer.
        tries: how often a request is sent at most.
        proxy: address of a proxy; those that the environment names are not used.
        transport: what carries requests; the network unless given.
        rest: waits for so many seconds.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        tries: int = 4,
        proxy: str | None = None,
        transport: httpx.BaseTransport | None = None,
        rest: Callable[[float], object] = time.sleep,
    ) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=timeout_s,
            proxy=proxy,
            transport=transport,
            trust_env=False,
        )
        self._tries = tries
        self._rest = rest

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _json(self, method: str, path: str, **carried: Unpack[Carried]) -> Any:
        return self._send(method, path, **carried).json()

    def _text(self, method: str, path: str, **carried: Unpack[Carried]) -> str:
        return self._send(method, path, **carried).text

    def _headers(self, method: str, path: str, **carried: Unpack[Carried]) -> Mapping[str, str]:
        return self._send(method, path, **carried).headers

    def _download(self, method: str, path: str, **carried: Unpack[Carried]) -> Download:
        return Download(self._send(method, path, streams=True, **carried))

    def _page(self, method: str, path: str, query: Mapping[str, object]) -> Page[Any]:
        told = self._json(method, path, query=query)
        return Page(told, lambda cursor: self._page(method, path, {**query, "cursor": cursor}))

    def _send(
        self, method: str, path: str, *, streams: bool = False, **carried: Unpack[Carried]
    ) -> httpx.Response:
        """The answer to a request, once it is one of success.

        Raises:
            NoAnswer: none came.
            Refused: the server answered with a problem.
        """
        headers = _sent(carried.get("headers", {}))
        if "key" in carried:
            headers["Idempotency-Key"] = carried["key"] or uuid4().hex
        if streams:
            headers["Accept-Encoding"] = "identity"  # what comes is what its digest is of
        harmless = method in ("GET", "PUT") or "key" in carried
        for left in reversed(range(self._tries)):
            try:
                answer = self._once(method, path, headers, carried)
                if answer.is_success and streams:
                    return answer
                answer.read()
            except httpx.RequestError as error:
                if not left or not harmless:
                    raise NoAnswer(f"no answer to {method} {path}: {error!r}") from error
                self._rest(1.0)
                continue
            if answer.is_success:
                return answer
            problem = _problem(answer)
            if not left or not _passes(problem):
                raise problem
            self._rest(problem.retry_after_s or 1.0)
        raise AssertionError("a request is sent once at least")

    def _once(self, method: str, path: str, headers: Mapping[str, str], carried: Carried) -> httpx.Response:
        """One try; files are opened for it and closed after it."""
        with ExitStack() as opened:
            more: dict[str, Any] = {}
            if "fields" in carried:
                more["files"] = _parts(carried["fields"], opened)
            if "posted" in carried:
                more["data"] = _sent(carried["posted"])
            if carried.get("content") is not None:
                more["content"] = carried.get("content")
            if "body" in carried:
                body = carried["body"]
                more["content"] = body if isinstance(body, bytes) else _as_json(body)
                headers = {**headers, "Content-Type": "application/json"}
            query = _sent(carried.get("query", {}))
            request = self._http.build_request(method, path, params=query, headers=headers, **more)
            return self._http.send(request, stream=True)


def quoted(value: object) -> str:
    """A value as a part of an address' path."""
    return quote(str(value), safe="")


def given(**values: object) -> dict[str, object]:
    """What is not None, for bodies, where nothing and null may differ."""
    return {name: value for name, value in values.items() if value is not None}


def _sent(values: Mapping[str, object]) -> dict[str, str]:
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):  # a datetime is one, too
        return value.isoformat()
    return str(value)


def _as_json(body: object) -> bytes:
    return json.dumps(body, default=_text, ensure_ascii=False, allow_nan=False).encode()


def _parts(fields: Mapping[str, object], opened: ExitStack) -> list[tuple[str, Any]]:
    """The parts of a form, as httpx takes them; texts are such, too, or it would not always be multipart."""
    parts: list[tuple[str, Any]] = []
    for name, value in fields.items():
        for one in value if isinstance(value, Sequence) and not isinstance(value, str | tuple) else [value]:
            if isinstance(one, Path):
                parts.append((name, (one.name, opened.enter_context(one.open("rb")))))
            elif isinstance(one, tuple):
                parts.append((name, one))
            elif one is not None:
                parts.append((name, (None, _text(one).encode())))
    return parts


def _problem(answer: httpx.Response) -> Refused:
    try:
        told = answer.json()
    except ValueError:
        told = None
    if not isinstance(told, dict):  # somebody in between
        told = {"detail": answer.text[:200]}
    after = answer.headers.get("Retry-After", "")
    return refused(answer.status_code, told, float(after) if after.isdecimal() else None)


def _passes(problem: Refused) -> bool:
    """Whether the same request may be welcome in a while."""
    return problem.retry_after_s is not None and problem.retry_after_s <= LONGEST_REST_S
