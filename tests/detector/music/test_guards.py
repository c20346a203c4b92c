import numpy as np
import pytest
import torch

from core.clip import Clip, Source
from detector.music import MusicDetector, MusicFinding, guards
from detector.music.features import measure
from detector.music.spectra import survey
from detector.music.verdict import LEAST_LLR
from lab.sound.exact_clocks import SOUNDS
from tests.detector.music.combs import decoded
from tests.signals import music, noise

RATE = 44100


@pytest.fixture(scope="module")
def detector() -> MusicDetector:
    return MusicDetector.load()


def judged(detector: MusicDetector, name: str) -> tuple[float, MusicFinding]:
    wav, rate = next(s for s in SOUNDS if s.name == name).render(0)
    clip = Clip(wav, rate, Source("made.wav", "0" * 64, 0, "wav", "pcm_s16le"))
    measured = detector.measure(clip)
    assert not isinstance(measured, str)
    return detector.calibration.llr(measured.raw), detector.score(clip)


@pytest.mark.parametrize(
    "name",
    [
        "saw 50 Hz",
        "impulses 86.1328 Hz",
        "chip pads reset each tick 50 Hz",
        "gate 50 Hz, 60 %",
        "clicks 50 Hz",
    ],
)
def test_a_clock_that_is_heard_accuses_nobody(detector: MusicDetector, name: str) -> None:
    by_score, finding = judged(detector, name)
    assert by_score >= LEAST_LLR  # without the guards it would be called synthetic
    assert finding.verdict == "uncertain"
    assert finding.reason is not None and "explains the comb" in finding.reason
    assert finding.llr is not None and finding.llr <= 0
    assert {p.answer for p in finding.propositions if p.name != "C"} == {"open"}


@pytest.mark.parametrize("name", ["hum 50 Hz, hiss -40 dB", "chip arpeggios, tick 50 Hz"])
def test_hum_and_chip_tunes_are_not_called_synthetic(detector: MusicDetector, name: str) -> None:
    assert judged(detector, name)[1].verdict != "synthetic"


def test_a_decoder_is_not_excused(detector: MusicDetector) -> None:
    wav = decoded(12, RATE, 86.1328125, seed=11)
    measured = detector.measure(Clip(wav, RATE, Source("made.wav", "0" * 64, 0, "wav", "pcm_s16le")))
    assert not isinstance(measured, str)
    assert measured.objection is None and detector.calibration.llr(measured.raw) >= LEAST_LLR


def test_shares_are_what_was_put_on_the_teeth() -> None:
    at = torch.arange(10 * RATE) / RATE
    hiss = noise(10, RATE)[:1]
    tone = torch.sin(2 * torch.pi * 1000 * at)[None]
    mixed = hiss / hiss.square().mean().sqrt() + tone / tone.square().mean().sqrt()
    found = guards.shares(mixed, RATE, (50.0, 53.0))
    # the noise above the analysis band is not counted
    assert found.lines[0] == pytest.approx(0.6, abs=0.06)
    assert found.lines[1] < 0.02


def test_a_gate_moves_the_power_and_leaves_no_line() -> None:
    at = torch.arange(10 * RATE) / RATE
    gated = noise(10, RATE)[:1] * (1 + 0.6 * torch.sign(torch.sin(2 * torch.pi * 50 * at)))
    found = guards.shares(gated, RATE, (50.0,))
    assert found.lines[0] < 0.02 and found.flutter[0] > 0.3


def test_music_stands_on_no_comb() -> None:
    found = guards.shares(music(10, RATE, seed=3), RATE, (86.1328125,))
    assert found.lines[0] < 0.05 and found.flutter[0] < 0.02


@pytest.mark.parametrize(
    ("lines", "flutter", "bank", "word"),
    [
        (0.5, 0.0, False, "oscillator"),
        (0.0, 0.5, False, "gate"),
        (0.0, 0.0, True, "filter bank"),
        (0.1, 0.03, False, None),
    ],
)
def test_each_guard_names_its_explanation(lines: float, flutter: float, bank: bool, word: str | None) -> None:
    said = guards.objection(guards.Shares(np.array([lines]), np.array([flutter])), bank=bank)
    assert (said is None) == (word is None)
    assert word is None or word in str(said)


@pytest.mark.parametrize(("finer_hz", "bank"), [(None, True), (86.1328125, False)])
def test_a_stride_of_32_alone_is_a_filter_bank_and_with_frames_a_decoder(
    finer_hz: float | None, bank: bool
) -> None:
    wav = decoded(10, RATE, 1378.125, seed=5, level_db=-45)
    if finer_hz is not None:
        wav = wav + decoded(10, RATE, finer_hz, seed=5, level_db=-40) - music(10, RATE, seed=5)
    assert guards.filter_bank(measure(survey(wav, RATE)[0])) == bank
