"""Restoration of a backup into an empty home and an empty database, and what a log must not do after it.

Entries that were made after the backup are gone, but others may hold checkpoints that cover them. A log that
made other entries in their place would show two histories; so what others have seen is asked first, and kept.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import Connection, select

from api import database
from api.backup import rows
from api.backup.archive import HOME, KEPT, Backup, BackupError, check, digest_of, opened
from api.database import schema
from api.database.tables import Table
from api.log import cosigning, seen, tree
from api.log.cosigning import Post, WitnessAddress
from api.log.transparency import TransparencyLog
from api.settings import Settings
from api.store import ObjectStore
from core.errors import ProofError
from core.files import replacing
from core.progress import Progress, stage, through
from provenance.records.checkpoint import TlogProof, checkpoint_of
from provenance.records.note import verify_note
from provenance.records.stamping import own_lines
from provenance.records.witness import AddCheckpoint

_UPLOADS = Table.metadata.tables["resumable_uploads"]
SIGNED, CONFLICT = 200, 409


@dataclass(frozen=True)
class Restored:
    """What was restored.

    Attributes:
        backup: from what.
        seen: the most entries that others have seen.
        missing: how many of them the restored log lacks; it takes no new ones until they are back.
    """

    backup: Backup
    seen: int
    missing: int


def restore(
    folder: Path,
    settings: Settings,
    *,
    checkpoints: Sequence[str] = (),
    nothing_later: bool = False,
    send: Post = cosigning.post,
    progress: Progress | None = None,
) -> Restored:
    """Restore a backup; where it was interrupted, the same call finishes it.

    Args:
        folder: the backup.
        settings: where to: a home and a database that hold nothing else.
        checkpoints: checkpoints of the log that somebody holds; proof files and evidence have one each.
        nothing_later: somebody answers for it that no later checkpoint was given away.
        send: how witnesses are asked; for tests.
        progress: called with (step, fraction done).

    Raises:
        BackupError: the backup is damaged, the place is taken, or nobody says what others have seen.
        SignatureError: a checkpoint is not one of this log.
    """
    backup = check(folder, stage(progress, 0.0, 0.4))
    witnesses = [WitnessAddress.parse(text) for text in settings.witnesses]
    if backup.log_size and not checkpoints and not witnesses and not nothing_later:
        raise BackupError(
            "which entries were made after this backup? Give a checkpoint that is newer (--seen FILE), set "
            "TRACKMARK_WITNESSES, or answer for it that none was given away (--nothing-later)"
        )
    _put_files(backup, settings.home, ObjectStore.of(settings), stage(progress, 0.4, 0.8))
    if progress is not None:
        progress("copy the rows", 0.8)
    engine = database.connect(settings.database_url)
    try:
        with database.reading(engine) as target:
            if any(rows.counted(target).values()):
                raise BackupError("the database holds rows; a backup is restored into an empty one")
        database.upgrade(engine, backup.schema)
        told = [] if nothing_later else _told(backup, witnesses, send)
        with database.writing(engine) as target, opened(folder) as source:
            if any(rows.counted(target).values()):
                raise BackupError("somebody else is restoring into this database")
            if rows.copy(source, target) != dict(backup.rows):
                raise BackupError("not every row of the backup could be copied")
            schema.upgrade_on(target)
            log = TransparencyLog(engine, settings.log_origin)
            for note in checkpoints:
                _see(target, log, note, backup.log_size)
            for size, witness in told:
                seen.mark(target, size, witness)
            most = seen.largest(target)
    finally:
        engine.dispose()
    return Restored(backup, max(most, backup.log_size), max(0, most - backup.log_size))


def checkpoint_in(text: str) -> str:
    """The checkpoint in a file that somebody holds: a checkpoint, or a proof file with one.

    Raises:
        ProofError: it is neither.
    """
    try:
        return TlogProof.from_text(text).checkpoint
    except ProofError:
        checkpoint_of(text)
        return text


def _put_files(
    backup: Backup, home: Path, store: ObjectStore | None, progress: Progress | None = None
) -> None:
    to_come = _still_to_come(backup)
    for name in through(backup.files, lambda name: backup.files[name][0], "put the files", progress):
        digest, parts = backup.files[name][1], Path(name).parts
        if parts[0] != HOME:
            continue
        if store is not None and parts[1] in KEPT and parts[-1] not in to_come:
            store.put("/".join(parts[1:]), backup.folder / name, digest)
            continue
        target = home.joinpath(*parts[1:])
        if target.exists():
            if digest_of(target) != digest:
                raise BackupError(
                    f"{target} exists and is another file; a backup is restored into an empty home"
                )
            continue
        for folder in reversed([target.parent, *target.parent.parents]):
            if not folder.exists():
                folder.mkdir(mode=0o700)
        with replacing(target) as copy:
            shutil.copyfile(backup.folder / name, copy)
            copy.chmod(0o600)


def _still_to_come(backup: Backup) -> set[str]:
    """Names of uploads that are not complete: these are written to, and stay on a disk."""
    if "resumable_uploads" not in backup.rows:
        return set()
    with opened(backup.folder) as source:
        return set(source.execute(select(_UPLOADS.c.stored).where(_UPLOADS.c.sha256.is_(None))).scalars())


def _see(target: Connection, log: TransparencyLog, note: str, size: int) -> None:
    """Remember a checkpoint that somebody holds, if the restored log is a beginning of its log."""
    verify_note(note, log.keys_on(target))
    signed = checkpoint_of(note)
    if signed.size > size:
        seen.mark(target, signed.size, "a checkpoint", note)
    elif tree.ask(target, size, lambda log: log.root(signed.size)) != signed.root_hash:
        raise ProofError("the checkpoint belongs to another history of this log; this backup is not of it")


def _told(backup: Backup, witnesses: Sequence[WitnessAddress], send: Post) -> list[tuple[int, str]]:
    """How long the log was when each witness saw it last."""
    told: list[tuple[int, str]] = []
    if backup.checkpoint is None:
        return told
    body = AddCheckpoint(0, (), own_lines(backup.checkpoint)).to_text()
    for witness in witnesses:
        try:
            status, answer = send(f"{witness.url}/add-checkpoint", body)
        except httpx.HTTPError as error:
            status, answer = 0, str(error)
        known = answer.strip()
        if status == CONFLICT and known.isascii() and known.isdigit() and len(known) < 19:
            told.append((int(known), witness.key.name))
        elif status != SIGNED:  # it signs the first checkpoint that it sees
            raise BackupError(
                f"{witness.key.name} does not say what it saw last ({known[:200]}); ask later, or answer for "
                "it that nobody holds a later checkpoint (--nothing-later)"
            )
    return told
