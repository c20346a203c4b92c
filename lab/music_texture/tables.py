"""What is held out of what, and the planes and statistics of all recordings in one table.

A fold leaves out whole pages of generated music, together with everything related to them, and a fifth of the
collections of people; what stands in one fold never trains what judges it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.datasets import Recording, fold_of
from lab.music_texture.planes import CACHE, RENDERINGS, Plane, path_of
from lab.music_texture.statistics import statistics
from lab.training.music.folds import importance

FOLDS: tuple[frozenset[str], ...] = (
    frozenset({"noise2music-demo", "tiny-audio-diffusion", "msdm-demo"}),
    frozenset({"airgen-demo", "mustango-demo", "mt-musicldm-demo"}),
    frozenset({"presto-demo", "stable-audio-demo", "ace-step-demo"}),
    frozenset({"anyaccomp-demo", "musdb18-excerpts-anyaccomp", "stemgen-demo", "unagan"}),
    frozenset({"yue-demo", "suno-soundforge", "rave-demo"}),
)
"""Pages by what their generators share; collections of people that no page names follow by hash."""
QUIET_DB = -60.0
WITHOUT_DECODER = (
    "Noise2Music",
    "Noise2Music-spec",
    "Noise2Music-wave",
    "MSDM",
    "tiny-audio-diffusion (drums)",
)


def fold_number(source: str) -> int:
    """The fold of a page or collection.

    >>> fold_number("yue-demo")
    4
    """
    named = [number for number, pages in enumerate(FOLDS) if source in pages]
    return named[0] if named else fold_of(source, len(FOLDS))


@dataclass(frozen=True)
class Table:
    """Every rendering of every recording, one a row.

    Attributes:
        recordings: of the rows.
        rendering: number of each in `RENDERINGS`, [N].
        planes: [N, BANDS, frames].
        confounds: level, crest, width, length, band, [N, 5].
    """

    recordings: tuple[Recording, ...]
    rendering: NDArray[np.int64]
    planes: Plane
    confounds: NDArray[np.float64]

    @cached_property
    def values(self) -> NDArray[np.float32]:
        """Statistics, [N, F]."""
        return np.stack([statistics(some) for some in self.planes])

    @property
    def synthetic(self) -> NDArray[np.bool_]:
        """Whether each row is generated."""
        return np.array([bool(r.synthetic) for r in self.recordings])

    @property
    def folds(self) -> NDArray[np.int64]:
        """Fold of each row."""
        return np.array([fold_number(r.source) for r in self.recordings])

    def weights(self, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        """What each of some rows counts: classes alike, groups as the root of their size, [sum of rows]."""
        return importance([r for r, keep in zip(self.recordings, rows, strict=True) if keep])


def load(recordings: Sequence[Recording], cache: Path = CACHE) -> Table:
    """Read the planes that are there, but for excerpts that are silent: many a stem begins late."""
    there, planes, confounds = [], [], []
    for recording in recordings:
        if not path_of(recording, cache).exists():
            continue
        with np.load(path_of(recording, cache)) as kept:
            if kept["confounds"][0, 0] > QUIET_DB:
                there.append(recording)
                planes.append(kept["planes"])
                confounds.append(kept["confounds"])
    return Table(
        recordings=tuple(r for r in there for _ in RENDERINGS),
        rendering=np.tile(np.arange(len(RENDERINGS)), len(there)),
        planes=np.concatenate(planes),
        confounds=np.concatenate(confounds),
    )
