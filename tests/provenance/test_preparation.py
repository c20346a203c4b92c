"""What of a source's sound changes is said before it is marked: depth, layout, further streams, size."""

import struct
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import torch

from core.codecs import Codec
from core.decode import decode
from core.errors import EncodeError
from core.limits import DEFAULT_LIMITS
from provenance.declaration import Declaration
from provenance.preparation import Prepared, prepare
from tests.signals import music

RATE = 44_100


def ready(source: Path, codec: Codec, suffix: str) -> Prepared:
    out = source.with_name(f"out{suffix}")
    return prepare(source, out, codec, Declaration("T", "L"), DEFAULT_LIMITS)


@pytest.mark.parametrize(
    ("subtype", "codec", "bits", "told"),
    [
        ("PCM_U8", "wav", 16, "8-bit samples are written with 16"),
        ("PCM_16", "wav", 16, None),
        ("PCM_24", "flac", 24, None),
        ("PCM_32", "wav", 24, "32-bit samples are written with 24"),
        ("FLOAT", "wav", -32, None),
        ("FLOAT", "flac", 24, "floating-point samples are written with 24"),
        ("DOUBLE", "wav", -32, "64-bit floating-point samples are written with 32"),
        ("DOUBLE", "flac", 24, "floating-point samples are written with 24"),
    ],
)
def test_a_depth_that_changes_is_named(
    subtype: str, codec: Codec, bits: int, told: str | None, tmp_path: Path
) -> None:
    source = tmp_path / "in.wav"
    soundfile.write(source, music(1.0, RATE).T.numpy(), RATE, subtype=subtype, format="WAV")
    made = ready(source, codec, f".{codec}")
    assert made.bits == bits
    assert [text for text in made.warnings if "samples are written" in text] == (
        [] if told is None else [text for text in made.warnings if told in text][:1]
    )
    assert (told is None) == (not made.warnings)


def masked(path: Path, channels: int, mask: int) -> Path:
    """A WAV file of 16 bits whose header names its channels by a mask."""
    samples = (music(1.0, RATE)[:1].repeat(channels, 1).T.numpy() * 32767).astype("<i2").tobytes()
    kind = struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    form = struct.pack("<HHIIHH", 0xFFFE, channels, RATE, RATE * channels * 2, channels * 2, 16)
    form += struct.pack("<HHI", 22, 16, mask) + kind
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    body += b"data" + struct.pack("<I", len(samples)) + samples
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


@pytest.mark.parametrize(
    ("channels", "mask", "layout"),
    [
        (2, 0xC, "2 channels (FC+LFE)"),
        (1, 0x8, "1 channels (LFE)"),
        (6, 0x500F, "3.1.2"),
        (8, 0x560F, "5.1.2"),
        (8, 0x2D033, "cube"),
    ],
)
def test_named_channels_are_not_taken_for_others(
    channels: int, mask: int, layout: str, tmp_path: Path
) -> None:
    source = masked(tmp_path / "in.wav", channels, mask)
    assert decode(source).layout == layout
    assert ready(source, "wav", ".wav").warnings == ()
    assert any(layout in text for text in ready(source, "aac", ".m4a").warnings)


def test_the_cover_of_a_matroska_file_is_named(tmp_path: Path) -> None:
    source = tmp_path / "in.mka"
    picture = np.zeros((16, 16, 3), np.uint8)
    with av.open(str(source), "w", format="matroska") as container:
        sound = container.add_stream("pcm_s16le", rate=RATE)
        sound.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, RATE), np.int16), format="s16", layout="mono")
        frame.rate, frame.pts = RATE, 0
        cover = av.CodecContext.create("png", "w")
        cover.width, cover.height, cover.pix_fmt = 16, 16, "rgb24"
        data = b"".join(bytes(p) for p in cover.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.add_attachment("cover.png", "image/png", data)
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    assert any("cover" in text or "attachment" in text for text in ready(source, "flac", ".flac").warnings)


def test_more_audio_than_a_wav_can_hold_is_refused_before_the_work(tmp_path: Path) -> None:
    source = masked(tmp_path / "in.wav", 2, 3)
    clip = decode(source)
    hours = replace(clip, wav=torch.zeros(1).expand(2, 1_200_000_000))
    with pytest.raises(EncodeError, match="FLAC"):
        prepare(hours, tmp_path / "out.wav", "wav", Declaration("T", "L"), DEFAULT_LIMITS)
