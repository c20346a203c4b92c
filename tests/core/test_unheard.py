"""Audio that some players play and others do not is told: behind the end, or left out by a list."""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core import errors, foreign
from core.decode import decode_bytes
from core.elements import HIDDEN_BYTES
from core.encode import encode_bytes
from tests.core.test_containers import RATE, muxed, two_tracks_and_video
from tests.hostile import tone, wav
from tests.signals import music

SONG = music(2.0, RATE)
FIRST: dict[str, Callable[[], bytes]] = {
    "a.aiff": lambda: muxed("aiff", "pcm_s16be", "stereo", SONG.numpy()),
    "a.caf": lambda: muxed("caf", "pcm_s16be", "stereo", SONG.numpy()),
    "a.w64": lambda: muxed("w64", "pcm_s16le", "stereo", SONG.numpy()),
    "a.wav": lambda: muxed("wav", "pcm_s16le", "stereo", SONG.numpy()),
    "a.m4a": lambda: encode_bytes(SONG, RATE, codec="aac"),
    "a.mov": lambda: muxed("mov", "pcm_s16le", "stereo", SONG.numpy()),
    "a.mka": lambda: muxed("matroska", "flac", "stereo", SONG.numpy()),
    "a.flac": lambda: encode_bytes(SONG, RATE, codec="flac"),
    "a.ogg": lambda: encode_bytes(SONG, RATE, codec="vorbis"),
    "a.mp3": lambda: encode_bytes(SONG, RATE, codec="mp3"),
}
BEHIND: dict[str, Callable[[bytes], bytes]] = {
    "the same again": lambda data: data,
    "an MP3": lambda _data: encode_bytes(music(2.0, RATE, 3), RATE, codec="mp3")[:20_000],
    "a WAV": lambda _data: muxed("wav", "pcm_s16le", "stereo", music(2.0, RATE, 3).numpy()),
    "noise": lambda _data: np.random.default_rng(5).bytes(50_000),
}


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("name", FIRST)
def test_audio_behind_the_end_is_heard_or_told_or_the_file_is_refused(name: str, behind: str) -> None:
    first = FIRST[name]()
    assert not decode_bytes(first, name).source.truncated
    try:
        clip = decode_bytes(first + BEHIND[behind](first), name)
    except errors.AudioError as error:
        assert "failed on it" not in str(error), "a header is no reason for a fault of ours"
        return
    assert clip.source.truncated or clip.duration_s == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize("name", FIRST)
def test_a_few_bytes_behind_the_end_hide_nothing(name: str) -> None:
    behind = b"TAG" + bytes(125)
    assert len(behind) < HIDDEN_BYTES
    assert not decode_bytes(FIRST[name]() + behind, name).source.truncated


def test_a_second_piece_of_audio_within_an_aiff_is_told() -> None:
    first, second = FIRST["a.aiff"](), muxed("aiff", "pcm_s16be", "stereo", music(2.0, RATE, 3).numpy())
    data = bytearray(first + second[second.index(b"SSND") :])
    struct.pack_into(">I", data, 4, len(data) - 8)
    assert decode_bytes(bytes(data), "two.aiff").source.truncated


@pytest.mark.parametrize(("name", "chunk"), [("a.caf", b"data"), ("a.w64", b"data")])
def test_a_length_that_reaches_nowhere_is_told(name: str, chunk: bytes) -> None:
    data = bytearray(FIRST[name]())
    place = data.index(chunk)
    if name == "a.caf":
        struct.pack_into(">q", data, place + 4, 4 + RATE)
    else:
        struct.pack_into("<Q", data, place + 16, 24 + RATE)
    assert decode_bytes(bytes(data), name).source.truncated


def _edited(duration_ms: int, start: int) -> bytes:
    data = bytearray(encode_bytes(music(8.0, RATE), RATE, codec="aac"))
    place = data.index(b"elst")
    struct.pack_into(">Ii", data, place + 12, duration_ms, start)
    return bytes(data)


@pytest.mark.parametrize(("duration_ms", "start"), [(2000, 1024), (2000, 5 * RATE), (6000, 1024)])
def test_what_an_edit_list_leaves_out_is_told(duration_ms: int, start: int) -> None:
    clip = decode_bytes(_edited(duration_ms, start), "edited.m4a")
    assert clip.source.truncated
    assert any("edit list leaves out" in reason for reason in clip.source.reasons)


