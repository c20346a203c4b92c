"""`trackmark calibrate`: judge music against the user's own catalogue of human recordings."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import FAILED, AsJson, Quiet, answers, emit, fail, failures, progress, settings
from core.counted import counted
from core.folders import every_file_under
from core.suffixes import is_audio


def calibrate(
    human: Annotated[
        Path,
        typer.Option(
            "--human", exists=True, file_okay=False, help="Folder of recordings known to be made by people."
        ),
    ],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Calibrate the AI-music check on your own catalogue; later audits use it and name it.

    Every audio file in the folder and below must be human music: a generated track in it hides others like
    it. 500 recordings or more are best; with fewer than 99, no track can reach a p-value of 0.01.
    """
    chosen = settings()
    with failures(), progress(enabled=not quiet) as bar:
        from api.audit.engines import music_calibration
        from core.decode import decode
        from core.errors import AudioError
        from detector.music import MusicDetector, local

        detector = MusicDetector.load()
        limits = chosen.limits()
        every = map(Path, every_file_under(str(human)))
        files = sorted(f for f in every if is_audio(f.name) and f.is_file())
        kept: dict[str, tuple[float, str]] = {}
        skipped: list[dict[str, str]] = []
        report = bar("calibrate")
        for place, file in enumerate(files):
            report(file.name, place / len(files))
            try:
                clip = decode(file, limits)
            except AudioError as error:
                skipped.append({"file": str(file), "reason": str(error)})
                continue
            measured = detector.measure(clip)
            if isinstance(measured, str):
                skipped.append({"file": str(file), "reason": measured})
            elif clip.source.sha256 in kept:
                skipped.append({"file": str(file), "reason": "the same file is there twice"})
            else:
                kept[clip.source.sha256] = (measured.raw, measured.group)
        if not kept:
            why = f" ({skipped[0]['file']}: {skipped[0]['reason']})" if skipped else ""
            fail(f"nothing is changed: no recording in {human} can be judged{why}", FAILED)
        made = local.LocalCalibration(
            weights_sha256=detector.weights_sha256,
            made_at=datetime.now(UTC).date().isoformat(),
            scores=tuple(raw for raw, _ in kept.values()),
            groups=tuple(group for _, group in kept.values()),
            files=tuple(kept),
        )
        # both are checked before anything is written: labels that contradict the weights must not take hold
        detector.calibrated(made)
        path = music_calibration(chosen)
        written = local.write(path, made)
        report("done", 1.0)
    sizes = dict(written.reference.sizes())
    if as_json:
        emit(
            {
                "path": str(path),
                "digest": written.digest,
                "recordings": len(written.scores),
                "groups": sizes,
                "smallest_p_value": 1 / (1 + len(written.scores)),
                "skipped": skipped,
            }
        )
        return
    answers().print(
        f"calibrated on {counted(len(written.scores), 'recording')}, {len(skipped)} skipped: {path}"
    )
    answers().print(f"audits now say: local sha256:{written.digest}", markup=False)
    if len(written.scores) < local.WANTED:
        answers().print(
            f"{local.WANTED} recordings or more are better: with {len(written.scores)}, the smallest p-value "
            f"is {1 / (1 + len(written.scores)):.3f}"
        )
