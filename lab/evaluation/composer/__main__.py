"""Measure an exported composer: `python -m lab.evaluation.composer runs/composer/model`.

Writes `docs/benchmarks/composer.md`. It wants the music that the model was trained on
(`python -m lab.training.composer pack`), for what was held out and for what must not be found again.
"""

import argparse
from pathlib import Path

import torch

from lab.evaluation.composer import judge
from lab.training.composer import music


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="a folder that `export` wrote")
    parser.add_argument("--music", type=Path, default=Path("runs/composer/music"))
    parser.add_argument("--number", type=int, default=32, help="of pieces that it plays")
    args = parser.parse_args()
    torch.set_num_threads(1)
    judge.PAGE.write_text(judge.page(args.model, music.load(args.music), args.number), "utf-8")


if __name__ == "__main__":
    main()
