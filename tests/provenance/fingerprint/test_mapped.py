"""How the files of a copy are mapped."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from provenance.fingerprint.mapped import SortedPostings, write_sorted


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells how a file is mapped")
def test_nothing_is_read_ahead_of_a_copy(tmp_path: Path) -> None:
    """It would push out of the memory what the next look-up needs, where the index is larger."""
    write_sorted(tmp_path, [(np.arange(9), np.arange(9), np.arange(9))])
    opened = SortedPostings.open(tmp_path)
    parts = Path("/proc/self/smaps").read_text().split("VmFlags:")
    told = [after.splitlines()[0] for before, after in pairwise(parts) if str(tmp_path) in before]
    assert ["rr" in flags.split() for flags in told] == [True, True]
    assert len(opened.lookup(np.arange(9)).track) == 9
