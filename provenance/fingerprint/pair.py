"""Two recordings side by side: where in one the other is heard, and how it was changed."""

import numpy as np

from core.passing import passing_folder
from provenance.fingerprint import triplets
from provenance.fingerprint.extract import Fingerprint
from provenance.fingerprint.mapped import SortedPostings, write_sorted
from provenance.fingerprint.match import Found
from provenance.fingerprint.search import search


def align(original: Fingerprint, suspect: Fingerprint) -> Found | None:
    """Find the stretches of `suspect` in which `original` is heard, as an index of that one track would.

    Args:
        original: of the recording that may have been used.
        suspect: of the recording that may hold it.

    Returns:
        Where, and how much of `suspect` that is; None where chance explains whatever agrees.
    """
    filed = original.reference()
    key = triplets.keys(triplets.values(filed.hashes))
    on_scale = key >= 0
    rows = key[on_scale], np.zeros(int(on_scale.sum()), np.int64), filed.times[on_scale].astype(np.int64)
    with passing_folder() as folder:
        write_sorted(folder, [rows])
        found = search(suspect, SortedPostings.open(folder), original.frames)
    return found[0] if found else None
