"""Measure what tells two recordings that sound at once from one that is filed twice.

    python -m lab.evaluation.fingerprint.mixed DATA [-o FILE]

Two tracks are filed. In a mash-up they are two people's recordings that are played together; filed twice they
are one recording and a version of it. Of the moments of the track with fewer the share that speak for the
other one, too, is what `provenance.fingerprint.mixed` decides by. The limit was set after a look at 16
recordings, which are left out here. Writes `docs/benchmarks/fingerprint-mixed.md`.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool
from torch import Tensor

from core.encode import recode
from core.resample import resample
from lab.datasets import read_manifest
from lab.metrics import wilson
from lab.sound import transforms
from provenance.fingerprint import Fingerprint, Match, SqlIndex, extract, fingerprint_metadata
from provenance.fingerprint.mixed import SAME_MOMENTS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks" / "fingerprint-mixed.md"
RATE, SECONDS, LEVEL = 32_000, 20, 0.08
LOOKED_AT, SONGS = 16, 40
FAINTER_DB = (0.0, 3.0, 6.0)
UNDER_DB = 6.0
Change = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Row:
    """What was told of the pairs of one kind.

    Attributes:
        name: of the kind.
        mashed: whether the tracks are two recordings.
        asked: how many pairs there were.
        both: in how many of them both tracks were found.
        mixed: of how many of those it was told that two recordings are mixed.
    """

    name: str
    mashed: bool
    asked: int
    both: int
    mixed: int


def songs(root: Path, count: int, skipped: int) -> list[Tensor]:
    """The beginnings of people's recordings, [2, T] at `RATE`, equally loud, in an order of chance."""
    listed = [one for one in read_manifest(root) if one.kind == "human_music" and one.use != "avoid"]
    found: list[Tensor] = []
    for place in np.random.default_rng(1).permutation(len(listed)).tolist():
        clip = listed[place].load()
        wav = resample(clip.wav, clip.sample_rate, RATE)[:2, : SECONDS * RATE]
        if wav.shape[1] == SECONDS * RATE:
            wide = wav if len(wav) == 2 else wav.expand(2, -1)
            found.append(wide * LEVEL / (wide.pow(2).mean().sqrt() + 1e-6))
        if len(found) == skipped + count:
            break
    return found[skipped:]


def told(query: Tensor, one: Fingerprint, other: Fingerprint) -> list[Match]:
    """What an index of two tracks answers."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    fingerprint_metadata.create_all(engine)
    index = SqlIndex(engine)
    index.add("one", one)
    index.add("other", other)
    return index.query(extract(query, RATE))


def row(name: str, answers: Sequence[Sequence[Match]], *, mashed: bool) -> Row:
    """Count the answers to all pairs of one kind."""
    both = [found for found in answers if len(found) == 2]
    return Row(name, mashed, len(answers), len(both), sum(bool(found[0].mixed_with) for found in both))


def coded(wav: Tensor, kbps: int) -> Tensor:
    """Through MP3 and back."""
    return recode(wav, RATE, codec="mp3", bit_rate=kbps * 1000)


def versions(heard: Sequence[Tensor]) -> dict[str, Callable[[int], Tensor]]:
    """Versions of each recording, by name: what a second party may file."""
    rng = np.random.default_rng(2)

    def mastered(wav: Tensor) -> Tensor:
        return transforms.compressor(transforms.equaliser(wav, RATE, rng, depth_db=6.0), RATE, rng)

    def under(place: int) -> Tensor:
        other = heard[(place + len(heard) // 2) % len(heard)]
        return heard[place] + 10 ** (-UNDER_DB / 20) * torch.roll(other, 5 * RATE, 1)

    return {
        "the same file": lambda place: heard[place],
        "MP3 at 64 kbit/s": lambda place: coded(heard[place], 64),
        "equalised and compressed": lambda place: mastered(heard[place]),
        "equalised, compressed, MP3 at 32 kbit/s": lambda place: coded(mastered(heard[place]), 32),
        f"another recording {UNDER_DB:g} dB below it": under,
    }


def rows(heard: Sequence[Tensor]) -> list[Row]:
    """Every kind of pair, asked for as it is and after MP3 at 64 kbit/s."""
    prints = [extract(wav, RATE) for wav in heard]
    queries: dict[str, Change] = {"": lambda wav: wav, ", asked for after MP3": partial(coded, kbps=64)}
    found = []
    for said, change in queries.items():
        for fainter_db in FAINTER_DB:
            answers = []
            for place, wav in enumerate(heard):
                beside = (place + 1) % len(heard)
                query = change(wav + 10 ** (-fainter_db / 20) * heard[beside])
                answers.append(told(query, prints[place], prints[beside]))
            found.append(row(f"mash-up, one {fainter_db:g} dB below the other{said}", answers, mashed=True))
        for name, made in versions(heard).items():
            answers = [
                told(change(wav), prints[place], extract(made(place), RATE))
                for place, wav in enumerate(heard)
            ]
            found.append(row(f"filed twice: {name}{said}", answers, mashed=False))
    return found


def page(found: Sequence[Row], count: int) -> str:
    """The page, in Markdown."""
    lines = [
        "# Fingerprint: mash-ups and recordings that are filed twice",
        "",
        "Written by `python -m lab.evaluation.fingerprint.mixed`; do not edit.",
        "",
        f"{count} recordings of people, {SECONDS} s of each, none of which the limit of {SAME_MOMENTS:g} was "
        "set by. Where both tracks are found, it is told whether they are two recordings that sound at once. "
        "Per cent, 95 % Wilson intervals. Where one track is not found, nothing is told of the pair.",
        "",
        "| pairs | asked | both found | told as two recordings | right |",
        "|---|---:|---:|---:|---:|",
    ]
    for one in found:
        right = one.mixed if one.mashed else one.both - one.mixed
        share = "–"
        if one.both:
            low, high = wilson(right, one.both)
            share = f"{100 * right / one.both:.0f} ({100 * low:.0f}-{100 * high:.0f})"
        lines.append(f"| {one.name} | {one.asked} | {one.both} | {one.mixed} | {share} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description="measure what tells a mash-up from a second registration")
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    options = parser.parse_args()
    torch.set_num_threads(1)
    heard = songs(options.data, SONGS, LOOKED_AT)
    options.output.write_text(page(rows(heard), len(heard)))


if __name__ == "__main__":
    main()
