"""The adapters that a user has taken in: one folder each, with manifest, checkpoint and calibration.

The calibration is JSON and rests on the user's own recordings: raw scores of human and, where there were any,
of generated ones, by digest, with the trial's answers. It belongs to one checkpoint; another digest makes it
void. Curves are fitted again when it is read, so that nothing in it has to be believed beyond the scores.
"""

import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import WeightsError
from core.files import replacing_folder
from detector.calibration import HumanReference, LogisticCalibration
from detector.music.adapters.manifest import Adapter, checkpoint
from detector.music.adapters.trial import LEAST, Trial

FORMAT = "trackmark-adapter-calibration/1"
MANIFEST = "adapter.toml"
CALIBRATION = "calibration.json"


@dataclass(frozen=True)
class Calibrated:
    """An adapter with what the user's recordings say of it.

    Attributes:
        adapter: its manifest.
        data: the checkpoint.
        reference: scores of the user's human recordings.
        calibration: from score to likelihood ratio; None where it may not vote.
        problems: why it may not.
    """

    adapter: Adapter
    data: bytes
    reference: HumanReference
    calibration: LogisticCalibration | None
    problems: tuple[str, ...]


def add(
    folder: Path,
    manifest: Path,
    human: Mapping[str, float],
    generated: Mapping[str, float],
    trial: Trial | None,
) -> Path:
    """Take an adapter in, or replace the one of its name.

    Args:
        folder: of all adapters.
        manifest: of this one; the checkpoint lies beside it.
        human: score of each human recording by the file's SHA-256.
        generated: likewise of generated ones; may be empty.
        trial: its answers; None where there was nothing to try it on.

    Returns:
        Its own folder.

    Raises:
        WeightsError: too few human recordings, or the disk failed.
    """
    if len(human) < LEAST:
        raise WeightsError(f"{len(human)} usable human recordings: at least {LEAST} are needed")
    adapter, data = checkpoint(manifest)
    facts = {
        "format": FORMAT,
        "adapter": adapter.name,
        "sha256": adapter.sha256,
        "high": adapter.high,
        "human": {k: round(v, 6) for k, v in human.items()},
        "generated": {k: round(v, 6) for k, v in generated.items()},
        "trial": asdict(trial) if trial else None,
    }
    own = folder / adapter.name
    text = json.dumps(facts, sort_keys=True, indent=1) + "\n"
    try:
        with replacing_folder(own) as part:
            (part / MANIFEST).write_bytes(manifest.read_bytes())
            (part / adapter.file).write_bytes(data)
            (part / CALIBRATION).write_text(text, encoding="utf-8")
    except OSError as error:
        raise WeightsError(f"cannot write {own}: {error.strerror}") from error
    return own


def names(folder: Path) -> tuple[str, ...]:
    """The adapters in a folder, by name; none where there is no such folder."""
    return tuple(sorted(p.parent.name for p in folder.glob(f"[!.]*/{MANIFEST}")))


def remove(folder: Path, name: str) -> None:
    """Forget an adapter.

    Raises:
        WeightsError: there is none of that name.
    """
    if name not in names(folder):
        raise WeightsError(f"there is no adapter {name!r}; `trackmark adapter list` names those there are")
    shutil.rmtree(folder / name)


def load(folder: Path, name: str) -> Calibrated:
    """Read an adapter back.

    Raises:
        WeightsError: a file is missing or damaged, or the calibration belongs to another checkpoint.
    """
    own = folder / name
    adapter, data = checkpoint(own / MANIFEST)
    facts = facts_of(folder, name)
    if (facts.get("sha256"), facts.get("high")) != (adapter.sha256, adapter.high):
        raise WeightsError(f"the calibration of {name} belongs to another checkpoint: add the adapter again")
    human, generated = (_scores(facts.get(key), name) for key in ("human", "generated"))
    trial = facts.get("trial")
    problems = tuple(str(p) for p in trial.get("problems", ())) if isinstance(trial, dict) else (NOT_TRIED,)
    calibration = None
    if not problems:
        truth = [0] * len(human) + [1] * len(generated)
        calibration = LogisticCalibration.fit([*human, *generated], truth)
    return Calibrated(adapter, data, HumanReference.of(human), calibration, problems)


NOT_TRIED = "it was never tried on generated recordings"


def facts_of(folder: Path, name: str) -> dict[str, Any]:
    """What is kept beside an adapter, as stored; errors as in `load`."""
    path = folder / name / CALIBRATION
    try:
        facts: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsError(
            f"the adapter {name} has no calibration ({error.strerror}): add it again"
        ) from error
    except ValueError as error:
        raise WeightsError(f"the calibration of {name} is not JSON: add the adapter again") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise WeightsError(f"the calibration of {name} is no {FORMAT} file: add the adapter again")
    return facts


def _scores(values: object, name: str) -> list[float]:
    found = list(values.values()) if isinstance(values, dict) else None
    if found is None or not all(isinstance(v, int | float) and math.isfinite(v) for v in found):
        raise WeightsError(f"the calibration of {name} is damaged: add the adapter again")
    return [float(v) for v in found]
