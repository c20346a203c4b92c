"""Marks in the model: reading a block that comes again and again, and the rule."""

from typing import Any

import numpy as np
import pytest
import torch

from lab.evaluation.composer import folded, marking, marking_page
from lab.evaluation.watermark.robustness import key_of
from lab.training.composer.marking import MarkingDecoder, block
from provenance.generate import Shape
from provenance.generate.composer import codec as built
from provenance.watermark import chips, code
from provenance.watermark.grid import BANDS, CELL_FRAMES, FIRST_BAND, STRIDE
from tests.signals import music as song
from tests.signals import noise

SHAPE = Shape(24_000, (8, 5, 4, 3), 4, 16, 2, 16, 32, 1, 2, 5)


def plane_with(signs: folded.Signs, blocks: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A reader's plane in which a block is heard again and again, among noise four times as loud."""
    cells = np.repeat(np.tile(signs, (1, blocks)), CELL_FRAMES // STRIDE, 1)
    plane = np.random.default_rng(0).normal(0, 4, (BANDS, cells.shape[1])).astype(np.float32)
    plane[FIRST_BAND : FIRST_BAND + len(cells)] += cells
    return plane


def test_a_block_adds_up_where_it_comes_again() -> None:
    signs = np.asarray(block().numpy(), np.float32)
    key = key_of("stranger")
    strange = chips.layout(key).chips(code.encode(bytes(8), key), 0, chips.BLOCK_COLUMNS)
    short, long = (folded.folded(plane_with(signs, blocks), 0.0) for blocks in (2, 16))
    assert folded.statistic(long, signs) > folded.statistic(short, signs) > folded.statistic(long, strange)
    # 20 places: a fair coin's best is above 6 once in ten million times
    assert folded.statistic(long, strange) < 6.0 < folded.statistic(long, signs)
    rolled = np.roll(signs, 7, 1)
    assert folded.statistic(folded.folded(plane_with(rolled, 16), 0.0), signs) > 6.0


def test_audio_without_a_mark_has_none() -> None:
    wav = song(6.0, 24_000).mean(0, keepdim=True)
    # by Hoeffding's bound once in a million keys; this key is fixed
    assert folded.p_value(wav, 24_000, np.asarray(block().numpy(), np.float32)) > 1e-6


def rows(way: str, **changed: Any) -> list[dict[str, Any]]:
    quality = {"snr_db": 36.0, "nmr_mean_db": -9.0, "nmr_below_0": 1.0, "nmr_highest_db": -1.0, "moslqo": 4.7}
    told = []
    for piece in range(12):
        seconds = 0.1 if way == "afterwards" else 0.05
        told.append({"kind": "quality", "piece": piece, "way": way, **quality, "seconds": seconds, **changed})
        read = {"present": True, "right": piece >= changed.get("missed", 0), "p_value": 0.0}
        for seconds_read in (30, 10):
            told.append(
                {
                    "kind": "read",
                    "piece": piece,
                    "way": way,
                    "attack": "clean",
                    "seconds": seconds_read,
                    **read,
                }
            )
        stranger = {"present": piece < changed.get("false", 0), "right": False, "p_value": 1.0}
        told.append({"kind": "stranger", "piece": piece, "way": way, **stranger})
        told.append({"kind": "removal", "by": "re-encoded", "piece": piece, "way": way, **read})
    return told


def test_the_rule_asks_for_all_of_it() -> None:
    after = rows("afterwards")
    assert all(met for _, met in marking_page.rule(after + rows("gate"), "gate"))
    assert all(met for _, met in marking_page.rule(after + rows("gate", missed=1), "gate"))
    for changed in ({"missed": 2}, {"nmr_below_0": 0.98}, {"moslqo": 4.6}, {"false": 1}, {"seconds": 0.2}):
        verdicts = marking_page.rule(after + rows("gate", **changed), "gate")
        assert [met for _, met in verdicts].count(False) == 1, changed
    # a block says that it is there, not which track
    assert all(met for _, met in marking_page.rule(after + rows("clock", missed=12), "clock"))


def test_the_page_says_what_was_read_and_taken_away() -> None:
    page = marking_page.page(rows("afterwards") + rows("layers", missed=3), {"codec": 9, "layers": 5})
    assert "| clean | 12 of 12, 12 of 12 | 9 of 12, 9 of 12 |" in page
    assert "no verdict" not in page
    few = [row for row in rows("afterwards") + rows("layers") if row["piece"] < 3]
    assert "## The rule: `layers`, no verdict yet: 3 of 12 recordings" in marking_page.page(few, {})
    assert "`layers` 5" in page and "not met: read less often" in page and "(9 against 12)" in page


@pytest.mark.slow
def test_one_recording_is_measured_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    monkeypatch.setattr(marking, "ATTACKS", ("clean", "resample_22050"))
    monkeypatch.setattr(marking, "visqol", lambda *_: 4.0)
    ways = object.__new__(marking.Ways)
    ways.shape, ways.codec = SHAPE, built(SHAPE).eval()
    for layer in ways.codec.quantizer.vq.layers:
        layer._codebook.embed.copy_(torch.randn(layer._codebook.embed.shape))
        layer._codebook.inited.fill_(1.0)
    ways.tries = {kind: MarkingDecoder(ways.codec.decoder, SHAPE, kind).eval() for kind in ("gate", "clock")}
    told = list(marking.measure(ways, noise(4.0, 24_000)[:1], marking.Tenant.of(0)))
    assert {row["way"] for row in told} == {"afterwards", "gate", "clock"}
    assert {row["by"] for row in told if row["kind"] == "removal"} == {"swapped", "set to zero", "re-encoded"}
    assert not any(row["present"] for row in told if row["kind"] == "stranger")
