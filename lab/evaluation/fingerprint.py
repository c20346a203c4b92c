"""Measure the fingerprint: recall under attack, false matches, speed. Writes `docs/benchmarks/fingerprint.md`.

    python -m lab.evaluation.fingerprint [--every 3] [--data FOLDER] [-o FILE]

References are whole files of human music; queries are excerpts at a random offset, attacked after the cut: 10 s of the
34 s files, 5 s of the others. A query finds its track when the best match is the track itself, at the right place.
False are matches with a recording of another collection; pairs inside one collection may share takes or stems
and are counted apart. AI music, of which nothing is indexed, is asked as well.
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
from provenance.fingerprint import Fingerprint, Match, SqlIndex, extract, fingerprint_metadata
from provenance.fingerprint.search import MAX_P, MIN_VOTES

OUTPUT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "fingerprint.md"
LONG_S, SHORT_S = 10.0, 5.0
TOLERANCE_S = 0.5
SKIPPED = {"mono_downmix", "polarity"}
"""Left out: the fingerprint averages the channels and sees power only, so these are the clean case by construction."""


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

    def ask(self, recording: Recording, own: int | None, wav: Tensor, rate: int, attack: str, start_s: float, scale: float) -> Query:
        """Query with attacked audio that begins at `start_s` of its own track and runs `scale` times faster."""
        seconds = wav.shape[-1] / rate
        begin = time.process_time()
        fingerprint = extract(wav, rate)
        middle = time.process_time()
        matches = self.index.query(fingerprint)
        end = time.process_time()
        others = [m for m in matches if own is None or m.record_id != _record_id(own)]
        collections = {m.record_id: self.references[int(m.record_id, 16)].source for m in others}
        strangers = [m for m in others if collections[m.record_id] != recording.source]
        return Query(
            attack=attack,
            seconds=seconds,
            found=own is not None and self._right(matches, own, start_s, scale),
            false=bool(strangers),
            akin=len(others) > len(strangers),
            loudest_stranger=max((m.votes for m in strangers), default=0),
            query_cpu_s=end - middle,
            extract_cpu_s=middle - begin,
        )

    @staticmethod
    def _right(matches: Sequence[Match], own: int, start_s: float, scale: float) -> bool:
        if not matches or matches[0].record_id != _record_id(own):
            return False
        # Repeats inside a track are the same music at another place, so only the speed must be right there.
        return abs(matches[0].speed - scale) < 0.02


def _excerpt(recording: Recording, seconds: float) -> tuple[Tensor, int, float] | None:
    clip = recording.load()
    rate, wanted = clip.sample_rate, round(seconds * clip.sample_rate)
    if clip.wav.shape[-1] <= wanted or float(clip.wav.abs().max()) < 1e-3:
        return None
    start = int(_seed(str(recording.path.name)).integers(0, clip.wav.shape[-1] - wanted))
    return clip.wav[:, start : start + wanted], rate, start / rate


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
        wav, rate, start_s = cut
        queries.append(bench.ask(recording, number, wav, rate, "none", start_s, 1.0))
        for attack in _attacks(long[(place + 1) % len(long)][1], rate):
            if not attack.applies_to(wav):
                continue
            try:
                attacked = attack.apply(wav, rate, _seed(recording.path.name, attack.name))
            except TrackmarkError as error:
                print(f"{recording.path.name}: {error}")
                continue
            queries.append(bench.ask(recording, number, attacked, rate, attack.name, start_s, attack.tempo))
        print(f"{place + 1}/{len(long)} {recording.path.name}", flush=True)
    for number, recording in numbered:
        cut = None if recording.is_34s_test else _excerpt(recording, SHORT_S)
        if cut is not None:
            queries.append(bench.ask(recording, number, cut[0], cut[1], "none, 5 s", cut[2], 1.0))
    unknown = [r for r in read_manifest(data) if r.kind == "ai_music" and r.label == "ai" and r.duration_s > SHORT_S]
    foreign = []
    for recording in unknown:
        clip = recording.load()
        wav = clip.wav[:, : round(LONG_S * clip.sample_rate)]
        foreign.append(bench.ask(recording, None, wav, clip.sample_rate, "ai", 0.0, 1.0))
    return bench, queries, foreign


def report(bench: Bench, queries: Sequence[Query], foreign: Sequence[Query], command: str) -> str:
    """The page as Markdown."""
    lines = [
        "# Fingerprint",
        "",
        f"Generated by `{command}`; do not edit. {len(bench.references)} recordings of human music are indexed as whole",
        "files (10 or 34 s); excerpts are attacked after the cut. Intervals are Wilson's, 95 %.",
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
        lines.append(f"| {name} | {np.median([q.seconds for q in of]):.1f} | {len(of)} | {found / len(of):.1%} | {low:.1%}-{high:.1%} |")
        if not name.startswith("none"):
            shares.append(found / len(of))
    lines += ["", f"Mean over the {len(shares)} attacks: **{np.mean(shares):.1%}**.", "", "## False matches", ""]
    lines += ["| queries | count | with a match in another collection | interval | most votes |", "|---|---|---|---|---|"]
    for title, of in (("human music, own track left out", queries), ("AI music, never indexed", foreign)):
        false = sum(q.false for q in of)
        low, high = wilson(false, len(of))
        most = max((q.loudest_stranger for q in of), default=0)
        lines.append(f"| {title} | {len(of)} | {false} | {low:.2%}-{high:.2%} | {most} |")
    akin = sum(q.akin for q in queries)
    lines += ["", f"{akin} queries also matched another file of their own collection (shared takes, loops, stems).", ""]
    lines += ["Own track left out: its match is removed from the answer. Queries of one song are not independent.", ""]
    lines += ["## Cost (CPU time of one thread)", ""]
    lines.append(f"Extraction {np.median(bench.realtime):.0f} times real time (median over the references); ")
    lines.append(f"{np.mean(bench.hashes_per_s):.0f} filed hashes per second of music;")
    lines.append(f"query of 10 s {1000 * np.median([q.query_cpu_s for q in queries]):.0f} ms (median, SQLite in memory).")
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
