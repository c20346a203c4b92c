"""Encoding: files are whole or absent, codec round trips are real, aligned and never faked."""

import errno
import io
import stat
from pathlib import Path
from typing import Any

import pytest
import torch

from core import encode as encoding
from core.align import align, delay
from core.codecs import Codec, write
from core.decode import decode, decode_bytes
from core.encode import encode, encode_bytes, recode
from core.errors import EncodeError
from tests.signals import music, noise, silence, sine

RATE = 44_100
LOSSY: list[tuple[Codec, int]] = [
    ("mp3", 128_000),
    ("mp3", 64_000),
    ("aac", 64_000),
    ("opus", 32_000),
    ("vorbis", 64_000),
]


def snr_db(wanted: torch.Tensor, got: torch.Tensor) -> float:
    """Ratio of signal to difference, in dB."""
    return float(10 * torch.log10(wanted.square().sum() / (wanted - got).square().sum().clamp(min=1e-20)))


class FullDisk(io.BytesIO):
    """A file on a disk with room for so many bytes."""

    room = 5_000

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


@pytest.mark.parametrize("codec", ["wav", "flac", "mp3", "aac", "opus", "vorbis"])
def test_a_full_disk_is_told_as_such_by_every_codec(
    codec: Codec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: Any, *arguments: Any) -> int:
        return write(FullDisk(), *arguments)

    monkeypatch.setattr(encoding, "write", full)
    with pytest.raises(EncodeError, match="No space left") as caught:
        encode(noise(2, RATE), RATE, tmp_path / "a", codec=codec)
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("codec", "bit_rate"), LOSSY)
def test_a_round_trip_is_real_and_aligned(codec: Codec, bit_rate: int) -> None:
    song = music(3, RATE, seed=7)
    heard = recode(song, RATE, codec=codec, bit_rate=bit_rate)
    assert heard.shape == song.shape
    assert 6 < snr_db(song, heard) < 60, "either misaligned or not coded at all"
    aligned = snr_db(song[:, 1:-1], heard[:, 1:-1])
    assert aligned > snr_db(song[:, 1:-1], heard[:, 2:]), "one sample late would be better"
    assert aligned > snr_db(song[:, 1:-1], heard[:, :-2]), "one sample early would be better"


def test_fewer_bits_do_more_harm() -> None:
    song = music(3, RATE, seed=7)
    harm = [
        snr_db(song, recode(song, RATE, codec="mp3", bit_rate=rate)) for rate in (192_000, 96_000, 40_000)
    ]
    assert harm == sorted(harm, reverse=True)


@pytest.mark.parametrize("codec", ["wav", "flac"])
@pytest.mark.parametrize(("bits", "least_db"), [(16, 80), (24, 125)])
def test_lossless_formats_keep_every_bit(codec: Codec, bits: Any, least_db: float) -> None:
    song = music(1, RATE, seed=3)
    clip = decode_bytes(encode_bytes(song, RATE, codec=codec, bits=bits), f"song.{codec}")
    assert clip.wav.shape == song.shape
    assert snr_db(song, clip.wav) > least_db
    again = decode_bytes(encode_bytes(clip.wav, RATE, codec=codec, bits=bits), f"song.{codec}")
    assert torch.equal(again.wav, clip.wav)


def test_a_lower_coded_rate_takes_the_treble() -> None:
    tone = sine(1, RATE, 9000.0)
    assert float(recode(tone, RATE, codec="mp3", coded_rate=RATE)[:, 5000:-5000].std()) > 0.2
    with pytest.raises(EncodeError, match="other audio"):
        recode(tone, RATE, codec="mp3", coded_rate=16_000)  # nothing of it is left to align to


@pytest.mark.parametrize("codec", ["mp3", "aac", "opus", "vorbis"])
@pytest.mark.parametrize(
    "wav", [sine(1, RATE), noise(1, RATE), silence(1, RATE, channels=2)], ids=["sine", "noise", "silence"]
)
def test_plain_signals_survive(codec: Codec, wav: torch.Tensor) -> None:
    heard = recode(wav, RATE, codec=codec, bit_rate=64_000)
    assert heard.shape == wav.shape
    assert torch.isfinite(heard).all()
    assert float((heard - wav).square().mean()) <= float(wav.square().mean())


def test_a_failing_codec_never_returns_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    song = music(1, RATE)
    monkeypatch.setattr(encoding, "encode_bytes", lambda *_, **__: b"not audio")
    with pytest.raises(EncodeError, match="could not be decoded again"):
        recode(song, RATE, codec="mp3")


def test_other_audio_is_not_accepted_as_the_codec_result(monkeypatch: pytest.MonkeyPatch) -> None:
    other = encode_bytes(noise(1, RATE, seed=9, channels=2), RATE, codec="wav")
    monkeypatch.setattr(encoding, "encode_bytes", lambda *_, **__: other)
    with pytest.raises(EncodeError, match="other audio"):
        recode(music(1, RATE), RATE, codec="mp3")


