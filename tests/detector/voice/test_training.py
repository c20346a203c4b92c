"""The training scripts run: two steps, generated sound."""

import numpy as np
import pytest
import torch

from detector.voice.countermeasure import Countermeasure
from detector.voice.synthesis import ScoreConfig, VoiceNetwork
from lab.sound.vocoders import METHODS, pitch_track
from lab.training.voice.activity import Plan, signal, train, window
from lab.training.voice.clips import Voice, speaker_of
from lab.training.voice.countermeasure import Table, calibrate, fit, left_out
from lab.training.voice.fusing import calibrate as across_pages
from lab.training.voice.fusing import cautious, fusion
from lab.training.voice.ranking import Plan as Ranking
from lab.training.voice.ranking import fit as fit_network
from lab.training.voice.ranking import lots, standardise
from tests.signals import music

RATE = 16000
SONG = music(2.0, RATE, seed=2)[0].numpy()


@pytest.mark.parametrize("name", sorted(METHODS))
def test_copy_synthesis_keeps_the_sound_but_not_the_waveform(name: str) -> None:
    copy = METHODS[name](SONG, RATE, np.random.default_rng(1))
    assert copy.shape == SONG.shape and np.isfinite(copy).all()
    assert not np.allclose(copy, SONG, atol=1e-3)
    loud = [float(np.sqrt(np.mean(wav**2))) for wav in (SONG, copy)]
    assert 0.2 < loud[1] / loud[0] < 5.0


def test_pitch_is_tracked() -> None:
    t = np.arange(RATE) / RATE
    buzz = np.sum([np.sin(2 * np.pi * 150 * k * t) / k for k in range(1, 20)], axis=0).astype(np.float32)
    frequency, strength = pitch_track(buzz, RATE, 160)
    assert np.median(frequency) == pytest.approx(150, rel=0.02)
    assert np.median(strength) > 0.8


def test_activity_trains_two_steps_and_repeats_itself() -> None:
    once = train([[SONG]], [[SONG[::-1].copy()]], Plan(steps=2, batch=4))
    again = train([[SONG]], [[SONG[::-1].copy()]], Plan(steps=2, batch=4))
    for one, two in zip(once.parameters(), again.parameters(), strict=True):
        assert torch.isfinite(one).all() and torch.equal(one, two)


def test_windows_of_both_classes_have_one_size() -> None:
    rng = np.random.default_rng(0)
    assert window(SONG, SONG, rng).shape == window(None, SONG, rng).shape == (2 * RATE,)
    assert np.isfinite(signal(RATE, rng)).all()


def voice(source: str, speaker: str, synthetic: bool) -> Voice:
    return Voice(f"{source}/{speaker}", source, "x", speaker, synthetic, synthetic, False, True, "")


def made_up(count: int = 200) -> Table:
    rng = np.random.default_rng(0)
    clips = [voice(f"page{n % 4}", f"speaker{n % 20}", bool(n % 2)) for n in range(count)]
    values = rng.standard_normal((count, 3)) + np.array([[2.0 * clip.synthetic] * 3 for clip in clips])
    return Table(values, clips, [""] * count, ["0"] * count)


def test_the_classifier_learns_and_left_out_scores_are_calibrated() -> None:
    rows = made_up()
    model = Countermeasure(fit(rows, np.ones(200, dtype=bool)))
    logits = model.logits(torch.tensor(rows.values, dtype=torch.float32)).numpy()
    assert logits[rows.synthetic].mean() > logits[~rows.synthetic].mean() + 1.0
    unseen = left_out(
        Table(rows.values, [voice(v.source, "", v.synthetic) for v in rows.voice], rows.method, rows.variant),
        research=True,
    )
    slope, offset = calibrate(rows, unseen)
    llr = slope * unseen + offset
    assert np.mean((llr > 0) == rows.synthetic) > 0.9


def test_a_speaker_has_one_name_on_every_page() -> None:
    row = {"path": "a.wav", "label": "real-reference"}
    vctk = row | {"source": "yourtts-demo", "generator_or_identity": "ytts-p225", "pair_id": "ytts-p225"}
    other = row | {
        "source": "clamtts-demo",
        "generator_or_identity": "vctk_p225",
        "pair_id": "clam-vctk-vctk_p225",
    }
    assert speaker_of(vctk) == speaker_of(other) == "p225"
    clone = vctk | {"label": "clone", "generator_or_identity": "YourTTS"}
    assert speaker_of(clone) == "p225"


def test_the_voice_network_trains_two_steps_repeats_itself_and_learns() -> None:
    rng = np.random.default_rng(0)
    synthetic = np.arange(240) % 2 == 1
    page, system = np.array([f"page{n % 3}" for n in range(240)]), np.array(["x"] * 240)
    values = rng.standard_normal((240, 6)) + synthetic[:, None]
    trained = []
    for steps in (2, 2, 60):
        network = VoiceNetwork(ScoreConfig(inputs=6, hidden=4, members=1))
        standardise(network, values, np.ones(6))
        inputs = network.standard(torch.tensor(values, dtype=torch.float32))
        fit_network(network, inputs, lots(synthetic, page, system), Ranking(steps=steps, rate=0.02))
        trained.append(network)
    assert torch.equal(trained[0].first, trained[1].first)
    logits = trained[2](torch.tensor(values, dtype=torch.float32)).detach().numpy()
    assert logits[synthetic].mean() > logits[~synthetic].mean() + 0.5


def test_the_fusion_is_calibrated_on_what_was_left_out() -> None:
    rng = np.random.default_rng(1)
    synthetic = np.arange(400) % 2 == 1
    logits = np.array([1.0, 5.0, 1.0, 2.0]) * (rng.standard_normal((400, 4)) + 2 * synthetic[:, None])
    page = np.array([f"page{n // 2 % 4}" for n in range(400)])
    standard = fusion(logits[np.arange(400) % 4 < 2])
    score = standard.score(torch.tensor(logits)).numpy()
    told = across_pages(score, synthetic, page)
    accusing = cautious(score, synthetic, page, np.arange(400) % 8 < 4)
    for slope, offset in (told, accusing):
        assert np.mean((slope * score + offset > 0) == synthetic) > 0.9


def test_pages_that_shift_scores_make_the_ratio_humble() -> None:
    """With one chance in a thousand that 4,000 draws are this far from their slope."""
    rng = np.random.default_rng(2)
    synthetic, page = np.arange(4000) % 2 == 1, np.array([f"page{n // 2 % 8}" for n in range(4000)])
    score = rng.standard_normal(4000) + 2.0 * synthetic
    alike = across_pages(score, synthetic, page)
    assert alike[0] == pytest.approx(2.0, abs=0.25) and alike[1] == pytest.approx(-2.0, abs=0.25)
    shift = np.array([float(name[-1]) - 3.5 for name in page])
    slope, offset = across_pages(score + shift, synthetic, page)
    assert slope == pytest.approx(
        alike[0] * (1 + np.pi * (alike[0] ** 2 * np.var(shift)) / 8) ** -0.5, rel=0.1
    )
    assert -offset / slope == pytest.approx(-alike[1] / alike[0], abs=0.1), "the middle stays"
    one_class = np.concatenate([page, ["karaoke"] * 500])
    more = np.concatenate([score + shift, np.full(500, 9.0)])
    assert across_pages(more, np.concatenate([synthetic, np.zeros(500, bool)]), one_class) == pytest.approx(
        (slope, offset), abs=1e-3
    ), "a page with one class cannot tell a page from a class"
    with pytest.raises(ValueError, match="two pages"):
        across_pages(score[page == "page1"], synthetic[page == "page1"], page[page == "page1"])
