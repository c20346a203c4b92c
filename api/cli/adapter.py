"""`trackmark adapter`: other people's detectors, by manifest, tried before they may vote."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import (
    FAILED,
    AsJson,
    Quiet,
    Report,
    answers,
    emit,
    failures,
    for_each,
    progress,
    settings,
)
from core.counted import counted
from core.folders import every_file_under
from core.suffixes import is_audio

if TYPE_CHECKING:
    from detector.music.adapters.trial import Trial

commands = typer.Typer(
    help="Take in other detectors (ONNX, TorchScript): tried on your recordings before they may vote.",
    no_args_is_help=True,
)

Folder = Annotated[
    Path, typer.Option("--human", exists=True, file_okay=False, help="Folder of music made by people.")
]
Generated = Annotated[
    Path | None,
    typer.Option(
        "--generated",
        exists=True,
        file_okay=False,
        help="Folder of generated music; without it, a rank only.",
    ),
]


@commands.command("add")
def add(
    manifest: Annotated[Path, typer.Argument(help="TOML manifest; the checkpoint lies beside it.")],
    human: Folder,
    generated: Generated = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Try a detector on your recordings and keep it; exits with 1 where it may not vote.

    Its polarity is tested, then whether anything remains once both folders are delivered alike, then whether
    that is more than level, crest and band give away. One that fails still shows its rank.
    """
    chosen = settings()
    with failures(), progress(enabled=not quiet) as bar:
        from api.audit.engines import music_adapters
        from detector.music.adapters import hearing, store

        limits = chosen.limits()
        found = hearing.hear(manifest, _files(human), _files(generated), limits, bar("adapter"))
        own = store.add(music_adapters(chosen), manifest, found.human, found.generated, found.trial)
        problems = found.trial.problems if found.trial else (store.NOT_TRIED,)
    if as_json:
        emit(
            {
                "name": own.name,
                "path": str(own),
                "human": len(found.human),
                "generated": len(found.generated),
                "votes": not problems,
                "problems": list(problems),
                "trial": asdict(found.trial) if found.trial else None,
                "skipped": [{"file": file, "reason": reason} for file, reason in found.skipped],
            }
        )
    else:
        _tell(own.name, found.trial, problems, len(found.skipped))
    raise typer.Exit(FAILED if found.trial and problems else 0)


@commands.command("list")
def list_adapters(as_json: AsJson = False) -> None:
    """Name the adapters there are, their licences and whether they vote."""
    with failures():
        from api.audit.engines import music_adapters
        from detector.music.adapters import store

        folder = music_adapters(settings())
        for name in store.names(folder):
            guest = store.load(folder, name)
            facts = {
                "name": name,
                "version": guest.adapter.version,
                "licence": guest.adapter.licence,
                "sha256": guest.adapter.sha256,
                "votes": guest.calibration is not None,
                "problems": list(guest.problems),
            }
            if as_json:
                emit(facts)
            else:
                says = "votes" if guest.calibration else f"rank only: {'; '.join(guest.problems)}"
                answers().print(
                    f"{name} {guest.adapter.version} ({guest.adapter.licence}): {says}", markup=False
                )


@commands.command("remove")
def remove(name: Annotated[str, typer.Argument(help="Name of the adapter.")]) -> None:
    """Forget an adapter and its calibration."""
    with failures():
        from api.audit.engines import music_adapters
        from detector.music.adapters import store

        store.remove(music_adapters(settings()), name)
        answers().print(f"{name} is gone", markup=False)


@commands.command("score")
def score(
    files: Annotated[list[Path], typer.Argument(help="Audio files.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Ask every adapter about each file."""
    chosen = settings()
    with failures():
        from api.audit.engines import music_adapters
        from core.decode import decode
        from detector.music.adapters import hearing

        limits = chosen.limits()
        folder = music_adapters(chosen)

        def ask(file: Path, report: Report) -> dict[str, Any]:
            report("decode", 0.0)
            said = hearing.opinions(folder, decode(file, limits), report)
            return {"file": str(file), "adapters": [asdict(o) for o in said]}

        for_each(files, ask, _show, lambda _found: True, as_json=as_json, quiet=quiet)


def _files(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    return sorted(f for f in map(Path, every_file_under(str(folder))) if is_audio(f.name) and f.is_file())


def _tell(name: str, trial: "Trial | None", problems: tuple[str, ...], skipped: int) -> None:
    console = answers()
    if trial:
        for what, (value, low, high) in (("as it is", trial.auc), ("delivered alike", trial.matched_auc)):
            console.print(f"AUC {what}: {value:.3f} ({low:.3f} to {high:.3f})")
        console.print(f"level, crest and band of the copies alone: {trial.probe_auc:.3f}")
    console.print(
        f"{name}: {'votes' if not problems else 'shows a rank, no vote'}; {counted(skipped, 'file')} skipped"
    )
    for problem in problems:
        console.print(f"  {problem}", style="yellow", markup=False)


def _show(found: dict[str, Any]) -> None:
    console = answers()
    console.print(found["file"], markup=False)
    for said in found["adapters"]:
        if said["p_value"] is None:
            console.print(f"  {said['name']} failed: {said['problem']}", style="yellow", markup=False)
            continue
        rank = f"{100 * said['p_value']:.1f} % of {said['human']} human recordings score as high"
        vote = f"log10 likelihood ratio {said['llr']:.2f}" if said["llr"] is not None else "no vote"
        console.print(f"  {said['name']}: {rank}; {vote}", markup=False)
