"""What a container says is held against what is there: every channel and part is heard, or said not to be."""

import io
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
import torch

from core import errors
from core.containers import structure
from core.decode import decode_bytes
from core.encode import encode_bytes
from tests.hostile import tone, wav
from tests.signals import music

RATE = 48_000
LAYOUTS = ("3.0", "quad", "5.0", "5.1", "5.1(side)", "6.1", "7.1", "7.1(wide)")


def tones(channels: int, seconds: float = 1.0, rate: int = RATE) -> np.ndarray:
    """Each channel its own tone: 300 Hz, 600 Hz and so on, [C, T]."""
    time = np.arange(int(seconds * rate)) / rate
    return np.stack([0.3 * np.sin(2 * np.pi * 300 * (n + 1) * time) for n in range(channels)]).astype("f4")


def pitches(wav_: torch.Tensor, rate: int) -> list[int]:
    """Number of the tone of `tones` in each channel, from 1."""
    some = wav_[:, rate // 10 : rate // 10 + rate // 2]
    hz = torch.fft.rfft(some).abs().argmax(-1) * rate / some.shape[1]
    return [round(float(one) / 300) for one in hz]


def muxed(container: str, codec: str, layout: str, samples: np.ndarray, rate: int = RATE) -> bytes:
    """A file written by FFmpeg as others write it."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as file:
        stream: Any = file.add_stream(codec, rate=rate)
        stream.layout = layout
        for place in range(0, samples.shape[1], 4096):
            block = np.ascontiguousarray(samples[:, place : place + 4096].T.reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(block, format="flt", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, place, Fraction(1, rate)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return buffer.getvalue()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("wav", "pcm_s24le"),
        ("aiff", "pcm_s16be"),
        ("caf", "pcm_s16be"),
        ("mov", "pcm_s16le"),
        ("flac", "flac"),
        ("matroska", "pcm_f32le"),
        ("w64", "pcm_s16le"),
    ],
)
def test_every_channel_of_every_layout_arrives_in_its_place(container: str, codec: str, layout: str) -> None:
    channels = av.AudioLayout(layout).nb_channels
    clip = decode_bytes(muxed(container, codec, layout, tones(channels)), f"song.{container}")
    assert pitches(clip.wav, RATE) == list(range(1, channels + 1))
    assert not clip.source.truncated
    if container in ("wav", "flac", "mov"):
        assert clip.layout == layout


@pytest.mark.parametrize("layout", ["5.1", "7.1"])
@pytest.mark.parametrize(("container", "codec"), [("ipod", "aac"), ("matroska", "aac"), ("adts", "aac")])
def test_planar_codecs_of_many_channels_are_read(container: str, codec: str, layout: str) -> None:
    channels = av.AudioLayout(layout).nb_channels
    samples = tones(channels)
    samples[3] = 0.3 * np.sin(2 * np.pi * 60 * np.arange(RATE) / RATE)  # the low-frequency channel
    clip = decode_bytes(muxed(container, codec, layout, samples), "song.m4a")
    heard = pitches(clip.wav, RATE)
    assert heard[:3] + heard[4:] == [1, 2, 3, *range(5, channels + 1)]


def test_a_core_audio_layout_in_another_order_is_put_in_ours() -> None:
    data = bytearray(muxed("aiff", "pcm_s16be", "3.0", tones(3)))
    place = data.index(b"CHAN") + 8
    struct.pack_into(">I", data, place, (114 << 16) | 3)  # C L R
    clip = decode_bytes(bytes(data), "song.aiff")
    assert clip.layout == "3.0"
    assert pitches(clip.wav, RATE) == [2, 3, 1]


@pytest.mark.parametrize("tag", range(100, 148))
def test_no_channel_layout_tag_breaks_the_decoder(tag: int) -> None:
    data = bytearray(muxed("aiff", "pcm_s16be", "7.1", tones(8, 0.1)))
    struct.pack_into(">I", data, data.index(b"CHAN") + 8, (tag << 16) | 8)
    assert decode_bytes(bytes(data), "song.aiff").wav.shape == (8, RATE // 10)


@pytest.mark.parametrize("codec", ["vorbis", "opus"])
@pytest.mark.parametrize(
    ("second_rate", "second_channels"), [(44_100, 2), (48_000, 1), (32_000, 1), (48_000, 6)]
)
def test_a_chain_of_other_rate_or_channels_is_heard_whole(
    codec: Any, second_rate: int, second_channels: int
) -> None:
    first = encode_bytes(torch.from_numpy(tones(2, 2.0)), RATE, codec=codec)
    second = encode_bytes(
        torch.from_numpy(tones(second_channels, 3.0, second_rate)), second_rate, codec=codec
    )
    third = encode_bytes(torch.from_numpy(tones(2, 1.0)), RATE, codec=codec)
    clip = decode_bytes(first + second + third, "chained.ogg")
    assert clip.duration_s == pytest.approx(6.0, abs=0.1)
    assert clip.wav.shape[0] == max(2, second_channels)
    assert float(clip.wav[:, int(2.5 * RATE) : int(4.5 * RATE)].abs().max()) > 0.1, (
        "the second link is silent"
    )
    assert not clip.source.truncated


def test_a_link_that_cannot_be_read_is_told() -> None:
    first = encode_bytes(music(2.0, RATE), RATE, codec="vorbis")
    second = bytearray(encode_bytes(music(2.0, RATE, 3), RATE, codec="vorbis"))
    second[28:] = second[28:].replace(b"\x01vorbis", b"\x01nothin").replace(b"\x03vorbis", b"\x03nothin")
    clip = decode_bytes(first + bytes(second), "chained.ogg")
    assert clip.source.truncated
    assert clip.source.reasons


CUT: dict[str, Callable[[], bytes]] = {
    "vorbis.ogg": lambda: encode_bytes(music(4.0, RATE), RATE, codec="vorbis"),
    "opus.opus": lambda: encode_bytes(music(4.0, RATE), RATE, codec="opus"),
    "flac.oga": lambda: muxed("ogg", "flac", "stereo", music(4.0, RATE).numpy()),
    "pcm.caf": lambda: muxed("caf", "pcm_s16be", "stereo", music(4.0, RATE).numpy()),
    "pcm.w64": lambda: muxed("w64", "pcm_s16le", "stereo", music(4.0, RATE).numpy()),
    "pcm.aiff": lambda: muxed("aiff", "pcm_s16be", "stereo", music(4.0, RATE).numpy()),
    "pcm.wav": lambda: encode_bytes(music(4.0, RATE), RATE, codec="wav"),
    "flac.flac": lambda: encode_bytes(music(4.0, RATE), RATE, codec="flac"),
    "pcm.mka": lambda: muxed("matroska", "pcm_s16le", "stereo", music(4.0, RATE).numpy()),
    "lame.mp3": lambda: encode_bytes(music(4.0, RATE), RATE, codec="mp3"),
}


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("kept", [0.5, 0.83])
def test_a_cut_file_is_said_to_be_cut(name: str, kept: float) -> None:
    whole = CUT[name]()
    assert not decode_bytes(whole, name).source.truncated
    cut = decode_bytes(whole[: int(kept * len(whole)) | 1], name)
    assert cut.source.truncated
    assert cut.source.reasons


HOLES: dict[str, Callable[[bytearray, int], None]] = {
    "a bit": lambda data, at: data.__setitem__(at, data[at] ^ 0x10),
    "zeros": lambda data, at: data.__setitem__(slice(at, at + 400), bytes(400)),
    "gone": lambda data, at: data.__delitem__(slice(at, at + 400)),
}


@pytest.mark.parametrize("hole", HOLES)
@pytest.mark.parametrize("codec", ["flac", "vorbis", "opus"])
def test_a_hole_in_a_long_file_is_told(codec: Any, hole: str) -> None:
    """Every page and frame of these has a checksum: one wrong bit is known, however long the file."""
    data = bytearray(encode_bytes(music(60.0, RATE), RATE, codec=codec))
    assert not decode_bytes(bytes(data), "whole").source.truncated
    HOLES[hole](data, len(data) // 2)
    clip = decode_bytes(bytes(data), "damaged")
    assert clip.source.truncated, clip.duration_s
    assert clip.source.reasons
    assert clip.duration_s > 55.0, "what is whole is kept"


@pytest.mark.parametrize("codec", ["vorbis", "opus"])
def test_a_recording_of_a_stream_that_was_joined_late_is_whole(codec: Any) -> None:
    data = encode_bytes(music(20.0, RATE), RATE, codec=codec)
    pages = [b"OggS" + page for page in data.split(b"OggS")[1:]]
    headers = [page for page in pages if page[6:14] == bytes(8)]
    joined = b"".join([*headers, *pages[len(headers) + 3 :]])
    assert not structure(io.BytesIO(joined)).flaws
    lost = b"".join([*pages[:-2], pages[-1]])
    assert structure(io.BytesIO(lost)).flaws == ("pages are missing between others",)


@pytest.mark.parametrize(
    ("stated", "flagged"),
    [(40_000, True), (0, True), (0x7FFFFFF0, True), (0xFFFFFFFF, False), (176_400, False)],
)
def test_a_wav_whose_header_lies_is_found_out(stated: int, flagged: bool) -> None:
    clip = decode_bytes(wav(tone(44_100), 44_100, data_bytes=stated), "lying.wav")
    assert clip.source.truncated is flagged
    assert clip.wav.shape[1] == (10_000 if stated == 40_000 else 44_100)


def test_chunks_and_a_little_junk_behind_the_audio_are_no_lie() -> None:
    data = wav(tone(44_100), 44_100)
    for tail in (b"LIST\x04\0\0\0INFO", b"\0" * 500, b"id3 \x02\0\0\0ab" + b"ID3" + b"\0" * 90):
        assert not decode_bytes(data + tail, "tail.wav").source.truncated


def two_tracks_and_video() -> bytes:
    """An MP4 file of a picture and two audio tracks."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as file:
        picture: Any = file.add_stream("mpeg4", rate=10)
        picture.width = picture.height = 64
        picture.pix_fmt = "yuv420p"
        tracks: list[Any] = [file.add_stream("aac", rate=RATE) for _ in range(2)]
        for track in tracks:
            track.layout = "stereo"
        for _ in range(5):
            file.mux(picture.encode(av.VideoFrame(64, 64, "yuv420p")))
        file.mux(picture.encode(None))
        for track in tracks:
            frame = av.AudioFrame.from_ndarray(music(1.0, RATE).numpy(), format="fltp", layout="stereo")
            frame.sample_rate = RATE
            file.mux(track.encode(frame))
            file.mux(track.encode(None))
    return buffer.getvalue()


def test_more_audio_tracks_and_video_are_told() -> None:
    clip = decode_bytes(two_tracks_and_video(), "film.mp4")
    assert clip.source.others == ("1 more audio track", "video stream")


def test_the_depth_of_a_sample_is_told() -> None:
    song = music(0.5, RATE)
    assert decode_bytes(encode_bytes(song, RATE, codec="wav", bits=16), "a.wav").source.bits == 16
    assert decode_bytes(encode_bytes(song, RATE, codec="flac", bits=24), "a.flac").source.bits == 24
    assert decode_bytes(muxed("wav", "pcm_f32le", "stereo", song.numpy()), "a.wav").source.bits == -32
    assert decode_bytes(encode_bytes(song, RATE, codec="mp3"), "a.mp3").source.bits is None


@pytest.mark.parametrize("head", [b"RIFF", b"RF64", b"OggS", b"FORM", b"caff", b"\0\0\0\x18ftyp", b"riff"])
def test_no_bytes_break_the_bookkeeping(head: bytes) -> None:
    rng = np.random.default_rng(4)
    for size in (16, 40, 900, 9000):
        data = head + rng.integers(0, 256, size, dtype=np.uint8).tobytes()
        assert structure(io.BytesIO(data)).links[-1][1] == len(data)


@pytest.mark.parametrize(
    ("container", "codec"),
    [("wv", "wavpack"), ("ac3", "ac3"), ("au", "pcm_s16be"), ("tta", "tta")],
)
def test_a_sound_file_of_another_kind_is_not_called_broken(container: str, codec: str) -> None:
    data = muxed(container, codec, "stereo", music(1.0, RATE).numpy())
    with pytest.raises(errors.UnsupportedAudio, match="convert it to WAV or FLAC"):
        decode_bytes(data, f"song.{container}")


@pytest.mark.parametrize(
    "head",
    [
        bytes.fromhex("3026b2758e66cf11"),
        b"DSD \x1c\0\0\0",
        b"\x7f\xfe\x80\x01",
        b"MAC \x96\x0f",
        b"MThd\0\0\0\x06",
    ],
)
def test_formats_are_known_by_their_first_bytes(head: bytes) -> None:
    with pytest.raises(errors.UnsupportedAudio):
        decode_bytes(head + bytes(5000), "song")
