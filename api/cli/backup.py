"""`trackmark backup` and `trackmark restore`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import USAGE, AsJson, Quiet, answers, emit, fail, failures, messages, progress, settings
from core.counted import counted

if TYPE_CHECKING:
    from api.backup.archive import Backup


def backup(
    folder: Annotated[Path, typer.Argument(help="Where to; it must not exist.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Back up database, keys, uploads and results at one moment; the service may go on working.

    The backup is read again and checked before it is called one. It holds private keys: guard it as them.
    """
    with failures():
        from api.backup.archive import make

        with progress(enabled=not quiet) as bar:
            made = make(settings(), folder, bar("back up"))
        if as_json:
            emit({"folder": str(folder), **_told(made)})
        else:
            answers().print(f"{folder}: {_words(made)}", markup=False)


def restore(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The backup.")],
    seen: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="A checkpoint or proof file of the log that is newer; repeat it.",
        ),
    ] = None,
    nothing_later: Annotated[
        bool,
        typer.Option(
            "--nothing-later", help="Answer for it that nobody holds a checkpoint after the backup."
        ),
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Only check the backup.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Restore a backup into an empty $TRACKMARK_HOME and an empty database.

    What others have seen of the log since then is asked of its witnesses and of the files given by --seen. A
    log that lacks such entries takes no new ones until `trackmark log complete` has put them back.
    """
    if seen and nothing_later:
        fail("--seen names a later checkpoint, --nothing-later says that there is none: give one", USAGE)
    with failures():
        from api.backup import archive, restoring

        if check:
            with progress(enabled=not quiet) as bar:
                found = archive.check(folder, bar("check"))
            if as_json:
                emit({"folder": str(folder), "restored": False, **_told(found)})
            else:
                answers().print(f"{folder} is whole: {_words(found)}", markup=False)
            return
        notes = [restoring.checkpoint_in(file.read_text(errors="replace")) for file in seen or ()]
        with progress(enabled=not quiet) as bar:
            done = restoring.restore(
                folder,
                settings(),
                checkpoints=notes,
                nothing_later=nothing_later,
                progress=bar("restore"),
            )
        if as_json:
            answer = {"seen": done.seen, "missing": done.missing}
            emit({"folder": str(folder), "restored": True, **answer, **_told(done.backup)})
            return
        answers().print(f"restored: {_words(done.backup)}", markup=False)
        if done.missing:
            messages().print(
                f"others have seen {counted(done.seen, 'entry', 'entries')} of the log, and this one lacks "
                f"{done.missing}; it takes no new ones until all are put back: trackmark log complete URL",
                markup=False,
            )


def _told(found: "Backup") -> dict[str, object]:
    told = found.to_dict()
    size = sum(one for one, _ in found.files.values())
    return {
        **{key: told[key] for key in ("made_at", "schema", "rows", "log")},
        "files": len(found.files),
        "bytes": size,
    }


def _words(found: "Backup") -> str:
    size = sum(one for one, _ in found.files.values())
    records = found.rows.get("records", 0)
    return (
        f"{counted(records, 'record')}, a log of {counted(found.log_size, 'entry', 'entries')}, "
        f"{counted(len(found.files), 'file')}, "
        f"{size / 1e6:.1f} MB, as of {found.made_at}"
    )
