"""The copy to listen to plays in a browser whatever the upload was; the outline is that of the sound."""

from dataclasses import replace
from pathlib import Path

import torch

from api.report.sound import LISTENING_HZ, draw_spectrogram, outline, write_listening_copy
from core.decode import decode
from tests import fakes


def packed_quickly(png: bytes) -> bool:
    """Whether the pixels were packed at zlib's fastest level (RFC 1950, FLEVEL)."""
    assert png.startswith(b"\x89PNG")
    packed = png.partition(b"IDAT")[2]
    return packed[1] >> 6 == 0


def test_a_listening_copy_is_an_mp3_of_the_same_length(tmp_path: Path) -> None:
    for channels in (1, 2, 6):
        wav = 0.2 * torch.randn(channels, 3 * 22_050, generator=torch.Generator().manual_seed(channels))
        clip = replace(fakes.clip(1.0), wav=wav, sample_rate=22_050)
        path = tmp_path / f"{channels}.mp3"
        write_listening_copy(clip, path)
        heard = decode(path)
        assert (heard.sample_rate, heard.source.codec) == (LISTENING_HZ, "mp3float")
        assert heard.wav.shape[0] <= 2
        assert abs(heard.duration_s - 3.0) < 0.1


def test_the_outline_holds_the_loudest_samples() -> None:
    clip = fakes.clip(2.0)
    mean = clip.wav.mean(0)
    drawn = outline(clip)
    assert max(drawn["high"]) == round(float(mean.max()), 3)
    assert min(drawn["low"]) == round(float(mean.min()), 3)
    assert all(low <= high for low, high in zip(drawn["low"], drawn["high"], strict=True))


def test_the_spectrogram_is_a_png(tmp_path: Path) -> None:
    draw_spectrogram(fakes.clip(2.0), tmp_path / "s.png")
    assert packed_quickly((tmp_path / "s.png").read_bytes())
