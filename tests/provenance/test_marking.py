"""A mark by a key of one's own costs a file nothing in silence: it is as careful as `tag`."""

import struct
from pathlib import Path
from typing import Any

import pytest
import soundfile
import torch
from mutagen import id3

from core.decode import decode
from core.encode import encode
from core.errors import EncodeError, UnreadableAudio
from core.limits import DEFAULT_LIMITS
from provenance.credentials import riff
from provenance.marking import mark_file
from provenance.preparation import prepare
from provenance.watermark import WatermarkKey, detect
from tests.provenance.masters import (
    JPEG,
    RATE,
    SUFFIXES,
    data_of,
    flac,
    heard,
    m4a,
    mp3,
    tagged,
    wav,
    with_frames,
)
from tests.signals import music

KEY = WatermarkKey(bytes(32))
MESSAGE = bytes.fromhex("00112233445566ff")


def marked(source: Path, suffix: str, **options: Any) -> tuple[Path, str]:
    out = source.with_name(f"marked{suffix}")
    _snr_db, warnings = mark_file(source, out, MESSAGE, KEY, limits=DEFAULT_LIMITS, **options)
    return out, " | ".join(warnings)


@pytest.mark.parametrize(("make", "suffix"), [(mp3, ".flac"), (flac, ".wav"), (m4a, ".m4a"), (flac, ".opus")])
def test_tags_cover_and_chapters_survive(make: Any, suffix: str, tmp_path: Path) -> None:
    out, _ = marked(make(tmp_path), suffix)
    texts, pictures = heard(out)
    for name, text in {"ARTIST": "The Artist", "ISRC": "USRC17607839", "LYRICS": "la la"}.items():
        assert texts.get(name) == text, name
    assert pictures == [JPEG]
    assert len(decode(out).source.chapters) == (0 if make is flac else 2)


def test_chunks_depth_and_title_of_a_broadcast_wav_survive(tmp_path: Path) -> None:
    source = wav(tmp_path)
    out, warnings = marked(source, ".wav")
    assert warnings == ""
    for name in (b"bext", b"iXML", b"cue ", b"smpl"):
        assert data_of(out, name) == data_of(source, name)
    info: dict[bytes, str] = {}
    for one in data_of(out, b"LIST"):
        info |= riff.read_info(one)
    assert (info[b"INAM"], info[b"IART"]) == ("Old", "The Artist")
    assert decode(out).source.bits == 16
    assert detect(decode(out).wav, RATE, KEY).message == MESSAGE


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_lost_is_named_as_tag_names_it(suffix: str, tmp_path: Path) -> None:
    statement = id3.TXXX(encoding=3, desc="AI_SYSTEM", text=["Another"])
    source = with_frames(tmp_path / "in.mp3", id3.POPM(email="a@b", rating=9), statement)
    before: list[str] = []
    _, warnings = marked(source, suffix, warn=before.append)
    assert " | ".join(before) == warnings
    assert "own statements on AI (AI_SYSTEM) are left out" in warnings
    assert ("POPM" in warnings) == (suffix not in (".mp3", ".wav"))


def test_what_goes_beyond_full_scale_is_turned_down_and_named(tmp_path: Path) -> None:
    source = tmp_path / "in.wav"
    encode(music(3.0, RATE) / music(3.0, RATE).abs().max() * 1.5, RATE, source, codec="wav", bits=-32)
    out, warnings = marked(source, ".flac")
    assert "turned down by 3.53 dB" in warnings
    assert decode(out).wav.abs().max() < 1.0


def test_content_credentials_that_no_longer_fit_are_named(tmp_path: Path) -> None:
    signed = tagged(wav(tmp_path), ".wav").path
    assert "content credentials" in marked(signed, ".flac")[1]


def test_the_output_is_placed_with_care(tmp_path: Path) -> None:
    source = wav(tmp_path)
    out, _ = marked(source, ".wav")
    with pytest.raises(EncodeError, match="exists already"):
        marked(source, ".wav")
    marked(source, ".wav", overwrite=True)
    with pytest.raises(UnreadableAudio, match="changed"):
        marked(source, ".mp3", warn=lambda _: source.write_bytes(source.read_bytes() + b"\0\0"))
    assert {one.name for one in tmp_path.iterdir()} == {"in.wav", out.name}


def test_chunks_are_added_beyond_4_gb(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, music(1.0, RATE).T.numpy(), RATE, subtype="PCM_16", format="RF64")
    riff.append(path, [(b"iXML", b"<BWFXML/>")])
    assert data_of(path, b"iXML") == [b"<BWFXML/>"]
    held = path.read_bytes()
    assert struct.unpack("<Q", held[20:28])[0] == len(held) - 8
    assert soundfile.info(path).frames == RATE


def test_turning_down_long_audio_takes_it_part_by_part(tmp_path: Path) -> None:
    source = tmp_path / "in.wav"
    encode(2 * music(30.0, RATE), RATE, source, codec="wav", bits=-32)
    clip = decode(source)
    ready = prepare(source, tmp_path / "out.wav", "wav", None, DEFAULT_LIMITS)
    assert torch.equal(ready.clip.wav, clip.wav * (0.999 / float(clip.wav.abs().max())))
