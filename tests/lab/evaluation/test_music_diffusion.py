"""How the lab's diffusion is judged: one form and law for both classes, the page, what a listener learns."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from detector.music import MusicDetector
from lab.evaluation.music import diffusion, excerpts
from lab.evaluation.music.excerpts import RATE, Excerpt
from lab.music_texture import clockless
from lab.training.diffusion.pieces import Played
from tests.signals import music as song
from tests.signals import noise

PLAYED = Played([], 7, 1_600_000, 48)


def some(number: int, *, synthetic: bool) -> list[Excerpt]:
    made = []
    for seed in range(number):
        wav = excerpts.narrowed(song(10.0, RATE, seed=seed + 50 * synthetic), RATE)
        assert wav is not None
        made.append(Excerpt(f"{seed}.flac", f"shelf-{seed // 2}", synthetic, wav))
    return made


def test_every_excerpt_has_one_form() -> None:
    wide = excerpts.narrowed(noise(12.0, 44_100).repeat(2, 1), 44_100)
    assert wide is not None and wide.shape == (1, 160_000)
    spectrum = torch.fft.rfft(wide[0]).abs().square()
    assert float(spectrum[78_100:].sum()) < 1e-3 * float(spectrum.sum())
    assert 20 * np.log10(float(wide.square().mean().sqrt())) == pytest.approx(excerpts.LEVEL_DB, abs=0.1)
    assert excerpts.narrowed(torch.zeros(1, 160_000), RATE) is None
    assert excerpts.narrowed(noise(5.0, RATE), RATE) is None


def test_a_delivery_depends_on_the_name_and_not_on_the_class() -> None:
    one = some(1, synthetic=False)[0]
    first, again = excerpts.re_encoded(one), excerpts.re_encoded(one)
    assert torch.equal(first.wav, again.wav) and first.sample_rate == again.sample_rate
    other = excerpts.re_encoded(replace(one, synthetic=True))
    assert torch.equal(first.wav, other.wav)
    assert any(not torch.equal(first.wav, excerpts.re_encoded(one, n).wav) for n in (1, 2))


def test_high_peaks_do_not_lower_the_level() -> None:
    peaks = torch.zeros(1, 160_000)
    peaks[0, ::400] = 1.0  # a crest of 26 dB
    levels = []
    for wav in (peaks, noise(10.0, RATE)):
        form = excerpts.narrowed(wav, RATE)
        assert form is not None
        clip = excerpts.untouched(Excerpt("a", "b", True, form))
        levels.append(20 * np.log10(float(clip.wav.square().mean().sqrt())))
    assert levels[0] == pytest.approx(levels[1], abs=0.01)


def test_the_page_counts_what_the_detector_says() -> None:
    detector = MusicDetector.load()
    few = [*some(2, synthetic=True), *some(2, synthetic=False)]
    rows = [diffusion.said(detector, e, excerpts.untouched(e)) for e in few]
    found = [detector.score(excerpts.untouched(e)) for e in few]
    assert [row.verdict for row in rows] == [one.verdict for one in found]
    assert [row.llr for row in rows] == [one.llr for one in found]
    rows = [replace(row, llr=0.1 * n) for n, row in enumerate(rows)]
    page = diffusion.page(PLAYED, dict.fromkeys(diffusion.DELIVERIES, rows), diffusion.noises(2))
    assert "1.6 million parameters, 7 steps" in page and "played 2 pieces" in page
    assert "Not met: the detector's area lies between 0.35 and 0.65" in page
    assert "(0.000 as played, 0.000 re-encoded)" in page  # people stand above what is played
    rows = [replace(row, llr=0.1 * abs(n - 1.5)) for n, row in enumerate(rows)]
    page = diffusion.page(PLAYED, dict.fromkeys(diffusion.DELIVERIES, rows), diffusion.noises(2))
    assert "Met: the detector's area" in page and "(0.500 as played, 0.500 re-encoded)" in page


def test_what_could_not_be_measured_is_counted_apart() -> None:
    rows = [
        diffusion.Said(e, "no_trace" if n else "uncertain", 0.0 if n else None, 1.0, (1.0,) * 6)
        for n, e in enumerate(some(2, synthetic=True))
    ]
    assert diffusion._verdicts("as played", "played", rows).endswith("| 0 (0 to 66 %) | 1 |")


def test_confounds_that_tell_the_class_are_probed() -> None:
    both = [*some(6, synthetic=True), *some(6, synthetic=False)]
    told = [
        diffusion.Said(e, "no_trace", 0.0, 0.0, (1.0, 2.0, float(e.synthetic), 0.0, 0.0, 0.0)) for e in both
    ]
    silent = [replace(row, confounds=(1.0, 2.0, float(n % 3), 0.0, 0.0, 0.0)) for n, row in enumerate(told)]
    synthetic = np.array([e.synthetic for e in both])
    heard, unheard = diffusion.probed(told), diffusion.probed(silent)
    assert heard[synthetic].min() > heard[~synthetic].max()
    assert unheard[synthetic].min() < unheard[~synthetic].max()


def test_a_listener_learns_from_its_own_half_and_is_judged_on_the_other() -> None:
    rng = np.random.default_rng(0)

    def heard(number: int, group: str, shift: float) -> list[clockless.Heard]:
        made = []
        for n in range(number):
            excerpt = Excerpt(f"{group}-{n}", group, False, torch.zeros(1, 1))
            made.append(clockless.Heard(excerpt, rng.normal(shift, 1.0, (clockless.COPIES, 10))))
        return made

    shelves = [one for shelf in range(12) for one in heard(3, f"shelf-{shelf}", 0.0)]
    made = heard(20, "lab", 0.8)
    like = heard(8, clockless.CLOCKLESS[0], 0.8)
    page = clockless.page(made, shelves, [*like, *heard(8, "other", 0.0)])
    assert "**Met**: published diffusion" in page and "8 recordings" in page
    unlike = heard(8, clockless.CLOCKLESS[0], 0.0)
    assert "**Not met**" in clockless.page(made, shelves, unlike)
    known = {one.excerpt.group for one in shelves if clockless.trains(one.excerpt)}
    assert 0 < len(known) < 12 and f"from {12 - len(known)} other collections" in page


def test_an_excerpt_is_measured_in_several_deliveries() -> None:
    one = clockless.heard(some(1, synthetic=False)[0])
    assert one.values.shape[0] == clockless.COPIES and bool(np.isfinite(one.values).all())
    assert not np.array_equal(one.values[0], one.values[1])
