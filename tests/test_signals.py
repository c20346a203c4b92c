"""The generated signals are what the other tests take them for."""

import torch

from tests.signals import music, noise, silence, sine


def test_music_is_stereo_seeded_and_never_shared() -> None:
    song = music(2, 44_100, seed=1)
    assert song.shape == (2, 88_200)
    assert song.dtype == torch.float32
    assert abs(float(song.abs().max()) - 0.8) < 1e-6
    assert not torch.equal(song[0], song[1])
    assert not torch.equal(song, music(2, 44_100, seed=2))
    kept = song.clone()
    song.zero_()
    assert torch.equal(music(2, 44_100, seed=1), kept)


def test_music_fills_the_band_of_music() -> None:
    power = torch.fft.rfft(music(4, 44_100, seed=3).mean(0)).abs().square()
    hz = torch.linspace(0, 22_050, power.numel())
    shares = [
        float(power[(hz >= low) & (hz < high)].sum() / power.sum()) for low, high in ((20, 300), (300, 7500))
    ]
    assert all(share > 0.05 for share in shares)


def test_a_sine_sits_at_its_frequency() -> None:
    power = torch.fft.rfft(sine(1, 8000, 1234.0)[0]).abs()
    assert int(power.argmax()) == 1234


def test_noise_and_silence() -> None:
    assert abs(float(noise(1, 44_100, amplitude=0.2).std()) - 0.2) < 0.005
    assert silence(0.5, 8000, channels=2).shape == (2, 4000)
    assert not silence(0.5, 8000).any()
