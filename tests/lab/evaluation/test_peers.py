"""A peer's mark beside ours: how its process is asked, and what the page makes of the rows."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from lab.evaluation.watermark.peers import __main__ as peers
from lab.evaluation.watermark.peers.page import page

PERTH = """
import numpy as np

class PerthImplicitWatermarker:
    def apply_watermark(self, wav, sample_rate):
        print("loaded a network")
        return wav[:-5] * 0.5

    def get_watermark(self, wav, sample_rate, round):
        return np.array([0.25, 0.75 + float(wav[0])])
"""
QUALITY = {"snr_db": 40.0, "nmr_mean_db": -9.0, "nmr_highest_db": -1.0, "nmr_below_0": 1.0}


def test_a_peer_is_asked_in_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "perth.py").write_text(PERTH)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).resolve().parents[3]}")
    perth = peers.Perth(Path(sys.executable), tmp_path)
    marked = perth.mark(torch.ones(1, 100))
    assert perth.heard(torch.zeros(1, 100)) == {"confidence": 0.5}
    perth.close()
    assert torch.equal(marked, torch.cat([torch.full((1, 95), 0.5), torch.zeros(1, 5)], 1)), (
        "as long as the host"
    )


def test_the_page_compares_at_equal_false_alarms() -> None:
    rows: list[dict[str, Any]] = [
        *({"who": who, "host": "h", "kind": "quality", **QUALITY} for who in ("ours", "perth")),
        {"who": "ours", "host": "h", "kind": "unmarked", "present": False, "p_value": 1.0},
        {"who": "perth", "host": "h", "kind": "unmarked", "confidence": 0.7},
        {"who": "ours", "host": "h", "kind": "attack", "attack": "mp3_64", "present": True, "p_value": 1e-9},
        {"who": "perth", "host": "h", "kind": "attack", "attack": "mp3_64", "confidence": 0.6},
    ]
    told = page(rows, "abc")
    assert "does so in 1 of 1, ours in 0" in " ".join(told.split())
    assert "| mp3_64 | 1 | 100 (21-100) | 100 (21-100) | 0 (0-79) |" in told
