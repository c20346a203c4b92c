"""Structure: where in its course a track is like itself, at a coarse scale.

A self-similarity matrix of harmony and timbre over equal parts of the track, whatever its length, key and
tempo. Source: J. Foote, Visualizing Music and Audio using Self-Similarity, ACM Multimedia 1999.
"""

from dataclasses import dataclass

import numpy as np

from detector.originality.frames import Array

PARTS = 48
NEAR = 2
"""Parts closer than this are alike in all music and are left out."""
PAIRS = (PARTS - NEAR) * (PARTS - NEAR + 1) // 2


@dataclass(frozen=True)
class Structure:
    """A track's structure.

    Attributes:
        likeness: of each two parts, by harmony and by timbre, mean 0 and spread 1 each, [2 * pairs].
        harmonies: how far from each other the parts are in harmony, mean cosine distance.
        colours: the same in timbre, mean distance in decibels.
    """

    likeness: Array
    harmonies: float
    colours: float


def structure(classes: Array, cepstra: Array) -> Structure:
    """Structure of pitch classes, [M, 12], and cepstral coefficients, [N, K], of one track."""
    harmony, colour = _parts(classes), _parts(cepstra)
    length = np.linalg.norm(harmony, axis=1, keepdims=True)
    unit = harmony / np.maximum(length, 1e-6)
    by_harmony = unit @ unit.T
    apart = np.linalg.norm(colour[:, None] - colour[None], axis=2)
    first, second = np.triu_indices(PARTS, NEAR)
    rows = (by_harmony[first, second], -apart[first, second])
    likeness = np.concatenate([(row - row.mean()) / (row.std() + 1e-6) for row in rows])
    return Structure(np.asarray(likeness, np.float32), float(1 - rows[0].mean()), float(-rows[1].mean()))


def _parts(rows: Array) -> Array:
    """Means of equal parts, [N, D] -> [PARTS, D]; a part is at least one row."""
    edges = np.linspace(0, len(rows), PARTS + 1)
    total = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, 0, dtype=np.float64)])
    at = np.stack([np.interp(edges, np.arange(len(rows) + 1), column) for column in total.T], axis=1)
    return np.asarray(np.diff(at, axis=0) / max(len(rows) / PARTS, 1e-9), np.float32)


def distances(one: Array, many: Array) -> Array:
    """One minus the correlation of likenesses, 0 to 2, [P] and [N, P] -> [N]."""
    return np.asarray(1.0 - many @ one / one.size, np.float32)
