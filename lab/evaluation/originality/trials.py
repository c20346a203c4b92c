"""Queries with the one right answer among many: covers made here, tunes played again, variants, versions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import torch

from detector.originality.frames import RATE
from detector.originality.sketch import Sketch, sketch
from lab.evaluation.originality.recordings import Row, cuts, heard
from lab.sound.tempo import atempo, repitched
from lab.sound.tunes import arrangement, render, tune

WHOLE_S, PASSAGE_S, FROM_S = 60.0, 40.0, 10.0
TEMPI = (0.75, 0.85, 0.93, 1.1, 1.2, 1.33)
DEVELOPMENT = frozenset(
    {
        "game-opensurge",
        "game-redeclipse",
        "game-shattered-pd",
        "gamejam-ArmagetronAd-armagetronad",
        "gamejam-DPS2004-ld50",
    }
)
"""Collections on which constants were set."""
VERSIONS = (
    ("Come and Find Me - B mix.ogg", "Come and Find Me.ogg"),
    ("JRPG_battle_loop_slow.ogg", "JRPG_battle_loop.ogg"),
    ("Space Invaders/instrumental.mp3", "Space Invaders/audio.mp3"),
    ("HHavok-intro.ogg", "HHavok-main.ogg"),
)
"""Two mixes, a slower one, one without the voice, two parts of one piece: all of their kind in the data."""


@dataclass(frozen=True)
class Trial:
    """A query.

    Attributes:
        way: what kind of likeness there is.
        query: the track that is compared.
        own: place of the right answer among the others.
    """

    way: str
    query: Sketch
    own: int


def people(rows: Sequence[Row], most: int) -> list[Row]:
    """Human recordings of the evaluation, so many of each collection at most."""
    fit = [
        r
        for r in rows
        if r.kind == "human_music"
        and r.use == "research"
        and WHOLE_S <= r.duration_s <= 300.0
        and r.collection not in DEVELOPMENT
        and "instrumental" not in r.title
    ]
    fit.sort(key=lambda r: (r.collection, r.title))
    return [row for _, group in groupby(fit, key=lambda r: r.collection) for row in list(group)[:most]]


def covers(rows: Sequence[Row], seed: int = 0) -> Iterator[Trial]:
    """A passage of each recording, as it is and changed by FFmpeg's `atempo` and resampling."""
    rng = np.random.default_rng(seed)
    for own, row in enumerate(rows):
        wav = heard(row, WHOLE_S)
        if wav is None:
            continue
        part = np.ascontiguousarray(wav[0, round(FROM_S * RATE) :][: round(PASSAGE_S * RATE)].numpy())
        semitones = int(rng.choice([-6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6]))
        tempo = float(rng.choice(TEMPI))
        moved = repitched(part, RATE, 2 ** (semitones / 12), rng, atempo)
        ways = {
            "passage": part,
            "transposed": moved,
            "re-tempoed": atempo(part, RATE, tempo, rng),
            "both": atempo(moved, RATE, tempo, rng),
        }
        for way, samples in ways.items():
            yield Trial(way, sketch(torch.from_numpy(np.ascontiguousarray(samples))[None], RATE), own)


def played_again(tunes: int) -> tuple[list[Sketch], list[Trial]]:
    """Made-up tunes, and each in another arrangement: instruments, key, tempo, accompaniment."""
    first = 200  # none that a test looks at
    others = [sketch(render(tune(first + k), arrangement(first + k), RATE), RATE) for k in range(tunes)]
    trials = [
        Trial("another arrangement", sketch(render(tune(first + k), arrangement(900 + k), RATE), RATE), k)
        for k in range(tunes)
    ]
    return others, trials


def variants(
    rows: Sequence[Row], collection: str, pieces: int, runs: Path
) -> tuple[list[Sketch], list[Trial]]:
    """Of each piece of a generator's page one variant to be found, by another one of the same piece."""
    fit = sorted(
        (r for r in rows if r.collection == collection and r.kind == "ai_music" and r.pair_id),
        key=lambda r: (r.pair_id, r.title),
    )
    groups = [list(group) for _, group in groupby(fit, key=lambda r: r.pair_id)]
    others: list[Sketch] = []
    trials: list[Trial] = []
    for group in [g for g in groups if len(g) > 1][:pieces]:
        made = [cuts(row, (WHOLE_S,), runs) for row in (group[0], group[-1])]
        if all(made):
            trials.append(Trial(f"variants, {collection}", made[1][0], len(others)))
            others.append(made[0][0])
    return others, trials


def versions(rows: Sequence[Row], runs: Path) -> Iterator[tuple[str, Sketch, Sketch]]:
    """The true versions in the data: name, one and the other."""
    for one, other in VERSIONS:
        found = [next((r for r in rows if r.title.endswith(name)), None) for name in (one, other)]
        made = [cuts(row, (150.0,), runs) for row in found if row is not None]
        if len(made) == 2 and all(made):
            yield f"{one} / {other}", made[0][0], made[1][0]
