"""What a master says of itself survives tagging, in its own format and in others, or is named as lost."""

from pathlib import Path
from typing import Any

import pytest
import torch

from core.decode import decode
from core.encode import encode
from core.errors import EncodeError
from provenance.credentials import read_credentials, riff
from provenance.declaration import Declaration
from provenance.tag import tag
from tests.provenance.masters import JPEG, RATE, SUFFIXES, flac, heard, m4a, mp3, tagged, wav
from tests.provenance.test_tag import IDENTITY, Ledger, Remembering
from tests.signals import music


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("make", [mp3, flac, m4a])
def test_tags_cover_and_chapters_survive(make: Any, suffix: str, tmp_path: Path) -> None:
    source = make(tmp_path)
    before = source.read_bytes()
    done = tagged(source, suffix)
    assert source.read_bytes() == before
    texts, pictures = heard(done.path)
    for name, text in {
        "ARTIST": "The Artist",
        "TRACKNUMBER": "3/10",
        "ISRC": "USRC17607839",
        "LYRICS": "la la",
        "REPLAYGAIN_TRACK_GAIN": "-6.20 dB",
        "LABEL": "A Label",
        "MUSICBRAINZ_TRACKID": "b1a9c0e9",
    }.items():
        assert texts.get(name) == text, name
    assert pictures == [JPEG]
    if make is not flac:
        chapters = decode(done.path).source.chapters
        assert [title for _, _, title in chapters] == ["Intro", "Verse"]
        assert [start for start, _, _ in chapters] == pytest.approx([0.0, 1.5], abs=0.01)
    if make is mp3:
        assert any("POPM" in text for text in done.warnings) == (suffix not in (".mp3", ".wav"))


def test_the_chunks_of_a_broadcast_wav_survive(tmp_path: Path) -> None:
    source = wav(tmp_path)
    done = tagged(source, ".wav")
    assert done.warnings == ()

    def data(path: Path, name: bytes) -> list[bytes]:
        return [riff.read_chunk(path, chunk) for chunk in riff.chunks(path) if chunk.id == name]

    for name in (b"bext", b"iXML", b"cue ", b"smpl"):
        assert data(done.path, name) == data(source, name)
    assert next(one for one in data(source, b"LIST") if one[:4] == b"adtl") in data(done.path, b"LIST")
    info: dict[bytes, str] = {}
    for one in data(done.path, b"LIST"):
        info |= riff.read_info(one)
    assert (info[b"IART"], info[b"IENG"], info[b"INAM"]) == ("The Artist", "An Engineer", "New")
    assert decode(done.path).source.bits == 16


def test_what_another_format_cannot_carry_is_named_before_anything_is_written(tmp_path: Path) -> None:
    source = wav(tmp_path)
    told: list[str] = []

    def warn(text: str) -> None:
        assert not list(tmp_path.glob("out*"))
        assert not list(tmp_path.glob(".trackmark*"))
        told.append(text)

    done = tagged(source, ".flac", warn=warn)
    assert all(text in done.warnings for text in told)
    for lost in ("bext", "iXML", "cue points", "sampler loops"):
        assert any(lost in text for text in told), lost


def test_broken_tags_stop_nothing_and_are_named(tmp_path: Path) -> None:
    source = tmp_path / "in.flac"
    encode(music(3.0, RATE), RATE, source, codec="flac")
    data = bytearray(source.read_bytes())
    place = data.index(b"reference") if b"reference" in data else data.index(b"Lavf")
    data[place - 4 : place] = b"\xff\xff\xff\x7f"
    source.write_bytes(data)
    assert any("cannot be read" in text for text in tagged(source, ".wav").warnings)


@pytest.mark.parametrize("times", [1.6, 100.0])
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3"])
def test_nothing_beyond_full_scale_is_clipped_in_silence(times: float, suffix: str, tmp_path: Path) -> None:
    source = tmp_path / "in.wav"
    loud = music(3.0, RATE) / music(3.0, RATE).abs().max() * times
    encode(loud, RATE, source, codec="wav", bits=-32)
    done = tagged(source, suffix)
    assert any("turned down by" in text for text in done.warnings)
    if suffix != ".mp3":
        out = decode(done.path).wav
        assert torch.allclose(out / out.abs().max(), loud / loud.abs().max(), atol=0.003)
        assert int((out.abs() >= 0.99999).sum()) < 5, "flat tops"


def test_depth_and_layout_are_kept(tmp_path: Path) -> None:
    source = tmp_path / "in.flac"
    encode(
        torch.cat([music(3.0, RATE), music(3.0, RATE, 2)[:1]]),
        RATE,
        source,
        codec="flac",
        bits=16,
        layout="3.0",
    )
    for suffix in (".wav", ".flac", ".m4a"):
        done = tagged(source, suffix)
        clip = decode(done.path)
        assert (clip.layout, clip.source.bits) == ("3.0", None if suffix == ".m4a" else 16)
    with pytest.raises(EncodeError, match="mp3"):
        tagged(source, ".mp3")


def test_an_output_is_not_replaced_unasked(tmp_path: Path) -> None:
    source = flac(tmp_path)
    options: dict[str, Any] = {"ledger": Ledger(), "marker": Remembering()}
    (tmp_path / "there.wav").write_bytes(b"precious")
    for out in (source, tmp_path / "there.wav"):
        before = out.read_bytes()
        with pytest.raises(EncodeError, match="--force"):
            tag(source, out, Declaration("T", "L"), **options)
        assert out.read_bytes() == before
    tag(source, tmp_path / "there.wav", Declaration("T", "L"), overwrite=True, **options)
    assert decode(tmp_path / "there.wav").duration_s == pytest.approx(3.0)


def test_two_files_of_one_name_have_credentials_each(tmp_path: Path) -> None:
    source = flac(tmp_path)
    outs = [tmp_path / name for name in ("song.ogg", "song.opus", "song.oga") if not name.endswith("oga")]
    made = [tag(source, o, Declaration("T", "L"), ledger=Ledger(), marker=Remembering()) for o in outs]
    for done in made:
        found = read_credentials(done.path, [IDENTITY.trust_anchor])
        assert (found.content_bound, found.record_id) == (True, done.record_id)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".m4a"])
def test_damaged_credentials_of_the_source_are_left_out_and_named(suffix: str, tmp_path: Path) -> None:
    first = tagged(flac(tmp_path), suffix).path
    data = bytearray(first.read_bytes())
    place = data.index(b"c2pa.claim") + 40
    data[place : place + 340] = bytes(340)
    source = tmp_path / f"again{suffix}"
    source.write_bytes(data)
    first.unlink()
    done = tagged(source, suffix)
    assert any("credentials" in text for text in done.warnings)
