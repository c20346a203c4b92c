"""Surround survives every container: each channel keeps its place, and a label that is lost is named."""

from typing import Any

import pytest
import torch

from core.decode import decode_bytes
from core.encode import encode_bytes
from core.errors import EncodeError
from core.layouts import LAYOUTS, named, written
from tests.core.test_containers import RATE, pitches, tones

SURROUND = [name for name, channels in LAYOUTS.items() if len(channels) > 2]


@pytest.mark.parametrize("codec", ["wav", "flac", "aac", "opus", "vorbis"])
@pytest.mark.parametrize("layout", SURROUND)
def test_each_channel_keeps_its_place(codec: Any, layout: str) -> None:
    channels, low = len(LAYOUTS[layout]), None
    if codec == "vorbis" and layout in ("6.0", "hexagonal", "7.0", "octagonal"):
        with pytest.raises(EncodeError, match="choose wav or flac"):
            written(layout, channels, codec)
        return
    how = written(layout, channels, codec)
    samples = tones(channels, 1.0)
    if "LFE" in LAYOUTS[layout] and codec in ("aac", "opus", "vorbis"):
        low = LAYOUTS[layout].index("LFE")  # such a channel carries bass only
    data = encode_bytes(torch.from_numpy(samples), RATE, codec=codec, bit_rate=None, layout=layout)
    clip = decode_bytes(data, "song")
    assert [p for n, p in enumerate(pitches(clip.wav, RATE), 1) if n - 1 != low] == [
        n for n in range(1, channels + 1) if n - 1 != low
    ]
    if codec in ("wav", "flac"):
        assert (clip.layout, how.lost) == (layout, None)
    else:
        assert clip.layout in (how.layout, None)
        assert (how.layout == layout and not how.unnamed) == (how.lost is None)


@pytest.mark.parametrize("codec", ["wav", "flac", "aac", "opus", "vorbis"])
@pytest.mark.parametrize("channels", range(1, 9))
def test_channels_that_nobody_named_are_written_too(codec: Any, channels: int) -> None:
    data = encode_bytes(torch.from_numpy(tones(channels, 0.5)), RATE, codec=codec)
    assert decode_bytes(data, "song").wav.shape[0] == channels
    assert (written(None, channels, codec).lost is None) == (channels < 3)


def test_a_layout_of_another_number_of_channels_is_not_believed() -> None:
    assert written("5.1", 2, "wav").layout == "stereo"
    assert named(("FL", "FL")) == (None, [0, 1])
    assert named(("FC", "FL", "FR")) == ("3.0", [1, 2, 0])


def test_a_wave_file_leaves_room_to_become_rf64() -> None:
    data = encode_bytes(torch.zeros(1, 100), RATE, codec="wav")
    assert data[:4] == b"RIFF" and data[12:16] == b"JUNK"
    assert decode_bytes(data, "song.wav").wav.shape == (1, 100)


def test_float_is_written_as_it_is() -> None:
    loud = torch.from_numpy(tones(2)) * 30
    clip = decode_bytes(encode_bytes(loud, RATE, codec="wav", bits=-32), "song.wav")
    assert torch.equal(clip.wav, loud)
