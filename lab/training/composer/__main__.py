"""Train a small music model of our own: a codec, a language model over its codes, and both in one folder.

    python -m lab.training.composer pack --data DATA_FOLDER --more MORE --each-s 90 --tunes 600
    python -m lab.training.composer codec --seconds 2900
    python -m lab.training.composer language --seconds 2600
    python -m lab.training.composer export runs/composer/model
    python -m lab.evaluation.composer runs/composer/model
    trackmark generate "" -o made.flac --model runs/composer/model

Each step goes on where it was stopped, to the bit on a processor; a run that is cut short is a shorter run.
The plans are for an hour and a half of one core (decision 0353). `codec` and `language` take a GPU where
there is one, and `--large` with it: more excerpts in a step.
A GPU that is elsewhere needs the sources, `runs/composer/music` (some 100 MB) and, besides torch and
torchaudio, soundfile, safetensors, transformers and what audiocraft imports (itself, flashy, julius, dora,
omegaconf, num2words, treetable, submitit, retrying, colorlog; av and librosa are imported and not used: empty
modules do). Nothing of it asks a network. What comes back is `runs/composer/codec` and
`runs/composer/language`, in pieces of at most 15 MiB, or the folder of `export` alone, some 16 MB.
"""

import argparse
import math
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from lab.training.composer import codec as hearing
from lab.training.composer import language as writing
from lab.training.composer import music, snapshots
from lab.training.composer.export import export
from lab.training.composer.running import run, used
from provenance.generate import Shape
from provenance.generate.composer import codec

FOLDER = Path("runs/composer")
STEPS = 1_000_000
LARGE_CODEC = replace(hearing.Plan(), batch=64, adversary_from=3000, adversary_every=1, adversary_hears=64)
LARGE_LANGUAGE = replace(writing.Plan(), batch=64, semitones=writing.SEMITONES)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the music and the snapshots")
    ways = parser.add_subparsers(dest="way", required=True)
    packing = ways.add_parser("pack", help="gather the music")
    packing.add_argument("--data", type=Path, help="the data folder")
    packing.add_argument("--more", type=Path, help="a folder with more_local.csv, instead of the manifest")
    packing.add_argument("--each-s", type=float, default=40.0, help="of a recording at most")
    packing.add_argument("--tunes", type=int, default=60, help="half minutes made in the lab")
    for name in ("codec", "language"):
        training = ways.add_parser(name, help=f"train the {name}")
        training.add_argument("--seconds", type=float, default=math.inf, help="that this run may take")
        training.add_argument("--steps", type=int, default=STEPS, help="in all")
        training.add_argument("--large", action="store_true", help="batches for a GPU")
        if name == "codec":
            training.add_argument("--fine", action="store_true", help="at 24, 12 and 6 kbit/s, into fine/")
    exporting = ways.add_parser("export", help="write card and weights")
    exporting.add_argument("out", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(torch.get_num_threads() if torch.cuda.is_available() else 1)
    told = WAYS[args.way](args)
    print(told, flush=True)


def _pack(args: argparse.Namespace) -> str:
    from lab.training.composer import packing  # decodes, which a GPU need not

    number = packing.pack(
        _music(args), Shape().rate, data=args.data, more=args.more, each_s=args.each_s, tunes=args.tunes
    )
    return f"{number} pieces in {_music(args)}"


def _codec(args: argparse.Namespace) -> str:
    plan = LARGE_CODEC if args.large else hearing.Plan()
    shape, folder = Shape(), "codec"
    if args.fine:
        plan, shape, folder = hearing.FINE_PLAN, hearing.FINE, "fine"
    training = hearing.CodecTraining(music.load(_music(args)), shape, plan, _device())
    return f"codec: {run(training, args.folder / folder, steps=args.steps, seconds=args.seconds)} steps"


def _language(args: argparse.Namespace) -> str:
    device, shape = _device(), Shape()
    heard = codec(shape)
    heard.load_state_dict(_trained(args, "codec")[1])
    heard.set_num_codebooks(shape.spoken)
    plan = LARGE_LANGUAGE if args.large else writing.Plan()
    training = writing.LanguageTraining(
        music.load(_music(args)), shape, heard.to(device).eval(), plan, device
    )
    return (
        f"language: {run(training, args.folder / 'language', steps=args.steps, seconds=args.seconds)} steps"
    )


def _export(args: argparse.Namespace) -> str:
    heard, written = _trained(args, "codec"), _trained(args, "language")
    steps = {"codec": heard[0], "language": written[0]}
    card = export(args.out, Shape(), heard[1], written[1], commit=_commit(), steps=steps)
    return f"{args.out}: {card.file}, SHA-256 {card.sha256}"


WAYS = {"pack": _pack, "codec": _codec, "language": _language, "export": _export}


def _music(args: argparse.Namespace) -> Path:
    return Path(args.folder / "music")


def _trained(args: argparse.Namespace, part: str) -> tuple[int, dict[str, Any]]:
    """Steps, and the tensors that are used in the end."""
    kept = snapshots.read(args.folder / part)
    if kept is None:
        raise SystemExit(f"there is no {part} yet: run `python -m lab.training.composer {part}` first")
    step, state = kept
    return step, used(state)


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
