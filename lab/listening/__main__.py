"""Make an ABX test of the watermark: a folder to open in a browser, which keeps its listener's answers.

    python -m lab.listening OUT [--data FOLDER] [--clips 12] [--seconds 8] [--seed 1]

OUT gets `index.html` and pairs of FLAC files: recordings without and with the mark at the level of a release,
matched in loudness. One in six carries the mark twenty times as loud, so that one sees who listens. The page
draws at each trial which of the two is X, holds the answers, tells at the end how often chance does as well,
and saves all of it as JSON. Nothing is sent anywhere.
"""

import argparse
from pathlib import Path

import torch

from lab.datasets import read_manifest
from lab.listening.kit import write_kit


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="a folder that is not there yet")
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    hosts = [r for r in read_manifest(args.data) if r.is_34s_test]
    clips = [(r.path.name, r.load()) for r in hosts[:: max(1, len(hosts) // args.clips)][: args.clips]]
    made = write_kit(clips, args.out, seconds=args.seconds, seed=args.seed)
    print(f"wrote {made} pairs; open {args.out / 'index.html'}")


if __name__ == "__main__":
    main()
