"""Bring Resemblyzer's published encoder weights into a model card of ours.

    python -m lab.training.voice.encoder path/to/pretrained.pt

The file is part of the `resemblyzer` 0.1.4 wheel (Apache-2.0); it is read without unpickling code.
Nothing is trained here: the numbers are the published ones in half precision (an embedding moves by less
than 1e-3), minus the optimiser state and the two scalars of the training loss.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

import torch

from core.cards import Card, write
from detector.voice import encoder

_LOSS_SCALARS = {"similarity_weight", "similarity_bias"}


def convert(checkpoint: Path, card_path: Path) -> Card:
    """Write the encoder's card and weights.

    Args:
        checkpoint: `pretrained.pt` of the wheel.
        card_path: the TOML card to write.
    """
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)["model_state"]
    tensors = {name: value.half() for name, value in state.items() if name not in _LOSS_SCALARS}
    encoder.Ge2eEncoder().load_state_dict(tensors, strict=True)
    card = Card(
        name="voice-encoder",
        version="resemblyzer-0.1.4",
        file="",
        sha256="",
        licence="Apache-2.0",
        data="LibriSpeech-other, VoxCeleb1, VoxCeleb2 (as published by Resemble AI; not trained here)",
        commit="published weights of github.com/resemble-ai/Resemblyzer 0.1.4, Copyright 2019 Resemble AI",
        trained_at=datetime.now(UTC).date().isoformat(),
        config={"bands": 40, "hidden": 256, "layers": 3, "dimension": 256, "sample_rate": 16000},
        notes="Trained on speech, not singing. Raw cosines between strangers are high: only the "
        "cohort-normalised, calibrated ratio is reported. trained_at is the day of conversion.",
    )
    return write(card, tensors, card_path)


def main() -> None:
    """Convert published weights."""
    parser = argparse.ArgumentParser(description="convert Resemblyzer's encoder weights")
    parser.add_argument("checkpoint", type=Path)
    print(convert(parser.parse_args().checkpoint, Path(encoder.__file__).with_name("encoder.toml")))


if __name__ == "__main__":
    main()
