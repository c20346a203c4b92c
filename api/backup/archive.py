"""A backup: one folder that holds a whole home as it was at one moment, and says what is in it.

    backup.json     what is here, each file with its digest; written last
    rows.sqlite     every row of the service, whatever database it ran on
    home/           the files: private keys as they lie on disk (encrypted only where a passphrase was set),
                    audio of unfinished jobs, reports, pictures, tagged files, the user's calibration

Left out: copies of the fingerprint index (made again from the rows).
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, make_url, select

from api import database
from api.backup import rows
from api.database import schema
from api.database.tables import Table
from api.errors import StoredFileLost
from api.jobs.job import FINISHED, stored_names
from api.log import checkpoints, tree
from api.settings import Settings
from api.store import ObjectStore
from core import clock
from core.errors import RegistryError
from core.files import replacing, replacing_folder, write_whole
from core.folders import every_file_under
from core.progress import Progress, stage, through
from provenance.records.checkpoint import checkpoint_of
from provenance.records.log import MerkleLog, leaf_hash, root_hash

FORMAT = "trackmark-backup/1"
LIST, ROWS = "backup.json", "rows.sqlite"
HOME = "home"
KEPT = "uploads", "outputs"
"""Folders that an object store may hold in the home's place."""
TRIES = 3
MAX_LIST_BYTES = 1 << 30

_JOBS = Table.metadata.tables["jobs"]
_LEAVES = Table.metadata.tables["log_leaves"]


class BackupError(RegistryError):
    """A backup cannot be made, or is not what was written."""


@dataclass(frozen=True)
class Backup:
    """What a backup says of itself, checked.

    Attributes:
        folder: where it lies.
        made_at: when its rows were read.
        schema: revision of its rows.
        rows: how many, by table.
        log_size: entries of the log.
        log_root: its root, hex.
        checkpoint: the newest one that the log had signed, None before the first.
        files: path below the folder to (size in bytes, SHA-256 in hex).
    """

    folder: Path
    made_at: str
    schema: str
    rows: Mapping[str, int]
    log_size: int
    log_root: str
    checkpoint: str | None
    files: Mapping[str, tuple[int, str]]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "format": FORMAT,
            "made_at": self.made_at,
            "schema": self.schema,
            "rows": dict(self.rows),
            "log": {"size": self.log_size, "root": self.log_root, "checkpoint": self.checkpoint},
            "files": {path: {"size": size, "sha256": digest} for path, (size, digest) in self.files.items()},
        }


def make(settings: Settings, folder: Path, progress: Progress | None = None) -> Backup:
    """Back up the home and database that the settings name, while the service may be running.

    Args:
        settings: what to back up.
        folder: where to; it must not exist. It is there whole or not at all.
        progress: called with (step, fraction done).

    Raises:
        BackupError: `folder` exists, there is nothing to back up, or the audio of a waiting job is missing.
        OSError: it cannot be written.
    """
    if folder.exists():
        raise BackupError(f"{folder} exists; a backup is written to a folder of its own")
    with replacing_folder(folder, mode=0o700) as part:
        _fill(settings, part, stage(progress, 0.0, 0.7))
        backup = check(part, stage(progress, 0.7, 1.0))
    write_whole(settings.backup_note, backup.made_at.encode())
    return replace(backup, folder=folder)


def check(folder: Path, progress: Progress | None = None) -> Backup:
    """Read a backup and hold every byte of it against its list, its rows and its log.

    Args:
        folder: the backup.
        progress: called with (step, fraction done).

    Raises:
        BackupError: something is missing, changed or too much.
    """
    backup = _listed(folder)
    found = {str(path.relative_to(folder)) for path in _files(folder)} - {LIST}
    if lost := sorted(set(backup.files) - found):
        raise BackupError(f"the backup lacks {lost[0]}" + (f" and {len(lost) - 1} more" if lost[1:] else ""))
    if more := sorted(found - set(backup.files)):
        raise BackupError(f"{more[0]} is not in the backup's list")
    names = through(backup.files, lambda name: backup.files[name][0], "check the files", progress)
    for path in names:
        size, digest = backup.files[path]
        if (folder / path).stat().st_size != size or digest_of(folder / path) != digest:
            raise BackupError(f"{path} is not as it was written")
    with opened(folder) as connection:
        if rows.counted(connection) != dict(backup.rows):
            raise BackupError("the backup's rows are not as many as its list says")
        size = tree.size_of(connection)
        if (size, tree.ask(connection, size, MerkleLog.root).hex()) != (
            backup.log_size,
            backup.log_root,
        ):
            raise BackupError("the log of the backup is not the one that its list names")
        leaves = connection.execution_options(yield_per=rows.AT_ONCE).execute(
            select(_LEAVES.c.leaf_index, _LEAVES.c.entry).order_by(_LEAVES.c.leaf_index)
        )
        hashes = []
        for place, (index, entry) in enumerate(leaves):
            if index != place:
                raise BackupError(f"the log of the backup lacks entry {place}")
            hashes.append(leaf_hash(bytes(entry)))
        if root_hash(hashes).hex() != backup.log_root:
            raise BackupError("an entry of the backup's log is not the one that was logged")
        head = checkpoints.head(connection)
        if head is not None:
            signed = checkpoint_of(head[1])
            root = tree.ask(connection, size, lambda log: log.root(signed.size))
            if signed.size > size or root != signed.root_hash:
                raise BackupError("the log of the backup is not the one that it signed")
    return backup


