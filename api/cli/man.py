"""`trackmark man`: manual pages, for the machine that Trackmark is installed on."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import UNREADABLE, answers, fail


def man(
    folder: Annotated[
        Path,
        typer.Argument(
            file_okay=False, help="Where to write them, such as ~/.local/share/man/man1; made where missing."
        ),
    ],
) -> None:
    """Write a manual page for every command; `man trackmark-audit` shows one."""
    from typer.main import get_command

    from api.cli import main
    from api.cli.manual import pages
    from core.files import write_whole

    root = get_command(main)
    root.name = "trackmark"
    count = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for count, (name, text) in enumerate(pages(root), 1):  # noqa: B007  # told below
            write_whole(folder / f"{name}.1", text.encode())
    except OSError as error:
        fail(f"{folder}: {error.strerror or error}", UNREADABLE)
    answers().print(f"{count} pages are in {folder}", markup=False)
