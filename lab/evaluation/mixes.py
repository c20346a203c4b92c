"""Measure what is found in long mixes: which registered track, from when to when, and with which mark.

    python -m lab.evaluation.mixes [--minutes 10 20] [--data FOLDER]

A mix is a row of pieces of registered and unregistered songs with cross-fades; some are played faster or
slower by up to 8 % (as a turntable does, or with their key kept), over some somebody speaks as loud as the
music. Songs and voice are made up (`lab.sound.songs`); with `--data` they are people's recordings. A piece is
found when the track is told for at least half of it, at the right speed; what is told is right when at least
half of it lies in pieces of that track. Writes `docs/benchmarks/mixes.md`; with `--data`, prints.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool
from torch import Tensor

from core.resample import resample
from lab.datasets import read_manifest
from lab.metrics import wilson
from lab.sound.songs import song, voice
from lab.sound.stretch import stretch
from provenance.fingerprint import SqlIndex, extract, fingerprint_metadata
from provenance.watermark import Known, WatermarkKey, detect, embed

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "mixes.md"
RATE = 32_000
KEY = WatermarkKey(bytes(range(32)))
SONG_S = 80.0
REGISTERED, OTHERS = 16, 8
PIECE_S = (20.0, 50.0)
FADE_S = (2.0, 8.0)
MOST_CHANGE = 0.08
SPOKEN = 0.25
HALF = 0.5
SPEED_ERROR = 0.02
UNCHANGED = 0.005
WAYS = ("as it is", "turntable", "key kept")


@dataclass(frozen=True)
class Piece:
    """What was laid into a mix.

    Attributes:
        track: number of the registered song, or None for another.
        start_s: where it begins in the mix, its fade included.
        end_s: where it ends.
        speed: how much faster it plays.
        way: one of `WAYS`.
        spoken: whether somebody speaks over it.
    """

    track: int | None
    start_s: float
    end_s: float
    speed: float
    way: str
    spoken: bool


@dataclass(frozen=True)
class Told:
    """What was told of a mix: a track from `start_s` to `end_s` at a speed."""

    track: int
    start_s: float
    end_s: float
    speed: float


@dataclass(frozen=True)
class Mix:
    """A mix, what is in it, what fingerprint and mark told of it, and the processor time of each."""

    minutes: float
    pieces: tuple[Piece, ...]
    printed: tuple[Told, ...]
    marked: tuple[Told, ...]
    printed_cpu_s: float
    marked_cpu_s: float


def overlap(one: Piece | Told, other: Piece | Told) -> float:
    """Seconds that two spans share."""
    return max(0.0, min(one.end_s, other.end_s) - max(one.start_s, other.start_s))


def found(piece: Piece, told: Sequence[Told]) -> bool:
    """Whether the track is told for half of the piece or more, at its speed."""
    own = [t for t in told if t.track == piece.track and abs(t.speed - piece.speed) <= SPEED_ERROR]
    return sum(overlap(piece, t) for t in own) >= HALF * (piece.end_s - piece.start_s)


def right(told: Told, pieces: Sequence[Piece]) -> bool:
    """Whether half of what is told or more lies in pieces of that track."""
    own = sum(overlap(told, piece) for piece in pieces if piece.track == told.track)
    return own >= HALF * (told.end_s - told.start_s)


def mixed(
    registered: Sequence[Tensor],
    others: Sequence[Tensor],
    voices: Sequence[Tensor],
    minutes: float,
    seed: int,
) -> tuple[Tensor, tuple[Piece, ...]]:
    """Lay pieces one into the next until the mix is long enough.

    Args:
        registered: songs at `RATE`, [2, T].
        others: songs that no index holds.
        voices: speech, [1, T].
        minutes: length of the mix.
        seed: of every choice.

    Returns:
        The mix, [2, T], and what is in it.
    """
    rng = np.random.default_rng([seed, 79])
    mix, end, pieces = torch.zeros(2, round(minutes * 60 * RATE)), 0, []
    while end < mix.shape[1] - round(PIECE_S[0] * RATE):
        known = rng.random() < 0.7
        number = int(rng.integers(len(registered if known else others)))
        source = (registered if known else others)[number]
        way = WAYS[int(rng.integers(len(WAYS)))]
        speed = 1.0 if way == WAYS[0] else 1.0 + float(rng.choice([-1, 1]) * rng.uniform(0.01, MOST_CHANGE))
        part = _played(_cut(source, float(rng.uniform(*PIECE_S)), rng), speed, way)
        fade = min(round(float(rng.uniform(*FADE_S)) * RATE), part.shape[1] // 3)
        begin = max(0, end - fade)
        part = part[:, : mix.shape[1] - begin].clone()
        ramp = torch.linspace(0.0, 1.0, fade)[: part.shape[1]]
        part[:, : len(ramp)] *= ramp
        part[:, -len(ramp) :] *= ramp.flip(0)
        spoken = bool(rng.random() < SPOKEN)
        if spoken:
            said = _cut(voices[int(rng.integers(len(voices)))], part.shape[1] / RATE, rng)
            part += said[:, : part.shape[1]] * float(part.std() / said.std().clamp_min(1e-6))
        mix[:, begin : begin + part.shape[1]] += part
        end = begin + part.shape[1]
        pieces.append(Piece(number if known else None, begin / RATE, end / RATE, speed, way, spoken))
    return mix / float(mix.abs().max()), tuple(pieces)


def _cut(wav: Tensor, seconds: float, rng: np.random.Generator) -> Tensor:
    wanted = round(seconds * RATE)
    wav = wav.repeat(1, -(-wanted // wav.shape[1])) if wav.shape[0] == 1 else wav
    length = min(wanted, wav.shape[1])
    start = int(rng.integers(wav.shape[1] - length + 1))
    return wav[:, start : start + length]


def _played(wav: Tensor, speed: float, way: str) -> Tensor:
    if way == "turntable":
        return resample(wav, round(1000 * speed), 1000)
    return stretch(wav, RATE, speed) if way == "key kept" else wav


def measure(
    registered: Sequence[Tensor],
    others: Sequence[Tensor],
    voices: Sequence[Tensor],
    lengths_min: Sequence[float],
    seed: int,
) -> Iterator[Mix]:
    """Register and mark the songs, make a mix of each length, and ask."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    fingerprint_metadata.create_all(engine)
    index, marked = SqlIndex(engine), []
    for number, wav in enumerate(registered):
        marked.append(embed(wav, RATE, _message(number), KEY))
        index.add(_message(number).hex(), extract(marked[-1], RATE))
    for turn, minutes in enumerate(lengths_min):
        wav, pieces = mixed(marked, others, voices, minutes, seed + turn)
        begin = time.process_time()
        matches = index.query(extract(wav, RATE))
        middle = time.process_time()
        changes = [Known(s.speed, s.pitch, s.start_s, s.end_s) for m in matches for s in m.stretches]
        changed = [k for k in changes if abs(k.speed - 1.0) > UNCHANGED]
        marks = detect(wav, RATE, KEY, known=changed, exhaustive=True).marks
        end = time.process_time()
        printed = [
            Told(int(m.record_id, 16), s.start_s, s.end_s, s.speed) for m in matches for s in m.stretches
        ]
        read = [Told(int.from_bytes(m.message, "big"), m.start_s, m.end_s, m.speed) for m in marks]
        yield Mix(minutes, pieces, tuple(printed), tuple(read), middle - begin, end - middle)