@contextmanager
def opened(folder: Path) -> Iterator[Connection]:
    """The rows of a backup, which nothing can change."""
    path = quote(str((folder / ROWS).absolute()))
    engine = create_engine(f"sqlite:///file:{path}?mode=ro&immutable=1&uri=true")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def left_out(settings: Settings, path: Path) -> bool:
    """Whether a file of the home is none that a backup holds: databases, copies of the index, locks."""
    index = settings.fingerprint_folder or settings.home / "fingerprints"
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        rows_file = Path(url.database)
        if path.parent == rows_file.parent and path.name.startswith(rows_file.name):
            return True
    if path == settings.backup_note:
        return True
    return index in path.parents or path.name.endswith((".lock", ".part"))


def _fill(settings: Settings, part: Path, progress: Progress | None) -> None:
    engine = database.connect(settings.database_url)
    try:
        for _ in range(TRIES):
            _copy_files(settings, part, stage(progress, 0.0, 0.5))
            _copy_stored(settings, part)
            if progress is not None:
                progress("copy the rows", 0.5)
            facts, needed = _copy_rows(engine, part / ROWS)
            _copy_files(settings, part)  # what came in meanwhile; what went meanwhile is here already
            _copy_stored(settings, part)
            uploads = part / HOME / settings.uploads.relative_to(settings.home)
            missing = [name for name in needed if not (uploads / name).exists()]
            if not missing:
                break
        else:
            raise BackupError(f"the audio of a waiting job is missing: {missing[0]}")
    finally:
        engine.dispose()
    every = through(sorted(_files(part)), _size, "list the files", stage(progress, 0.7, 1.0))
    files = {str(path.relative_to(part)): (path.stat().st_size, digest_of(path)) for path in every}
    backup = Backup(folder=part, files=files, **facts)
    write_whole(part / LIST, json.dumps(backup.to_dict(), indent=1).encode())
    (part / LIST).chmod(0o600)


def _copy_stored(settings: Settings, part: Path) -> None:
    """Copy what an object store holds to where it would lie in a home."""
    store = ObjectStore.of(settings)
    if store is None:
        return
    for folder in KEPT:
        for one in store.within(folder):
            target = part / HOME / one.name
            if target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                store.fetch(one.name, target)
            except StoredFileLost as error:
                if store.known(one.name) is not None:  # else it ended meanwhile
                    raise BackupError(str(error)) from error
            else:
                target.chmod(0o600)


def _copy_rows(engine: Engine, path: Path) -> tuple[dict[str, Any], list[str]]:
    """Copy one moment of the database; returns what the list says of it, and the uploads that it needs."""
    path.unlink(missing_ok=True)
    made = rows.sqlite_engine(path)
    try:
        with rows.moment(engine) as source, source.begin():
            revision = schema.revision_of(source)
            if revision == schema.BASE:
                raise BackupError("the database is empty: there is nothing to back up")
            database.upgrade(made, revision)
            with database.writing(made) as target:
                counts = rows.copy(source, target)
            size = tree.size_of(source)
            head = checkpoints.head(source) if "log_head" in counts else None
            facts = {
                "made_at": clock.now_text(),
                "schema": revision,
                "rows": counts,
                "log_size": size,
                "log_root": tree.ask(source, size, MerkleLog.root).hex(),
                "checkpoint": None if head is None else head[1],
            }
            waiting = source.execute(select(_JOBS.c.request).where(_JOBS.c.state.not_in(FINISHED)))
            needed = [
                name for request in waiting.scalars() if "stored" in request for name in stored_names(request)
            ]
        with made.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")  # one file, whole
            connection.exec_driver_sql("BEGIN")
    finally:
        made.dispose()
    return facts, needed


def _copy_files(settings: Settings, part: Path, progress: Progress | None = None) -> None:
    every = list(_files(settings.home))
    for path in through(every, _size, "copy the files", progress):
        target = part / HOME / path.relative_to(settings.home)
        if left_out(settings, path) or part in path.parents or target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with replacing(target) as copy:
                shutil.copyfile(path, copy, follow_symlinks=False)
                copy.chmod(0o600)
        except FileNotFoundError:
            continue  # a job ended meanwhile


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _files(folder: Path) -> Iterator[Path]:
    for path in map(Path, every_file_under(str(folder))):
        if path.is_file() and not path.is_symlink():
            yield path


def _listed(folder: Path) -> Backup:
    try:
        with (folder / LIST).open("rb") as file:
            value = json.loads(file.read(MAX_LIST_BYTES))
        if value["format"] != FORMAT:
            raise BackupError(f"{folder} is a backup of another kind: {value['format']}")
        log = value["log"]
        files = {str(path): (int(one["size"]), str(one["sha256"])) for path, one in value["files"].items()}
        counts = {str(name): int(count) for name, count in value["rows"].items()}
        backup = Backup(
            folder,
            str(value["made_at"]),
            str(value["schema"]),
            counts,
            int(log["size"]),
            str(log["root"]),
            log["checkpoint"],
            files,
        )
    except FileNotFoundError as error:
        raise BackupError(f"{folder} is no backup: it has no {LIST}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"{folder / LIST} is not what a backup writes: {error}") from error
    for path in backup.files:
        if Path(path).is_absolute() or ".." in Path(path).parts:
            raise BackupError(f"the backup's list names {path!r}, which lies elsewhere")
    return backup


def digest_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
