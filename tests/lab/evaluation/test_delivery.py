"""The drift between deliveries, counted."""

import math
from pathlib import Path

from core.clip import Clip, Source
from core.decode import decode
from lab.evaluation.delivery import DELIVERIES, Answer, Delivered, copies, table
from tests.signals import music


class Made:
    def load(self) -> Clip:
        return Clip(music(2.0, 44100), 44100, Source("made.wav", "0" * 64, 0, "wav", "pcm_s16le"))


def test_every_delivery_is_a_file_of_the_same_length(tmp_path: Path) -> None:
    made = dict(copies(Made(), tmp_path))  # type: ignore[arg-type]  # only its audio is asked for
    assert list(made) == list(DELIVERIES)
    assert {round(decode(path).duration_s, 1) for path in made.values()} == {2.0}


def test_decisions_that_change_are_counted_and_named() -> None:
    wav, flac, mp3, aac = DELIVERIES
    said = Answer(2.0, 0.01, "synthetic", "9.0 in the lines at 50.00 Hz")
    gone, unmeasured = Answer(-1.0, 0.5, "no_trace", "none stands out"), Answer(math.nan, math.nan, "none")
    recordings = [
        Delivered("a.wav", {wav: said, flac: said, mp3: Answer(1.5, 0.02, "uncertain"), aac: gone}),
        Delivered("b.wav", {wav: said, flac: said, mp3: said, aac: unmeasured}),
        Delivered("c.wav", dict.fromkeys(DELIVERIES, said)),
    ]
    rows = [line.split(" | ") for line in table("Made", recordings) if line.startswith("| ")]
    counted, named = rows[1:5], rows[6:]
    assert [row[1] for row in counted] == ["3 of 3", "3 of 3", "2 of 3", "1 of 3"]
    assert [row[2] for row in counted] == ["0", "0", "0", "1"]
    assert counted[2][4].startswith("0.50") and counted[3][4].startswith("3.00")
    assert [row[:3] for row in named[:4:3]] == [
        ["| a.wav", wav, "synthetic"],
        ["| a.wav", aac, "no_trace"],
    ]
    assert named[3][4] == "none stands out |" and {row[0] for row in named} == {"| a.wav", "| b.wav"}
    same = table("Made", recordings[2:])
    assert len([line for line in same if line.startswith("| ")]) == 5
