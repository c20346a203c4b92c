"""`trackmark serve` and `trackmark worker`."""

import contextlib
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import USAGE, fail, failures, messages, settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api.settings import Settings

SWITCH_S = 0.0005
"""How long a request waits for its turn beside a thread that computes: Python's own 5 ms add up."""
MOST_DESCRIPTORS = 65_536
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; the default is reachable from this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port.")] = 8000,
    anonymous: Annotated[
        bool | None,
        typer.Option(
            "--anonymous/--no-anonymous",
            help="Answer this machine without an API key. Never behind a proxy: it would let everyone in.",
        ),
    ] = None,
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that answer, with one worker beside them all.")
    ] = 1,
    listening: Annotated[int | None, typer.Option(hidden=True, help="Socket of one of several.")] = None,
    telling: Annotated[int | None, typer.Option(hidden=True, help="Pipe to the worker of several.")] = None,
) -> None:
    """Run the audit API and the web page."""
    with failures():
        from api import logs

        chosen = settings()
        if anonymous is not None:
            chosen = chosen.model_copy(update={"allow_anonymous": anonymous})
        if chosen.allow_anonymous and host not in LOOPBACK:
            fail("access without a key is meant for this machine only; listen on 127.0.0.1", USAGE)
        answers = chosen.log_format == "json" if chosen.access_log is None else chosen.access_log
        logs.begin(chosen.log_format, access=answers)
        if listening is not None:
            _answer_as_one_of_several(chosen, listening, telling)
            return
        console = messages()
        console.print(f"page  http://{host}:{port}/", markup=False)
        console.print(f"API   http://{host}:{port}/docs", markup=False)
        console.print(f"home  {chosen.home}", markup=False)
        if processes == 1:
            _answer(chosen, host, port)
        else:
            _keep_several(chosen, host, port, processes)


def _answer(chosen: "Settings", host: str, port: int) -> None:
    from api.jobs.beside import WorkerBeside
    from api.server.app import create_app

    beside = WorkerBeside(chosen.shutdown_grace_s) if chosen.run_jobs else None
    with contextlib.suppress(KeyboardInterrupt):  # of a person, once everything has ended in order
        _run(create_app(chosen, beside=beside), host=host, port=port, **_manners(chosen))


def _answer_as_one_of_several(chosen: "Settings", listening: int, telling: int | None) -> None:
    """Answer at a socket that another process made, which ends this one with standard input."""
    from api.jobs.beside import WorkerElsewhere, heard
    from api.server.app import create_app

    def listen() -> None:
        heard(lambda: None, sys.stdin.fileno())
        os.kill(os.getpid(), signal.SIGTERM)

    if telling is None:  # whoever works on the queue was not started here
        chosen, beside = chosen.model_copy(update={"run_jobs": False}), None
    else:
        beside = WorkerElsewhere(telling)
    threading.Thread(target=listen, name="until the end", daemon=True).start()
    with socket.socket(fileno=listening) as here:
        _run(create_app(chosen, beside=beside), [here], **_manners(chosen))


def _run(app: "ASGIApp", sockets: list[socket.socket] | None = None, **manners: Any) -> None:
    """Answer until told to stop.

    Raises:
        Exception: what kept the application from starting.
        SystemExit: nothing could listen; the log says why.
    """
    import uvicorn

    begun = Begun(app)
    try:
        uvicorn.Server(uvicorn.Config(begun, **manners)).run(sockets=sockets)
    except SystemExit:  # how uvicorn ends where it cannot begin
        if begun.failed is None:
            raise
        raise begun.failed from None


class Begun:
    """An application that remembers why it could not start, for whoever started it to say."""

    def __init__(self, app: "ASGIApp") -> None:
        self._app = app
        self.failed: Exception | None = None

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass on what comes; of a start that failed, everything but the traceback."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        starting = True

        async def tell(message: "Message") -> None:
            nonlocal starting
            if message["type"] == "lifespan.startup.failed":
                message = {"type": message["type"]}
            else:
                starting = False
            await send(message)

        try:
            await self._app(scope, receive, tell)
        except Exception as error:
            self.failed = error if starting else None
            raise


def _keep_several(chosen: "Settings", host: str, port: int, count: int) -> None:
    from api.jobs.beside import WorkerBeside
    from api.server.processes import keep, sockets

    if sys.platform != "linux":
        fail("only Linux shares connections between processes; leave --processes out", USAGE)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        made = sockets(host, port, count)
    except OSError as error:
        fail(f"cannot listen on {host}:{port}: {error.strerror}", 1)
    worker = WorkerBeside(chosen.shutdown_grace_s) if chosen.run_jobs else None
    arguments = ["--anonymous" if chosen.allow_anonymous else "--no-anonymous", f"--host={host}"]
    code = keep(made, arguments, worker, max(1, chosen.shutdown_grace_s), ended)
    for one in made:
        one.close()
    if code:
        raise typer.Exit(code if code > 0 else 128 - code)


def _manners(chosen: "Settings") -> dict[str, Any]:
    """How a server treats its connections."""
    from api.server.connections import KEPT_OPEN_S, connections

    sys.setswitchinterval(SWITCH_S)
    return {
        "log_level": "warning",
        "log_config": None,
        # Forwarding headers never change who the peer is: whoever sends one is not taken for this machine.
        "proxy_headers": False,
        "http": connections(most=_descriptors() * 3 // 4),  # the rest is for files and the database
        "ws": "none",
        "timeout_keep_alive": KEPT_OPEN_S,
        # An open upload never keeps it up.
        "timeout_graceful_shutdown": max(1, chosen.shutdown_grace_s),
    }


def _descriptors() -> int:
    """How many files and connections this process may hold, from here on as many as it was allowed."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    most = max(soft, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def worker(
    held: Annotated[bool, typer.Option("--held", hidden=True, help="End with standard input.")] = False,
) -> None:
    """Work on the queue of audits without serving HTTP; run as many as there are machines."""
    with failures():
        from api import logs
        from api.jobs.worker import run_worker

        chosen = settings()
        logs.begin(chosen.log_format)
        run_worker(chosen, held_by=sys.stdin.fileno() if held else None)
