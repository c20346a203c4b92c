"""Steps of a mark's pattern through a codec: at the same level, and with more told behind it."""

import numpy as np
import torch
from torch import Tensor

from lab.evaluation.watermark.codecs import refining
from lab.evaluation.watermark.codecs.slopes import Mark, Row, snr_db
from provenance.watermark import WatermarkKey, embed
from provenance.watermark.grid import RATE
from tests.signals import music

KEY, MESSAGE = WatermarkKey(bytes(range(32))), b"12345678"


def host() -> Tensor:
    return music(8.0, RATE, 3).mean(0, keepdim=True)


def dull(wav: Tensor) -> Tensor:
    """A stand-in for a codec: hardly anything above 2 kHz is left, and noise lies over it."""
    spectrum = torch.fft.rfft(wav)
    spectrum = spectrum * (torch.fft.rfftfreq(wav.shape[-1], 1.0 / RATE) < 2000.0)
    noise = torch.from_numpy(np.random.default_rng(0).normal(0.0, 0.01, wav.shape)).float()
    heard: Tensor = torch.fft.irfft(spectrum, wav.shape[-1]) + noise
    return heard


def test_without_steps_it_is_the_mark_that_ships() -> None:
    wav = host()
    ours = refining.marked(wav, Mark(KEY, MESSAGE), None)
    shipped = embed(wav, RATE, MESSAGE, KEY)
    assert float((ours - shipped).abs().max()) < 1e-4


def test_steps_tell_more_behind_the_codec_at_the_same_level() -> None:
    wav, mark = host(), Mark(KEY, MESSAGE)
    before = refining.marked(wav, mark, None)
    after = refining.marked(wav, mark, dull, steps=8)
    assert mark.statistics(dull(after))[0] > 1.05 * mark.statistics(dull(before))[0]
    assert abs(snr_db(wav, after) - snr_db(wav, before)) < 0.5


def row(codec: str, way: str, *, heard: bool) -> Row:
    reading = {"read": False, "wrong": False, "present": False, "heard": heard}
    readings = [{**reading, "seconds": seconds} for seconds in (30, 30, 60)]
    told = {"track": 0, "codec": codec, "way": way, "cpu_s": 6.8, "snr_db": 37.0, "highest_db": -0.5}
    return {**told, "statistic": 9.0 if heard else 3.0, "readings": readings}


def test_the_page_sets_both_ways_side_by_side() -> None:
    rows = [row(codec, way, heard=way == "refined") for codec in ("none", "Lyra 6") for way in refining.WAYS]
    told = refining.page(rows, "abc", 7)
    assert "| Lyra 6 | shipped | 3.0 (3.0) | 0 (0-66) | 0 (0-66) | 0 (0-79) | 0 (0-79) |" in told
    assert "| Lyra 6 | refined | 9.0 (9.0) | 0 (0-66) | 100 (34-100) | 0 (0-79) | 100 (21-100) |" in told
    assert "| refined | 37.0 | -0.50 | 0.100 |" in told
    assert "(7 steps of training)" in told and "Wrong messages: 0 of 12 readings." in told
