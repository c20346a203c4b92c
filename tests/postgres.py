"""A PostgreSQL cluster of the tests' own: a temporary folder with a Unix socket, gone afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

WANTED = "PostgreSQL is needed by these tests: install it (Debian: apt-get install postgresql)"
# A cluster that is thrown away need not survive a power cut.
OPTIONS = ("listen_addresses=''", "fsync=off", "synchronous_commit=off", "full_page_writes=off",
           "max_connections=60", "shared_buffers=32MB")  # fmt: skip


def binaries() -> Path:
    """Where `initdb` and `postgres` lie; Debian keeps them off the path."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if not versions:
        raise RuntimeError(WANTED)
    return versions[-1].parent


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody`."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


class Cluster:
    """A running server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0

    def database(self) -> str:
        """The SQLAlchemy address of what looks like a new, empty database.

        It is a schema: to make a database, the server copies a thousand files.
        """
        self._count += 1
        name = f"test_{self._count}"
        with psycopg.connect(f"host={self.folder} user=trackmark dbname=postgres", autocommit=True) as server:
            server.execute(f"CREATE SCHEMA {name}")
        return f"postgresql+psycopg://trackmark@/postgres?host={self.folder}&options=-csearch_path%3D{name}"


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Start a server, stop it at the end.

    Raises:
        RuntimeError: PostgreSQL is not installed, or did not start (with its last words).
    """
    programs, identity = binaries(), _unprivileged()
    # Not below pytest's folder: another user must reach it, and a socket's path has 107 bytes at most.
    folder = Path(tempfile.mkdtemp(prefix="trackmark-postgres-"))
    if identity:
        os.chown(folder, identity["user"], identity["group"])
    data, said = folder / "data", folder / "server.log"
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    shared: dict[str, Any] = {"cwd": folder, "env": environment, **identity}
    try:
        made = subprocess.run(
            [programs / "initdb", "-D", data, "-U", "trackmark", "-A", "trust", "-E", "UTF8", "-N"],
            capture_output=True, text=True, check=False, **shared,
        )  # fmt: skip
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        options = [word for option in OPTIONS for word in ("-c", option)]
        server = subprocess.run(
            [programs / "pg_ctl", "-D", data, "-l", said, "-w", "-t", "60", "start",
             "-o", " ".join([*options, "-k", str(folder)])],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
            check=False, **shared,
        )  # fmt: skip
        if server.returncode != 0:
            raise RuntimeError(f"PostgreSQL did not start: {said.read_text() if said.exists() else ''}")
        try:
            yield Cluster(folder)
        finally:
            subprocess.run(
                [programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"],
                stdout=subprocess.DEVNULL, check=True, **shared,
            )  # fmt: skip
    finally:
        shutil.rmtree(folder)
