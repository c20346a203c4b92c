"""Measure the fingerprint: recall under attack, false matches, speed. Writes
`docs/benchmarks/fingerprint.md`.

    python -m lab.evaluation.fingerprint [--every 3] [--data FOLDER] [-o FILE]

References are whole files of human music; queries are excerpts at a random offset, attacked after the
cut: 10 s of the 34 s files, 5 s of the others. A query finds its track when the best match is the track
itself, at the right speed (in a mix of two indexed tracks: when it is among the matches). False are
matches with a recording of another collection; pairs inside one collection may share takes or stems and
are counted apart. AI music, of which nothing is indexed, is asked as well.
"""

import argparse
import math
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool
from torch import Tensor

from core.errors import TrackmarkError
from core.resample import resample
from lab.attacks import CATALOGUE, Attack, mix_with
from lab.datasets import Recording, read_manifest
from provenance.fingerprint import Match, SqlIndex, extract, fingerprint_metadata
from provenance.fingerprint.search import MAX_P, MIN_VOTES

OUTPUT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "fingerprint.md"
LONG_S, SHORT_S = 10.0, 5.0
SKIPPED = {"mono_downmix", "polarity"}
"""Left out: the fingerprint averages the channels and sees power only, so these are the clean case by
construction."""

KNOWN_COPIES = ({"05411c8c35.mp3", "a7ef297674.mp3"},)
"""Files of two collections that hold the same song (both published by one laboratory); found by this
benchmark."""


@dataclass(frozen=True)
class Query:
    """One query and what came back."""

    attack: str
    seconds: float
    found: bool
    false: bool
    akin: bool
    loudest_stranger: int
    query_cpu_s: float
    extract_cpu_s: float


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """95 % interval of a proportion. Source: E. B. Wilson, JASA 22 (1927)."""
    if trials == 0:
        return 0.0, 1.0
    z, share = 1.96, successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return max(0.0, middle - half), min(1.0, middle + half)


def _seed(*parts: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32("/".join(parts).encode()))


def _record_id(number: int) -> str:
    return f"{number:016x}"


class Bench:
    """References in an index, and queries against it."""

    def __init__(self, references: Sequence[Recording]) -> None:
        engine = create_engine("sqlite://", poolclass=StaticPool)
        fingerprint_metadata.create_all(engine)
        self.index = SqlIndex(engine)
        self.references = references
        self.hashes_per_s: list[float] = []
        self.realtime: list[float] = []
        for number, recording in enumerate(references):
            clip = recording.load()
            begin = time.process_time()
            fingerprint = extract(clip.wav, clip.sample_rate)
            self.realtime.append(clip.duration_s / max(1e-6, time.process_time() - begin))
            self.hashes_per_s.append(fingerprint.filed / clip.duration_s)
            self.index.add(_record_id(number), fingerprint)

    def ask(
        self,
        own: int | None,
        source: str,
        wav: Tensor,
        rate: int,
        attack: Attack | str,
        mixed: int | None = None,
    ) -> Query:
        """Query with attacked audio.

        Args:
            own: number of the track that the audio was cut from, or None.
            source: collection of that audio.
            wav: the audio, [C, T].
            rate: its sample rate.
            attack: what was done to it.
            mixed: number of the other track that is in it too.
        """
        seconds = wav.shape[-1] / rate
        begin = time.process_time()
        fingerprint = extract(wav, rate)
        middle = time.process_time()
        matches = self.index.query(fingerprint)
        end = time.process_time()
        present = {_record_id(n) for n in (own, mixed) if n is not None}
        others = [m for m in matches if m.record_id not in present]
        collections = {m.record_id: self.references[int(m.record_id, 16)].source for m in others}
        strangers = [
            m
            for m in others
            if collections[m.record_id] != source and (own is None or not self._known_copy(own, m))
        ]
        return Query(
            attack=attack if isinstance(attack, str) else attack.name,
            seconds=seconds,
            found=own is not None
            and self._right(matches, own, 1.0 if isinstance(attack, str) else attack.tempo, mixed),
            false=bool(strangers),
            akin=len(others) > len(strangers),
            loudest_stranger=max((m.votes for m in strangers), default=0),
            query_cpu_s=end - middle,
            extract_cpu_s=middle - begin,
        )

    @staticmethod
    def _right(matches: Sequence[Match], own: int, tempo: float, mixed: int | None) -> bool:
        """Whether the first match (in a mix: any) is the own track at the right speed."""
        # Repeats inside a track are the same music at another place, so the offset is not asked for.
        looked_at = matches if mixed is not None else matches[:1]
        return any(m.record_id == _record_id(own) and abs(m.speed - tempo) < 0.02 for m in looked_at)

    def _known_copy(self, own: int, match: Match) -> bool:
        names = {self.references[own].path.name, self.references[int(match.record_id, 16)].path.name}
        return names in KNOWN_COPIES