def _message(number: int) -> bytes:
    return number.to_bytes(8, "big")


def made() -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Registered songs, other songs and voices, all made up."""
    songs = [song(seed, SONG_S, RATE) for seed in range(REGISTERED + OTHERS)]
    return songs[:REGISTERED], songs[REGISTERED:], [voice(seed, 60.0, RATE) for seed in range(3)]


def recorded(root: Path) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """The same of people's recordings: the 34 s cuts, one in three of them not registered."""
    rows = read_manifest(root)
    songs = [_stereo(r.load().wav, r.load().sample_rate) for r in rows if r.is_34s_test]
    voices = [r.load() for r in rows if r.kind == "voices" and r.label == "human"][:20]
    said = [resample(v.wav[:1], v.sample_rate, RATE) for v in voices]
    return [s for n, s in enumerate(songs) if n % 3], songs[::3], [torch.cat(said, 1)]


def _stereo(wav: Tensor, sample_rate: int) -> Tensor:
    return resample(wav[:2] if wav.shape[0] > 1 else wav.expand(2, -1), sample_rate, RATE)


def page(mixes: Sequence[Mix], command: str) -> str:
    """The document."""
    lines = [
        "# Mixes",
        "",
        f"Generated by `{command}`; do not edit. {len(mixes)} mixes of "
        f"{', '.join(f'{m.minutes:g}' for m in mixes)} minutes, made up (`lab.sound.songs`): pieces of 20 to "
        f"50 s of {REGISTERED} registered and marked songs and {OTHERS} others, cross-fades of 2 to 8 s, "
        "two in three pieces faster or slower by 1 to 8 %, speech at 0 dB over one in four. A small sample "
        "of made-up music: it shows that the whole length is searched, not what every music gives. The mark "
        "is looked for as an audit does: at the changes that the fingerprint tells, then with the full "
        "search. What tells a mark's stretches (`provenance.watermark.marks`) was set on the ten minutes of "
        "seed 0. In brackets 95 % intervals.",
        "",
        "| piece | pieces | by fingerprint | by mark |",
        "|---|---:|---:|---:|",
    ]
    laid = [(mix, piece) for mix in mixes for piece in mix.pieces if piece.track is not None]
    groups = {
        "all": laid,
        **{way: [(m, p) for m, p in laid if p.way == way and not p.spoken] for way in WAYS},
        "speech over it": [(m, p) for m, p in laid if p.spoken],
    }
    for name, some in groups.items():
        shares = [_share([found(p, getattr(m, by)) for m, p in some]) for by in ("printed", "marked")]
        lines.append(f"| {name} | {len(some)} | {shares[0]} | {shares[1]} |")
    lines += ["", "| told | by fingerprint | by mark |", "|---|---:|---:|"]
    told = [[(m, t) for m in mixes for t in getattr(m, by)] for by in ("printed", "marked")]
    precise = [_share([right(t, m.pieces) for m, t in some]) for some in told]
    lines.append(f"| right, of what is told | {precise[0]} | {precise[1]} |")
    edges = [_edges(mixes, by) for by in ("printed", "marked")]
    lines.append(f"| edges off by, median and 90 % | {edges[0]} | {edges[1]} |")
    costs = [
        f"{sum(60 * m.minutes for m in mixes) / sum(getattr(m, by) for m in mixes):.0f}"
        for by in ("printed_cpu_s", "marked_cpu_s")
    ]
    lines.append(f"| times real time, one core, on a busy machine | {costs[0]} | {costs[1]} |")
    return "\n".join(lines) + "\n"


