"""The drift between deliveries, counted."""

import math
from pathlib import Path

from core.clip import Clip, Source
from core.decode import decode
from lab.evaluation.delivery import DELIVERIES, Answer, copies, table
from tests.signals import music


class Made:
    def load(self) -> Clip:
        return Clip(music(2.0, 44100), 44100, Source("made.wav", "0" * 64, 0, "wav", "pcm_s16le"))


def test_every_delivery_is_a_file_of_the_same_length(tmp_path: Path) -> None:
    made = dict(copies(Made(), tmp_path))  # type: ignore[arg-type]  # only its audio is asked for
    assert list(made) == list(DELIVERIES)
    assert {round(decode(path).duration_s, 1) for path in made.values()} == {2.0}


def test_decisions_that_change_are_counted() -> None:
    wav, flac, mp3, aac = DELIVERIES
    said = Answer(2.0, 0.01, "synthetic")
    answers = [
        {wav: said, flac: said, mp3: Answer(1.5, 0.02, "uncertain"), aac: Answer(-1.0, 0.5, "no_trace")},
        {wav: said, flac: said, mp3: said, aac: Answer(math.nan, math.nan, "none")},
    ]
    rows = [line.split(" | ") for line in table("Made", answers) if line.startswith("| ")][1:]
    assert [row[1] for row in rows] == ["2 of 2", "2 of 2", "1 of 2", "0 of 2"]
    assert [row[2] for row in rows] == ["0", "0", "0", "1"]
    assert rows[2][4].startswith("0.50") and rows[3][4].startswith("3.00")
