"""`trackmark demo`: the main job, step by step."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.console import FAILED, OK, answers, failures, progress


def demo(
    audio: Annotated[Path | None, typer.Option(help="Your own file; else a track is generated.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", file_okay=False, help="For everything.")] = Path(
        "demo-output"
    ),
    model: Annotated[
        str | None, typer.Option(help="audiocraft model by name or folder, such as facebook/musicgen-small.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=8.0, max=120.0, help="Length of the generated track.")] = 20.0,
) -> None:
    """Run the main job: make a track, tag it, damage copies, audit them over HTTP, verify offline.

    Exits with 1 where a damaged copy did not lead to its record.
    """
    with failures(), progress() as bar:
        from api.demo import Teller, run

        console, steps = answers(), iter(range(1, 100))

        def table(found: list[dict[str, Any]]) -> None:
            from api.cli.tables import summary_table

            console.print(summary_table(found, "What the audits found"))

        def step(text: str) -> None:
            console.print()
            console.print(f"{next(steps)}. {text}", style="bold", markup=False)

        def say(text: str) -> None:
            console.print(f"   {text}", markup=False)

        held = run(output, Teller(step, say, bar, table), audio=audio, model=model, seconds=seconds)
    raise typer.Exit(OK if held else FAILED)
