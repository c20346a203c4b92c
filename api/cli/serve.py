"""`trackmark serve` and `trackmark worker`."""

import sys
from typing import Annotated

import typer

from api.cli.console import USAGE, fail, failures, messages, settings

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
) -> None:
    """Run the audit API and the web page."""
    with failures():
        import uvicorn

        from api import logs
        from api.jobs.beside import WorkerBeside
        from api.server.app import create_app
        from api.server.connections import KEPT_OPEN_S, connections

        chosen = settings()
        if anonymous is not None:
            chosen = chosen.model_copy(update={"allow_anonymous": anonymous})
        if chosen.allow_anonymous and host not in LOOPBACK:
            fail("access without a key is meant for this machine only; listen on 127.0.0.1", USAGE)
        messages().print(
            f"page  http://{host}:{port}/\nAPI   http://{host}:{port}/docs\nhome  {chosen.home}", markup=False
        )
        logs.begin(chosen.log_format)
        sys.setswitchinterval(SWITCH_S)
        # Forwarding headers never change who the peer is: whoever sends one is not taken for this machine.
        uvicorn.run(
            create_app(chosen, beside=WorkerBeside(chosen.shutdown_grace_s) if chosen.run_jobs else None),
            host=host,
            port=port,
            log_level="warning",
            log_config=None,
            proxy_headers=False,
            http=connections(most=_descriptors() * 3 // 4),  # the rest is for files and the database
            ws="none",
            timeout_keep_alive=KEPT_OPEN_S,
            timeout_graceful_shutdown=max(1, chosen.shutdown_grace_s),  # an open upload never keeps it up
        )


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
