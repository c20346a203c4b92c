"""Pairs for the texture network: human music as it is, and the same music as a machine would render it.

Both members of a pair go through one delivery, drawn once: what differs is the rendering alone. Half of the
copies keep the original and add the difference more softly; all have the original's long-term spectrum and
level. Either member may be retouched (`lab.texture_network.processing`) or carry our own watermark, by
the same odds, so that neither processing nor the mark can stand for a machine. Where tempo or pitch is
changed (`lab.sound.tempo`) both members are changed alike, and the pair says so. A tenth
of the originals is music that machines make without a network (`lab.texture_network.instruments`).

Run with: python -m lab.texture_network.pairs DATA_FOLDER --pairs 3000 --decoders encodec-24k istft-24k
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import TrackmarkError
from core.files import replacing
from core.resample import resample
from detector.music.adapters.confounds import LEVEL_DBFS, levelled
from lab.datasets import Recording
from lab.sound.renderings import METHODS, equalised, softened
from lab.sound.tempo import scaled
from lab.texture_network import instruments
from lab.texture_network.network import RATE
from lab.texture_network.processing import marked, retouched
from lab.training.decoders.__main__ import PLANS, Decoder, load
from lab.training.decoders.clips import trains
from lab.training.music.copies import deliver, music

FOLDER = Path("runs/music-network-2")
EXCERPT_S = 5.5
CROP = round(4.4 * RATE)
"""What is kept of a delivered excerpt: 15 % shorter, then 6 %, then cut by a codec it is still that long."""
RATES = (16_000, 22_050, 24_000, 32_000, 44_100)
FAMILIES = (
    "chain",
    "phase",
    "denoiser",
    "codec",
    "transposed",
    "istft",
    "snake-codec",
    "snake",
    "autoencoder",
)
DECODED = 0.45
"""Share of pairs that a trained decoder renders, where there is one."""
MARKED, RETOUCHED, SCALED, PLAYED = 0.06, 0.35, 0.35, 0.1
"""Shares: our own watermark, one treatment, tempo or pitch changed, music by machines without a network."""
Samples = NDArray[np.float32]
Rng = np.random.Generator


@dataclass(frozen=True)
class Pair:
    """Two copies that differ in the rendering alone.

    Attributes:
        human: the original after its delivery, mono at `RATE`, [`CROP`].
        synthetic: the rendered copy after the same delivery.
        family: index into `FAMILIES`.
        scaled: of which members tempo or pitch was changed separately.
    """

    human: Samples
    synthetic: Samples
    family: int
    scaled: tuple[bool, bool]


def rendered(wav: Samples, rate: int, rng: Rng, trained: Mapping[str, Decoder]) -> tuple[Samples, int]:
    """A copy of music by a method drawn at random, and its family."""
    if trained and rng.random() < DECODED:
        decoder = trained[sorted(trained)[int(rng.integers(len(trained)))]]
        copy = decoder.apply_to(torch.from_numpy(wav)[None], rate)[0].numpy()
        return np.asarray(copy, np.float32), FAMILIES.index(decoder.plan.kind)
    family, method = METHODS[sorted(METHODS)[int(rng.integers(len(METHODS)))]]
    return method(wav, rate, rng), FAMILIES.index(family)


def delivered(wav: Samples, rate: int, seed: int) -> Samples:
    """One random delivery, the same for the same seed, at `RATE`; a fifth of them leave audio as it is."""
    rng = np.random.default_rng(seed)
    audio, at = torch.from_numpy(np.ascontiguousarray(wav))[None], rate
    if rng.random() < 0.8:
        audio, at = deliver(audio, rate, RATES, rng, synthetic=True)
    return resample(audio, at, RATE)[0].numpy()


def pair(wav: Tensor, sample_rate: int, rng: Rng, trained: Mapping[str, Decoder]) -> Pair:
    """Make a pair of an excerpt.

    Args:
        wav: human music, mono, [T], `EXCERPT_S` long.
        sample_rate: in Hz.
        rng: source of every choice.
        trained: decoders to draw from besides the methods without training.

    Raises:
        ValueError: the delivered copies are too short or silent.
    """
    rate = int(rng.choice([r for r in RATES if r <= sample_rate] or [sample_rate]))
    human = np.asarray(levelled(resample(wav[None], sample_rate, rate), LEVEL_DBFS)[0].numpy(), np.float32)
    copy, family = rendered(human, rate, rng, trained)
    if rng.random() < 0.5:
        copy = softened(human, copy, float(rng.uniform(-20, -2)))
    members = [human, equalised(copy, human)]
    if rng.random() < MARKED:
        members = [marked(m, rate, np.random.default_rng(int(rng.integers(2**32)))) for m in members]
    changed = [False, False]
    for k in range(2):
        if rng.random() < RETOUCHED:
            members[k], changed[k] = retouched(members[k], rate, rng)
    if rng.random() < SCALED:
        seed, changed = int(rng.integers(2**32)), [True, True]
        members = [scaled(m, rate, np.random.default_rng(seed)) for m in members]
    seed = int(rng.integers(2**32))
    first, second = (delivered(m, rate, seed) for m in members)
    shorter = min(len(first), len(second))
    if shorter < CROP or min(np.abs(first).max(), np.abs(second).max()) < 1e-3:
        raise ValueError(f"{shorter} samples are left of an excerpt, or nothing is to be heard")
    start = int(rng.integers(shorter - CROP + 1))
    return Pair(first[start : start + CROP], second[start : start + CROP], family, (changed[0], changed[1]))


def hosts(recordings: Sequence[Recording]) -> list[tuple[Tensor, int]]:
    """Music to make pairs of: mono [T] and rate."""
    clips = []
    for recording in recordings:
        clip = recording.load()
        if clip.wav.shape[-1] > (EXCERPT_S + 0.5) * clip.sample_rate:
            clips.append((clip.wav.mean(0), clip.sample_rate))
    return clips


def excerpt(clips: Sequence[tuple[Tensor, int]], rng: Rng) -> tuple[Tensor, int]:
    """A random excerpt of `EXCERPT_S` from a random clip, or a piece by a machine that is no network."""
    if rng.random() < PLAYED:
        return torch.from_numpy(instruments.piece(rng, EXCERPT_S)), instruments.RATE
    wav, rate = clips[int(rng.integers(len(clips)))]
    size = round(EXCERPT_S * rate)
    start = int(rng.integers(wav.shape[-1] - size + 1))
    return wav[start : start + size], rate


def save(pairs: Sequence[Pair], path: Path) -> None:
    """Write pairs as 16-bit audio."""
    path.parent.mkdir(parents=True, exist_ok=True)
    audio = np.stack([np.stack([p.human, p.synthetic]) for p in pairs])
    audio = audio / np.maximum(np.abs(audio).max(-1, keepdims=True), 1e-3)
    family, scale = [p.family for p in pairs], [p.scaled for p in pairs]
    with replacing(path) as part, part.open("wb") as file:
        np.savez(file, audio=np.round(32000 * audio).astype(np.int16), family=family, scaled=scale)


def main() -> None:
    """Write files of pairs; those that are there are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pairs", type=int, default=3000)
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--each", type=int, default=100)
    parser.add_argument(
        "--decoders", nargs="*", choices=sorted(PLANS), default=[], help="trained ones to use"
    )
    args = parser.parse_args()
    torch.set_num_threads(1)
    clips = hosts([r for r in music(args.data) if trains(r)])
    trained = {name: load(name) for name in args.decoders}
    print(f"{len(clips)} recordings, decoders: {', '.join(trained) or 'none'}", flush=True)
    for number in range(args.first, args.first + args.pairs // args.each):
        path = args.folder / f"pairs-{number:04d}.npz"
        rng, failed = np.random.default_rng(number), 0
        made: list[Pair] = []
        while not path.exists() and len(made) < args.each:
            try:
                made.append(pair(*excerpt(clips, rng), rng, trained))
            except (TrackmarkError, ValueError) as error:
                failed += 1
                if failed == args.each:
                    raise RuntimeError(f"no pairs come of this music: {error}") from error
        if made:
            save(made, path)
            print(f"{path.name}: {failed} excerpts could not be used", flush=True)


if __name__ == "__main__":
    main()
