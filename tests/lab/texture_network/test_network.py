from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lab.texture_network.network import (
    FOLD,
    HOP,
    RATE,
    SHORT_CHANNELS,
    Answer,
    Shape,
    TextureNetwork,
    features,
    short_features,
)
from lab.texture_network.pairs import CROP as KEPT
from lab.texture_network.pairs import Pair, delivered, excerpt, pair, save
from lab.texture_network.train import CROP, Crops, Pairs, begin, load, loss_of, read, train, validate
from tests.signals import music

SMALL = Shape(widths=(4, 4, 8, 8))


def test_texture_does_not_depend_on_level() -> None:
    wav = music(1.0, RATE, seed=0).mean(0, keepdim=True)
    assert torch.allclose(features(wav), features(0.1 * wav), atol=2e-2)


def test_phases_of_steady_tones_advance_evenly_and_those_of_noise_do_not() -> None:
    time = torch.arange(2 * RATE) / RATE
    tone = torch.sin(2 * torch.pi * 1000.0 * time)[None]
    at = round(1000.0 / RATE * 1024) - 8 - 1  # first bin is 8, the outermost are dropped
    steady = features(tone)[0, 2, at, 5:-5]
    noise = features(torch.randn(1, 2 * RATE, generator=torch.Generator().manual_seed(0)))[0, 2]
    assert float(steady.min()) > 0.99
    assert float(noise.mean()) < 0.5


def test_short_frames_see_where_a_tone_was_cut_and_joined() -> None:
    time = torch.arange(2 * RATE) / RATE
    tone = torch.sin(2 * torch.pi * 1000.0 * time)
    joined = torch.cat([tone[:RATE], -tone[RATE:]])[None]  # a jump by half a turn after one second
    channels = short_features(joined)[0]
    assert channels.shape == (FOLD * SHORT_CHANNELS, 126, 124)
    in_time = channels[FOLD : 2 * FOLD, round(1000 / 62.5) - 2]  # second channel, bin of the tone
    least = in_time.min(0).values
    assert int(least.argmin()) == pytest.approx(RATE / HOP - 1, abs=2)
    away = torch.cat([least[1:58], least[66:-1]])  # both ends of the crop are edges too
    assert float(away.min()) > 0.99 > 0.5 > float(least.min())


def test_the_network_gives_the_same_answer_twice_and_to_each_crop_alone() -> None:
    torch.manual_seed(0)
    network = TextureNetwork(SMALL).eval()
    wav = torch.stack([music(2.0, RATE, seed=seed).mean(0) for seed in range(2)])
    with torch.no_grad():
        first, second, alone = network(wav), network(wav), network(wav[:1])
    assert torch.equal(first.rendered, second.rendered) and torch.equal(first.scaled, second.scaled)
    assert torch.allclose(first.rendered[:1], alone.rendered, atol=1e-5)
    assert first.pooled.shape == (2, 16)


def answer(rendered: list[float], scaled: list[float]) -> Answer:
    return Answer(torch.tensor(rendered), torch.tensor(scaled), torch.zeros(4, 9), torch.zeros(4, 2))


def test_loss_falls_when_the_rendered_member_scores_higher() -> None:
    crops = Crops(torch.zeros(4, CROP), torch.tensor([0, 1]), torch.zeros(4), torch.ones(4).bool())
    right = loss_of(answer([-2.0, -2.0, 2.0, 2.0], [0.0] * 4), crops)
    wrong = loss_of(answer([2.0, 2.0, -2.0, -2.0], [0.0] * 4), crops)
    assert right < wrong


def test_loss_asks_for_scaled_crops_that_stand_alone_and_for_no_others() -> None:
    truth, alone = torch.tensor([1.0, 0.0, 1.0, 0.0]), torch.tensor([True, True, False, False])
    crops = Crops(torch.zeros(4, CROP), torch.tensor([0, 1]), truth, alone)
    right = loss_of(answer([0.0] * 4, [3.0, -3.0, 0.0, 0.0]), crops)
    assert right < loss_of(answer([0.0] * 4, [-3.0, 3.0, 0.0, 0.0]), crops)
    assert right == loss_of(answer([0.0] * 4, [3.0, -3.0, -9.0, 9.0]), crops)


