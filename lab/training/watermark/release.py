"""Turn a training snapshot into the shipped weights and their card.

    python -m lab.training.watermark.release runs/watermark/snapshot.pt

Metrics are those that `lab.evaluation.watermark` left beside its results for the same weights.
"""

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import torch

from core import cards
from core.cards import Card
from provenance.watermark.model import CARD
from provenance.watermark.network import NetworkConfig

DATA = (
    "rows with use=open of the data folder (CC0, CC-BY, CC-BY-SA, MIT), without any song of which a "
    "34 s cut exists; made-up pads and tones; continued from version 0.2, see docs/models/watermark.md"
)


def tensors_of(snapshot: Path) -> dict[str, torch.Tensor]:
    """Weights of both networks by name, half precision rounded, so that the file is small."""
    state = torch.load(snapshot, weights_only=True)
    return {
        f"{network}.{name}": tensor.half().float()
        for network in ("embedder", "decoder")
        for name, tensor in state[network].items()
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("snapshot", type=Path)
    parser.add_argument("--metrics", type=Path, default=Path("runs/watermark-eval/metrics.json"))
    parser.add_argument("--commit", required=True, help="commit of the training script")
    parser.add_argument("--version", required=True)
    args = parser.parse_args()
    step = torch.load(args.snapshot, weights_only=True)["step"]
    metrics = json.loads(args.metrics.read_text()) if args.metrics.exists() else {}
    card = Card(
        name="watermark-channel",
        version=args.version,
        file="",
        sha256="",
        licence="MIT",
        data=DATA,
        commit=args.commit,
        trained_at=datetime.now(UTC).date().isoformat(),
        metrics=metrics,
        config={**asdict(NetworkConfig()), "steps": step},
        notes="Changes of tempo or pitch beyond 2.5 % need --exhaustive; regeneration removes the mark.",
    )
    print(cards.write(card, tensors_of(args.snapshot), CARD))


if __name__ == "__main__":
    main()
