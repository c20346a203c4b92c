"""What every command shares: where text goes, how failures end, and the progress display."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from core import clock, room

if TYPE_CHECKING:
    from pydantic import ValidationError
    from rich.console import Console

    from api.registry.registry import Registry
    from api.settings import Settings

OK, FAILED, USAGE, UNREADABLE = 0, 1, 2, 3

PIPE_COLUMNS = 80
"""Of tables that go to a file or another program."""

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per file, one per line.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
Report = Callable[[str, float], None]
ADDRESS = re.compile(r"^([a-z][a-z0-9+]+):/(?=[^/])")
"""How an address begins that was taken for a path: of two strokes a path keeps one."""


def messages() -> "Console":
    """Standard error, for progress and messages."""
    return _screen(sys.stderr.isatty(), stderr=True)


def canvas() -> "Console":
    """Standard error, to draw progress on: what others print meanwhile passes through it as it is."""
    return _screen(sys.stderr.isatty(), stderr=True, careful=False)


def answers() -> "Console":
    """Standard output, for what was asked.

    At a terminal lines are broken between words. Where it goes to a file or another program, every message is
    a line, and tables are as wide as `COLUMNS` says or 80 columns, whatever terminal happens to be near.
    """
    return _screen(sys.stdout.isatty(), stderr=False)


def _screen(terminal: bool, *, stderr: bool, careful: bool = True) -> "Console":
    from rich.console import Console

    from api.cli.lines import Careful

    asked = os.environ.get("COLUMNS", "")
    width = None if terminal else int(asked) if asked.isdecimal() and int(asked) > 0 else PIPE_COLUMNS
    console = Console(stderr=stderr, highlight=False, soft_wrap=True, width=width)
    if careful:
        console.push_render_hook(Careful(breaks=terminal))
    return console


def emit(found: dict[str, Any]) -> None:
    """Print one JSON object on one line, at once (a reader may be waiting at the other end).

    Moments in it are written to the second, in UTC.
    """
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    line = json.dumps(found, ensure_ascii=not utf8, allow_nan=False, default=_written)
    # A name that is no UTF-8 becomes escapes: its bytes would be no JSON, and strict streams refuse them.
    sys.stdout.write(line.encode("utf-8", "backslashreplace").decode() + "\n")
    sys.stdout.flush()


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return clock.utc_text(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def fail(text: str, code: int) -> NoReturn:
    """Say why and leave."""
    from rich.markup import escape

    messages().print(f"[bold red]error:[/] {escape(text)}")
    raise typer.Exit(code)


def exit_code(error: Exception) -> int:
    """The exit code that an error of the tree stands for."""
    from api.audit.policy_text import PolicyError
    from api.errors import UnknownEntry
    from core.errors import (
        AudioError,
        InvalidInput,
        KeyFileError,
        RecordError,
        UnreadableScore,
        WatermarkError,
    )
    from detector.voice.errors import EnrolmentError
    from provenance.records.folder import FolderError

    unreadable = AudioError | UnreadableScore | WatermarkError | EnrolmentError | FolderError | OSError
    if isinstance(error, unreadable):
        return FAILED if room.full(error) else UNREADABLE
    misused = InvalidInput | KeyFileError | PolicyError | RecordError | UnknownEntry
    return USAGE if isinstance(error, misused) else FAILED


def told(file: Path, error: Exception) -> str:
    """An error about a file, which is named once."""
    text = unopened(error) if isinstance(error, OSError) else str(error)
    named = ADDRESS.sub(r"\1://", str(file))
    return f"{named}: {text.removeprefix(f'{file}: ').removeprefix(f'{file.name}: ')}"


def unopened(error: OSError) -> str:
    """What the system refused, without its numbers."""
    if room.full(error):  # no fault of the file that was asked about
        return f"cannot write {error.filename or 'what was found'}: {error.strerror or error}"
    if error.filename is None or error.strerror is None:
        return str(error)
    return f"{error.filename}: cannot be opened ({error.strerror})"


def refuse_places(file: Path, *, folders: bool = False) -> None:
    """Refuse what is no file at all (or, with `folders`, no folder either), and say which command takes it.

    Raises:
        UnreadableAudio: a folder, or the address of something elsewhere.
    """
    from core.errors import UnreadableAudio

    if file.is_dir() and not folders:
        raise UnreadableAudio(f"this is a folder: `trackmark scan {file}` audits every file in it")
    scheme = ADDRESS.match(str(file))
    if scheme and not file.exists():
        raise UnreadableAudio(
            f"this is an address: fetch the file first, or let `trackmark scan` read {scheme[1]} places"
        )


Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def ask_person(question: str, *, yes: bool) -> None:
    """Ask whoever sits at a terminal before something that cannot be undone; scripts are not asked.

    Raises:
        typer.Abort: the answer is no.
    """
    if not yes and sys.stdin.isatty():
        typer.confirm(question, abort=True, err=True)


@contextmanager
def failures() -> Iterator[None]:
    """Turn an error of the tree, the system or a database that is away into a message and its exit code.

    Other errors are bugs and show as such.
    """
    from core.errors import TrackmarkError

    try:
        yield
    except TrackmarkError as error:
        fail(str(error), exit_code(error))
    except OSError as error:  # a home that cannot be written to, a disk that is full
        named = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        fail(unopened(error) if room.full(error) else named, FAILED)
    except Exception as error:
        if "sqlalchemy" not in sys.modules or not _away(error):
            raise
        why = str(getattr(error, "orig", None) or error).partition("\n")[0]
        fail(f"the database cannot be reached, or is busy: {why}", FAILED)


def _away(error: Exception) -> bool:
    from api import database  # slow to import; whoever met the error has it already

    return database.away(error)


def for_each(
    files: Iterable[Path],
    ask: Callable[[Path, Report], dict[str, Any]],
    show: Callable[[dict[str, Any]], None],
    good: Callable[[dict[str, Any]], bool],
    *,
    as_json: bool,
    quiet: bool = False,
    folders: bool = False,
) -> NoReturn:
    """Ask about each file and end with the worst exit code; one bad file does not stop the others.

    Args:
        files: the inputs; an iterator may wait for the next one.
        ask: the question; gets the file and a progress callback.
        show: prints an answer for people; used without `--json`.
        good: whether an answer counts as success.
        as_json: print answers as JSON lines; an unreadable file gives `{"file", "error"}`.
        quiet: show no progress.
        folders: an input may be a folder.
    """
    from rich.markup import escape

    from core.errors import TrackmarkError

    worst = OK
    many = len(files) if isinstance(files, Sequence) and len(files) > 1 else None
    with progress(enabled=not quiet, many=many) as bar:
        for file in files:
            try:
                refuse_places(file, folders=folders)
                answer = ask(file, bar(file.name))
            except (TrackmarkError, OSError) as error:
                worst = max(worst, exit_code(error))
                if as_json:
                    emit({"file": str(file), "error": {"type": type(error).__name__, "message": str(error)}})
                else:
                    messages().print(f"[bold red]error:[/] {escape(told(file, error))}")
                continue
            if not good(answer):
                worst = max(worst, FAILED)
            if as_json:
                emit(answer)
            else:
                show(answer)
    raise typer.Exit(worst)


@contextmanager
def progress(*, enabled: bool = True, many: int | None = None) -> Iterator[Callable[[str], Report]]:
    """A progress display on standard error; nothing is drawn where that is not a terminal.

    Args:
        enabled: False draws nothing.
        many: how many names will be begun; a line of its own tells how many are done, how fast, and what is
            left.

    Yields:
        A function that takes a name and returns the callback (step, fraction done).
    """
    if not enabled or not sys.stderr.isatty():
        yield lambda _name: lambda _step, _fraction: None
        return
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.table import Column

    from api.cli.pace import Pace

    columns = (
        SpinnerColumn(),
        TextColumn(
            "{task.description}", table_column=Column(max_width=34, no_wrap=True, overflow="ellipsis")
        ),
        BarColumn(bar_width=16),
        TimeElapsedColumn(),
        Pace(),
    )
    # Rich can pass standard output through its display; answers that go to a file must stay out of it.
    same_screen = sys.stdout.isatty()
    with Progress(
        *columns, console=canvas(), transient=True, redirect_stdout=same_screen, redirect_stderr=same_screen
    ) as display:
        whole = None if many is None else display.add_task(f"{many} files", total=many, unit="files")
        begun = 0

        def start(name: str) -> Report:
            nonlocal begun
            for earlier in display.task_ids:
                display.update(earlier, visible=earlier == whole)
            if whole is not None:
                display.update(whole, completed=begun, description=f"{begun} of {many} files")
            begun += 1
            task = display.add_task(escape(name), total=1.0)

            def update(step: str, fraction: float) -> None:
                done = fraction >= 1.0
                display.update(
                    task, completed=fraction, description=escape(f"{name}: {step}"), visible=not done
                )

            return update

        yield start


def settings() -> "Settings":
    """Settings from the environment."""
    from pydantic import ValidationError

    from api.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        fail(misfit(error, lambda name: f"TRACKMARK_{name.upper()}"), USAGE)


def misfit(error: "ValidationError", called: Callable[[str], str]) -> str:
    """Which values do not fit, each by what its giver calls it, and why; values are not repeated."""
    from api.unfit import why_unfit

    each = ((called("_".join(map(str, one["loc"]))), why_unfit(one)) for one in error.errors())
    return "; ".join(f"{name}: {why}" for name, why in each)


@contextmanager
def registry() -> Iterator[tuple["Registry", "Settings"]]:
    """The registry under `$TRACKMARK_HOME`, closed on leaving."""
    from api.registry.registry import Registry

    chosen = settings()
    opened = Registry.open(chosen)
    try:
        yield opened, chosen
    finally:
        opened.close()
