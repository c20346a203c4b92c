"""Model cards: what is written is read back, and nothing else is."""

import math
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.cards import Card, load, read, write
from core.errors import WeightsError

CARD = Card(
    name="toy",
    version="1",
    file="",
    sha256="",
    licence="MIT",
    data='generated tones; a "quoted" word, a tab\t and a new\nline, é',
    commit="0123abc",
    trained_at="2026-01-02",
    metrics={"eer.clean": 0.125, "clips": 27, "worst": math.inf},
    config={"channels": [1, 2, 3], "wide": True, "bands": {"low": 300.0}},
)
TENSORS = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.tensor([1, 2])}


@pytest.fixture
def card_path(tmp_path: Path) -> Path:
    path = tmp_path / "toy.toml"
    write(CARD, TENSORS, path)
    return path


def test_what_is_written_is_read_back(card_path: Path) -> None:
    card, tensors = load(card_path)
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)
    assert card == replace(CARD, file="toy.safetensors", sha256=card.sha256)
    assert len(card.sha256) == 64
    assert not list(card_path.parent.glob("*.part"))


def test_a_transposed_tensor_survives(tmp_path: Path) -> None:
    write(CARD, {"weight": TENSORS["weight"].t()}, tmp_path / "toy.toml")
    assert torch.equal(load(tmp_path / "toy.toml")[1]["weight"], TENSORS["weight"].t())


def test_one_changed_byte_is_noticed(card_path: Path) -> None:
    weights = card_path.with_suffix(".safetensors")
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(WeightsError, match="not the file that toy"):
        load(card_path)


def test_missing_weights_are_named(card_path: Path) -> None:
    card_path.with_suffix(".safetensors").unlink()
    with pytest.raises(WeightsError, match=r"toy\.safetensors"):
        load(card_path)


def test_a_missing_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"absent\.toml"):
        read(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('licence = "MIT"', "", "missing"),
        ('licence = "MIT"', 'licence = "MIT"\nsurprise = 1', "unknown"),
        ('licence = "MIT"', "licence = 7", "wrong type"),
        ('"clips" = 27', '"clips" = "27"', "not a number"),
        ('"clips" = 27', '"clips" = true', "not a number"),
        ('file = "toy.safetensors"', 'file = "../toy.safetensors"', "plain name"),
        ('file = "toy.safetensors"', 'file = ""', "plain name"),
        ('licence = "MIT"', "licence = ", "not TOML"),
    ],
)
def test_a_wrong_card_is_refused(card_path: Path, old: str, new: str, reason: str) -> None:
    text = card_path.read_text(encoding="utf-8")
    assert old in text
    card_path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(WeightsError, match=reason):
        load(card_path)


def test_weights_that_are_no_safetensors_are_refused(card_path: Path) -> None:
    import hashlib

    junk = b"\x80\x04not weights"
    card_path.with_suffix(".safetensors").write_bytes(junk)
    text = card_path.read_text(encoding="utf-8")
    old = tomllib.loads(text)["sha256"]
    card_path.write_text(text.replace(old, hashlib.sha256(junk).hexdigest()), encoding="utf-8")
    with pytest.raises(WeightsError, match="no safetensors"):
        load(card_path)


def test_a_card_cannot_hold_a_tensor(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="convert it first"):
        write(replace(CARD, config={"mean": torch.zeros(1)}), TENSORS, tmp_path / "toy.toml")


def test_a_card_is_frozen(card_path: Path) -> None:
    card = read(card_path)
    with pytest.raises(TypeError):
        card.metrics["eer.clean"] = 0.0  # type: ignore[index]  # the point of the test
