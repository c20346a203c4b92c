"""Surround survives every container: each channel keeps its place, and a label that is lost is named."""

from typing import Any

import pytest
import torch

from core.decode import decode_bytes
from core.encode import encode_bytes
from core.errors import EncodeError
from core.layouts import LAYOUTS, channels_of, named, written
from tests.core.test_containers import RATE, pitches, tones

SURROUND = [name for name, channels in LAYOUTS.items() if len(channels) > 2]


@pytest.mark.parametrize("codec", ["wav", "flac", "aac", "opus", "vorbis"])
@pytest.mark.parametrize("layout", SURROUND)
def test_each_channel_keeps_its_place(codec: Any, layout: str) -> None:
    channels, low = len(LAYOUTS[layout]), None
    if codec == "vorbis" and layout in ("6.0", "hexagonal", "7.0", "octagonal", "cube"):
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


@pytest.mark.parametrize("codec", ["wav", "flac"])
@pytest.mark.parametrize(
    "layout", ["1 channels (LFE)", "2 channels (FC+LFE)", "2 channels (SL+SR)", "4 channels (FL+FR+TFL+TFR)"]
)
def test_channels_that_are_only_listed_stay_what_they_are(codec: Any, layout: str) -> None:
    channels = channels_of(layout)
    assert channels is not None
    assert written(layout, len(channels), codec).lost is None
    samples = torch.from_numpy(tones(len(channels), 0.5))
    assert decode_bytes(encode_bytes(samples, RATE, codec=codec, layout=layout), "song").layout == layout


@pytest.mark.parametrize(("layout", "codec"), [("2 channels (FC+LFE)", "mp3"), ("1 channels (LFE)", "aac")])
def test_a_label_of_one_or_two_channels_is_not_lost_in_silence(layout: str, codec: str) -> None:
    assert layout in (written(layout, len(channels_of(layout) or ()), codec).lost or "")


@pytest.mark.parametrize("layout", [None, "2 channels", "2 channels (FC+FC)", "2 channels (LFE+FC)"])
def test_what_names_no_channels_in_order_is_no_layout(layout: str | None) -> None:
    assert channels_of(layout) is None


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