def _excerpt(recording: Recording, seconds: float) -> tuple[Tensor, int] | None:
    clip = recording.load()
    rate, wanted = clip.sample_rate, round(seconds * clip.sample_rate)
    if clip.wav.shape[-1] <= wanted or float(clip.wav.abs().max()) < 1e-3:
        return None
    start = int(_seed(str(recording.path.name)).integers(0, clip.wav.shape[-1] - wanted))
    return clip.wav[:, start : start + wanted], rate


def _attacks(other: Recording, rate: int) -> list[Attack]:
    clip = other.load()
    music = resample(clip.wav, clip.sample_rate, rate)
    return [*(a for a in CATALOGUE if a.name not in SKIPPED), mix_with(music)]


def run(data: Path | None, every: int) -> tuple[Bench, list[Query], list[Query]]:
    """All queries of the benchmark: (bench, attacked and clean queries, queries with AI music)."""
    rows = [r for r in read_manifest(data) if r.kind == "human_music"]
    bench = Bench(rows)
    numbered = list(enumerate(rows))
    long = [(n, r) for n, r in numbered if r.is_34s_test][::every]
    queries = []
    for place, (number, recording) in enumerate(long):
        cut = _excerpt(recording, LONG_S)
        if cut is None:
            continue
        wav, rate = cut
        queries.append(bench.ask(number, recording.source, wav, rate, "none"))
        other, music = long[(place + 1) % len(long)]
        for attack in _attacks(music, rate):
            if not attack.applies_to(wav):
                continue
            try:
                attacked = attack.apply(wav, rate, _seed(recording.path.name, attack.name))
            except TrackmarkError as error:
                print(f"{recording.path.name}: {error}")
                continue
            mixed = other if attack.family == "mix" else None
            queries.append(bench.ask(number, recording.source, attacked, rate, attack, mixed))
        print(f"{place + 1}/{len(long)} {recording.path.name}", flush=True)
    for number, recording in numbered:
        cut = None if recording.is_34s_test else _excerpt(recording, SHORT_S)
        if cut is not None:
            queries.append(bench.ask(number, recording.source, cut[0], cut[1], "none, 5 s"))
    unknown = [
        r for r in read_manifest(data) if r.kind == "ai_music" and r.label == "ai" and r.duration_s > SHORT_S
    ]
    foreign = []
    for recording in unknown:
        clip = recording.load()
        wav = clip.wav[:, : round(LONG_S * clip.sample_rate)]
        foreign.append(bench.ask(None, recording.source, wav, clip.sample_rate, "ai"))
    return bench, queries, foreign


def report(bench: Bench, queries: Sequence[Query], foreign: Sequence[Query], command: str) -> str:
    """The page as Markdown."""
    lines = [
        "# Fingerprint",
        "",
        f"Generated by `{command}`; do not edit. {len(bench.references)} recordings of human music",
        "are indexed as whole files (10 or 34 s); excerpts are attacked after the cut.",
        "Intervals are Wilson's, 95 %.",
        "",
        f"A match needs {MIN_VOTES} distinct moments on one line and p <= {MAX_P:g}.",
        "",
        "| attack | seconds | queries | recall | interval |",
        "|---|---|---|---|---|",
    ]
    shares = []
    for name in dict.fromkeys(q.attack for q in queries):
        of = [q for q in queries if q.attack == name]
        found = sum(q.found for q in of)
        low, high = wilson(found, len(of))
        seconds, recall = np.median([q.seconds for q in of]), found / len(of)
        lines.append(f"| {name} | {seconds:.1f} | {len(of)} | {recall:.1%} | {low:.1%}-{high:.1%} |")
        if not name.startswith("none"):
            shares.append(found / len(of))
    lines += [
        "",
        f"Mean over the {len(shares)} attacks: **{np.mean(shares):.1%}**.",
        "",
        "## False matches",
        "",
    ]
    lines += [
        "| queries | count | with a match in another collection | interval | most votes |",
        "|---|---|---|---|---|",
    ]
    for title, asked in (("human music, own track left out", queries), ("AI music, never indexed", foreign)):
        false = sum(q.false for q in asked)
        low, high = wilson(false, len(asked))
        most = max((q.loudest_stranger for q in asked), default=0)
        lines.append(f"| {title} | {len(asked)} | {false} | {low:.2%}-{high:.2%} | {most} |")
    akin = sum(q.akin for q in queries)
    lines += [
        "",
        f"{akin} queries also matched another file of their own collection (shared takes, loops, stems).",
        "",
    ]
    lines += [
        "Own track left out: its match is removed from the answer. Queries of one song are not independent.",
        "",
    ]
    lines += ["## Cost (CPU time of one thread)", ""]
    lines.append(f"Extraction {np.median(bench.realtime):.0f} times real time (median over the references); ")
    lines.append(f"{np.mean(bench.hashes_per_s):.0f} filed hashes per second of music;")
    query_ms = 1000 * np.median([q.query_cpu_s for q in queries])
    lines.append(f"query of 10 s {query_ms:.0f} ms (median, SQLite).")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the benchmark and write its page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--every", type=int, default=1, help="use every n-th of the 34 s files")
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    torch.set_num_threads(1)
    command = f"python -m lab.evaluation.fingerprint --every {options.every}"
    page = report(*run(options.data, options.every), command)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
