"""Measure the fingerprint: recall under attack, false matches, cost, and Chromaprint beside it. Writes
`docs/benchmarks/fingerprint.md`, and the card that reports take their error rates from.

    python -m lab.evaluation.fingerprint [--every N] [--scale N [--track-seconds S]] [-o FILE]

References are whole files of human music; queries are excerpts at a random offset, attacked after the
cut: 10 s of the 34 s files, 5 s of the others. A query finds its track when the best match is the track
itself, at the right speed (in a mix of two indexed tracks: when it is among the matches). False are
matches with a recording of another collection; pairs inside one collection may share takes or stems and
are counted apart. AI music, of which nothing is indexed, is asked as well. For chance, the beginning of every
recording, human and AI, is searched in an index of all the others. Needs `fpcalc` (Debian:
libchromaprint-tools) and, for `--scale 100000`, 10 GB of disk.
"""

import argparse
import tempfile
import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from lab.datasets import Recording, read_manifest
from lab.evaluation.fingerprint.audio import LONG_S, Asked, Store, attacked, short, whole
from lab.evaluation.fingerprint.card import CARD, PAGE, card
from lab.evaluation.fingerprint.chromaprint import Catalogue
from lab.evaluation.fingerprint.page import Answer, Chance, Cost, Rival, Scale, page
from lab.evaluation.fingerprint.scale import Among, build, crowding, measure
from provenance.fingerprint import Fingerprint, Match, SqlIndex, extract, fingerprint_metadata, triplets
from provenance.fingerprint.mapped import SortedPostings, write_sorted
from provenance.fingerprint.peaks import FRAME_RATE
from provenance.fingerprint.search import window_lines
from provenance.fingerprint.windows import Windows

ROOT = Path(__file__).resolve().parents[3]
KEPT = ROOT / "runs" / "fingerprint"
SCALE_QUERIES, SCALE_FOREIGN = 120, 60
TIMED = 8
LEAST_VOTES = 3

KNOWN_COPIES = (
    {"05411c8c35.mp3", "a7ef297674.mp3"},
    {"ef130441db.flac", "12a9ec4d7b.flac"},
    {"78444efd01.flac", "57a6cabe56.flac"},
)
"""Files of two collections that hold the same sound, found by this benchmark: one song that a laboratory
published twice; two songs whose real vocals a demonstration page lays over another accompaniment."""


class Bench:
    """References in an index, and queries against it."""

    def __init__(self, references: Sequence[Recording], store: Store) -> None:
        engine = create_engine("sqlite://", poolclass=StaticPool)
        fingerprint_metadata.create_all(engine)
        self.index = SqlIndex(engine)
        self.references = references
        self.number = {r.path.name: n for n, r in enumerate(references)}
        self.asked = [store.get(f"whole-{r.path.name}", partial(whole, r))[0] for r in references]
        with engine.begin() as connection:
            for number, asked in enumerate(self.asked):
                self.index.add_on(connection, f"{number:016x}", asked.fingerprint)

    def unrelated(self, one: int, two: int) -> bool:
        """Whether two references are of different collections, and not known to be the same song."""
        return self.references[one].source != self.references[two].source and not self.copies(one, two)

    def copies(self, one: int, two: int) -> bool:
        """Whether two references are known to be the same song."""
        return {self.references[one].path.name, self.references[two].path.name} in KNOWN_COPIES

    def ask(self, asked: Asked, source: str) -> Answer:
        """Query the index; `source` is the collection of what is asked."""
        begin = time.process_time()
        matches = self.index.query(asked.fingerprint)
        cpu_s = time.process_time() - begin
        own = self.number.get(asked.name)
        present = {own, self.number.get(asked.mixed)}
        others = [n for m in matches if (n := int(m.record_id, 16)) not in present]
        strangers = [
            n
            for n in others
            if self.references[n].source != source and (own is None or self.unrelated(own, n))
        ]
        return Answer(
            asked.name,
            asked.attack,
            asked.seconds,
            found=own is not None and self.right(matches, own, asked),
            false=len(strangers) > 0,
            akin=len(others) > len(strangers),
            cpu_s=cpu_s,
        )

    def right(self, matches: Sequence[Match], own: int, asked: Asked) -> bool:
        """Whether the first match (in a mix: any) is the own track, or its known copy, at the right speed."""
        # Repeats inside a track are the same music at another place, so the offset is not asked for.
        looked_at = matches if asked.mixed else matches[:1]
        return any(
            (own == (number := int(m.record_id, 16)) or self.copies(own, number))
            and abs(m.speed - asked.tempo) < 0.02
            for m in looked_at
        )


