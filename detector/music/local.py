"""Calibration on a user's own catalogue: the p-value then ranks against music that is like it.

Human recordings of the catalogue are scored by the shipped weights and kept with their groups. The p-value
ranks against them; the likelihood ratio is fitted again from them and the shipped held-out scores of
generated music. The file names the weights that it belongs to and is itself named by its SHA-256, which every
finding then carries.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import WeightsError
from core.files import write_whole
from detector.calibration import GroupedReference

FORMAT = "trackmark-music-calibration/1"
LEAST = 20
"""Fewer recordings are refused: their p-value could not fall below 1 / 21."""
WANTED = 500


@dataclass(frozen=True)
class LocalCalibration:
    """Scores of a user's human recordings.

    Attributes:
        weights_sha256: digest of the weights that gave the scores.
        made_at: ISO 8601 date.
        scores: raw, one per recording, [N].
        groups: group of each recording, [N].
        files: SHA-256 of each recording, so that the set can be checked, [N].
        digest: SHA-256 of the file that holds all this; empty before it is written.
    """

    weights_sha256: str
    made_at: str
    scores: tuple[float, ...]
    groups: tuple[str, ...]
    files: tuple[str, ...]
    digest: str = ""

    @property
    def reference(self) -> GroupedReference:
        """The human reference that replaces the shipped one."""
        return GroupedReference.of(self.scores, self.groups)


def write(path: Path, calibration: LocalCalibration) -> LocalCalibration:
    """Write a calibration as JSON with sorted keys.

    Returns:
        The calibration with its digest.

    Raises:
        WeightsError: fewer than `LEAST` recordings, or the disk failed.
    """
    if len(calibration.scores) < LEAST:
        raise WeightsError(
            f"{len(calibration.scores)} usable recordings: at least {LEAST} are needed, {WANTED} are better"
        )
    facts = {
        "format": FORMAT,
        "weights_sha256": calibration.weights_sha256,
        "made_at": calibration.made_at,
        "scores": [round(s, 6) for s in calibration.scores],
        "groups": list(calibration.groups),
        "files": list(calibration.files),
    }
    data = (json.dumps(facts, sort_keys=True, indent=1) + "\n").encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)
    except OSError as error:
        raise WeightsError(f"cannot write {path}: {error.strerror}") from error
    return read(path)


def read(path: Path) -> LocalCalibration:
    """Read what `write` wrote.

    Raises:
        WeightsError: the file is missing, of another format, or its lists do not fit together.
    """
    try:
        data = path.read_bytes()
        facts: Any = json.loads(data)
    except OSError as error:
        raise WeightsError(f"the calibration {path} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise WeightsError(f"the calibration {path.name} is not JSON: {error}") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise WeightsError(f"{path.name} is no {FORMAT} file")
    scores, groups, files = (_list(facts, key, path.name) for key in ("scores", "groups", "files"))
    if not len(scores) == len(groups) == len(files) or len(scores) < LEAST:
        raise WeightsError(f"{path.name}: scores, groups and files do not fit together")
    if not all(isinstance(s, int | float) and math.isfinite(s) for s in scores):
        raise WeightsError(f"{path.name}: a score is not a number")
    return LocalCalibration(
        str(facts.get("weights_sha256", "")),
        str(facts.get("made_at", "")),
        tuple(float(s) for s in scores),
        tuple(str(g) for g in groups),
        tuple(str(f) for f in files),
        hashlib.sha256(data).hexdigest(),
    )


def _list(facts: dict[str, Any], key: str, name: str) -> Sequence[Any]:
    value = facts.get(key)
    if not isinstance(value, list):
        raise WeightsError(f"{name}: {key} is not a list")
    return value