def test_members_of_a_pair_differ_in_the_rendering_alone() -> None:
    wav = music(5.5, 44_100, seed=0).mean(0)
    made = pair(wav, 44_100, np.random.default_rng(5), {})
    assert made.human.shape == made.synthetic.shape == (KEPT,)
    assert not np.array_equal(made.human, made.synthetic)
    levels = [10 * np.log10(np.mean(x**2)) for x in (made.human, made.synthetic)]
    assert levels[0] == pytest.approx(levels[1], abs=3.0)
    again = pair(wav, 44_100, np.random.default_rng(5), {})
    assert np.array_equal(made.human, again.human) and np.array_equal(made.synthetic, again.synthetic)


def test_half_of_what_is_made_says_whether_its_tempo_or_pitch_was_changed() -> None:
    wav, said = music(5.5, 22_050, seed=2).mean(0), []
    for seed in range(8):
        made = pair(wav, 22_050, np.random.default_rng(seed), {})
        assert made.human.shape == made.synthetic.shape == (KEPT,)
        said.append(made.scaled)
    assert any(all(s) for s in said) and not all(any(s) for s in said)


def test_some_originals_are_played_by_machines_that_are_no_network() -> None:
    clip = (torch.ones(6 * 24_000), 24_000)
    drawn = [excerpt([clip], np.random.default_rng(seed)) for seed in range(60)]
    played = [wav for wav, rate in drawn if rate != 24_000]
    assert 1 <= len(played) <= 15  # a tenth of 60: outside by chance once in a thousand
    assert all(wav.std() > 1e-3 for wav in played)


def test_one_seed_is_one_delivery() -> None:
    wav = music(5.0, 24_000, seed=1).mean(0).numpy()
    assert np.array_equal(delivered(wav, 24_000, 3), delivered(wav, 24_000, 3))
    lengths = {len(delivered(wav, 24_000, seed)) for seed in range(6)}
    assert len(lengths) > 1  # speeds and codecs differ


def test_a_batch_can_change_tempo_or_pitch_by_itself() -> None:
    audio = np.random.default_rng(0).integers(-9000, 9000, (3, 2, KEPT)).astype(np.int16)
    audio[:, 1] = audio[:, 0]
    pairs = Pairs(audio, np.zeros(3, np.int64), np.zeros((3, 2), bool))
    chosen = np.array([0, 1, 2])
    for again in (0.0, 1.0):
        crops = pairs.crops(chosen, np.random.default_rng(1), again)
        first, second = crops.audio.chunk(2)
        assert crops.audio.shape == (6, CROP) and torch.equal(first, second)  # members are changed alike
        assert torch.equal(crops.scaled, torch.full((6,), again))
    assert not pairs.scaled.any()


def test_a_network_learns_noise_in_a_moment_resumes_and_loads(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    made = []
    for seed in range(6):
        human = music(KEPT / RATE, RATE, seed=seed).mean(0).numpy()[:KEPT]
        noise = 0.1 * rng.standard_normal(KEPT).astype(np.float32)
        made.append(Pair(human, human + noise, seed % 2, (seed % 3 == 0, seed % 3 == 0)))
    save(made, tmp_path / "pairs-0000.npz")
    pairs = read([tmp_path / "pairs-0000.npz"])
    assert isinstance(pairs, Pairs) and pairs.audio.shape == (6, 2, KEPT) and KEPT > CROP
    path = tmp_path / "snapshot.pt"
    # steps are counted, not seconds: a busy machine learns as much as an idle one
    train(pairs, path, seconds=3600.0, batch=4, shape=SMALL, most_steps=20)
    assert torch.load(path, weights_only=True)["step"] == 20
    train(pairs, path, seconds=3600.0, batch=4, shape=SMALL, most_steps=40)
    assert torch.load(path, weights_only=True)["step"] == 40
    found = validate(load(path), pairs)
    assert set(found) >= {"pairs", "all", "scaled", "chain", "phase"}
    assert found["pairs"] > 0.5
    other = TextureNetwork(replace(SMALL, families=4))
    copied = begin(other, path)
    assert copied == len(other.state_dict()) - 2  # all but the head of another shape
    assert torch.equal(other.state_dict()["synthetic.weight"], load(path).state_dict()["synthetic.weight"])
