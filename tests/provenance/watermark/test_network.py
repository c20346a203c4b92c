import torch

from core.downmix import downmix
from provenance.watermark import grid, model
from provenance.watermark.network import Decoder, Embedder, NetworkConfig, cell_mean
from provenance.watermark.receiver import plane_of, rows_of, views, warp
from tests.signals import music, noise


def mono_rows(wav: torch.Tensor) -> torch.Tensor:
    return rows_of(wav[None])[0]


def test_views_of_stereo_are_the_rows_of_each_mixture() -> None:
    wav = music(6.0, 44_100)
    inverted = torch.stack([wav[0], -wav[0] + 0.01 * wav[1]])
    for heard, other in ((wav, (wav[0] - wav[1]) / 2.0), (inverted, inverted.mean(0))):
        mixtures = (downmix(heard), heard[0], heard[1], other)
        for rows, mixture in zip(views(heard, 44_100), mixtures, strict=True):
            expected = views(mixture[None], 44_100)[0]
            assert (rows - expected).abs().mean() < 2e-3  # rounding, in the quietest rows


def test_untrained_networks_are_the_patchwork() -> None:
    chips = torch.randint(0, 2, (1, grid.CELL_BANDS, 10)).float() * 2 - 1
    rows = torch.randn(1, grid.ROWS, 60)
    pattern = Embedder(NetworkConfig())(rows, chips, torch.full((1, 60), 36.0))
    assert torch.allclose(pattern, torch.tanh(0.5 * grid.spread_chips(chips, 60)))
    assert torch.allclose(Decoder(NetworkConfig())(rows), 2.0 * cell_mean(grid.whiten(rows)), atol=1e-5)


def test_gain_and_polarity_leave_the_decoder_unmoved() -> None:
    wav = (music(4.0, grid.RATE) + noise(4.0, grid.RATE, amplitude=0.003)).mean(0)
    decoder = model.shipped().decoder
    planes = [decoder(mono_rows(factor * wav)[None]) for factor in (1.0, -0.25)]
    # level reaches nothing but the 90 dB floor of the log-spectrum
    assert (planes[0] - planes[1]).abs().mean() < 0.01 * planes[0].abs().mean()


def test_chunks_equal_one_pass() -> None:
    rows = mono_rows(music(66.0, grid.RATE).mean(0))
    whole = model.shipped().decoder(rows[None])[0].numpy()
    pieces = plane_of(rows, model.shipped())
    assert pieces.shape == whole.shape
    assert abs(pieces - whole).max() < 1e-3


def test_rows_in_chunks_equal_rows_in_one_pass() -> None:
    wav = music(40.0, grid.RATE).mean(0)
    rows = mono_rows(wav)
    whole = grid.log_rows(grid.stft(wav[None]))[0, :, : rows.shape[1]]
    assert torch.allclose(rows, whole, atol=1e-3)


def test_warp_undoes_a_change_of_speed() -> None:
    from core.resample import resample

    wav = music(8.0, grid.RATE).mean(0, keepdim=True)
    faster = resample(wav, 11, 10)[0]
    rows, warped = mono_rows(wav[0]), warp(mono_rows(faster), 1.1, 1.1)
    frames = min(rows.shape[1], warped.shape[1])
    region = (slice(10, 60), slice(20, frames - 20))
    straight = (
        rows[:, :frames][region] - mono_rows(faster)[:, :frames][region[0], : frames - 40].mean()
    ).abs()
    assert (rows[region] - warped[region]).abs().mean() < 0.35 * straight.mean()


def test_the_matrices_cover_the_band_in_hertz() -> None:
    assert torch.allclose(grid.analysis_matrix().sum(1), torch.ones(grid.ROWS))
    touched = grid.synthesis_matrix().sum(1) > 0
    hertz = torch.arange(grid.N_FFT // 2 + 1)[touched] * grid.RATE / grid.N_FFT
    assert float(hertz.min()) > 350.0 and float(hertz.max()) < 11_000.0
