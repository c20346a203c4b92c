"""What a worker does, in a process of this machine or of a cluster: one file after another, to a row each."""

import os
import pickle
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING

from api import errors
from api.audit.json_form import Json
from api.scan.find import FetchError, FileChanged, FileForbidden, FileMissing, Item, ScanError, listed
from api.scan.plan import Terms
from api.scan.stores import store_of
from api.scan.table import failed, flatten
from core.errors import TrackmarkError
from core.passing import passing_folder

if TYPE_CHECKING:
    from api.audit.policy import Policy
    from api.registry.registry import Registry
    from api.settings import Settings

Auditor = Callable[[Item, Path, Terms], Json]
"""A file, the registry's folder and by what it is decided to a row; importable by other processes."""
Outcome = Json | Exception
"""The row of a file, or a failure that ends the scan and that another try may not meet."""
Outcomes = Generator[tuple[int, Outcome], None, None]


class WorkerDied(ScanError):
    """A file took the process down with it, twice: its own row says so."""


@dataclass(frozen=True)
class Task:
    """What every worker of a scan is made for.

    Attributes:
        audit: gives the row of a file.
        home: the registry's folder.
        terms: of the scan.
    """

    audit: Auditor
    home: Path
    terms: Terms

    def row(self, item: Item) -> Json:
        """The row of a file; raises for what no other file would have avoided."""
        return self.audit(item, self.home, self.terms)

    def outcome(self, item: Item) -> Outcome:
        """The row of a file or that failure, as something that can be sent to another process."""
        try:
            return self.row(item)
        except Exception as error:
            return _portable(error)


def _portable(error: Exception) -> Exception:
    """An error that another process can read; many cannot be made again of their words."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  # our own, just made
    except Exception:
        return ScanError(f"{type(error).__name__}: {error}")
    return error


def audit_item(item: Item, home: Path, terms: Terms, *, log: str | None = None) -> Json:
    """Audit one item into one flat row; never raises for the item's own faults.

    Args:
        item: the file.
        home: the registry's folder.
        terms: of the scan.
        log: name of the registry's log, as whoever scans knows it; None asks for none.

    Raises:
        ScanError: this machine has another registry.
    """
    from api.audit.audit import audit_file
    from api.registry.artists import Reader

    registry, settings = _opened(str(home))
    if log is not None and log_of(registry) != log:
        raise ScanError(
            f"{gethostname()} has another registry in {home} than the machine that scans: share that folder "
            "with it"
        )
    policy = _policy(str(home), terms.policy)
    try:
        with _local_copy(item) as path:
            reader = registry.on_behalf(Reader.here(f"scan of {item.location}"))
            found = audit_file(
                path, registry=reader, settings=settings, policy=policy, today=terms.day
            ).to_dict()
    except Exception as error:
        if _ours(error):
            raise  # another try will do; a row would be the last word on a file that nobody has heard
        return failed(item, error)
    return flatten(item, found)


def log_of(registry: "Registry") -> str | None:
    """The name of a registry's log; None where it has no key yet."""
    try:
        return registry.log.origin
    except errors.UnknownEntry:
        return None


def _ours(error: Exception) -> bool:
    """Whether a failure is none of the file's: a full disk, keys, weights, a database that is away."""
    if isinstance(error, ScanError):
        return False
    code = errors.told(error)["code"]
    if code == errors.DiskFull.code or type(error).__module__.startswith(
        ("sqlalchemy", "psycopg", "sqlite3")
    ):
        return True
    return isinstance(error, TrackmarkError) and code in errors.OURS


@lru_cache(maxsize=1)
def _opened(home: str) -> "tuple[Registry, Settings]":
    import torch

    from api.registry.registry import Registry
    from api.settings import Settings

    torch.set_num_threads(1)  # the processes are the parallelism, and sums have one order everywhere
    settings = Settings(home=Path(home))
    return Registry.open(settings), settings


@lru_cache(maxsize=1)
def _policy(home: str, policy_id: str) -> "Policy":
    from api.policies.policies import Policies

    registry, _settings = _opened(home)
    return Policies.of(registry.engine, registry.tenant).read(policy_id)


@contextmanager
def _local_copy(item: Item) -> Iterator[Path]:
    """A local path for an item that is what was listed, before it is read and after; a remote one is copied.

    Raises:
        FileChanged: it is not what was listed.
        FileMissing: it is gone.
        FileForbidden: its store does not show it.
        FetchError: its store cannot be reached.
        OSError: the disk has no room for a copy.
    """
    _compare(item)
    if "://" not in item.location:
        with _of_its_store(item):  # a pipe would keep whoever opens it waiting
            os.close(os.open(item.location, os.O_RDONLY | os.O_NONBLOCK))
        try:
            yield Path(item.location)
        finally:
            _compare(item)
        return
    with passing_folder() as folder:
        path = folder / Path(item.location).name
        _fetch(item, path)
        _compare(item)
        yield path


def _compare(item: Item) -> None:
    """Raise `FileChanged` where an item is not what was listed any more."""
    if item.size is None:
        return  # it was not there, or its store tells nothing
    with _of_its_store(item):
        now = listed(item.location)
    if now != item:
        raise FileChanged(f"{item.location} changed since it was listed: scan it again")


def _fetch(item: Item, path: Path) -> None:
    with _of_its_store(item):
        system, remote = store_of(item.location)
        system.get_file(remote, str(path))


@contextmanager
def _of_its_store(item: Item) -> Iterator[None]:
    """Each kind of store has errors of its own; here they become three, and a full disk of ours stays one."""
    try:
        yield
    except FileNotFoundError:
        raise FileMissing(f"{item.location} is not there") from None
    except PermissionError as error:
        raise FileForbidden(f"{item.location} may not be read: {error}") from error
    except Exception as error:
        if errors.told(error)["code"] == errors.DiskFull.code:
            raise
        raise FetchError(f"cannot fetch {item.location}: {error or type(error).__name__}") from error
