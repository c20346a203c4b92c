import shutil
from pathlib import Path

import pytest
import torch
from torch import Tensor

from core.clip import Clip, Source
from core.errors import WeightsError
from detector.music import MusicDetector, MusicFinding
from detector.music.detector import CARD
from tests.detector.music.combs import decoded, sped_up
from tests.signals import music, noise, silence, sine

RATE = 44100


def clip_of(wav: Tensor, sample_rate: int = RATE) -> Clip:
    return Clip(wav, sample_rate, Source("test.wav", "0" * 64, 0, "wav", "pcm_s16le"))


@pytest.fixture(scope="module")
def detector() -> MusicDetector:
    return MusicDetector.load()


@pytest.fixture(scope="module")
def synthetic(detector: MusicDetector) -> MusicFinding:
    return detector.score(clip_of(decoded(12, RATE, 86.1328125, seed=11)))


def test_a_decoder_clock_gives_the_verdict_and_the_exhibits(synthetic: MusicFinding) -> None:
    assert synthetic.verdict == "synthetic" and synthetic.reason is None
    assert synthetic.score is not None and synthetic.score > 0.9
    assert synthetic.llr is not None and synthetic.llr > 1
    assert synthetic.p_value is not None and synthetic.p_value <= 0.01
    exhibit = synthetic.evidence[0]
    assert exhibit.kind == "comb"
    assert exhibit.data["spacing_hz"] == pytest.approx(86.1328, abs=0.01)
    teeth = [line["hz"] / 86.1328125 for line in exhibit.data["lines"]]
    assert teeth == pytest.approx([round(t) for t in teeth], abs=1e-3)
    assert exhibit.data["ambiguous"] == (len(synthetic.families) > 1)


def test_the_family_has_that_clock_and_shares_are_a_distribution(synthetic: MusicFinding) -> None:
    assert {"HiFi-GAN", "BigVGAN", "DAC", "ADaMoS", "ISTFT"} & {
        word for f in synthetic.families for word in f.name.replace("-HiFiGAN", "").split()
    }
    assert 0 < sum(f.share for f in synthetic.families) <= 1 + 1e-9


def test_played_music_is_not_called_synthetic(detector: MusicDetector) -> None:
    finding = detector.score(clip_of(music(12, RATE, seed=11)))
    assert finding.verdict != "synthetic"
    assert finding.score is not None and finding.score < 0.5
    assert finding.families == ()


def test_segments_cover_the_clip_and_point_at_the_synthetic_half(detector: MusicDetector) -> None:
    wav = torch.cat([music(10, RATE, seed=2), decoded(10, RATE, 86.1328125, seed=2, level_db=-45)], 1)
    segments = detector.score(clip_of(wav)).segments
    assert [s.start_s for s in segments] == [0.0, 5.0, 10.0, 15.0]
    assert segments[-1].end_s == pytest.approx(20.0)
    assert max(s.score for s in segments[:2]) < 0.5 < min(s.score for s in segments[2:])


def test_a_change_of_speed_is_named(detector: MusicDetector) -> None:
    finding = detector.score(clip_of(sped_up(decoded(12, RATE, 86.1328125, seed=4, level_db=-45), 25, 26)))
    speeds = [e.data["speed"] for e in finding.evidence if e.kind == "speed"]
    assert speeds and speeds[0] == pytest.approx(1.04, abs=2e-3)


@pytest.mark.parametrize(
    ("wav", "sample_rate", "reason"),
    [
        (music(3, RATE, seed=1), RATE, "shorter"),
        (torch.zeros(1, 1), RATE, "shorter"),
        (torch.zeros(2, 0), RATE, "shorter"),
        (silence(8, RATE, channels=2), RATE, "silent"),
        (1e-6 * noise(8, RATE), RATE, "silent"),
        (noise(8, 6000), 6000, "kHz"),
        (sine(8, RATE, 440.0), RATE, "kHz"),
    ],
    ids=["short", "one-sample", "empty", "silent", "dither", "narrow", "tone"],
)
def test_what_cannot_be_measured_is_said(
    detector: MusicDetector, wav: Tensor, sample_rate: int, reason: str
) -> None:
    finding = detector.score(clip_of(wav, sample_rate))
    assert finding.verdict == "uncertain"
    assert finding.score is None and finding.llr is None and finding.p_value is None
    assert finding.reason is not None and reason in finding.reason


@pytest.mark.parametrize("channels", [1, 12])
def test_any_number_of_channels(detector: MusicDetector, channels: int) -> None:
    finding = detector.score(clip_of(noise(6, 48000, channels=channels), 48000))
    assert finding.score is not None and finding.verdict != "synthetic"


def test_the_same_samples_give_the_same_finding(detector: MusicDetector, synthetic: MusicFinding) -> None:
    assert detector.score(clip_of(decoded(12, RATE, 86.1328125, seed=11))) == synthetic


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    for name in ("music.toml", "music.safetensors"):
        shutil.copy(CARD.with_name(name), tmp_path / name)
    weights = bytearray((tmp_path / "music.safetensors").read_bytes())
    weights[-1] ^= 1
    (tmp_path / "music.safetensors").write_bytes(weights)
    with pytest.raises(WeightsError):
        MusicDetector.load(tmp_path / "music.toml")
