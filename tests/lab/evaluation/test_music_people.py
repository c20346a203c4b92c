"""False alarms on recordings of people: what is cut out, judged once, and counted."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.encode import encode
from detector.music.detector import MusicDetector
from lab.evaluation.music import judged as judging
from lab.evaluation.music.judged import Judged, judged
from lab.evaluation.music.people import PAGE, Heard, kind_of, page
from lab.training.music.listed import excerpt, listed
from tests.detector.music.combs import decoded
from tests.signals import music

COLUMNS = (
    *("file", "kind", "label", "source", "system", "identity", "pair_id", "licence", "use", "repo", "commit"),
    *("path", "duration_s", "sample_rate", "channels", "codec"),
)
RATE = 16000


@pytest.fixture(scope="module")
def more(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A song of people, a decoded one labelled alike, a short one, one to be avoided, and a voice."""
    root = tmp_path_factory.mktemp("more")
    song = music(24, RATE, 1)
    encode(song, RATE, root / "song.wav", codec="wav", bits=16)
    encode(decoded(10.0, RATE, 50.0), RATE, root / "decoded.wav", codec="wav", bits=16)
    with (root / "more_local.csv").open("w", newline="") as file:
        rows = csv.DictWriter(file, COLUMNS)
        rows.writeheader()
        for name, kind, use, duration_s in (
            ("song.wav", "human_music", "open", 24),
            ("decoded.wav", "human_music", "research", 10),
            ("song.wav", "human_music", "open", 3),
            ("song.wav", "human_music", "avoid", 24),
            ("song.wav", "voices", "open", 24),
        ):
            empty = dict.fromkeys(COLUMNS, "")
            said = {"file": name, "kind": kind, "label": "human", "source": "game-one", "use": use}
            rows.writerow(
                {**empty, **said, "path": name, "duration_s": duration_s, "sample_rate": RATE, "channels": 2}
            )
    return root


def test_ten_seconds_from_the_middle_are_cut_out_and_kept(more: Path, tmp_path: Path) -> None:
    rows = listed(more)
    assert [r.path.name for r in rows] == ["song.wav", "decoded.wav"]
    found = excerpt(rows[0], tmp_path)
    whole = rows[0].load().wav[:2]
    assert found.wav.shape[-1] == 10 * RATE
    assert float((found.wav - whole[:, 7 * RATE : 17 * RATE]).abs().max()) < 2e-4
    kept = next(tmp_path.rglob("*.npz"))
    before = kept.stat().st_mtime_ns
    assert torch.equal(excerpt(rows[0], tmp_path).wav, found.wav)
    assert kept.stat().st_mtime_ns == before


def test_a_recording_is_judged_once_and_as_the_detector_judges_it(
    more: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = listed(more)
    first = judged(rows, "native", lambda r: excerpt(r, tmp_path / "cuts"), tmp_path)
    assert (
        first[rows[1].path].verdict == MusicDetector.load().score(excerpt(rows[1], tmp_path / "cuts")).verdict
    )

    def never(*_: object) -> Judged:
        raise AssertionError("judged again")

    monkeypatch.setattr(judging, "judge", never)
    assert judged(rows, "native", lambda r: excerpt(r, tmp_path / "cuts"), tmp_path) == first


def test_flagged_excused_suspect_and_seen_recordings_are_counted_apart(more: Path) -> None:
    song = listed(more)[0]

    def heard(
        source: str, verdict: str, llr: float | None, seen: bool, objection: str | None = None
    ) -> Heard:
        recording = replace(song, source=source, path=Path(f"{source}{verdict}{llr}{seen}"))
        return Heard(recording, Judged(verdict, llr, 0.5, 1, objection), seen)

    text = page(
        [
            heard("game-one", "synthetic", 2.0, False),
            heard("game-one", "no_trace", -1.0, True),
            heard("game-two", "uncertain", 0.0, False, "a clock"),
            heard("game-two", "uncertain", None, False),
            heard("airgen-demo", "synthetic", 3.0, False),
        ]
    )
    assert "**1 of 3 recordings in 2 collections are called synthetic**" in text
    assert "a collection flags 25.0 % on average, and 1 of 2 flag any" in text
    assert "| game-one | 2 | 1 | 50.0 % (≤ 97.5) | 0 | 1 | 0 | 0 | 2.0 |" in text
    assert "| game-two | 2 | 0 | 0.0 % (≤ 95.0) | 1 | 0 | 1 | 1 | 0.0 |" in text
    assert "| suspect: two pages whose own codec leaves a comb | 1 | 1 |" in text
    assert "| ... of collections of which nothing was seen | 2 | 0 |" in text
    assert kind_of("jamendo-jazz-excerpts") == "jazz" and PAGE.name == "ai-music-human.md"
