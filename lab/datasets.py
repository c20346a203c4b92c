"""The recordings used for training and evaluation: typed manifest rows, splits and loading.

The data stays where it is: rows point at files, nothing is copied, and no test depends on it. The folder is
given by argument, by the environment variable `TRACKMARK_DATA`, or is `../shared/data` beside the repository.
"""

import csv
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.clip import Clip
from core.decode import decode

DEFAULT_ROOT = Path(__file__).resolve().parents[2] / "shared" / "data"
TEST_CUT_S = 30.0
"""Human music at least this long is one of the 34 s cuts, kept for tests of watermark and fingerprint."""


@dataclass(frozen=True)
class Recording:
    """One row of `manifest.csv`.

    Attributes:
        path: the audio file, absolute.
        kind: `human_music`, `ai_music` or `voices`.
        label: `human`, `ai`, `ai-symbolic`, `ai-accomp+human`, or a voice's role (`clone`, `source`, ...).
        source: collection that it comes from.
        generator: model or identity (artist, speaker) as far as known.
        pair_id: ties a reference, its source and its clone; empty where there is none.
        licence: as stated by the repository.
        use: `open` (may train shipped weights) or `research`.
        origin: repository, commit and path that the file was cut from.
        start_s: where the cut begins in the original.
        duration_s: length of the cut as declared.
        sample_rate: in Hz, as declared.
        channels: as declared.
        original_codec: codec of the published file.
    """

    path: Path
    kind: str
    label: str
    source: str
    generator: str
    pair_id: str
    licence: str
    use: str
    origin: tuple[str, str, str]
    start_s: float
    duration_s: float
    sample_rate: int
    channels: int
    original_codec: str

    @property
    def synthetic(self) -> int:
        """1 for audio that a model rendered, 0 for recordings of people (labels of this manifest)."""
        return int(self.label in {"ai", "ai-accomp+human", "clone", "vocoder-recon", "codec-recon"})

    @property
    def is_34s_test(self) -> bool:
        """Whether this is one of the long cuts of human music that training must leave alone."""
        return self.kind == "human_music" and self.duration_s >= TEST_CUT_S

    def load(self) -> Clip:
        """Decode the file (see `core.decode.decode` for the errors)."""
        return decode(self.path)


def data_root(root: Path | None = None) -> Path:
    """The data folder: `root`, else `$TRACKMARK_DATA`, else `../shared/data` beside the repository.

    Raises:
        FileNotFoundError: the folder holds no `manifest.csv`.
    """
    chosen = root or Path(os.environ.get("TRACKMARK_DATA", DEFAULT_ROOT))
    if not (chosen / "manifest.csv").is_file():
        raise FileNotFoundError(f"no manifest.csv in {chosen}: give the data folder, or set TRACKMARK_DATA")
    return chosen


def read_manifest(root: Path | None = None) -> tuple[Recording, ...]:
    """All rows of the manifest, in its order.

    Raises:
        FileNotFoundError: there is no manifest (see `data_root`).
        ValueError: a column is missing or a number does not parse.
    """
    folder = data_root(root)
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as rows:
        return tuple(
            _recording(folder, number, row) for number, row in enumerate(csv.DictReader(rows), start=2)
        )


def _recording(folder: Path, number: int, row: dict[str, str]) -> Recording:
    try:
        return Recording(
            path=folder / row["file"],
            kind=row["kind"],
            label=row["label"],
            source=row["source"],
            generator=row["generator_or_identity"],
            pair_id=row["pair_id"],
            licence=row["licence"],
            use=row["use"],
            origin=(row["repo"], row["commit"], row["path"]),
            start_s=float(row["start_s"]),
            duration_s=float(row["duration_s"]),
            sample_rate=int(row["sample_rate"]),
            channels=int(row["channels"]),
            original_codec=row["original_codec"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"manifest.csv line {number}: {error!r}") from error


def fold_of(name: str, folds: int) -> int:
    """Stable fold number of a group name, 0 to `folds` - 1 (SHA-256: the same on every machine and run)."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % folds


def hold_out_34s(recordings: Iterable[Recording]) -> tuple[tuple[Recording, ...], tuple[Recording, ...]]:
    """Training and test rows for the watermark: the 34 s cuts are the test.

    A shorter cut of a song that also has a 34 s cut goes to neither side.
    """
    rows = tuple(recordings)
    test = tuple(r for r in rows if r.is_34s_test)
    songs = {r.origin for r in test}
    return tuple(r for r in rows if r.origin not in songs), test
