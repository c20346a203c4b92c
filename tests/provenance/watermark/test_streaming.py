"""A stream is marked once, with a constant delay, as the whole file would be."""

import pytest
import torch
from torch import Tensor

from core.errors import WatermarkError
from provenance.watermark import Stream, WatermarkKey, detect, embed
from tests.signals import music, silence

KEY = WatermarkKey.generate()
MESSAGE = bytes.fromhex("00112233445566ff")


def streamed(wav: Tensor, sample_rate: int, chunk: int) -> Tensor:
    stream = Stream(sample_rate, MESSAGE, KEY)
    parts = [stream.push(some) for some in torch.split(wav, chunk, -1)]
    return torch.cat([*parts, stream.close()], -1)


@pytest.mark.parametrize("sample_rate", [16_000, 22_050, 32_000, 44_100, 48_000])
def test_the_delay_is_constant_and_under_two_seconds(sample_rate: int) -> None:
    stream = Stream(sample_rate, MESSAGE, KEY)
    assert stream.latency <= 2 * sample_rate
    came = went = 0
    for chunk in torch.split(music(7.0, sample_rate, 4), 997, -1):
        came, went = came + chunk.shape[-1], went + stream.push(chunk).shape[-1]
        assert came - went < stream.latency, "a sample waits no longer, wherever it lies"
    assert went > 0
    assert went + stream.close().shape[-1] == came


def test_the_length_of_the_chunks_changes_nothing() -> None:
    wav = music(5.0, 16_000, 4)
    whole = streamed(wav, 16_000, wav.shape[-1])
    for chunk in (1600, 7_681):
        assert torch.equal(streamed(wav, 16_000, chunk), whole)


def test_it_is_the_mark_of_the_file_and_as_loud() -> None:
    wav = music(14.0, 44_100, 8)
    file, stream = embed(wav, 44_100, MESSAGE, KEY), streamed(wav, 44_100, 4096)
    mark, other = file - wav, stream - file
    nearness_db = 10 * torch.log10(mark.square().sum() / other.square().sum())
    louder_db = 10 * torch.log10((stream - wav).square().sum() / mark.square().sum())
    assert float(nearness_db) > 15.0, "what differs lies far below the mark itself"
    assert abs(float(louder_db)) < 1.0
    found = detect(stream, 44_100, KEY)
    assert found.message == MESSAGE
    assert found.p_value < detect(file, 44_100, KEY).p_value ** 0.9


def test_no_step_of_the_stream_can_be_heard_as_one() -> None:
    """Where pieces meet, the mark moves no faster than elsewhere: jumps would be clicks."""
    wav = music(8.0, 16_000, 2)
    change = (streamed(wav, 16_000, 4096) - wav).diff(dim=-1).abs().amax(0)
    seams = range(7_680, change.numel() - 7_680, 7_680)
    at_seams = torch.stack([change[seam - 2 : seam + 2].max() for seam in seams])
    assert float(at_seams.max()) < float(change.quantile(0.9999))


@pytest.mark.parametrize("seconds", [0.001, 1.0])
def test_what_is_too_short_is_told_at_the_end_and_nothing_went_out(seconds: float) -> None:
    stream = Stream(16_000, MESSAGE, KEY)
    assert stream.push(music(seconds, 16_000)).numel() == 0
    with pytest.raises(WatermarkError, match="too short"):
        stream.close()


def test_silence_bad_samples_and_a_change_of_channels_are_refused() -> None:
    quiet = Stream(16_000, MESSAGE, KEY)
    quiet.push(silence(3.0, 16_000))
    with pytest.raises(WatermarkError, match="silence"):
        quiet.close()
    stream = Stream(16_000, MESSAGE, KEY)
    stream.push(music(1.0, 16_000))
    with pytest.raises(WatermarkError, match="finite"):
        stream.push(torch.full((2, 9), float("inf")))
    with pytest.raises(WatermarkError, match="2 channels"):
        stream.push(torch.zeros(1, 9))
