"""Measure the watermark: messages after attacks, quality, false positives, security, speed.

Writes `docs/benchmarks/watermark.md` and its pictures.

    python -m lab.evaluation.watermark [--only PART] [--data FOLDER]

Hosts are the 34 s cuts of human music, none of which was trained on. Each is marked at its native rate,
attacked whole, and cut at one random offset. The untrained patchwork runs on the same grid, code and
level. Results go line by line to `--runs`, so a stopped run continues; the page and the card's metrics are
written from them. The parts may run in several processes at once.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from lab.datasets import Recording, read_manifest
from lab.evaluation.watermark.neural import through_decoder, trained
from lab.evaluation.watermark.page import write_metrics, write_page
from lab.evaluation.watermark.quality import difficult, visqol
from lab.evaluation.watermark.robustness import (
    GEOMETRY,
    HARD,
    REQUIRED,
    attacks_named,
    key_of,
    robustness,
)
from lab.evaluation.watermark.security import without_the_key
from lab.evaluation.watermark.speed import memory, real_time
from lab.evaluation.watermark.unmarked import false_positives, unmarked_exhaustive, wrong_key
from lab.sound.attacks import Attack, attack
from lab.sound.published_attacks import CHAIN, REMOVAL, STRICT
from provenance.watermark import model
from provenance.watermark.embedding import embed

Row = dict[str, Any]
Measure = Callable[[int, Recording], Iterator[Row]]
SEARCHED = (
    *GEOMETRY,
    *(a for a in CHAIN if a.name in ("wow_0.2%", "loop_4s")),
    attack("mono_downmix"),
)
FEW = 5
"""Hosts on which the patchwork is asked what takes long."""


@dataclass(frozen=True)
class Run:
    """What a part needs to know.

    Attributes:
        hosts: the test cuts.
        recordings: everything in the data folder.
        results: where rows go.
        windows: pairs of unmarked window and key.
        thin: take every n-th host where a part is slow.
    """

    hosts: list[Recording]
    recordings: list[Recording]
    results: Path
    windows: int
    thin: int

    def rows(self) -> list[Row]:
        """What was measured so far."""
        if not self.results.exists():
            return []
        return [json.loads(line) for line in self.results.read_text().splitlines()]

    def append(self, rows: Iterable[Row], **origin: str) -> None:
        """Add rows, whole or not at all."""
        text = "".join(json.dumps({**row, **origin}) + "\n" for row in rows)
        with self.results.open("a") as file:
            file.write(text)

    def per_host(self, part: str, hosts: Iterable[Recording], measure: Measure) -> None:
        """Measure each host that this part has not measured yet."""
        finished = {row["file"] for row in self.rows() if row["kind"] == "finished" and row["part"] == part}
        for number, host in enumerate(hosts):
            if host.path.name not in finished:
                rows = [*measure(number, host), {"kind": "finished"}]
                self.append(rows, part=part, file=host.path.name, source=host.source, use=host.use)


def messages(run: Run) -> None:
    """The attacks that every codec, player and studio makes."""
    attacks = attacks_named(REQUIRED)
    run.per_host("trained", run.hosts, lambda n, host: robustness(host, "trained", attacks))


def hard(run: Run) -> None:
    """Stronger attacks and the published lists, on every `thin`-th host."""
    hosts = run.hosts[:: run.thin]
    attacks = (*attacks_named(HARD), *STRICT, *CHAIN, *REMOVAL)

    def measure(number: int, host: Recording) -> Iterator[Row]:
        other = hosts[(number + 1) % len(hosts)]
        rows = robustness(host, "trained", attacks, lengths_s=(30, 15, 10, 6), other=other)
        return (row for row in rows if row["kind"] != "quality")

    run.per_host("hard", hosts, measure)


def patchwork(run: Run) -> None:
    """The untrained scheme on the same attacks, 30 s; the full search and the long lists on fewer hosts."""
    hosts = run.hosts[:: 3 * run.thin]
    lists = (*STRICT, *CHAIN, *REMOVAL)
    short = attacks_named((*REQUIRED, *HARD))
    rest = tuple(a for a in lists if a.name not in (*REQUIRED, *HARD))

    def measure(attacks: Sequence[Attack], *, exhaustive: bool = False) -> Measure:
        def rows(number: int, host: Recording) -> Iterator[Row]:
            other = hosts[(number + 1) % len(hosts)] if attacks is rest else None
            return robustness(host, "patchwork", attacks, lengths_s=(30,), exhaustive=exhaustive, other=other)

        return rows

    run.per_host("patchwork", hosts, measure(short))
    run.per_host("patchwork lists", hosts[:FEW], measure(rest))
    run.per_host("patchwork geometry", hosts[:FEW], measure(SEARCHED, exhaustive=True))


def geometry(run: Run) -> None:
    """Speed, tempo and pitch with the full search."""

    def measure(number: int, host: Recording) -> Iterator[Row]:
        rows = robustness(host, "trained", SEARCHED, lengths_s=(30, 10), exhaustive=True)
        return (row for row in rows if row["kind"] != "quality")

    run.per_host("geometry", run.hosts[1 :: 2 * run.thin], measure)


def neural(run: Run) -> None:
    """Our own neural codecs and vocoders, those that were trained here."""
    for decoder in trained():
        part = f"neural {decoder.name}"
        run.per_host(part, run.hosts[:: run.thin], partial(through_decoder, attack=decoder))


def quality(run: Run) -> None:
    """ViSQOL on every `thin`-th host, and the hosts in which marks are heard first."""

    def measure(number: int, host: Recording) -> Iterator[Row]:
        clip = host.load()
        wav = clip.wav[:, : 10 * clip.sample_rate]
        marked = embed(wav, clip.sample_rate, b"12345678", key_of(host.path.name))
        yield {"kind": "visqol", "moslqo": visqol(wav, marked, clip.sample_rate)}

    run.per_host("quality", run.hosts[:: 2 * run.thin], measure)
    if not any(row["kind"] == "difficult" for row in run.rows()):
        run.append(difficult(key_of("difficult")))


def unmarked(run: Run) -> None:
    """False positives and wrong keys."""
    music = [r for r in run.recordings if r.kind != "voices"]
    done = {row["window"] for row in run.rows() if row["kind"] == "unmarked"}
    batch: list[Row] = []
    for row in false_positives(music, 10, run.windows, done):
        batch.append(row)
        if len(batch) == 10:
            run.append(batch)
            batch = []
    kinds = {row["kind"] for row in run.rows()}
    if "wrong key" not in kinds:
        run.append(list(wrong_key(run.hosts[:: 3 * run.thin], 20)))
    if "unmarked exhaustive" not in kinds:
        run.append(list(unmarked_exhaustive(run.hosts[:: run.thin])))


def security(run: Run) -> None:
    """Averages, collusion, second marks and transplants."""
    if not any(row["kind"] == "security" for row in run.rows()):
        run.append(list(without_the_key(run.hosts[:: 2 * run.thin], 50)))


def speed(run: Run) -> None:
    """Speed and memory; run it when nothing else runs."""
    if not any(row["kind"] == "speed" for row in run.rows()):
        run.append(list(real_time(run.hosts[:5])))
        run.append(list(memory()))


PARTS = (messages, hard, patchwork, geometry, neural, quality, unmarked, security, speed)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--runs", type=Path, default=Path("runs/watermark-eval"))
    parser.add_argument("--windows", type=int, default=20_000)
    parser.add_argument("--thin", type=int, default=3, help="every n-th host for the slow parts")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", choices=[part.__name__ for part in PARTS], help="some parts")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.runs.mkdir(parents=True, exist_ok=True)
    card = model.shipped().card
    assert card is not None
    recordings = list(read_manifest(args.data))
    hosts = [r for r in recordings if r.is_34s_test]
    run = Run(hosts, recordings, args.runs / f"{card.sha256[:12]}.jsonl", args.windows, args.thin)
    for part in PARTS:
        if args.only is None or part.__name__ in args.only:
            part(run)
    rows = run.rows()
    write_page(rows, card)
    write_metrics(rows, args.runs / "metrics.json")


if __name__ == "__main__":
    main()
