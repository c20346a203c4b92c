import pytest
import torch

from core.resample import resample
from provenance.watermark import detect, embed
from provenance.watermark.key import WatermarkKey
from tests.signals import music, noise, silence

KEY = WatermarkKey(bytes(range(32)))
MESSAGE = b"trackmrk"
RATE = 44_100


@pytest.fixture(scope="module")
def marked() -> torch.Tensor:
    return embed(music(16.0, RATE), RATE, MESSAGE, KEY)


def test_the_message_comes_back_with_a_map_of_where(marked: torch.Tensor) -> None:
    found = detect(marked, RATE, KEY)
    assert found.present and found.message == MESSAGE
    assert found.p_value < 1e-12
    assert found.speed == 1.0 and found.pitch_semitones == 0.0
    assert [s.start_s for s in found.segments] == list(range(16))
    assert sum(s.score for s in found.segments) / 16 > 0.3


@pytest.mark.parametrize(
    "change",
    [
        lambda wav: -wav,
        lambda wav: 0.1 * wav,
        lambda wav: wav.mean(0, keepdim=True),
        lambda wav: wav[:1],
        lambda wav: wav[:, 123_457:],
        lambda wav: wav + noise(16.0, RATE, channels=2, amplitude=0.01),
        lambda wav: resample(resample(wav, RATE, 22_050), 22_050, RATE),
    ],
    ids=["polarity", "gain", "mono", "left", "crop", "noise", "resample"],
)
def test_everyday_changes_do_not_hurt(marked: torch.Tensor, change: object) -> None:
    assert detect(change(marked), RATE, KEY).message == MESSAGE  # type: ignore[operator]  # a lambda


def test_another_rate_reads_the_same(marked: torch.Tensor) -> None:
    assert detect(resample(marked, RATE, 48_000), 48_000, KEY).message == MESSAGE


def test_a_wrong_key_reads_nothing(marked: torch.Tensor) -> None:
    found = detect(marked, RATE, WatermarkKey(bytes(32)))
    assert not found.present and found.message is None and found.segments == ()
    assert found.p_value > 1e-3


def test_unmarked_music_is_not_reported() -> None:
    # by the bound, one of these eight windows is reported with probability below 1e-5
    for seed in range(8):
        assert not detect(music(10.0, 16_000, seed=seed), 16_000, KEY).present


def test_the_map_shows_the_marked_half(marked: torch.Tensor) -> None:
    half = torch.cat([marked[:, : 8 * RATE], music(16.0, RATE)[:, 8 * RATE :]], 1)
    found = detect(half, RATE, KEY)
    assert found.message == MESSAGE
    scores = [s.score for s in found.segments]
    assert sum(scores[:8]) > 3.0 * sum(scores[8:])


def test_exhaustive_search_undoes_a_change_of_speed() -> None:
    wav = embed(music(24.0, 16_000), 16_000, MESSAGE, KEY)
    faster = resample(wav, 108, 100)
    assert detect(faster, 16_000, KEY).message is None
    found = detect(faster, 16_000, KEY, exhaustive=True)
    assert found.message == MESSAGE
    assert found.speed == pytest.approx(1.08, abs=0.005)


@pytest.mark.parametrize(("speed", "pitch"), [(1.15, 1.15), (0.87, 0.87), (1.15, 1.1478)])
def test_a_change_that_is_known_is_looked_at_without_a_search(speed: float, pitch: float) -> None:
    wav = embed(music(24.0, 16_000), 16_000, MESSAGE, KEY)
    changed = resample(wav, round(1000 * speed), 1000)
    found = detect(changed, 16_000, KEY, known=[(speed, pitch)])
    assert found.message == MESSAGE and found.speed == pytest.approx(speed, abs=0.002)
    assert (found.exhaustive, found.known) == (False, ((speed, pitch),))
    inverted = torch.cat([changed[:1], -changed[:1]])
    assert detect(inverted, 16_000, KEY, known=[(speed, pitch)]).message == MESSAGE
    assert not detect(changed, 16_000, WatermarkKey(bytes(32)), known=[(speed, pitch)]).present


