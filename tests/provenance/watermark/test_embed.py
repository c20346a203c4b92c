import pytest
import torch

from core.errors import WatermarkError
from provenance.watermark import detect, embed, masking
from provenance.watermark.grid import stft
from provenance.watermark.key import WatermarkKey
from tests.signals import music, noise, silence

KEY = WatermarkKey(bytes(range(32)))
MESSAGE = b"trackmrk"


@pytest.mark.parametrize(("sample_rate", "channels"), [(44_100, 2), (48_000, 1), (22_050, 2), (96_000, 2)])
def test_length_rate_and_channels_stay(sample_rate: int, channels: int) -> None:
    wav = music(3.0, sample_rate)[:channels]
    marked = embed(wav, sample_rate, MESSAGE, KEY)
    assert marked.shape == wav.shape
    assert not torch.equal(marked, wav)


def test_nothing_changes_above_the_band() -> None:
    wav = noise(4.0, 44_100, channels=2)
    spectrum = torch.fft.rfft(embed(wav, 44_100, MESSAGE, KEY) - wav).abs()
    hertz = torch.fft.rfftfreq(wav.shape[-1], 1 / 44_100)
    assert spectrum[:, hertz > 11_300].square().sum() < 1e-6 * spectrum.square().sum()


def test_both_sides_get_the_same_gain() -> None:
    mid = music(4.0, 44_100)[:1]
    marked = embed(torch.cat([mid, 0.5 * mid]), 44_100, MESSAGE, KEY)
    assert torch.allclose(marked[0], 2.0 * marked[1], atol=1e-5)


def test_the_mark_is_at_least_30_db_below_the_music() -> None:
    wav = music(8.0, 44_100)
    change = embed(wav, 44_100, MESSAGE, KEY) - wav
    assert 10.0 * torch.log10(wav.square().sum() / change.square().sum()) >= 30.0


def test_strength_is_an_amplitude() -> None:
    wav = music(4.0, 44_100)
    changes = [
        (embed(wav, 44_100, MESSAGE, KEY, strength=s) - wav).square().mean().sqrt() for s in (0.5, 1.0)
    ]
    assert 1.7 < float(changes[1] / changes[0]) < 2.1
    assert torch.equal(embed(wav, 44_100, MESSAGE, KEY, strength=0.0), wav)


def test_a_loud_master_does_not_clip_because_of_the_mark() -> None:
    wav = (3.0 * music(6.0, 44_100)).clamp(-1.0, 1.0)
    marked = embed(wav, 44_100, MESSAGE, KEY)
    assert float(marked.abs().max()) <= 1.0
    assert not torch.equal(marked, wav)


def test_chunks_leave_no_seam() -> None:
    wav = music(70.0, 16_000)
    change = (embed(wav, 16_000, MESSAGE, KEY) - wav).mean(0)
    seam = int(28.8 * 16_000)
    step = change.diff().abs()
    assert float(step[seam - 5 : seam + 5].max()) < 3.0 * float(
        step[seam - 8000 : seam + 8000].quantile(0.999)
    )


@pytest.mark.parametrize(
    ("wav", "reason"),
    [
        (silence(5.0, 16_000), "silence"),
        (noise(1.0, 16_000), "too short"),
        (torch.full((1, 80_000), float("nan")), "finite"),
    ],
)
def test_what_cannot_carry_a_mark_is_refused(wav: torch.Tensor, reason: str) -> None:
    with pytest.raises(WatermarkError, match=reason):
        embed(wav, 16_000, MESSAGE, KEY)


@pytest.mark.parametrize(
    "image", ["ordinary", "inverted", "nearly inverted", "one side", "independent", "quiet side"]
)
def test_the_mark_stays_under_the_mask_of_every_channel(image: str) -> None:
    rate, left, other = 24_000, music(8.0, 24_000)[:1], music(8.0, 24_000, seed=5)[:1]
    right = {
        "ordinary": 0.7 * left + 0.3 * other,
        "inverted": -left,
        "nearly inverted": -0.97 * left + 0.01 * other,
        "one side": torch.zeros_like(left),
        "independent": other,
        "quiet side": 0.01 * other,
    }[image]
    host = torch.cat([left, right])
    marked = embed(host, rate, MESSAGE, KEY)
    assert detect(marked, rate, KEY).message == MESSAGE
    for before, after in zip(host, marked, strict=True):
        noise_power, power = (stft(x[None]).abs().square() for x in (after - before, before))
        over = masking.noise_to_mask_db(noise_power, power) > 0.0
        assert float(over.float().mean()) <= 0.01
        if float(before.abs().max()) > 0.05:
            snr_db = 10.0 * torch.log10(before.square().sum() / (after - before).square().sum())
            assert 28.0 < float(snr_db) < 45.0
