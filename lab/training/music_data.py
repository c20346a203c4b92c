"""Features of every recording through a common delivery chain, computed once and kept under `runs/`.

Human music arrives at 44.1 kHz, much generated music at 16 to 32 kHz; left alone, that difference would be
learned instead of the music. So both classes go through the same random delivery: the sample rate of a
randomly drawn generated recording, one of the lossy codecs, mono or stereo, a gain, a change of speed. A
recording that is already below the drawn rate keeps its own.

Run with: python -m lab.training.music_data DATA_FOLDER
"""

import argparse
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import signal
from torch import Tensor

from core.codecs import Codec
from core.decode import decode
from core.encode import recode
from core.errors import AudioError, EncodeError
from core.resample import resample
from detector.music import spectra
from detector.music.spectra import Block
from lab.attacks import AttackError, attack
from lab.datasets import Recording, read_manifest

CACHE = Path("runs/music/features")
CODECS: tuple[tuple[Codec, int], ...] = (
    ("mp3", 64),
    ("mp3", 96),
    ("mp3", 128),
    ("mp3", 192),
    ("aac", 96),
    ("aac", 128),
    ("opus", 64),
)
MORE_CODECS: tuple[tuple[Codec, int], ...] = (("opus", 96), ("aac", 64))


@dataclass(frozen=True)
class Analysed:
    """One delivered copy of a recording, reduced to what the detector looks at.

    Attributes:
        blocks: correlations of its stretches.
        confounds: rate, level, crest, width, length: what must not give the class away, [5].
    """

    blocks: tuple[Block, ...]
    confounds: NDArray[np.float32]


def rng_for(recording: Recording, delivery: str) -> np.random.Generator:
    """The generator of random choices for one copy: the same on every machine."""
    name = f"{recording.path.parent.name}/{recording.path.name}:{delivery}"
    return np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))


def deliver(
    wav: Tensor, sample_rate: int, rates: Sequence[int], rng: np.random.Generator
) -> tuple[Tensor, int]:
    """Send audio through a random delivery.

    Args:
        wav: audio, [C, T].
        sample_rate: in Hz.
        rates: rates to draw from, those of the generated recordings for both classes.
        rng: source of every choice.

    Returns:
        Delivered audio and its rate.
    """
    if rng.random() < 0.7:
        wav = wav.mean(0, keepdim=True)
    if rng.random() < 0.25:
        ratio = Fraction(float(rng.uniform(0.94, 1.06))).limit_denominator(200)
        sped = signal.resample_poly(wav.numpy(), ratio.denominator, ratio.numerator, axis=-1)
        wav = torch.from_numpy(np.asarray(sped, np.float32))
    rate = min(sample_rate, int(rng.choice(np.asarray(rates))))
    wav = resample(wav, sample_rate, rate)
    if rng.random() < 0.5 and rate < 44100:
        wav, rate = resample(wav, rate, 44100), 44100
    wav = wav * float(10 ** (rng.uniform(-12, 0) / 20) / max(0.1, float(wav.abs().max())))
    if rng.random() < 0.75:
        choices = CODECS + MORE_CODECS
        codec, kbps = choices[int(rng.integers(len(choices)))]
        if wav.shape[0] == 1:
            kbps = max(32, kbps // 2)
        if codec == "vorbis":
            kbps = max(kbps, 64)
        wav = recode(wav, rate, codec=codec, bit_rate=kbps * 1000)
    return wav, rate


def analyse(wav: Tensor, sample_rate: int) -> Analysed:
    """Reduce delivered audio to correlations and confounds."""
    parts = []
    limit_hz = spectra.limit_of(sample_rate)
    for start, end, samples in spectra.blocks(wav, sample_rate):
        parts.append(spectra.analyse(samples, start, end, limit_hz))
    mono = wav.mean(0)
    rms = float(mono.square().mean().sqrt()) + 1e-6
    side = float((wav - mono).square().mean().sqrt()) / rms
    crest = float(mono.abs().max()) / rms
    level_db, crest_db = 20 * np.log10(rms), 20 * np.log10(crest + 1e-6)
    confounds = [sample_rate, level_db, crest_db, side, wav.shape[-1] / sample_rate]
    return Analysed(tuple(parts), np.array(confounds, np.float32))


def save(path: Path, analysed: Analysed) -> None:
    """Write one copy's features (correlations as float16)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    b = analysed.blocks
    unfinished = path.with_suffix(".part.npz")
    np.savez(
        unfinished,
        correlations=np.stack([x.correlations for x in b]).astype(np.float16),
        times=np.array([[x.start_s, x.end_s, x.loud, x.band_hz] for x in b]),
        confounds=analysed.confounds,
    )
    unfinished.rename(path)


def read(path: Path) -> Analysed:
    """Read what `save` wrote."""
    with np.load(path) as stored:
        rows = stored["correlations"].astype(np.float32)
        parts = tuple(
            Block(float(t[0]), float(t[1]), bool(t[2]), c, float(t[3]))
            for t, c in zip(stored["times"], rows, strict=True)
        )
        return Analysed(parts, stored["confounds"])


def cached(recording: Recording, delivery: str, rates: Sequence[int], cache: Path = CACHE) -> Path:
    """Compute one copy's features unless they are there; the file that holds them.

    Args:
        recording: what to decode.
        delivery: `native`, `chain-` and anything for a random delivery of its own, or an attack's name.
        rates: as in `deliver`.
        cache: folder of the features.
    """
    path = cache / delivery / recording.path.parent.name / f"{recording.path.stem}.npz"
    if not path.exists():
        clip = decode(recording.path)
        wav, rate = clip.wav, clip.sample_rate
        if delivery.startswith("chain-"):
            wav, rate = deliver(wav, rate, rates, rng_for(recording, delivery))
        elif delivery != "native":
            wav = attack(delivery).apply(wav, rate, rng_for(recording, delivery))
        save(path, analyse(wav, rate))
    return path


def music(root: Path | None) -> tuple[Recording, ...]:
    """The music rows of the manifest."""
    return tuple(r for r in read_manifest(root) if r.kind != "voices")


def generated_rates(recordings: Sequence[Recording]) -> list[int]:
    """Sample rates of the generated recordings, one entry per recording."""
    return [r.sample_rate for r in recordings if r.label == "ai"]


def few_of_each(recordings: Sequence[Recording], most: int) -> tuple[Recording, ...]:
    """The first recordings of every collection, generator and label, in the manifest's order."""
    seen: Counter[tuple[str, str, str]] = Counter()
    kept = []
    for recording in recordings:
        group = (recording.label, recording.source, recording.generator if recording.synthetic else "")
        seen[group] += 1
        if seen[group] <= most:
            kept.append(recording)
    return tuple(kept)


def main() -> None:
    """Fill the cache."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--deliveries", nargs="+", default=["native", "chain-1", "chain-2", "chain-3"])
    parser.add_argument("--most", type=int, default=10000, help="recordings per collection and generator")
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), metavar=("I", "N"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = music(args.data)
    rates = generated_rates(rows)
    chosen = few_of_each(rows, args.most)
    for delivery in args.deliveries:
        failed = 0
        for recording in chosen[args.part[0] :: args.part[1]]:
            try:
                cached(recording, delivery, rates)
            except (AudioError, EncodeError, AttackError) as error:
                failed += 1
                print(f"{recording.path.name}: {error}")
        print(f"{delivery}: {len(chosen)} recordings, {failed} failed", flush=True)


if __name__ == "__main__":
    main()
