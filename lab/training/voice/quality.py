"""Bring DistillMOS's published weights into a model card of ours.

    python -m lab.training.voice.quality path/to/distill_mos_v7.pt

The file is part of the `distillmos` 0.9.1 wheel (Microsoft, MIT); it is read without unpickling code. Nothing
is trained here: the numbers are the published ones in half precision, without the head that gives an opinion
and with both normalisations of the transformer's input folded into its projection.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import Tensor

from core.cards import Card, write
from detector.voice import quality

_HEAD = "transformer_pool_attn."
_EPSILON = 1e-5


def converted(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The published tensors under our names."""
    found = {
        f"convolutions.{n}.{part}": state[f"cnn.cnn.{2 * n}.{part}"]
        for n in range(6)
        for part in ("weight", "bias")
    }
    start = f"{_HEAD}transformer.transformer_encoder.layers."
    found |= {f"transformer.{k.removeprefix(start)}": v for k, v in state.items() if k.startswith(start)}
    slope, offset = torch.ones(()), torch.zeros(())
    for norm in (f"{_HEAD}norm_input.", f"{_HEAD}transformer.norm."):
        gain = state[norm + "weight"] / (state[norm + "running_var"] + _EPSILON).sqrt()
        slope, offset = slope * gain, (offset - state[norm + "running_mean"]) * gain + state[norm + "bias"]
    weight = state[f"{_HEAD}transformer.linear_proj.weight"]
    found["projection.weight"] = weight * slope
    found["projection.bias"] = weight @ offset + state[f"{_HEAD}transformer.linear_proj.bias"]
    return found


def convert(checkpoint: Path, card_path: Path) -> Card:
    """Write the network's card and weights.

    Args:
        checkpoint: `distill_mos_v7.pt` of the wheel.
        card_path: the TOML card to write.
    """
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)["model"]
    tensors = {name: value.half().contiguous() for name, value in converted(state).items()}
    quality.SpeechQuality().load_state_dict(tensors, strict=True)
    card = Card(
        name="voice-quality",
        version="distillmos-0.9.1",
        file="",
        sha256="",
        licence="MIT",
        data="rated speech, as published by Microsoft; not trained here",
        commit="published weights of the distillmos 0.9.1 wheel, Copyright Microsoft Corporation",
        trained_at=datetime.now(UTC).date().isoformat(),
        config={"texture": quality.TEXTURE, "course": quality.COURSE, "sample_rate": 16000},
        notes="Only layers are read, never the opinion. trained_at is the day of conversion.",
    )
    return write(card, tensors, card_path)


def main() -> None:
    """Convert published weights."""
    parser = argparse.ArgumentParser(description="convert DistillMOS's weights")
    parser.add_argument("checkpoint", type=Path)
    print(convert(parser.parse_args().checkpoint, Path(quality.__file__).with_name("quality.toml")))


if __name__ == "__main__":
    main()
