import json
from pathlib import Path

import pytest
import torch

from core.encode import encode
from detector.music.adapters.trial import LEAST
from tests.api.cli.conftest import Trackmark
from tests.detector.music.adapters import models
from tests.signals import noise

SECONDS, RATE = 5.0, 16000


def coloured(seed: int, darkness: int) -> torch.Tensor:
    """Noise, low-passed by a moving average over `darkness` samples, with a floor that fills the band."""
    white = noise(SECONDS, RATE, seed)
    smooth = torch.nn.functional.avg_pool1d(white[None], darkness, 1, padding=darkness // 2)[0]
    mixed = smooth[:, : white.shape[-1]] + 0.003 * white[:, : smooth.shape[-1]]
    return 0.1 * mixed / mixed.std()


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Dark noise as music made by people, bright noise as generated music."""
    made = tmp_path / "human", tmp_path / "generated"
    for folder, darkness in zip(made, (7, 3), strict=True):
        folder.mkdir()
        for k in range(LEAST + 2):
            encode(coloured(k + 100 * darkness, darkness), RATE, folder / f"{k:02d}.wav", codec="wav")
    (made[0] / "broken.mp3").write_bytes(b"no audio")
    return made


def test_an_adapter_is_tried_kept_and_asked(
    trackmark: Trackmark, tmp_path: Path, folders: tuple[Path, Path]
) -> None:
    human, generated = folders
    manifest = models.written(tmp_path / "given", models.brightness())
    done = trackmark("adapter", "add", manifest, "--human", human, "--generated", generated, "--json", "-q")
    answer = done.lines[0]
    assert (done.code, answer["votes"], answer["problems"]) == (0, True, []), done.err
    assert (answer["human"], answer["generated"]) == (LEAST + 2, LEAST + 2)
    assert answer["trial"]["auc"][0] == 1.0 and answer["trial"]["matched_auc"][0] > 0.95
    assert [Path(s["file"]).name for s in answer["skipped"]] == ["broken.mp3"]

    said = trackmark("adapter", "score", generated / "00.wav", human / "00.wav", "--json", "-q").lines
    assert said[0]["adapters"][0]["llr"] > 0 > said[1]["adapters"][0]["llr"]
    assert "votes" in trackmark("adapter", "list").out

    from api.audit.engines import product_engines
    from api.settings import Settings
    from core.decode import decode

    finding = product_engines(Settings()).music.hear(decode(generated / "00.wav"))
    assert finding.evidence[-1].kind == "adapter" and "adapter bright" in finding.calibration
    checkpoint = tmp_path / "home" / "music-adapters" / "bright" / "model.bin"
    checkpoint.write_bytes(checkpoint.read_bytes() + b"changed")
    damaged = product_engines(Settings()).music.hear(decode(generated / "00.wav"))
    assert "failed" in damaged.evidence[-1].text and "adapter" not in damaged.calibration
    assert trackmark("adapter", "score", generated / "00.wav", "-q").out.count("failed") == 1
    assert trackmark("adapter", "remove", "bright").code == 0
    assert trackmark("adapter", "list").out == ""
    assert trackmark("adapter", "remove", "bright").code == 1


def test_a_wrong_polarity_exits_with_1_and_keeps_the_rank(
    trackmark: Trackmark, tmp_path: Path, folders: tuple[Path, Path]
) -> None:
    human, generated = folders
    manifest = models.written(tmp_path / "given", models.brightness(), high="bona_fide")
    done = trackmark("adapter", "add", manifest, "--human", human, "--generated", generated, "-q")
    assert done.code == 1 and "opposite" in done.out
    said = json.loads(trackmark("adapter", "score", human / "00.wav", "--json", "-q").out)["adapters"][0]
    assert said["llr"] is None and "opposite" in said["problem"]


def test_an_adapter_that_cannot_be_used_is_not_kept(trackmark: Trackmark, tmp_path: Path) -> None:
    folder = tmp_path / "human"
    folder.mkdir()
    manifest = models.written(tmp_path / "given", models.brightness(), sha256="0" * 64)
    done = trackmark("adapter", "add", manifest, "--human", folder, "--json", "-q")
    assert done.code == 1 and "not the file" in done.err
    assert trackmark("adapter", "list", "--json").lines == []
