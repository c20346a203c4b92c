import csv
from pathlib import Path

import torch

from lab.training.release_watermark import tensors_of
from lab.training.watermark import Plan, train
from provenance.watermark import model
from provenance.watermark.grid import RATE
from tests.signals import music


def plan(folder: Path, steps: int) -> Plan:
    return Plan(Path("unused"), folder, steps=steps, batch=4, groups=2, frames=120)


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
    rows = list(csv.DictReader((tmp_path / "curves.csv").open()))
    assert float(rows[0]["loss"]) > 0.0
