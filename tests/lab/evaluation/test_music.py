from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.clip import Clip, Source
from core.encode import encode
from lab.datasets import Recording
from lab.evaluation.music import attribution as music_attribution
from lab.evaluation.music import calibration as music_calibration
from lab.evaluation.music import gallery as music_gallery
from lab.evaluation.music import strata as music_strata
from lab.evaluation.music.__main__ import Located, Scored, figures
from lab.evaluation.music.page import located, page
from lab.training.music.copies import analyse, path_of, route_of, save
from tests.detector.music.combs import decoded
from tests.signals import music

RNG = np.random.default_rng(0)


def recording(name: str, label: str, source: str = "p", folder: str = "a") -> Recording:
    kind = "ai_music" if label == "ai" else "human_music"
    return Recording(
        Path(folder) / source / name,
        kind,
        label,
        source,
        "g" if label == "ai" else "",
        "",
        "CC0",
        "open",
        ("", "", ""),
        0.0,
        10.0,
        44100,
        2,
        "wav",
    )


def scored(delivery: str, recordings: list[Recording], raw: np.ndarray, bands: np.ndarray) -> Scored:
    count = len(recordings)
    p_value = np.where(raw > 5, 0.001, 0.5)
    clear = np.zeros(count, bool)
    columns = (raw, raw - 2, raw - 2, p_value, raw, clear, np.zeros(count), bands)
    return Scored(delivery, tuple(recordings), *columns, groups=("wide/excerpt",) * count)


def people(count: int = 60) -> list[Recording]:
    return [recording(f"{k}.wav", "ai" if k % 2 else "human", f"s{k % 6}") for k in range(count)]


def test_a_band_gets_its_own_curve_where_it_has_enough_recordings() -> None:
    count = 400
    synthetic = np.arange(count) % 2 == 1
    bands = np.where(np.arange(count) < 200, "wide", "narrow")
    # in narrow recordings every score lies two higher, so that one curve for all is wrong for either
    raw = RNG.normal(size=count) + 2.0 * synthetic + 2.0 * (bands == "narrow")
    folds = np.array([f"f{k % 5}" for k in range(count)])
    judged = np.ones(count, bool)
    one = music_calibration.ratios(raw, synthetic, judged, folds)
    own = music_calibration.ratios(raw, synthetic, judged, folds, bands.tolist())

    def cost(llr: np.ndarray) -> float:
        return float(np.logaddexp(0, np.where(synthetic, -1, 1) * llr * np.log(10)).mean() / np.log(2))

    assert cost(own) < cost(one) - 0.1
    few = np.where(np.arange(count) < 20, "rare", "wide")
    both = music_calibration.ratios(raw, synthetic, judged, folds, few.tolist())
    np.testing.assert_allclose(both, music_calibration.ratios(raw, synthetic, judged, folds), atol=0.4)


def test_strata_name_what_was_drawn_for_each_recording() -> None:
    everything = people()
    raw = np.array([6.0 if r.label == "ai" else 1.0 for r in everything])
    bands = np.full(len(everything), 16000.0)
    parts = [scored(name, everything, raw, bands) for name in ("native", "chain-1")]
    text = music_strata.sections(parts, everything)
    drawn = {route_of(r, 44100, "chain-1", everything).codec or "none" for r in everything}
    for codec in drawn:
        assert f"| codec | {codec} |" in text
    assert "| length | excerpt | 30 / 30 | 1.000" in text
    assert "| band | wide | 30 / 30 |" in text
    assert "| other | 30 | 0 |" in text
    assert "| published codec | pcm, lossless | 30 / 30 |" in text


def test_the_codec_is_guessed_from_its_neighbours() -> None:
    everything = people()
    codecs = [route_of(r, 44100, "chain-1", everything).codec or "none" for r in everything]
    places = {name: 1000.0 * k for k, name in enumerate(sorted(set(codecs)))}
    raw = np.ones(len(everything))
    told = scored("chain-1", everything, raw, np.array([places[c] for c in codecs]))
    text = music_strata.sections([told, scored("native", everything, raw, told.bands)], everything)
    assert "is right in 100 % of copies" in text