def test_what_an_encoder_puts_around_the_audio_is_no_loss() -> None:
    for rate in (8000, 22_050, 48_000):
        assert not decode_bytes(encode_bytes(music(3.0, rate), rate, codec="aac"), "a.m4a").source.truncated


def test_an_edit_list_that_plays_nothing_is_named() -> None:
    with pytest.raises(errors.EmptyAudio, match="edit list"):
        decode_bytes(_edited(8000, -1), "edited.m4a")


@pytest.mark.parametrize("bits", [16, 24])
def test_samples_that_do_not_fit_the_checksum_of_a_flac_file_are_told(bits: Any) -> None:
    for channels in (1, 2, 6):
        song = music(0.5, RATE)[:1].repeat(channels, 1)
        data = bytearray(encode_bytes(song, RATE, codec="flac", bits=bits))
        assert data[26:42] != bytes(16), "the encoder states one"
        assert not decode_bytes(bytes(data), "a.flac").source.truncated
        data[30] ^= 1
        assert decode_bytes(bytes(data), "a.flac").source.reasons == (
            "the samples do not fit the checksum that the file states",
        )
        data[26:42] = bytes(16)
        assert not decode_bytes(bytes(data), "a.flac").source.truncated, "none is stated"


def test_a_further_audio_track_is_counted() -> None:
    assert decode_bytes(two_tracks_and_video(), "film.mp4").source.more_audio == 1
    assert decode_bytes(FIRST["a.m4a"](), "a.m4a").source.more_audio == 0


def _extensible(valid: int, samples: np.ndarray) -> bytes:
    width = samples.dtype.itemsize
    form = struct.pack(
        "<HHIIHHHHI", 0xFFFE, 2, RATE, RATE * 2 * width, 2 * width, 8 * width, 22, valid, 3
    ) + bytes.fromhex("0100000000001000800000aa00389b71")
    body = samples.tobytes()
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


@pytest.mark.parametrize(("kind", "valid"), [("<i4", 24), ("<i4", 20), ("<i2", 24), ("<i2", 12), ("<i2", 0)])
def test_valid_bits_change_no_sample(kind: str, valid: int) -> None:
    samples = (tone(RATE).astype("f8") / 32768 * np.iinfo(kind).max).astype(kind)
    clip = decode_bytes(_extensible(valid, samples), "odd.wav")
    expected = samples.astype("f8").T / -float(np.iinfo(kind).min)
    assert np.abs(clip.wav.numpy() - expected).max() < 1e-6
    assert not clip.source.truncated


def test_big_endian_wav_is_refused_and_not_heard_as_noise() -> None:
    data = bytearray(wav(tone(RATE), RATE))
    data[:4] = b"RIFX"
    with pytest.raises(errors.UnsupportedAudio, match="RIFX"):
        decode_bytes(bytes(data), "big.wav")


def test_a_header_s_claim_of_length_is_told_as_a_claim() -> None:
    data = bytearray(encode_bytes(SONG, RATE, codec="mp3"))
    place = max(data.find(b"Xing"), data.find(b"Info"))
    struct.pack_into(">I", data, place + 8, 0xFFFFFFFF)
    with pytest.raises(errors.AudioTooLarge, match="header says"):
        decode_bytes(bytes(data), "endless.mp3")


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ((b"\x47" + bytes(187)) * 5, "MPEG transport stream"),
        ((bytes(4) + b"\x47" + bytes(187)) * 5, "MPEG transport stream"),
        (b"\0\0\0\0\xf8\x72\x6f\xba", "Dolby TrueHD"),
        (b"\xff\xfb\x00\xc4" + bytes(100), "free-format MPEG audio"),
        (b"nut/multimedia container\0", "NUT"),
        (b"\xff\xfb\x90\xc4" + bytes(100), None),
        (b"\xff\xff\xff\xff" * 50, None),
    ],
)
def test_more_formats_are_called_by_their_names(head: bytes, told: str | None) -> None:
    assert foreign.name(head) == told
