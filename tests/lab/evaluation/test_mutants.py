"""Damaged files: each gives a clip or a typed error, and nothing of it stays."""

import random
import sys

import pytest

from lab.evaluation.mutants import uploads
from lab.evaluation.mutants.__main__ import page
from lab.evaluation.mutants.mutate import mutant
from lab.evaluation.mutants.run import Outcome, run
from lab.evaluation.mutants.seeds import seeds
from lab.evaluation.mutants.structure import elements
from lab.evaluation.mutants.uploads import Uploaded

COUNT, UPLOADS = 300, 24


@pytest.fixture(scope="module")
def healthy() -> dict[str, bytes]:
    return seeds()


def test_the_elements_of_each_container_are_found(healthy: dict[str, bytes]) -> None:
    for name, data in healthy.items():
        found = elements(data)
        assert len(found) > 1, name
        assert all(
            0 <= one.start < one.body <= one.end <= len(data) for one in found if one.end > one.body
        ), name


def test_the_same_state_gives_the_same_file(healthy: dict[str, bytes]) -> None:
    data, other = healthy["flac"], healthy["wav"]
    made = [
        [mutant(data, other, chance) for _ in range(20)] for chance in (random.Random(3), random.Random(3))
    ]
    assert made[0] == made[1]
    assert len(set(made[0])) > 15
    assert data not in made[0] or made[0].count(data) < 3


@pytest.mark.skipif(sys.platform != "linux", reason="counts what is left in Linux's /proc")
def test_damaged_files_are_decoded_or_refused_and_nothing_stays() -> None:
    kept: list[int] = []
    found = run(COUNT - 100, Outcome(2), lambda so_far: kept.append(so_far.done))
    found = run(COUNT, found)  # as a run that was cut short goes on
    assert kept[0] == 100
    assert found.done == sum(sum(kinds.values()) for kinds in found.by_seed.values()) == COUNT
    # One that an earlier test left may have ended meanwhile.
    assert max(found.processes, found.descriptors) <= 0
    kinds = {kind for counted in found.by_seed.values() for kind in counted}
    assert {"decoded", "refused"} <= kinds <= {"decoded", "refused", "crashed"}
    assert found.tags > 0
    assert "| signed wav |" in page(found, Uploaded())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts what is left in Linux's /proc")
def test_damaged_files_that_are_uploaded_are_nobodys_fault_but_theirs() -> None:
    sent = uploads.run(UPLOADS, 2, Uploaded())
    assert sent.done == sum(sent.answers.values()) == UPLOADS
    assert sum(sent.ends.values()) == sent.answers["accepted"] > 0
    assert (sent.faults, sent.files, sent.descriptors) == ([], 0, 0)
