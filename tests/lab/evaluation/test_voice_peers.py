"""Peers are asked of the clips that judge, once each, and compared on the same ones."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lab.evaluation.voice import peers
from lab.evaluation.voice.peers import OURS, aasist, judged, refused, told, verified
from lab.training.voice.listed import Listed


def listed(page: str, name: str, system: str, person: str = "") -> Listed:
    return Listed(Path(page) / name, page, system, person, bool(system), False, False)


def test_clips_that_judge_are_taken_in_turn_and_none_of_a_system_in_training() -> None:
    clips = [
        listed("autovc-demo", "0", "Chosen"),
        listed("vits-demo", "1", "FreeVC-old"),
        *(listed("comosvc-demo", f"a{n}", "CoMoSVC") for n in range(3)),
        listed("comosvc-demo", "b", "DiffSVC"),
        listed("freevc-demo", "c", "FreeVC (24 kHz)"),
        *(listed("gtsinger-demo", f"d{n}", "", "Ada") for n in range(3)),
        listed("gtsinger-demo", "e", "", "ljspeech"),
    ]
    found = [clip.path.name for clip in judged(clips, of_a_page=2)]
    assert found == ["a0", "b", "d0", "d1"]


def test_what_was_said_of_a_clip_is_not_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Listed, "wav", lambda _: torch.zeros(16000))
    clips = [listed("page", str(number), "") for number in range(3)]
    asked = []

    def heard(wav: torch.Tensor) -> list[float]:
        asked.append(wav.numel())
        return [float(len(asked))]

    assert told("x", heard, clips[:2], tmp_path).tolist() == [[1.0], [2.0]]
    assert told("x", heard, clips, tmp_path).tolist() == [[1.0], [2.0], [3.0]]
    assert len(asked) == 3


def test_pairs_of_strangers_without_a_name_are_no_trials() -> None:
    rows = torch.nn.functional.normalize(torch.eye(256)[[0, 0, 1, 1, 2]] + 0.01, dim=1).double().numpy()
    found = verified({OURS: rows, "Resemblyzer": rows}, ["Ada", "Ada", "Bob", "Bob", ""])
    assert (found["same"], found["other"]) == (2, 4)
    assert found["verifiers"]["Resemblyzer"] == {"auc": 1.0, "eer": 0.0}


def test_two_files_are_counted_by_whose_they_are_spoken_and_sung_apart() -> None:
    rows = torch.nn.functional.normalize(torch.eye(256)[[0, 0, 1, 1, 2]] + 0.001, dim=1).double().numpy()
    found = refused(rows, ["Ada", "Ada", "Bob", "Bob", ""], np.array([True, True, True, False, True]))
    assert found["singing"] == {"one": [0, 1], "two": [2, 2]}
    assert found["speech"] == {"one": [0, 0], "two": [0, 0]}


def test_a_checkout_speaks_of_a_clip_repeated_to_its_length(tmp_path: Path) -> None:
    (tmp_path / "models" / "weights").mkdir(parents=True)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "Tiny.conf").write_text('{"model_config": {"gain": 2}}')
    (tmp_path / "models" / "AASIST.py").write_text(
        "import torch\n\n\nclass Model(torch.nn.Module):\n"
        "    def __init__(self, told):\n        super().__init__()\n"
        "        self.gain = torch.nn.Parameter(torch.tensor(float(told['gain'])))\n\n"
        "    def forward(self, wav):\n"
        "        return None, torch.stack([wav.sum(1) * self.gain, 0 * wav.sum(1)], 1)\n"
    )
    torch.save({"gain": torch.tensor(3.0)}, tmp_path / "models" / "weights" / "Tiny.pth")
    with torch.no_grad():
        assert aasist(tmp_path, "Tiny")(torch.ones(1000)) == [3.0 * peers.HEARD]