def chance(asked: Sequence[Asked], sources: Sequence[str]) -> Chance:
    """Votes that recordings get from those of other collections, the first 10 s of each asked."""
    filed = sorted_postings([entry.fingerprint.reference() for entry in asked])
    frames = sum(entry.fingerprint.frames for entry in asked)
    source, votes, pairs = np.array(sources), [], 0
    for entry, own in zip(asked, sources, strict=True):
        strange = source != own
        for number, other in enumerate(asked):
            if {entry.name, other.name} in KNOWN_COPIES:
                strange[number] = False
        pairs += int(strange.sum())
        window = Windows(_beginning(entry.fingerprint, round(LONG_S * FRAME_RATE)))[0]
        for line in window_lines(window, Among(filed, strange), LEAST_VOTES):
            votes.append(line.votes)
    return Chance(len(asked), pairs, frames / FRAME_RATE, tuple(votes))


def _beginning(whole: Fingerprint, frames: int) -> Fingerprint:
    inside = np.flatnonzero(whole.times < frames)
    filed = int((inside < whole.filed).sum())
    return Fingerprint(whole.hashes[inside], whole.times[inside], filed, min(frames, whole.frames))


def sorted_postings(tracks: Iterable[Fingerprint]) -> SortedPostings:
    """A sorted copy of these tracks."""
    parts = (
        (triplets.keys(triplets.values(f.hashes)), np.full(f.filed, n, np.int64), f.times.astype(np.int64))
        for n, f in enumerate(tracks)
    )
    with tempfile.TemporaryDirectory() as folder:
        write_sorted(Path(folder), parts)
        return SortedPostings.open(Path(folder))  # the open maps outlive the folder's names


def rival(bench: Bench, hard: Sequence[Asked], easy: Sequence[Asked], false: int) -> Rival:
    """What Chromaprint finds on the same audio, as loose as it may be to meet no more strangers than we do.

    A threshold each for attacked and for short queries: the shorter ones differ by fewer bits, and the
    nearest stranger to one of them must not be the bar for the others.
    """
    catalogue = Catalogue([entry.words for entry in bench.asked])
    thresholds, found = [], {}
    for queries in (hard, easy):
        own_rates, strange_rates = [], []
        for asked in queries:
            own = bench.number[asked.name]
            rates = catalogue.error_rates(asked.words)
            numbers = range(len(rates))
            strange = [bench.unrelated(own, n) and n != bench.number.get(asked.mixed) for n in numbers]
            alike = [n for n in numbers if n == own or bench.copies(own, n)]
            own_rates.append(float(rates[alike].min()))
            strange_rates.append(float(rates[strange].min()))
        thresholds.append(sorted(strange_rates)[false])
        for attack in dict.fromkeys(asked.attack for asked in queries):
            hits = [r < thresholds[-1] for a, r in zip(queries, own_rates, strict=True) if a.attack == attack]
            found[attack] = sum(hits) / len(hits)
    return Rival(thresholds[0], thresholds[1], found)