def _share(hits: Sequence[bool]) -> str:
    low, high = wilson(sum(hits), len(hits))
    return f"{sum(hits)} of {len(hits)} ({low:.2f}-{high:.2f})"


def _edges(mixes: Sequence[Mix], by: str) -> str:
    off: list[float] = []
    for mix in mixes:
        for piece in mix.pieces:
            own = [t for t in getattr(mix, by) if t.track == piece.track and overlap(piece, t) > 0]
            if piece.track is not None and found(piece, own):
                off += [abs(min(t.start_s for t in own if overlap(piece, t)) - piece.start_s)]
                off += [abs(max(t.end_s for t in own if overlap(piece, t)) - piece.end_s)]
    return f"{np.median(off):.1f} s, {np.percentile(off, 90):.1f} s" if off else "-"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, nargs="*", default=[10.0, 20.0])
    parser.add_argument("--data", type=Path, help="people's recordings instead of made-up songs")
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    options = parser.parse_args()
    torch.set_num_threads(1)
    songs, others, voices = recorded(options.data) if options.data else made()
    mixes = list(measure(songs, others, voices, options.minutes, seed=0))
    text = page(
        mixes, "python -m lab.evaluation.mixes --minutes " + " ".join(f"{m:g}" for m in options.minutes)
    )
    if options.data is None:
        options.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
