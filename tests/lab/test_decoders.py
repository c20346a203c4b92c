from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lab.training import decoders
from lab.training.decoders import PLANS, Decoder, train
from tests.signals import music

SMALL = {name: replace(plan, width=8 if plan.kind == "codec" else 32) for name, plan in PLANS.items()}


@pytest.mark.parametrize("name", sorted(PLANS))
def test_a_decoder_renders_what_it_is_given_at_its_rate_and_others(name: str) -> None:
    torch.manual_seed(0)
    decoder = Decoder(SMALL[name])
    if decoder.codec is not None:
        decoder.codec.quantise = False
    decoder.eval()
    for rate in (decoder.plan.rate, 44_100):
        wav = music(0.4, rate, seed=1)
        rendered = decoder.apply_to(wav, rate)
        assert rendered.shape == wav.shape and torch.isfinite(rendered).all()
        assert not torch.equal(rendered, wav)


def test_training_resumes_and_the_decoder_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, plan = "istft-24k", SMALL["istft-24k"]
    monkeypatch.setitem(decoders.PLANS, name, plan)
    clips = [music(2.0, plan.rate, seed=seed).mean(0) for seed in range(2)]
    path = decoders.path_of(name, tmp_path)
    with pytest.raises(FileNotFoundError):
        decoders.load(name, tmp_path)
    train(plan, clips, path, seconds=0.5, batch=2)
    first = torch.load(path, weights_only=True)
    train(plan, clips, path, seconds=first["elapsed_s"] + 0.5, batch=2)
    second = torch.load(path, weights_only=True)
    assert 0 < first["step"] < second["step"]
    loaded = decoders.load(name, tmp_path)
    wav = music(1.0, plan.rate, seed=3)
    assert torch.equal(
        loaded.apply_to(wav, plan.rate), decoders.load(name, tmp_path).apply_to(wav, plan.rate)
    )


def test_a_codecs_codebooks_start_from_its_frames() -> None:
    torch.manual_seed(0)
    decoder = Decoder(SMALL["encodec-24k"])
    assert decoder.codec is not None and not decoder.codec.started
    decoder.train()
    decoder.codec.start(0.1 * torch.randn(2, 24_000))
    assert decoder.codec.started
    with torch.no_grad():
        rendered, penalty = decoder(0.1 * torch.randn(2, 12_000))
    assert rendered.shape == (2, 12_000) and torch.isfinite(penalty)
