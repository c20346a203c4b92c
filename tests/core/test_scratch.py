"""Long audio outside of memory: the same samples, whose pages are gone once they were heard."""

import errno
import gc
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from api.audit.checks import swing
from core import scratch
from core.decode import decode
from core.downmix import downmix, further_looks
from core.encode import encode
from core.resample import one_channel, resample
from core.scratch import Recording
from detector.music import spectra
from detector.voice import frontend
from provenance.fingerprint import extract
from provenance.watermark.receiver import views
from tests.signals import music, noise

LONG = 1 << 16
RATE = 16_000


@pytest.fixture
def _little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 16,384 samples lie in a file, and are walked 4,096 at a time."""
    monkeypatch.setattr(scratch, "HELD_BYTES", LONG)
    monkeypatch.setattr(scratch, "STRETCH", 4096)
    monkeypatch.setattr("core.resample.BLOCK", 4096)


pytestmark = [
    pytest.mark.usefixtures("_little_memory"),
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere what is long stays in memory"),
]


def recorded(wav: Tensor, most_bytes: int = 1 << 24) -> Tensor:
    """Audio as a file's, in blocks of 1,000 samples."""
    with Recording(len(wav), most_bytes) as recording:
        for block in torch.split(wav, 1000, dim=1):
            recording.add(block.numpy())
        return recording.wav()


def resident_bytes(wav: Tensor) -> int:
    """How much of the file under a tensor this process has in memory."""
    told = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text(), flags=re.MULTILINE)
    for area in told:
        edges = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", area)
        if edges and int(edges[1], 16) <= wav.data_ptr() < int(edges[2], 16):
            assert area.split("\n")[0].endswith(" (deleted)"), "no file lies under it"
            return 1024 * int(re.findall(r"^Rss:\s+(\d+) kB", area, re.MULTILINE)[0])
    raise AssertionError("not mapped")


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("samples", [999, 20_000, 123_457])
def test_a_recording_is_what_was_put_into_it(channels: int, samples: int) -> None:
    wav = torch.rand(channels, samples)
    found = recorded(wav)
    assert torch.equal(found, wav)
    assert found[0].is_contiguous() and torch.equal(found.clone(), wav)


def test_files_end_with_their_tensors() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    wav = recorded(noise(5.0, RATE))
    part = wav[:, 70_000:]
    del wav
    gc.collect()
    assert float(part.abs().max()) > 0, "a part keeps the file"
    resident_bytes(part)
    address = part.data_ptr()
    del part
    gc.collect()
    assert all(not start <= address < start + len(m) for start, m in scratch._MAPPED.items())
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_is_forgotten_is_read_again_and_what_was_written_stays() -> None:
    wav = scratch.empty((2, 300_000))
    wav[:] = torch.arange(300_000.0)
    assert resident_bytes(wav) >= wav.nbytes
    scratch.forget(wav[:, 100_000:])
    assert 0.25 * wav.nbytes < resident_bytes(wav) < 0.4 * wav.nbytes
    assert torch.equal(wav, torch.arange(300_000.0).expand(2, -1))
    scratch.forget(wav.numpy())
    assert resident_bytes(wav) == 0


def test_what_lies_in_memory_is_never_forgotten() -> None:
    wav = torch.ones(2, 100_000)
    scratch.forget(wav)
    for part in scratch.stretches(wav):
        part += 1
    assert torch.equal(wav, torch.full((2, 100_000), 2.0))
    assert scratch.empty((4, 4096)).untyped_storage().nbytes() == LONG


def walk_mono(wav: Tensor) -> None:
    frontend.mono(wav, RATE * 2)


def walk_looks(wav: Tensor) -> None:
    for look in further_looks(wav):
        look.of(wav)


def walk_blocks(wav: Tensor) -> None:
    assert list(spectra.blocks(wav, RATE))


def walk_views(wav: Tensor) -> None:
    views(wav, RATE)


@pytest.mark.parametrize(
    "walk",
    [
        swing,
        downmix,
        walk_looks,
        lambda wav: one_channel(wav, RATE, 11_025),
        lambda wav: one_channel(wav, RATE, RATE),
        lambda wav: resample(wav, RATE, 24_000),
        walk_mono,
        walk_blocks,
        walk_views,
        lambda wav: extract(wav, RATE),
    ],
    ids=[
        "swing",
        "downmix",
        "looks",
        "resampled",
        "mixed",
        "both",
        "voice",
        "music",
        "watermark",
        "fingerprint",
    ],
)
def test_whoever_walks_along_audio_leaves_none_of_it_in_memory(walk: object) -> None:
    assert callable(walk)
    wav = recorded(music(12.0, RATE, seed=1))
    assert float(wav.sum()) and resident_bytes(wav) >= wav.nbytes
    walk(wav)
    assert resident_bytes(wav) == 0


def test_what_is_made_of_audio_in_a_file_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    wav = music(12.0, RATE, seed=3)
    found = _measured(recorded(wav))
    monkeypatch.setattr(scratch, "HELD_BYTES", 1 << 30)
    for one, other in zip(found, _measured(wav), strict=True):
        assert np.array_equal(one, other)


def _measured(wav: Tensor) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    whole, parts = spectra.survey(wav, RATE)
    printed = extract(wav, RATE)
    mono = frontend.mono(wav, RATE)
    rows = [*(block.correlations for block in (whole, *parts)), printed.hashes, printed.times]
    tensors = [downmix(wav), resample(wav, RATE, 24_000), views(wav, RATE), mono]
    tensors.append(frontend.marked_of(mono, mono > 0))
    return [np.asarray(row, np.float64) for row in (*rows, *(tensor.numpy() for tensor in tensors))]


def test_a_file_is_decoded_into_a_file_and_left_there(tmp_path: Path) -> None:
    wav = noise(3.0, RATE, channels=2)
    encode(wav, RATE, tmp_path / "long.flac", codec="flac")
    found = decode(tmp_path / "long.flac").wav
    assert resident_bytes(found) == 0
    assert torch.allclose(found, wav, atol=1e-4)


def test_a_temporary_folder_without_room_is_told_before_anything_is_lost(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    encode(noise(3.0, RATE), RATE, tmp_path / "long.flac", codec="flac")
    monkeypatch.setattr(os, "pwrite", full)
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        decode(tmp_path / "long.flac")
    with pytest.raises(OSError, match="No space left"):
        scratch.empty((20_000,))
