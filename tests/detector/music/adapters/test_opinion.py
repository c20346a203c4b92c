import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import WeightsError
from detector.music import MusicFinding
from detector.music.adapters import Trial, heard, judge, opinion, store
from detector.music.finding import Family, Reservations
from detector.music.verdict import SEPARATOR
from tests.detector.music.adapters import models
from tests.detector.music.adapters.test_trial import recordings

FINDING = MusicFinding(
    0.5, 0.0, 0.2, "uncertain", (), (), (), "the evidence does not decide", (), "own", "wide"
)
GOOD = judge(recordings(6.0, 6.0))


def taken_in(folder: Path, trial: Trial | None = GOOD, human: int = 300, **changes: object) -> Path:
    rng = np.random.default_rng(0)
    people = {f"{k:064x}": float(v) for k, v in enumerate(rng.normal(0, 1, human))}
    machines = (
        {f"{k:064x}": float(v) for k, v in enumerate(rng.normal(6, 1, 50), start=1000)} if trial else {}
    )
    manifest = models.written(folder / "given", models.brightness(), **changes)
    return store.add(folder / "kept", manifest, people, machines, trial)


def test_an_adapter_is_kept_listed_and_removed(tmp_path: Path) -> None:
    own = taken_in(tmp_path)
    shutil.rmtree(tmp_path / "given")
    assert store.names(tmp_path / "kept") == ("bright",)
    guest = store.load(tmp_path / "kept", "bright")
    assert guest.calibration is not None and guest.reference.scores.size == 300
    assert guest.data == models.brightness()
    store.remove(tmp_path / "kept", "bright")
    assert store.names(tmp_path / "kept") == () and not own.exists()
    with pytest.raises(WeightsError, match="no adapter"):
        store.remove(tmp_path / "kept", "bright")


def test_without_a_trial_there_is_a_rank_and_no_vote(tmp_path: Path) -> None:
    taken_in(tmp_path, trial=None)
    said = opinion(store.load(tmp_path / "kept", "bright"), 9.0)
    assert said.llr is None and said.p_value == 1 / 301 and "never tried" in said.problem
    found = heard(FINDING, [said])
    assert replace(found, evidence=()) == FINDING
    assert found.evidence[0].data["votes"] is False and "no vote" in found.evidence[0].text


def test_a_failed_trial_gives_no_vote(tmp_path: Path) -> None:
    taken_in(tmp_path, trial=judge(recordings(-6.0, -6.0)))
    said = opinion(store.load(tmp_path / "kept", "bright"), 9.0)
    assert said.llr is None and "opposite" in said.problem


def test_voters_share_the_verdict(tmp_path: Path) -> None:
    taken_in(tmp_path)
    said = opinion(store.load(tmp_path / "kept", "bright"), 9.0)
    assert said.llr is not None and said.llr > 2
    found = heard(FINDING, [said])
    assert found.llr == pytest.approx(said.llr / 2)
    assert found.p_value == pytest.approx(2 / 301) and found.verdict == "synthetic" and found.reason is None
    assert said.sha256[:16] in found.calibration and found.score is not None and found.score > 0.9
    assert heard(FINDING, []) == FINDING


def test_a_vote_turns_no_separator_into_a_generator(tmp_path: Path) -> None:
    taken_in(tmp_path)
    said = opinion(store.load(tmp_path / "kept", "bright"), 9.0)
    separated = replace(
        FINDING,
        families=(Family("separator, HT-Demucs time branch", 1.0),),
        held=Reservations(separator=True),
    )
    found = heard(separated, [said])
    assert (found.verdict, found.reason) == ("uncertain", SEPARATOR)


def test_nothing_is_voted_on_what_was_not_measured(tmp_path: Path) -> None:
    taken_in(tmp_path)
    said = opinion(store.load(tmp_path / "kept", "bright"), 9.0)
    silent = replace(FINDING, score=None, llr=None, p_value=None)
    assert heard(silent, [said]).llr is None


def test_a_calibration_of_another_checkpoint_is_refused(tmp_path: Path) -> None:
    own = taken_in(tmp_path)
    path = own / store.CALIBRATION
    facts = json.loads(path.read_text())
    path.write_text(json.dumps(facts | {"sha256": "0" * 64}))
    with pytest.raises(WeightsError, match="another checkpoint"):
        store.load(tmp_path / "kept", "bright")
    path.write_text(json.dumps(facts | {"human": {"a": "high"}}))
    with pytest.raises(WeightsError, match="damaged"):
        store.load(tmp_path / "kept", "bright")
    path.write_text("{")
    with pytest.raises(WeightsError, match="not JSON"):
        store.load(tmp_path / "kept", "bright")


def test_too_few_human_recordings_change_nothing(tmp_path: Path) -> None:
    taken_in(tmp_path)
    with pytest.raises(WeightsError, match="at least"):
        taken_in(tmp_path, human=5)
    assert store.load(tmp_path / "kept", "bright").reference.scores.size == 300
