"""Features of every recording through a common delivery, computed once and kept under `runs/`.

Human music arrives at 44.1 kHz, much generated music at 16 to 32 kHz; left alone, that difference would be
learned instead of the music. So both classes go through the same random delivery (`chain-1`): ten seconds, a
sample rate drawn so that it has the same distribution in both classes, one of the lossy codecs or none, mono
or stereo, a level, in a quarter of cases a change of speed. `matched` goes further: mono, 16 kHz, one level,
AAC 64: of what a probe can hold on to, little more than crest and band is left.

Run with: python -m lab.training.music.copies DATA_FOLDER
"""

import argparse
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import signal
from torch import Tensor

from core.codecs import Codec
from core.decode import decode
from core.encode import recode
from core.errors import TrackmarkError
from core.files import replacing
from core.resample import resample
from detector.music import spectra
from detector.music.adapters.confounds import LEVEL_DBFS, levelled, levels, matched
from detector.music.features import best_scores, measure
from lab.datasets import Recording, read_manifest
from lab.sound.attacks import attack
from lab.sound.tempo import atempo, phase_vocoder, repitched, wsola

CACHE = Path("runs/music/scores-4")
MOST_S = 10.0
MATCHED_RATE = 16000
CODECS: tuple[tuple[Codec, int], ...] = (
    ("mp3", 64),
    ("mp3", 96),
    ("mp3", 128),
    ("mp3", 192),
    ("aac", 64),
    ("aac", 96),
    ("aac", 128),
    ("opus", 64),
    ("opus", 96),
)
COPIES = {"mp3", "aac", "opus", "vorbis"}
TIME_TOOLS = {"wsola": wsola, "vocoder": phase_vocoder, "atempo": atempo}


@dataclass(frozen=True)
class Analysed:
    """One delivered copy of a recording, reduced to what the detector's weights see.

    Attributes:
        confounds: rate, level, crest, width, length, band: what must not give the class away, [6].
        whole: `features.best_scores` of the whole copy, [F]; empty where nothing is loud.
        segments: start, end, then scores of each stretch of about five seconds, [N, 2 + F].
        spacing_hz: of the comb that the open search found; 0 where nothing is loud.
    """

    confounds: NDArray[np.float64]
    whole: NDArray[np.float64]
    segments: NDArray[np.float64]
    spacing_hz: float


def rng_for(recording: Recording, delivery: str) -> np.random.Generator:
    """The generator of random choices for one copy: the same on every machine."""
    name = f"{recording.path.parent.name}/{recording.path.name}:{delivery}"
    return np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))


@dataclass(frozen=True)
class Route:
    """The random choices of one delivery.

    Attributes:
        mono: whether channels are mixed.
        speed: playing speed, 1 in three of four cases.
        rate: sample rate, in Hz.
        raised: whether it is resampled to 44.1 kHz after that.
        level_db: RMS level in dBFS.
        codec: lossy codec at the end; empty for none.
        kbps: its bit rate for stereo; mono gets half, at least 32.
    """

    mono: bool
    speed: float
    rate: int
    raised: bool
    level_db: float
    codec: Codec | Literal[""]
    kbps: int


def route(sample_rate: int, rates: Sequence[int], rng: np.random.Generator, *, synthetic: bool) -> Route:
    """Draw a delivery.

    Args:
        sample_rate: of the recording, in Hz.
        rates: rates to draw from, those of the generated recordings for both classes.
        rng: source of every choice.
        synthetic: whether the recording's own rate is one of `rates`.
    """
    mono = rng.random() < 0.7
    speed = float(rng.uniform(0.94, 1.06)) if rng.random() < 0.25 else 1.0
    rate = delivered_rate(sample_rate, rates, rng, synthetic=synthetic)
    raised = rng.random() < 0.5 and rate < 44100
    level_db = float(rng.uniform(-26.0, -14.0))
    codec: Codec | Literal[""] = ""
    kbps = 0
    if rng.random() < 0.75:
        codec, kbps = CODECS[int(rng.integers(len(CODECS)))]
    return Route(mono, speed, rate, raised, level_db, codec, kbps)


def deliver(
    wav: Tensor, sample_rate: int, rates: Sequence[int], rng: np.random.Generator, *, synthetic: bool
) -> tuple[Tensor, int]:
    """Send audio through a random delivery; arguments as in `route` and `sent`."""
    return sent(wav, sample_rate, route(sample_rate, rates, rng, synthetic=synthetic))