def test_a_sample_in_another_track_is_read_where_it_lies() -> None:
    wav = embed(music(40.0, 16_000), 16_000, MESSAGE, KEY)
    host = music(60.0, 16_000, seed=3)
    host[:, 40 * 16_000 : 50 * 16_000] = wav[:, 20 * 16_000 : 30 * 16_000]
    found = detect(host, 16_000, KEY, exhaustive=True)
    assert found.message == MESSAGE
    scores = [s.score for s in found.segments]
    assert sum(scores[40:50]) > 3.0 * (sum(scores[:40]) + sum(scores[50:])) / 5.0


@pytest.mark.parametrize("wav", [silence(5.0, RATE), noise(0.01, RATE), silence(0.0, RATE), noise(1.0, RATE)])
def test_short_and_silent_audio_is_a_result(wav: torch.Tensor) -> None:
    found = detect(wav, RATE, KEY)
    assert not found.present and found.message is None


def test_a_new_epoch_reads_old_marks_and_the_old_epoch_reads_no_new_ones(marked: torch.Tensor) -> None:
    newer = KEY.next_epoch().next_epoch()
    found = detect(marked, RATE, newer)
    assert found.message == MESSAGE and found.key_epoch == KEY.epoch
    fresh = embed(music(8.0, 16_000), 16_000, MESSAGE, newer)
    assert detect(fresh, 16_000, newer).key_epoch == newer.epoch
    assert not detect(fresh, 16_000, KEY).present


def test_a_long_file_is_read_section_by_section(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.watermark.detection.SECTION_S", 8)
    plain, mark = music(16.0, 16_000), embed(music(16.0, 16_000), 16_000, MESSAGE, KEY)
    found = detect(torch.cat([plain[:, : 8 * 16_000], mark], 1), 16_000, KEY)
    assert found.message == MESSAGE
    scores = [s.score for s in found.segments]
    assert [s.start_s for s in found.segments] == list(range(24))
    assert sum(scores[:8]) == 0.0 and min(scores[9:23]) > 0.1


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 44_099, 192_000])
def test_unusual_rates_are_marked_and_read(sample_rate: int) -> None:
    wav = music(10.0, sample_rate)[:1]
    marked = embed(wav, sample_rate, MESSAGE, KEY)
    assert marked.shape == wav.shape
    assert detect(marked, sample_rate, KEY).message == MESSAGE


@pytest.mark.parametrize(
    "spoil",
    [lambda wav: wav + 0.3, lambda wav: (4.0 * wav).clamp(-1.0, 1.0), lambda wav: 1e-3 * wav],
    ids=["offset", "clipped master", "very quiet"],
)
def test_odd_masters_are_marked_and_read(spoil: object) -> None:
    wav = spoil(music(10.0, RATE))  # type: ignore[operator]  # a lambda
    marked = embed(wav, RATE, MESSAGE, KEY)
    assert float(marked.abs().max()) <= max(1.0, float(wav.abs().max()))
    assert detect(marked, RATE, KEY).message == MESSAGE


def test_audio_that_is_not_a_number_is_no_mark() -> None:
    assert not detect(torch.full((2, 5 * RATE), float("nan")), RATE, KEY).present


def test_a_loop_of_four_seconds_is_read(marked: torch.Tensor) -> None:
    loop = marked[:, 3 * RATE : 7 * RATE].repeat(1, 7)
    assert detect(loop, RATE, KEY, exhaustive=True).message == MESSAGE


def test_a_loop_is_read_in_one_of_its_turns(marked: torch.Tensor) -> None:
    turn = marked[:, round(5.0 * RATE) : round(8.7 * RATE)]
    loop = turn.repeat(1, 6)[:, : 20 * RATE]
    found = detect(loop, RATE, KEY)
    assert found.message == MESSAGE and found.p_value < 1e-6
    assert not detect(loop, RATE, WatermarkKey(bytes(32))).present
