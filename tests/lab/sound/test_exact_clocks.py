import numpy as np
import pytest
import torch

from lab.evaluation.music_hard.__main__ import table
from lab.evaluation.music_hard.judge import Judged, sets_thresholds
from lab.evaluation.music_hard.scores import Copy, scores_of
from lab.sound.exact_clocks import LENGTH_S, SOUNDS, Sound
from lab.sound.old_codecs import OLD_CODECS, through_old_codec
from lab.sound.treatments import TREATMENTS, Treatment
from tests.signals import music

RATE = 44100


def test_names_are_unique() -> None:
    names = [s.name for s in SOUNDS] + [t.name for t in TREATMENTS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("sound", [s for s in SOUNDS[::7] if "plucked" not in s.name], ids=lambda s: s.name)
def test_sounds_are_finite_loud_and_reproducible(sound: Sound) -> None:
    wav, rate = sound.render(1)
    assert wav.shape == (1, round(LENGTH_S * rate)) and bool(torch.isfinite(wav).all())
    assert float(wav.abs().max()) == pytest.approx(0.7, abs=1e-3)
    assert torch.equal(wav, sound.render(1)[0])


@pytest.mark.parametrize(
    "treatment", [t for t in TREATMENTS if t.family != "codecs, low rate"][::5], ids=lambda t: t.name
)
def test_treatments_change_the_music_and_keep_its_length(treatment: Treatment) -> None:
    wav = music(5, RATE, seed=1)
    done = treatment.apply(wav, RATE, np.random.default_rng(0))
    assert bool(torch.isfinite(done).all()) and abs(done.shape[-1] / wav.shape[-1] - 1) < 0.1
    size = min(done.shape[-1], wav.shape[-1])
    assert float((done[:1, :size] - wav.mean(0)[:size]).abs().max()) > 1e-4


@pytest.mark.parametrize("name", sorted(OLD_CODECS))
def test_old_codecs_really_code(name: str) -> None:
    wav = music(3, RATE, seed=2).mean(0, keepdim=True)
    back = through_old_codec(wav, RATE, OLD_CODECS[name])
    size = min(back.shape[-1], wav.shape[-1])
    assert not torch.equal(back[:, :size], wav[:, :size])
    # same music: its level follows the original's in steps of a tenth of a second, whatever the delay
    levels = [
        x[0, : size // 4410 * 4410].reshape(-1, 4410).square().mean(1).sqrt().numpy() for x in (wav, back)
    ]
    assert max(np.corrcoef(levels[0][1:-2], np.roll(levels[1], -k)[1:-2])[0, 1] for k in range(3)) > 0.7


def test_the_page_counts_what_was_flagged() -> None:
    rows = [
        Judged(Copy("sound", "a", None), 5.0, 2.0, True, False, "an oscillator explains the comb"),
        Judged(Copy("sound", "a", None, 1), 5.0, 2.0, True, True, ""),
        Judged(Copy("sound", "b", None), float("nan"), float("nan"), False, False, ""),
    ]
    lines = table("kind", rows, lambda j: j.copy.kind).splitlines()
    assert lines[2].startswith("| a | 2 | 0 | 2 | 1 (≤ 97) | 0 | 1 | 2.00 | 2.00 |")
    assert lines[3].startswith("| b | 1 | 1 | 0 | 0 (≤ 95) | 0 | 0 | - | - |")
    assert lines[4].startswith("| **all** | 3 | 1 | 2 | 1 ")


def test_scores_of_a_tone_show_the_guards_what_they_need() -> None:
    wav, rate = next(s for s in SOUNDS if s.name == "saw 50 Hz").render(0)
    found = scores_of(wav, rate)
    assert found.lines.max() > 0.9 and found.flutter.max() > 0.9
    assert found.lines.shape == found.flutter.shape == found.spacings.shape and found.group


def test_halves_are_about_even() -> None:
    share = np.mean([sets_thresholds(n) for n in [s.name for s in SOUNDS] + [t.name for t in TREATMENTS]])
    assert 0.3 < share < 0.7
