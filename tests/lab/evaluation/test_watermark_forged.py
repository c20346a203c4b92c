"""Forgeries without the key work for the forger's own, and the page says what the victim's heard."""

import torch

from lab.evaluation.watermark import forged
from lab.evaluation.watermark.codecs.slopes import snr_db
from lab.evaluation.watermark.robustness import key_of
from provenance.watermark import detect
from provenance.watermark.grid import RATE, log_rows, stft
from provenance.watermark.model import shipped
from tests.signals import music


def test_steps_raise_what_was_wanted_and_stay_below_the_host() -> None:
    wav = music(4.0, RATE, 3).mean(0, keepdim=True)
    made = forged.climbed(wav, lambda seen: seen.square(), steps=5)
    assert snr_db(wav, made) >= forged.SNR_DB - 0.1
    with torch.no_grad():
        before, after = (
            float(shipped().decoder(log_rows(stft(one)[..., :-1])).square().mean()) for one in (wav, made)
        )
    assert after > 1.1 * before


def test_a_forgery_is_read_with_the_forgers_key_alone() -> None:
    wav, own = music(8.0, RATE, 3).mean(0, keepdim=True), key_of("forger")
    _, audio = next(forged.forgeries(wav, own, b"12345678"))
    assert detect(audio, RATE, own).message == b"12345678"
    assert not detect(audio, RATE, forged.VICTIM).present


def test_the_page_says_what_the_victims_key_heard() -> None:
    row = {"forgery": "a mark", "own": True, "present": False, "named": False}
    told = forged.page([{**row, "p_value": 0.5}, {**row, "named": True, "p_value": 0.02}])
    assert "| a mark | 2 | 100 (34-100) | 0 (0-66) | 50 (9-91) | 0.02 |" in told
