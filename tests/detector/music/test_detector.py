import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from core.clip import Clip, Source
from core.errors import WeightsError
from detector.music import MusicDetector, MusicFinding
from detector.music.comb import Open
from detector.music.detector import CARD
from detector.music.looks import joint_llr, moved_edges, sharpened
from detector.music.spectra import ANALYSIS_RATE, LINE_FRAME
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


def stereo(image: str) -> Tensor:
    """A decoder's sound in one stereo image, with other music where there is room."""
    own = decoded(12, RATE, 86.1328125, seed=11)[0]
    other = music(12, RATE, seed=5)[0]
    other = other * (own.std() / other.std())
    return {
        "inverted": torch.stack([own, -own]),
        "nearly inverted": torch.stack([own, -0.7 * own]),
        "left only": torch.stack([own, 0 * own]),
        "right only": torch.stack([0 * own, own]),
        "twice": torch.stack([own, own]),
        "beside other music": torch.stack([other, own]),
        "in the side": torch.stack([other + 0.7 * own, other - 0.7 * own]),
        "in the middle, wide music beside": torch.stack([own + 1.5 * other, own - 1.5 * other]),
        "in channel 4 of 5": torch.stack([other, other.roll(999), other.roll(99_999), own, 0 * own]),
    }[image]


@pytest.mark.parametrize(
    "image",
    [
        "inverted",
        "nearly inverted",
        "left only",
        "right only",
        "twice",
        "beside other music",
        "in the side",
        "in the middle, wide music beside",
        "in channel 4 of 5",
    ],
)
def test_a_decoder_is_heard_in_every_stereo_image(detector: MusicDetector, image: str) -> None:
    found = detector.score(clip_of(stereo(image)))
    assert found.verdict == "synthetic", found.reason
    told = [e.data for e in found.evidence if e.kind == "looks"]
    if image in ("inverted", "nearly inverted", "left only", "right only", "twice"):
        alone = detector.score(clip_of(stereo("left only")[:1]))
        assert not told and found.llr == pytest.approx(alone.llr, abs=0.1), "one look, the same answer"
    else:
        assert told and 2 <= told[0]["looks"] <= 4


def test_looks_are_paid_for(detector: MusicDetector) -> None:
    wide = torch.stack([music(12, RATE, seed=s)[0] for s in (1, 2)])
    found, alone = detector.score(clip_of(wide)), detector.score(clip_of(wide.mean(0, keepdim=True)))
    assert found.verdict != "synthetic"
    assert found.p_value is not None and alone.p_value is not None
    assert joint_llr([3.0, 3.0]) == pytest.approx(3.0)
    assert joint_llr([3.0, -4.0]) == pytest.approx(3.0 - math.log10(2), abs=1e-4)


@pytest.mark.parametrize("ratio", [25 / 26, 26 / 25, 9 / 8])
def test_a_known_change_is_undone(detector: MusicDetector, ratio: float) -> None:
    wav = decoded(12, RATE, 86.1328125, seed=4, level_db=-45)
    up, down = {25 / 26: (25, 26), 26 / 25: (26, 25), 9 / 8: (9, 8)}[ratio]
    changed = clip_of(sped_up(wav, down, up))
    found = detector.score(changed, [ratio])
    told = [e.data for e in found.evidence if e.kind == "looks"]
    assert told and told[0]["looks"] >= 2
    assert found.verdict == "synthetic"
    assert found.segments[-1].end_s == pytest.approx(changed.duration_s, rel=0.01), (
        "times are those of the file"
    )


def test_an_edge_that_moved_tells_the_ratio() -> None:
    bins = np.arange(LINE_FRAME // 2 + 1) * ANALYSIS_RATE / LINE_FRAME
    for edge_hz, wanted in ((12000 * 1.06, 1.06), (8000 * 0.9, 0.9), (12000.0, None), (15900.0, None)):
        told = moved_edges(np.where(bins < edge_hz, -40.0, -100.0).astype(np.float32))
        assert wanted in told if wanted else not told
    assert moved_edges(np.linspace(-20, -100, bins.size, dtype=np.float32)) == (), "a slope has no edge"


@pytest.mark.parametrize(
    ("told", "comb", "exact"),
    [
        (1.1499, Open(3.0, 50.0), 1.15),
        (0.9502, Open(3.0, 50.0), 0.95),
        (1.1223, Open(3.0, 50.0), 2 ** (2 / 12)),
        (1.0731, Open(3.0, 50.0), 1.0731),
        (1.0731, Open(20.0, 50.0 * 1.07345), 1.07345),
        (1.0731, Open(20.0, 50.0 * 1.09), 1.0731),
    ],
)
def test_a_told_ratio_is_made_exact(told: float, comb: Open, exact: float) -> None:
    assert sharpened(told, comb) == pytest.approx(exact, abs=1e-9)


def test_a_ratio_told_roughly_is_undone_exactly(detector: MusicDetector) -> None:
    wav = decoded(12, RATE, 86.1328125, seed=4, level_db=-45)
    changed = clip_of(sped_up(wav, 20, 23))
    rough = detector.score(changed, [1.1497])
    assert rough.verdict == "synthetic"
    assert rough == detector.score(changed, [1.15]), "about a round number"
