import itertools
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
import torch

from detector.decoders import ARCHITECTURES
from lab.datasets import fold_of
from lab.training.decoders import __main__ as decoders
from lab.training.decoders.__main__ import PLANS, Decoder, train
from lab.training.decoders.clips import FOLDS, TEST_FOLD, open_music
from tests.signals import music

HEADER = (
    *("file", "kind", "label", "source", "generator_or_identity", "pair_id", "licence", "use"),
    *("repo", "commit", "path", "start_s", "duration_s", "sample_rate", "channels", "original_codec"),
)
SMALL = {name: replace(plan, width=8 if plan.kind == "codec" else 32) for name, plan in PLANS.items()}


@pytest.mark.parametrize("name", sorted(PLANS))
def test_a_decoder_renders_what_it_is_given_at_its_rate_and_others(name: str) -> None:
    torch.manual_seed(0)
    decoder = Decoder(SMALL[name])
    if decoder.codec is not None:
        decoder.codec.quantise = False
    decoder.eval()
    for rate in (decoder.plan.rate, 22_050):
        wav = music(0.4, rate, seed=1)
        rendered = decoder.apply_to(wav, rate)
        assert rendered.shape == wav.shape and torch.isfinite(rendered).all()
        assert not torch.equal(rendered, wav)


class Clock:
    """Stands for the module `time`: every look at it takes a second."""

    def __init__(self) -> None:
        self._looks = itertools.count()

    def time(self) -> float:
        return float(next(self._looks))

    def time_ns(self) -> int:
        return 0


def test_training_resumes_and_the_decoder_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, plan = "istft-24k", SMALL["istft-24k"]
    monkeypatch.setitem(decoders.PLANS, name, plan)
    clips = [music(2.0, plan.rate, seed=seed).mean(0) for seed in range(2)]
    path = decoders.path_of(name, tmp_path)
    with pytest.raises(FileNotFoundError):
        decoders.load(name, tmp_path)
    monkeypatch.setattr(decoders, "time", Clock())
    train(plan, clips, path, seconds=5, batch=2)
    first = torch.load(path, weights_only=True)
    train(plan, clips, path, seconds=first["elapsed_s"] + 5, batch=2)
    second = torch.load(path, weights_only=True)
    assert 0 < first["step"] < second["step"]
    loaded = decoders.load(name, tmp_path)
    wav = music(1.0, plan.rate, seed=3)
    assert torch.equal(
        loaded.apply_to(wav, plan.rate), decoders.load(name, tmp_path).apply_to(wav, plan.rate)
    )


@pytest.mark.parametrize("name", ["encodec-24k", "dac-44k"])
def test_a_codecs_codebooks_start_from_its_frames(name: str) -> None:
    torch.manual_seed(0)
    decoder = Decoder(SMALL[name])
    assert decoder.codec is not None and not decoder.codec.started
    decoder.train()
    decoder.codec.start(0.1 * torch.randn(2, 24_000))
    assert decoder.codec.started
    with torch.no_grad():
        rendered, penalty = decoder(0.1 * torch.randn(2, 12_288))
    assert rendered.shape == (2, 12_288) and torch.isfinite(penalty)


def test_strides_are_the_published_ones() -> None:
    known = {a.name: a for a in ARCHITECTURES}
    assert PLANS["dac-44k"].strides == known["DAC 44.1 kHz"].strides
    assert PLANS["oobleck-44k"].strides == known["Oobleck, hop 2048 (Stable Audio Open)"].strides
    assert PLANS["dac-44k"].rate == PLANS["oobleck-44k"].rate == 44_100


def test_an_autoencoder_draws_frames_in_training_and_repeats_itself_after_it() -> None:
    torch.manual_seed(0)
    decoder, wav = Decoder(SMALL["oobleck-44k"]), 0.1 * torch.randn(1, 8192)
    with torch.no_grad():
        drawn = [decoder.train()(wav)[0] for _ in range(2)]
        first, second = (decoder.eval()(wav) for _ in range(2))
        louder = decoder(4 * wav)[0]
    assert not torch.equal(*drawn)
    assert torch.equal(first[0], second[0]) and float(first[1]) > 0
    assert torch.allclose(louder, 4 * first[0], rtol=1e-2, atol=1e-4)  # it hears music at one level


def test_music_for_decoders_is_open_human_and_of_training_collections(tmp_path: Path) -> None:
    sources = [f"shelf-{n}" for n in range(12)]
    rows = [(s, "human", "open", 48_000) for s in sources]
    rows += [("ai-shelf", "ai", "open", 48_000), ("closed", "human", "research", 48_000)]
    rows += [("narrow", "human", "open", 22_050)]
    voices = len(rows)
    rows += [(source, "human", "open", 44_100) for source in sources]
    lines = [",".join(HEADER)]
    for number, (source, label, use, rate) in enumerate(rows):
        soundfile.write(tmp_path / f"{number}.wav", music(3.0, rate, seed=number).mean(0).numpy(), rate)
        values = (
            f"{number}.wav",
            "human_music" if number < voices else "voices",
            label,
            source,
            "",
            "",
            "CC0",
            use,
            "",
            "",
            "",
            0,
            3.0,
            rate,
            1,
            "",
        )
        lines.append(",".join(str(v) for v in values))
    (tmp_path / "manifest.csv").write_text("\n".join(lines), encoding="utf-8")
    clips = open_music(tmp_path, 44_100)
    expected = sum(fold_of(s, FOLDS) != TEST_FOLD for s in sources)
    assert 0 < expected < len(sources) and len(clips) == expected
    assert all(clip.shape == (3 * 44_100,) and clip.dtype == torch.half for clip in clips)
