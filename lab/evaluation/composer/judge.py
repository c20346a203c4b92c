"""A trained composer against the rule of decision 0353: what its codec keeps, and what it plays.

The codec is heard on held-out music beside Opus at the lowest rate that music is sent at. What the model
plays is compared by `Statistics` with held-out music, with noise, and with a model that was never trained;
a fingerprint looks for what it plays in what it learned from.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.encode import recode
from core.errors import EncodeError
from lab.evaluation.composer.statistics import NAMES, Statistics, statistics, table
from lab.evaluation.composer.untrained import untrained as untrained_model
from lab.evaluation.watermark.neural import mel_distance_db
from lab.training.composer.export import MOST_BYTES
from lab.training.composer.music import Music
from provenance.fingerprint import extract, triplets
from provenance.fingerprint.mapped import SortedPostings, write_sorted
from provenance.fingerprint.search import search
from provenance.generate import Generator, Order, composer, load_generator

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks" / "composer.md"
PIECE_S = 10
OPUS_BPS = 6000
BOOKS = (1, 2, 4, 13, 16)
"""Numbers of books at which the codec is heard, too."""
MOST_PIECES = 64
MOST_OF_ONE = 8
"""Held-out pieces of one collection at most: three of four come from one, which holds single instruments."""
QUIETEST_RMS = 0.01
"""A twelfth of the level that music is packed at. Single instruments wait for minutes."""
WITHIN = (10.0, 90.0)
"""Percentiles of held-out music; the median of what is played must lie between them in each statistic."""
LEAST_INSIDE = 0.5
"""Share of pieces that must lie within the range of 98 of 100 held-out ones in all statistics at once."""
INSIDE = (1.0, 99.0)
LEAST_SI_SDR_DB = 3.0
SLOWEST = 3.0
"""Seconds of one core for a second of music, at most."""
Table = NDArray[np.float64]


@dataclass(frozen=True)
class Heard:
    """What a codec leaves of held-out music.

    Attributes:
        distance_db: of mel spectra, mean over pieces.
        si_sdr_db: scale-invariant signal-to-distortion ratio, median over pieces.
    """

    distance_db: float
    si_sdr_db: float


@dataclass(frozen=True)
class Played:
    """What a model plays.

    Attributes:
        rows: statistics of each piece, [N, statistics].
        copied: pieces in which a training piece was found.
        seconds: of processor for a second of music.
    """

    rows: Table
    copied: int
    seconds: float


def page(model: Path, music: Music, number: int) -> str:
    """Measure everything and say it in Markdown.

    Args:
        model: an exported folder.
        music: with held-out pieces.
        number: of pieces to play.
    """
    rate = music.rate
    card, made = composer.load(model)
    unheard = held_out(music)
    ours = heard(unheard, [_through(made, wav) for wav in unheard], rate)
    kept, copies = _through_opus(unheard, rate)
    opus, same = heard(kept, copies, rate), heard(kept, [_through(made, wav) for wav in kept], rate)
    finer = _at_each_number_of_books(made, unheard, rate)
    people = table([statistics(wav, rate) for wav in unheard])
    played = play(load_generator(str(model)), music, number)
    untrained = play(untrained_model(), music, min(number, 8))
    noise = table([statistics(_noise(seed, rate), rate) for seed in range(8)])
    size = (model / card.file).stat().st_size
    lines = [
        "# A music model of our own",
        "",
        "Written by `python -m lab.evaluation.composer`; do not edit. Protocol and rule, written before: "
        "[decision 353](../decisions/0353-what-a-composer-of-our-own-must-reach.md). "
        f"{card.name}, SHA-256 `{card.sha256[:12]}`, after {card.metrics.get('codec_steps', 0):.0f} steps of "
        f"the codec and {card.metrics.get('language_steps', 0):.0f} of the language model.",
        "",
        "## What its codec keeps",
        "",
        f"{len(unheard)} held-out stretches of {PIECE_S} s, {len(kept)} of which Opus leaves for comparison. "
        f"The language model speaks {made.shape.spoken} of its {made.shape.books} books; the rule asks "
        "at those.",
        "",
        "| codec | pieces | mel distance, dB | SI-SDR, dB |",
        "|---|---:|---:|---:|",
        _row(f"ours, {made.shape.bit_rate(made.shape.spoken) / 1000:.1f} kbit/s", len(unheard), ours),
        _row("the same, of what Opus leaves", len(kept), same),
        _row(f"Opus, {OPUS_BPS // 1000} kbit/s", len(kept), opus),
        *(
            _row(f"ours, {made.shape.bit_rate(books) / 1000:.2f} kbit/s", len(unheard), one)
            for books, one in finer.items()
        ),
        "",
        "## What it plays",
        "",
        f"| median | held-out music ({len(people)}), {WITHIN[0]:.0f} to {WITHIN[1]:.0f} % | ours ({number}) "
        "| untrained (8) | noise (8) |",
        "|---|---|---|---|---|",
    ]
    for column, name in enumerate(NAMES):
        low, high = np.percentile(people[:, column], WITHIN)
        medians = [float(np.median(rows[:, column])) for rows in (played.rows, untrained.rows, noise)]
        lines.append(
            f"| {name} | {low:.2f} to {high:.2f} | " + " | ".join(f"{m:.2f}" for m in medians) + " |"
        )
    verdicts = rule(ours, opus, people, played, size)
    lines += [
        "",
        f"Of music itself {inside(people, people):.0%} of the pieces lie within its range in all statistics, "
        f"of what the untrained model plays {inside(people, untrained.rows):.0%}, of noise "
        f"{inside(people, noise):.0%}.",
        "",
        "## The rule",
        "",
    ]
    lines += [f"- {'met' if met else 'not met'}: {text}" for text, met in verdicts]
    return "\n".join(lines) + "\n"


def _row(name: str, pieces: int, told: Heard) -> str:
    return f"| {name} | {pieces} | {told.distance_db:.2f} | {told.si_sdr_db:.1f} |"


def rule(ours: Heard, opus: Heard, people: Table, played: Played, size: int) -> list[tuple[str, bool]]:
    """Each demand of decision 0353, with what was measured, and whether it is met."""
    medians = np.median(played.rows, axis=0)
    low, high = np.percentile(people, WITHIN, axis=0)
    outside = [name for name, ok in zip(NAMES, (medians >= low) & (medians <= high), strict=True) if not ok]
    share = inside(people, played.rows)
    return [
        (
            f"mel distance {ours.distance_db:.2f} dB, of Opus {opus.distance_db:.2f}",
            ours.distance_db <= opus.distance_db,
        ),
        (
            f"SI-SDR {ours.si_sdr_db:.1f} dB, wanted {LEAST_SI_SDR_DB:.0f}",
            ours.si_sdr_db >= LEAST_SI_SDR_DB,
        ),
        (f"medians outside the range of music: {', '.join(outside) or 'none'}", not outside),
        (f"{share:.0%} of the pieces within music's range, wanted {LEAST_INSIDE:.0%}", share >= LEAST_INSIDE),
        (f"{played.copied} pieces found in the music that it learned from", played.copied == 0),
        (f"{size} bytes, {MOST_BYTES} are the most", size <= MOST_BYTES),
        (f"{played.seconds:.2f} s of a core for a second of music", played.seconds <= SLOWEST),
    ]


def inside(people: Table, rows: Table) -> float:
    """Share of rows that lie within the range of almost all music in all statistics at once."""
    low, high = np.percentile(people, INSIDE, axis=0)
    return float(((rows >= low) & (rows <= high)).all(1).mean())


def held_out(music: Music, seconds: int = PIECE_S) -> list[Tensor]:
    """The loudest stretches of held-out recordings of people, all collections in turn, [1, T]."""
    length, found = seconds * music.rate, dict[str, list[Tensor]]()
    for piece in music.chosen(held_out=True):
        mine = found.setdefault(piece.source, [])
        if not piece.made and piece.length >= length and len(mine) < MOST_OF_ONE:
            stretch = _loudest(music.of(piece), length, music.rate)
            if float(stretch.square().mean().sqrt()) >= QUIETEST_RMS:
                mine.append(stretch[None])
    turns = [mine[turn] for turn in range(MOST_OF_ONE) for mine in found.values() if turn < len(mine)]
    return turns[:MOST_PIECES]


def _loudest(wav: Tensor, length: int, step: int) -> Tensor:
    """The stretch of most energy that begins at a multiple of `step`, [T] to [length]."""
    energy = wav.double().square().cumsum(0)
    starts = torch.arange(0, len(wav) - length + 1, step)
    before = torch.where(starts > 0, energy[(starts - 1).clamp_min(0)], 0.0)
    first = int(starts[(energy[starts + length - 1] - before).argmax()])
    return wav[first : first + length]


def heard(originals: Sequence[Tensor], copies: Sequence[Tensor], rate: int) -> Heard:
    """How far copies are from their originals."""
    pairs = list(zip(originals, copies, strict=True))
    distances = [mel_distance_db(a, b, rate) for a, b in pairs]
    return Heard(float(np.mean(distances)), float(np.median([si_sdr_db(a, b) for a, b in pairs])))


def si_sdr_db(original: Tensor, copy: Tensor) -> float:
    """Scale-invariant ratio of what of a copy is the original to what is not (J. Le Roux et al., 2019)."""
    target = original * ((copy * original).sum() / original.square().sum().clamp_min(1e-9))
    rest = (copy - target).square().sum().clamp_min(1e-9)
    return float(10 * torch.log10(target.square().sum().clamp_min(1e-9) / rest))


def play(generator: Generator, music: Music, number: int) -> Played:
    """Let a model play, seeds 0 and up, and look for it in the music that was trained on."""
    started = time.process_time()
    pieces = []
    for seed in range(number):
        order = Order("", seconds=PIECE_S)
        pieces.append(torch.cat(list(generator.stream(order, seed)), -1))
    seconds = (time.process_time() - started) / (number * PIECE_S)
    rows: list[Statistics] = [statistics(wav, generator.sample_rate) for wav in pieces]
    return Played(table(rows), copied(pieces, generator.sample_rate, music), seconds)


def copied(pieces: Sequence[Tensor], rate: int, music: Music) -> int:
    """How many pieces hold a stretch of the music that was trained on, as the fingerprint finds it."""
    known = [extract(music.of(p)[None], music.rate).reference() for p in music.chosen(held_out=False)]
    rows = []
    for track, filed in enumerate(known):
        key = triplets.keys(triplets.values(filed.hashes))
        there = key >= 0
        numbers = np.full(int(there.sum()), track, np.int64)
        rows.append((key[there], numbers, filed.times[there].astype(np.int64)))
    frames = sum(filed.frames for filed in known)
    with TemporaryDirectory() as folder:
        write_sorted(Path(folder), rows)
        index = SortedPostings.open(Path(folder))
        return sum(bool(search(extract(wav, rate), index, frames)) for wav in pieces)


@torch.no_grad()
def _through(made: composer.Composer, wav: Tensor) -> Tensor:
    result = made.codec(wav[None])
    rendered: Tensor = result.x[0]
    return rendered


def _at_each_number_of_books(
    made: composer.Composer, unheard: Sequence[Tensor], rate: int
) -> dict[int, Heard]:
    """What the codec keeps at other rates than that of its language model."""
    told = {}
    for books in BOOKS:
        if books <= made.shape.books and books != made.shape.spoken:
            made.codec.set_num_codebooks(books)
            told[books] = heard(unheard, [_through(made, wav) for wav in unheard], rate)
    made.codec.set_num_codebooks(made.shape.spoken)
    return told


def _through_opus(unheard: Sequence[Tensor], rate: int) -> tuple[list[Tensor], list[Tensor]]:
    """Pieces and what Opus makes of them, without those of which nothing is left that could be compared."""
    pairs = []
    for wav in unheard:
        with suppress(EncodeError):
            pairs.append((wav, recode(wav, rate, codec="opus", bit_rate=OPUS_BPS)))
    return [before for before, _ in pairs], [after for _, after in pairs]


def _noise(seed: int, rate: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(1, PIECE_S * rate, generator=generator)
