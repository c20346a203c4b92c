import csv
from pathlib import Path

import torch

from lab.training.watermark.__main__ import Plan, train
from lab.training.watermark.release import tensors_of
from provenance.watermark import model
from provenance.watermark.grid import RATE
from tests.signals import music


def plan(folder: Path, steps: int, *, bf16: bool = False) -> Plan:
    return Plan(Path("unused"), folder, steps=steps, batch=4, groups=2, frames=120, bf16=bf16)


def test_two_steps_train_resume_and_load_into_the_product(tmp_path: Path) -> None:
    hosts = [("human_music", music(5.0, RATE, seed=seed).mean(0).half()) for seed in range(3)]
    torch.save([*hosts, ("voices", hosts[0][1])], tmp_path / "hosts.pt")
    train(plan(tmp_path, 1))
    first = tensors_of(tmp_path / "snapshot.pt")
    train(plan(tmp_path, 2))
    second = tensors_of(tmp_path / "snapshot.pt")
    assert torch.load(tmp_path / "snapshot.pt", weights_only=True)["step"] == 2
    assert any(not torch.equal(first[name], second[name]) for name in first)
    networks = model.build(second)
    assert sum(p.numel() for p in networks.decoder.parameters()) > 10_000
    rows = list(csv.DictReader((tmp_path / "curves.csv").read_text().splitlines()))
    assert float(rows[0]["loss"]) > 0.0


def test_the_networks_can_train_in_bfloat16(tmp_path: Path) -> None:
    torch.save([("human_music", music(5.0, RATE).mean(0).half())], tmp_path / "hosts.pt")
    train(plan(tmp_path, 1, bf16=True))
    assert all(tensor.dtype == torch.float32 for tensor in tensors_of(tmp_path / "snapshot.pt").values())
    row = next(csv.DictReader((tmp_path / "curves.csv").read_text().splitlines()))
    assert 0.0 < float(row["loss"]) < 2.0
