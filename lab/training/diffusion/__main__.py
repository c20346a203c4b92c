"""Train a small diffusion model on the waveforms of music, and let it play.

    python -m lab.training.composer pack --data DATA_FOLDER --more MORE --each-s 90 --tunes 600
    python -m lab.training.diffusion train --seconds 2700
    python -m lab.training.diffusion play --number 8
    python -m lab.evaluation.music.diffusion DATA_FOLDER

The music is the composer's. Training goes on where it was stopped, to the bit on a processor; the plan is for
three quarters of an hour of one slow core. Decision 0252 says what it is for.
"""

import argparse
import math
from pathlib import Path

import torch

from lab.training.composer import music
from lab.training.composer.running import run
from lab.training.diffusion.denoising import DiffusionTraining, Plan
from lab.training.diffusion.network import Shape
from lab.training.diffusion.pieces import FOLDER, play_all

MUSIC = Path("runs/composer/music")
STEPS = 1_000_000


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the snapshots")
    ways = parser.add_subparsers(dest="way", required=True)
    training = ways.add_parser("train", help="train the network")
    training.add_argument("--music", type=Path, default=MUSIC, help="that lab.training.composer packed")
    training.add_argument("--seconds", type=float, default=math.inf, help="that this run may take")
    training.add_argument("--steps", type=int, default=STEPS, help="in all")
    playing = ways.add_parser("play", help="write pieces, seeds 0 and up")
    playing.add_argument("--number", type=int, default=8)
    playing.add_argument("--duration-s", type=float, default=10.0, help="of each")
    args = parser.parse_args()
    torch.set_num_threads(torch.get_num_threads() if torch.cuda.is_available() else 1)
    print(train(args) if args.way == "train" else write(args), flush=True)


def train(args: argparse.Namespace) -> str:
    """Go on with the training."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    training = DiffusionTraining(music.load(args.music), Shape(), Plan(), device)
    return f"{run(training, args.folder, steps=args.steps, seconds=args.seconds)} steps"


def write(args: argparse.Namespace) -> str:
    """Play pieces and write them as FLAC."""
    played = play_all(args.folder, args.number, args.duration_s)
    return f"{len(played.paths)} pieces in {played.paths[0].parent}, after {played.trained} steps"


if __name__ == "__main__":
    main()
