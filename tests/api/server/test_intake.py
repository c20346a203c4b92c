"""Uploads before they are jobs: a look that costs the same for every length, and bodies that are counted."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.io import wavfile

from api.audit.engines import PROBED_S, product_engines
from api.settings import Settings
from core.encode import encode
from core.errors import AudioTooLarge, InvalidSamples
from core.reception import Reception
from tests.api.serving import ENGINES, parts, serve
from tests.fakes import SETTINGS

BY_CONTENT = "/c2pa/v1/matches/byContent"
RATE = 8000
DECODER = product_engines(SETTINGS).decoder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def floats(path: Path, seconds: float, *, broken_at_s: float | None = None) -> Path:
    """A WAV file of float samples, one of them not a number."""
    wav = np.zeros(round(seconds * RATE), np.float32)
    if broken_at_s is not None:
        wav[round(broken_at_s * RATE)] = math.nan
    wavfile.write(path, RATE, wav)
    return path


@pytest.mark.parametrize("codec", ["wav", "flac", "mp3"])
def test_a_look_reads_the_first_seconds_only(
    home: Path, tmp_path: Path, codec: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, read = tmp_path / f"long.{codec}", [0]
    encode(torch.rand(1, 60 * RATE) - 0.5, RATE, path, codec=codec)
    real = Reception.blocks

    def counted(self: Reception) -> Iterator[Any]:
        for block in real(self):
            read.append(block.shape[-1])
            yield block

    monkeypatch.setattr(Reception, "blocks", counted)
    DECODER.probe(path, Settings(home=home).limits())
    assert PROBED_S <= sum(read) / RATE < PROBED_S + 9  # a block has 8 s at this rate


def test_a_look_sees_what_is_wrong_at_the_beginning_and_what_the_file_says_of_itself(
    home: Path, tmp_path: Path
) -> None:
    with pytest.raises(InvalidSamples):
        DECODER.probe(floats(tmp_path / "early.wav", 30, broken_at_s=1.0), Settings(home=home).limits())
    with pytest.raises(AudioTooLarge):
        DECODER.probe(floats(tmp_path / "long.wav", 30), Settings(home=home, max_duration_s=29).limits())
    DECODER.probe(floats(tmp_path / "late.wav", 60, broken_at_s=59.0), Settings(home=home).limits())


def test_a_body_is_counted_and_refused_like_a_form(home: Path) -> None:
    with serve(home, replace(ENGINES, decoder=DECODER), max_upload_bytes=1000, uploads_per_minute=3) as small:
        for send in ({"content": b"x" * 1001}, {"content": iter([b"x" * 600, b"x" * 600])}):
            answer = small.post(BY_CONTENT, headers={"content-type": "audio/wav"}, **send)
            assert (answer.status_code, answer.json()["code"]) == (413, "upload-too-large")
        answer = small.post(BY_CONTENT, headers={"content-type": "audio/wav"}, content=b"not audio")
        assert (answer.status_code, answer.json()["code"]) == (400, "unreadable-audio")
        answer = small.post(BY_CONTENT, headers={"content-type": "audio/wav"}, content=b"x")
        assert answer.status_code == 429
        assert not list(parts(small).settings.uploads.iterdir())