def scale(
    bench: Bench,
    hard: Sequence[Asked],
    foreign: Sequence[Asked],
    tracks: int,
    track_s: float,
    folder: Path,
) -> Scale:
    """Search among the references and made-up tracks of `track_s` seconds."""
    rng = np.random.default_rng(0)
    references = [asked.fingerprint for asked in bench.asked]
    crowded = crowding(references, [r.source for r in bench.references], rng)
    frames = build(folder, references, tracks, track_s, rng)
    filed = SortedPostings.open(folder)
    known = [hard[n] for n in rng.permutation(len(hard))[:SCALE_QUERIES]]
    strangers = [foreign[n] for n in rng.permutation(len(foreign))[:SCALE_FOREIGN]]
    asked = [*known, *strangers]
    timings = [measure(a.name, a.attack, a.fingerprint, filed, frames) for a in asked]
    found = []
    for entry, timing in zip(known, timings[: len(known)], strict=True):
        own = timing.found if entry.mixed else timing.found[:1]
        found.append(
            any(f.track == bench.number[entry.name] and abs(f.main.speed - entry.tempo) < 0.02 for f in own)
        )
    made_up = sum(any(f.track >= len(references) for f in timing.found) for timing in timings)
    size = sum(path.stat().st_size for path in folder.iterdir())
    tempos = [entry.tempo != 1.0 or entry.attack.startswith("pitch") for entry in known]
    return Scale(tracks, frames / FRAME_RATE, size, crowded, timings, tempos, found, made_up, frames)


def extraction(recordings: Sequence[Recording]) -> float:
    """How many times faster than real time audio is fingerprinted, the median of a few recordings."""
    factors = []
    for recording in recordings[:: max(1, len(recordings) // TIMED)]:
        clip = recording.load()
        begin = time.process_time()
        extract(clip.wav, clip.sample_rate)
        factors.append(clip.duration_s / (time.process_time() - begin))
    return float(np.median(factors))


def main() -> None:
    """Run the benchmark and write its page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--every", type=int, default=1, help="use every n-th of the 34 s files")
    parser.add_argument("--scale", type=int, default=0, help="also search among so many tracks")
    parser.add_argument("--track-seconds", type=float, default=180.0, help="length of the made-up tracks")
    parser.add_argument("--keep", type=Path, default=KEPT, help="folder for extracted fingerprints")
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    options = parser.parse_args()
    torch.set_num_threads(1)
    store, rows = Store(options.keep), read_manifest(options.data)
    references = [r for r in rows if r.kind == "human_music"]
    bench = Bench(references, store)
    long = [r for r in references if r.is_34s_test]
    hard: list[Asked] = []
    print(f"{len(references)} references indexed", flush=True)
    for place in range(0, len(long), options.every):
        own, other = long[place], long[(place + 1) % len(long)]
        hard += store.get(f"attacked-{own.path.name}", partial(attacked, own, other))
    easy: list[Asked] = []
    for recording in references:
        if not recording.is_34s_test:
            easy += store.get(f"short-{recording.path.name}", partial(short, recording))
    ai = [r for r in rows if r.kind == "ai_music" and r.label == "ai" and r.duration_s > 5.0]
    foreign = [store.get(f"begin-{r.path.name}", partial(whole, r, LONG_S))[0] for r in ai]
    known = [bench.ask(asked, references[bench.number[asked.name]].source) for asked in [*hard, *easy]]
    unknown = [bench.ask(asked, recording.source) for asked, recording in zip(foreign, ai, strict=True)]
    by_chance = chance([*bench.asked, *foreign], [r.source for r in [*references, *ai]])
    scaled = None
    if options.scale:
        with tempfile.TemporaryDirectory(dir=options.keep) as folder:
            scaled = scale(bench, hard, foreign, options.scale, options.track_seconds, Path(folder))
    command = f"python -m lab.evaluation.fingerprint --every {options.every}"
    if options.scale:
        command += f" --scale {options.scale} --track-seconds {options.track_seconds:g}"
    density = sum(a.fingerprint.filed for a in bench.asked) / sum(a.seconds for a in bench.asked)
    cost = Cost(extraction(long), density)
    beside = rival(bench, hard, easy, sum(answer.false for answer in known))
    text = page(len(references), known, unknown, by_chance, beside, cost, scaled, command)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(text, encoding="utf-8")
    if options.output == PAGE:
        CARD.write_text(card(text), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
