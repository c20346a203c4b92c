"""What a trained network plays, as files that are kept."""

from dataclasses import dataclass
from pathlib import Path

import soundfile
from torch import Tensor

from core.files import replacing
from lab.training.composer import snapshots
from lab.training.composer.running import used
from lab.training.diffusion.network import Denoiser, Shape
from lab.training.diffusion.playing import STEPS, play

FOLDER = Path("runs/diffusion")


@dataclass(frozen=True)
class Played:
    """What a network played.

    Attributes:
        paths: of the files, seeds 0 and up.
        trained: steps of the network's training.
        parameters: how many it has.
        steps: calls of the network for a piece.
    """

    paths: list[Path]
    trained: int
    parameters: int
    steps: int


def play_all(folder: Path, number: int, duration_s: float, shape: Shape | None = None) -> Played:
    """Play pieces that were not played yet, seeds 0 and up; they are kept by the network's steps.

    Args:
        folder: of the snapshots.
        number: of pieces.
        duration_s: of each.
        shape: of the network, where it is not the usual one.
    """
    trained_for, denoiser, colour = trained(folder, shape)
    out = folder / "played" / f"{trained_for}-{duration_s:g}s"
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / f"{seed:04}.flac" for seed in range(number)]
    missing = [(seed, path) for seed, path in enumerate(paths) if not path.exists()]
    for seed, path in missing:
        wav = play(denoiser, colour, duration_s, seed)
        with replacing(path) as part:
            soundfile.write(part, wav[0].numpy(), denoiser.shape.rate, format="FLAC")
    parameters = sum(value.numel() for value in denoiser.parameters())
    return Played(paths, trained_for, parameters, STEPS)


def trained(folder: Path = FOLDER, shape: Shape | None = None) -> tuple[int, Denoiser, Tensor]:
    """Steps, network and colour of a training.

    Raises:
        SystemExit: there is none yet.
    """
    kept = snapshots.read(folder)
    if kept is None:
        raise SystemExit("there is no network yet: run `python -m lab.training.diffusion train` first")
    steps, state = kept
    denoiser = Denoiser(shape or Shape())
    denoiser.load_state_dict(used(state))
    return steps, denoiser.eval(), state["colour"]
