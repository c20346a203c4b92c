"""Connections that ask nothing: a head that never ends, a body that nobody waits for, a line kept open.

What a request's body may take is `api.server.guard`'s affair. Before there is a request, and behind its
answer, nobody has told who is there, so time is all that can be counted, and places: the line that has been
idle longest goes where there are too many.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.server.answers import problem
from api.server.problems import MEDIA_TYPE, ProblemResponse
from api.server.refusals import MalformedRequest

HEAD_S = 30.0
"""How long the head of a request may take, and the rest of a body that was answered already."""
KEPT_OPEN_S = 75
"""How long a line stays open behind an answer: longer than clients and proxies keep theirs (60 s at most), so
that none sends into a line that is being closed."""


def connections(most: int, head_s: float = HEAD_S) -> type[asyncio.Protocol]:
    """The protocol of a server that holds so many connections at most.

    Args:
        most: how many.
        head_s: how long one may begin to ask.
    """
    idle: dict[H11Protocol, None] = {}  # the longest first

    class Connection(H11Protocol):
        """One of them."""

        _ends: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's
            super().connection_made(transport)
            self._rest()
            if len(self.connections) > most:
                next(iter(idle)).transport.abort()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is None or self.cycle.response_complete:
                self._rest()
            else:
                self._work()

        def on_response_complete(self) -> None:
            self._work()
            idle[self] = None
            super().on_response_complete()
            if not self.cycle.response_complete:  # the next request was here already
                self._work()

        def send_400_response(self, msg: str) -> None:
            """What is no request is told as whatever else is refused, and its line ended."""
            if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):  # an answer is on its way already
                self.transport.close()
                return
            said = ProblemResponse(problem(MalformedRequest(msg))).body
            headers = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(said)), "Connection": "close"}
            answer = h11.Response(status_code=400, headers=list(headers.items()), reason=b"Bad Request")
            for event in (answer, h11.Data(data=bytes(said)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
            self.transport.close()

        def connection_lost(self, exc: Exception | None) -> None:
            self._work()
            super().connection_lost(exc)

        def _rest(self) -> None:
            """From here on there is so much time to ask, and no more, however many bytes drip in."""
            idle.setdefault(self)
            if self._ends is None:
                self._ends = self.loop.call_later(head_s, self.transport.abort)

        def _work(self) -> None:
            idle.pop(self, None)
            if self._ends is not None:
                self._ends.cancel()
                self._ends = None

    return Connection