def test_a_goal_that_was_not_measured_says_so() -> None:
    everything = people()
    raw = np.array([6.0 if r.label == "ai" else 1.0 for r in everything]) + RNG.normal(0, 0.1, 60)
    parts = [
        scored(n, everything, raw, np.full(60, 16000.0)) for n in ("native", "chain-1", "matched", "mp3_128")
    ]
    results = {s.delivery: figures(s) for s in parts}
    assert results["native"]["min_cllr"] == 0.0 < results["native"]["cllr"]
    inside = np.array([False, True, False])
    where = Located(np.array([0.0, 5.0, 1.0]), inside, np.zeros(3, np.int64))
    text = page(parts, results, results, dict.fromkeys(results, (1.0, 0.0)), "t.png", where)
    assert "| AUC lost to MP3/AAC 128, Opus 96 | 0.01 | mp3_128 +0.000 |" in text
    assert "| AUC after speed, pitch, tempo | 0.93 | not measured |" in text
    assert "| human music with our own watermark flagged | - | not measured |" in text
    assert "located (stretches of splices) 1.000" in text


def test_splices_are_counted_by_recording() -> None:
    raw = np.array([0.0, 5.0, 1.0, 0.0, 1.0, 5.0])
    inside = np.array([False, True, False, False, True, False])
    text = located(Located(raw, inside, np.array([0, 0, 0, 1, 1, 1])))
    assert "generated part in 1 of 2 recordings" in text


def test_failures_are_named_and_the_worst_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    everything = [
        recording("flagged.wav", "human", folder=str(tmp_path)),
        recording("missed.wav", "ai", folder=str(tmp_path)),
        recording("fine.wav", "ai", folder=str(tmp_path)),
    ]
    for k, r in enumerate(everything):
        r.path.parent.mkdir(exist_ok=True)
        wav = music(6, 22050, seed=k)
        encode(wav, 22050, r.path, codec="wav")
        save(path_of(r, "native"), analyse(wav, 22050))
    native = scored("native", everything, np.array([6.0, 1.0, 6.0]), np.full(3, 11000.0))
    text = music_gallery.section(native, tmp_path / "page.md")
    assert "flagged: 1." in text and "human: 1." in text and "fine.wav" not in text
    assert "`p/missed.wav` | g |" in text
    drawn = sorted(p.name for p in (tmp_path / "page-failures").glob("*.svg"))
    assert drawn == ["flagged-flagged.svg", "missed-missed.svg"]


def test_a_clear_known_comb_is_never_no_trace() -> None:
    rows = people(4)
    judged = scored("native", rows, np.array([0.0, 0.0, 1.0, 6.0]), np.full(4, 16000.0))
    assert judged.no_trace.tolist() == [True, True, True, False]  # log10 LR is the raw score less two
    clear = replace(judged, clear=np.array([True, False, False, False]))
    assert clear.no_trace.tolist() == [False, True, True, False]


def test_attribution_counts_only_generators_whose_decoder_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    wav, rate = decoded(10, 44100, 50.0, seed=2), 44100
    clip = Clip(wav, rate, Source("x", "0" * 64, 0, "wav", "pcm_s16le"))
    monkeypatch.setattr(music_attribution, "decode", lambda _: clip)
    rows = [replace(recording("a.wav", "ai", "s"), generator=name) for name in ("MusicGen", "Nobody")]
    text = music_attribution.section(rows)
    line = next(row for row in text.splitlines() if row.startswith("| MusicGen |"))
    assert line.split("|")[3:6] == [" 1 ", " 1 ", " 100 "]
    assert "Nobody" not in text and "| **all** |  | 1 | 1 |" in text