@pytest.mark.parametrize("lag", [0, 1, 529, 1105, 2257, -300])
def test_a_delay_is_found_and_undone(lag: int) -> None:
    song = music(2, RATE, seed=11)
    moved = torch.roll(song, lag, dims=1) + 0.01 * noise(2, RATE, channels=2)
    found, correlation = delay(song.mean(0).numpy(), moved.mean(0).numpy())
    assert found == lag
    assert correlation > 0.9
    aligned = align(song, moved, "the test")
    assert snr_db(song[:, 3000:-3000], aligned[:, 3000:-3000]) > 30


def test_lost_audio_is_noticed() -> None:
    song = music(2, RATE, seed=1)
    with pytest.raises(EncodeError, match="lost the last"):
        align(song, song[:, : RATE + 20_000], "the test")


@pytest.mark.parametrize(
    ("wav", "codec", "reason"),
    [
        (torch.zeros(2, 0), "wav", "nothing to encode"),
        (torch.zeros(0, 10), "wav", "nothing to encode"),
        (torch.zeros(10), "wav", "nothing to encode"),
        (torch.full((1, 100), float("nan")), "mp3", "not finite"),
        (torch.zeros(3, 100), "mp3", "at most"),
        (torch.zeros(9, 100), "wav", "at most"),
        (torch.zeros(1, 100), "wma", "unknown codec"),
    ],
)
def test_what_cannot_be_encoded_is_refused(
    wav: torch.Tensor, codec: Any, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"what was there before")
    with pytest.raises(EncodeError, match=reason):
        encode(wav, RATE, path, codec=codec)
    assert path.read_bytes() == b"what was there before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_written_file_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    path.write_bytes(b"old")
    encode(music(0.5, RATE), RATE, path, codec="wav")
    assert decode(path).duration_s == pytest.approx(0.5)
    assert list(tmp_path.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) & 0o400


def test_a_folder_that_is_missing_is_an_encode_error(tmp_path: Path) -> None:
    with pytest.raises(EncodeError, match="cannot write"):
        encode(music(0.5, RATE), RATE, tmp_path / "absent" / "song.wav", codec="wav")


@pytest.mark.parametrize(
    ("codec", "rate", "coded"), [("mp3", 96_000, 48_000), ("opus", 44_100, 48_000), ("aac", 37_000, 44_100)]
)
def test_a_rate_that_the_codec_lacks_is_resampled(codec: Codec, rate: int, coded: int) -> None:
    clip = decode_bytes(encode_bytes(sine(1, rate), rate, codec=codec), f"tone.{codec}")
    assert clip.sample_rate == coded
    assert clip.duration_s == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 6, 7, 8])
def test_channels_keep_their_places(channels: int) -> None:
    wav = torch.stack([sine(0.1, RATE, 200.0 * (n + 1))[0] for n in range(channels)])
    clip = decode_bytes(encode_bytes(wav, RATE, codec="flac"), "many.flac")
    assert torch.allclose(clip.wav, wav, atol=1e-6)


def test_gradients_and_devices_stay_out_of_it() -> None:
    wav = music(0.5, RATE).requires_grad_()
    assert not recode(wav, RATE, codec="wav").requires_grad


def test_blocks_make_the_same_file_as_the_whole(tmp_path: Path) -> None:
    wav = music(3.0, RATE)
    for suffix, codec in (("wav", "wav"), ("mp3", "mp3")):
        whole, parts = tmp_path / f"whole.{suffix}", tmp_path / f"parts.{suffix}"
        encode(wav, RATE, whole, codec=codec)  # type: ignore[arg-type]  # both are codecs
        encode(iter(torch.split(wav, 30_000, -1)), RATE, parts, codec=codec)  # type: ignore[arg-type]
        assert torch.allclose(decode(whole).wav, decode(parts).wav, atol=2e-3)


def test_blocks_at_a_rate_that_the_codec_does_not_know_are_resampled_without_a_seam(tmp_path: Path) -> None:
    wav = sine(24.0, 37_800, 440.0, 0.5)
    encode(iter(torch.split(wav, 50_000, -1)), 37_800, tmp_path / "x.flac", codec="flac")
    encode(iter(torch.split(wav, 50_000, -1)), 37_800, tmp_path / "x.opus", codec="opus", bit_rate=96_000)
    back = decode(tmp_path / "x.opus")
    assert back.sample_rate == 48_000 and back.duration_s == pytest.approx(24.0, abs=0.03)
    spectrum = torch.fft.rfft(
        back.wav[0, 24_000:-24_000] * torch.hann_window(back.wav.shape[-1] - 48_000)
    ).abs()
    spectrum[int(spectrum.argmax()) - 200 : int(spectrum.argmax()) + 200] = 0.0
    assert (
        float(spectrum.max()) < 0.01 * 0.25 * back.wav.shape[-1]
    )  # clicks at seams would spread over all of it


def test_no_blocks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EncodeError, match="nothing to encode"):
        encode(iter([]), RATE, tmp_path / "x.wav", codec="wav")
    assert list(tmp_path.iterdir()) == []
