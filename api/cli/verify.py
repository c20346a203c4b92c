"""`trackmark verify`: whose is it, step by step; of audio files, and of folders with proofs."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import AsJson, Quiet, Report, answers, failures, for_each, registry
from api.cli.trust import trusted_keys

if TYPE_CHECKING:
    from api.registry.registry import Registry
    from api.settings import Settings

Ask = Callable[[Path, Report], dict[str, Any]]


def verify(
    files: Annotated[
        list[Path], typer.Argument(help="Audio files, or folders of `record export -f evidence`.")
    ],
    as_json: AsJson = False,
    quiet: Quiet = False,
    witnesses: Annotated[
        int, typer.Option(min=0, help="How many of TRACKMARK_WITNESSES must have co-signed the log.")
    ] = 0,
    keys: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="For folders: keys.json that you trust, not this registry's.",
        ),
    ] = None,
) -> None:
    """Verify whose a track is: watermark, record, signature, log proof, credentials, fingerprint.

    A folder of proofs is verified offline, without the registry.

    Exits with 0 if all agree and the claim stands: for audio the verdict `match`, for a folder `verified`.
    With 1 for every other verdict (disputed, revoked, transplanted, unmarked, unknown, ...), each explained
    below the steps. With 2 for wrong usage, 3 for a file that cannot be read. Credentials may be absent
    (re-encoding strips them) but must not contradict the file.
    """
    with failures():
        if all(file.is_dir() for file in files):
            # No registry is opened: a folder can be verified on a machine that has none.
            ask = _folders(keys, witnesses)
            for_each(files, ask, _show, _good, as_json=as_json, quiet=quiet, folders=True)
        with registry() as (store, settings):
            folder, audio = _folders(keys, witnesses), _audio(store.demanding(witnesses), settings)

            def either(file: Path, report: Report) -> dict[str, Any]:
                return (folder if any(file.glob("*.dsse.json")) else audio)(file, report)

            for_each(files, either, _show, _good, as_json=as_json, quiet=quiet, folders=True)


def _good(found: dict[str, Any]) -> bool:
    return bool(found["verified"])


def _audio(store: "Registry", settings: "Settings") -> Ask:
    from api.audit.asked import PROVENANCE
    from api.audit.audit import audit_file
    from api.report.steps import steps

    def ask(file: Path, report: Report) -> dict[str, Any]:
        return steps(audit_file(file, registry=store, settings=settings, checks=PROVENANCE, progress=report))

    return ask


def _folders(keys: Path | None, witnesses: int) -> Ask:
    from api.report.steps import folder_steps

    def ask(folder: Path, _report: Report) -> dict[str, Any]:
        trusted, trust = trusted_keys(keys, folder / "keys.json")
        return folder_steps(folder, trusted, trust, witnesses=witnesses)

    return ask


def _show(found: dict[str, Any]) -> None:
    from api.cli.tables import verify_table

    answers().print(verify_table(found))