def sent(wav: Tensor, sample_rate: int, way: Route) -> tuple[Tensor, int]:
    """Send audio through a delivery.

    Args:
        wav: audio, [C, T].
        sample_rate: in Hz.
        way: from `route`.

    Returns:
        Delivered audio and its rate.
    """
    wav = wav[:, : round(MOST_S * sample_rate)]
    if way.mono:
        wav = wav.mean(0, keepdim=True)
    if way.speed != 1.0:
        ratio = Fraction(way.speed).limit_denominator(200)
        sped = signal.resample_poly(wav.numpy(), ratio.denominator, ratio.numerator, axis=-1)
        wav = torch.from_numpy(np.asarray(sped, np.float32))
    wav = resample(wav, sample_rate, way.rate)
    rate = 44100 if way.raised else way.rate
    wav = levelled(resample(wav, way.rate, rate), way.level_db)
    if way.codec:
        kbps = way.kbps if wav.shape[0] > 1 else max(32, way.kbps // 2)
        wav = recode(wav, rate, codec=way.codec, bit_rate=1000 * kbps)
    return wav, rate


def delivered_rate(own: int, rates: Sequence[int], rng: np.random.Generator, *, synthetic: bool) -> int:
    """A sample rate to deliver at.

    A generated recording cannot be delivered above its own rate, itself a draw from `rates`; human music
    therefore gets the lower of two draws, so that the delivered rates follow one distribution.
    """
    draws = rng.choice(np.asarray(rates), 2)
    return min(own, int(draws[0] if synthetic else draws.min()))


def mixed(wav: Tensor, sample_rate: int, other: Recording, gain_db: float) -> Tensor:
    """Audio with another recording under it, `gain_db` louder or softer than it, as long as the shorter."""
    clip = decode(other.path)
    under = resample(clip.wav.mean(0, keepdim=True), clip.sample_rate, sample_rate)
    length = min(wav.shape[-1], under.shape[-1])
    level = 10 * float(np.log10(float(wav.square().mean()) + 1e-9))
    return levelled(wav[:, :length] + levelled(under[:, :length], level + gain_db), LEVEL_DBFS)


def spliced(wav: Tensor, sample_rate: int, others: Sequence[Recording]) -> Tensor:
    """Ten seconds of audio between ten seconds each of two other recordings, mono, at one level."""
    parts = [wav.mean(0, keepdim=True)]
    for other in others:
        clip = decode(other.path)
        parts.append(resample(clip.wav.mean(0, keepdim=True), clip.sample_rate, sample_rate))
    size = round(MOST_S * sample_rate)
    before, middle, after = (levelled(p[:, :size], LEVEL_DBFS) for p in (parts[1], parts[0], parts[2]))
    return torch.cat([before, middle, after], 1)


def human_of(everything: Sequence[Recording], recording: Recording, rng: np.random.Generator) -> Recording:
    """Some openly licensed human recording of ten seconds or more other than this one."""
    human = [
        r
        for r in everything
        if r.label == "human" and r.use == "open" and r.duration_s >= MOST_S and r.path != recording.path
    ]
    return human[int(rng.integers(len(human)))]


def route_of(recording: Recording, sample_rate: int, delivery: str, everything: Sequence[Recording]) -> Route:
    """The random delivery of one recording: the same on every machine, known without its audio."""
    synthetic = bool(recording.synthetic)
    return route(sample_rate, generated_rates(everything), rng_for(recording, delivery), synthetic=synthetic)


def analyse(wav: Tensor, sample_rate: int) -> Analysed:
    """Reduce delivered audio to scores and confounds."""
    whole, parts = spectra.survey(wav, sample_rate)
    confounds = np.array([sample_rate, *levels(wav), wav.shape[-1] / sample_rate, whole.band_hz])
    if not whole.loud:
        return Analysed(confounds, np.zeros(0), np.zeros((0, 0)), 0.0)
    combs = measure(whole)
    rows = [[part.start_s, part.end_s, *best_scores(measure(part, combs))] for part in parts if part.loud]
    return Analysed(confounds, best_scores(combs), np.array(rows), combs.found.spacing_hz)


def save(path: Path, analysed: Analysed) -> None:
    """Write one copy's scores."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part, part.open("wb") as file:
        np.savez(
            file,
            confounds=analysed.confounds,
            whole=analysed.whole,
            segments=analysed.segments,
            spacing_hz=analysed.spacing_hz,
        )


def read(path: Path) -> Analysed:
    """Read what `save` wrote."""
    with np.load(path) as stored:
        spacing_hz = float(stored["spacing_hz"])
        return Analysed(stored["confounds"], stored["whole"], stored["segments"], spacing_hz)


def path_of(recording: Recording, delivery: str, cache: Path = CACHE) -> Path:
    """Where one copy's scores are kept."""
    return cache / delivery / recording.path.parent.name / f"{recording.path.stem}.npz"


def delivered(recording: Recording, delivery: str, everything: Sequence[Recording]) -> tuple[Tensor, int]:
    """One copy of a recording.

    Args:
        recording: what to decode.
        delivery: `native`, `matched`, `chain-` and anything for a random delivery of its own, `hybrid_` and
            a gain in dB for human music mixed under it, `splice` for ten seconds between two of human music,
            `watermarked` for our own mark, a codec and its kbit/s, `paced-` or `pitched-` with a tool and a
            tempo or a number of semitones (mono, ten seconds), `retimed-` and anything for one of these at
            random, or an attack's name.
        everything: all recordings of the manifest: their rates and human music are drawn from.
    """
    clip = decode(recording.path)
    wav, rate, rng = clip.wav, clip.sample_rate, rng_for(recording, delivery)
    kind, _, detail = delivery.partition("_")
    if delivery == "native":
        return wav, rate
    if delivery == "matched":
        return matched(clip, MATCHED_RATE, MOST_S).wav, MATCHED_RATE
    if delivery.startswith("chain-"):
        return sent(wav, rate, route_of(recording, rate, delivery, everything))
    if kind == "hybrid":
        return mixed(wav, rate, human_of(everything, recording, rng), float(detail)), rate
    if delivery == "splice":
        return spliced(wav, rate, [human_of(everything, recording, rng) for _ in range(2)]), rate
    if delivery == "watermarked":
        from provenance.watermark import WatermarkKey, embed

        return embed(wav, rate, rng.bytes(8), WatermarkKey(rng.bytes(32))), rate
    if kind in COPIES:
        wav = wav[:2] if wav.shape[0] > 2 else wav
        return recode(wav, rate, codec=cast(Codec, kind), bit_rate=1000 * int(detail)), rate
    change, _, tool = kind.partition("-")
    if delivery.startswith("retimed-"):
        return retimed(wav, rate, *drawn_change(rng), rng), rate
    if tool in TIME_TOOLS:
        return retimed(wav, rate, change, tool, float(detail), rng), rate
    return attack(delivery).apply(wav, rate, rng), rate


def retimed(
    wav: Tensor, rate: int, change: str, tool: str, amount: float, rng: np.random.Generator
) -> Tensor:
    """Ten seconds, mono, at another tempo or pitch, [1, T].

    Args:
        wav: audio, [C, T].
        rate: in Hz.
        change: `paced` or `pitched`.
        tool: one of `TIME_TOOLS`.
        amount: new tempo over old, or semitones.
        rng: for tools that draw.
    """
    mono = wav[:, : round(MOST_S * rate)].mean(0).numpy()
    apply = TIME_TOOLS[tool]
    if change == "paced":
        return torch.from_numpy(apply(mono, rate, amount, rng))[None]
    return torch.from_numpy(repitched(mono, rate, 2 ** (amount / 12), rng, apply))[None]


def drawn_change(rng: np.random.Generator) -> tuple[str, str, float]:
    """A change of tempo by 4 to 18 %, or of pitch by one to four semitones, and its tool."""
    tool = sorted(TIME_TOOLS)[int(rng.integers(len(TIME_TOOLS)))]
    up = rng.random() < 0.5
    if rng.random() < 0.5:
        amount = float(rng.uniform(1.04, 1.18))
        return "paced", tool, amount if up else 1 / amount
    semitones = float(rng.integers(1, 5))
    return "pitched", tool, semitones if up else -semitones


def cached(recording: Recording, delivery: str, everything: Sequence[Recording], cache: Path = CACHE) -> Path:
    """Compute one copy's scores unless they are there; the file that holds them. Arguments: `delivered`."""
    path = path_of(recording, delivery, cache)
    if not path.exists():
        save(path, analyse(*delivered(recording, delivery, everything)))
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
    parser.add_argument("--deliveries", nargs="+", default=["native", "chain-1"])
    parser.add_argument("--most", type=int, default=10000, help="recordings per collection and generator")
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), metavar=("I", "N"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = music(args.data)
    chosen = few_of_each(rows, args.most)
    for delivery in args.deliveries:
        failed = 0
        for recording in chosen[args.part[0] :: args.part[1]]:
            try:
                cached(recording, delivery, rows)
            except (TrackmarkError, ValueError) as error:
                failed += 1
                print(f"{recording.path.name}: {error}")
        print(f"{delivery}: {len(chosen)} recordings, {failed} failed", flush=True)


if __name__ == "__main__":
    main()
