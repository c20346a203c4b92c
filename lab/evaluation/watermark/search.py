"""Measure the full search: marks after changes of speed, tempo and pitch, false alarms, and what it costs.

Writes `docs/benchmarks/watermark-search.md`.

    python -m lab.evaluation.watermark.search [--only PART ...] [--data FOLDER]

Every change is followed by MP3 at 128 kbit/s. Results go line by line to `--runs`, and the looks at
unmarked music, hours of work, to `watermark-search-looks.jsonl` beside the page, so a stopped run
continues; the page is written from them. Several processes may share the looks: `--part 0 2`, `--part 1 2`.
"""

import argparse
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lab.datasets import Recording, read_manifest
from lab.evaluation.watermark.robustness import key_of
from lab.evaluation.watermark.unmarked import WINDOW_S, false_positives
from lab.metrics import upper_bound, wilson
from lab.sound import transforms
from lab.sound.attacks import Attack
from provenance.watermark import model
from provenance.watermark.detection import detect
from provenance.watermark.embedding import embed

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks" / "watermark-search.md"
LOOKS = "watermark-search-looks.jsonl"
FACTORS = (0.8, 0.85, 0.9, 0.95, 1.05, 1.1, 1.15, 1.2, 1.25)
SEMITONES = (-3, -2, -1, 1, 2, 3)
LENGTHS_S = (30, 10)
KEYS = 10
EVERY = 6
"""Every which host is changed."""

Row = dict[str, Any]


def changes() -> tuple[Attack, ...]:
    """Speed, tempo and pitch, each followed by MP3."""
    scaled = [
        *((f"speed {f}", partial(transforms.speed, factor=f), f) for f in FACTORS),
        *((f"tempo {f}", partial(transforms.tempo, factor=f), f) for f in FACTORS),
        ("nightcore", transforms.nightcore, 1.15),
    ]
    raised = [(n, 2.0 ** (n / 12.0)) for n in SEMITONES]

    def coded(change: Any, wav: Tensor, rate: int, rng: np.random.Generator) -> Tensor:
        return transforms.through_codec(change(wav, rate, rng), rate, rng, codec="mp3", kbps=128)

    return (
        *(Attack(name, "time", partial(coded, change), "scaled", tempo=f) for name, change, f in scaled),
        *(
            Attack(f"pitch {n:+d}", "time", partial(coded, partial(transforms.pitch, factor=f)))
            for n, f in raised
        ),
    )


@dataclass(frozen=True)
class Run:
    """Where rows are kept."""

    path: Path

    def rows(self, kind: str) -> list[Row]:
        """Those of a kind, as measured so far."""
        if not self.path.exists():
            return []
        every = map(json.loads, self.path.read_text().splitlines())
        return [row for row in every if row["kind"] == kind]

    def append(self, rows: Iterable[Row]) -> None:
        """Add rows, whole or not at all."""
        text = "".join(json.dumps(row) + "\n" for row in rows)
        with self.path.open("a") as file:
            file.write(text)


def marked(host: Recording) -> tuple[Tensor, int, bytes]:
    """A host with a message, its rate and the message."""
    clip, name = host.load(), host.path.name
    message = np.random.default_rng(zlib.crc32(name.encode())).bytes(8)
    return embed(clip.wav[:2], clip.sample_rate, message, key_of(name)), clip.sample_rate, message


def detection(host: Recording) -> Iterator[Row]:
    """One row for each change and length."""
    wav, rate, message = marked(host)
    rng = np.random.default_rng(zlib.crc32(host.path.name.encode()))
    for change in changes():
        received = change.apply(wav, rate, rng)
        for seconds in LENGTHS_S:
            found = detect(received[:, : seconds * rate], rate, key_of(host.path.name), exhaustive=True)
            right = found.message == message
            yield {"kind": "change", "host": host.path.name, "change": change.name, "seconds": seconds} | {
                "right": right,
                "wrong": found.message is not None and not right,
            }


def looks(weights: str) -> list[Row]:
    """Windows that these weights have looked at: their name, p-value with each key, messages read."""
    path = PAGE.with_name(LOOKS)
    every = map(json.loads, path.read_text().splitlines()) if path.exists() else ()
    return [row for row in every if row["weights"] == weights]


def false_alarms(recordings: list[Recording], weights: str, count: int, part: tuple[int, int]) -> None:
    """Looks at unmarked music with fresh keys, `KEYS` a window."""
    done = {row["window"] for row in looks(weights)}
    every = false_positives(recordings, KEYS, count, done, "full", part)
    for window, rows in groupby(every, key=itemgetter("window")):
        seen = list(rows)
        line: Row = {
            "weights": weights,
            "window": window,
            "p_values": [float(f"{row['p_value']:.3g}") for row in seen],
            "messages": sum(row["message"] for row in seen),
        }
        with PAGE.with_name(LOOKS).open("a") as file:
            file.write(json.dumps(line) + "\n")


def page(run: Run) -> str:
    """The page, in Markdown."""
    card = model.shipped().card
    assert card is not None
    lines = [
        "# Watermark: the full search, measured",
        "",
        "Written by `python -m lab.evaluation.watermark.search`; do not edit. "
        f"Weights `{card.sha256[:12]}`, version {card.version}.",
        "",
        *_alarms(looks(card.sha256[:12])),
        *_changes(run.rows("change")),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _alarms(rows: list[Row]) -> list[str]:
    lines = ["## False alarms", ""]
    if not rows:
        return [*lines, "Not measured in this run.", ""]
    values = np.array([p_value for row in rows for p_value in row["p_values"]])
    false = int((values < 1e-6).sum())
    shares = ", ".join(f"{np.mean(values <= level):.4f} at {level:g}" for level in (0.1, 0.01, 0.001))
    return [
        *lines,
        f"{false} of {len(values):,} looks with the full search reported a mark; upper bound of the rate "
        f"{upper_bound(false, len(values)):.6f} (95 %, Clopper-Pearson). Messages read: "
        f"{sum(row['messages'] for row in rows)}. Smallest p-value {values.min():.2g}. Share at or "
        f"below a level, which must not exceed the level: {shares}.",
        "",
        f"A look is {WINDOW_S:g} s of unmarked human or AI music and a fresh key; {len(values):,} looks are "
        f"{len(rows):,} different windows with {KEYS} keys each. Looks at one "
        "window are independent, since chance lies in the key alone: of a key that did not mark the audio "
        "the signs are fair coins, whatever the audio. What they cannot show is how other music would fare; "
        "for that the number of windows counts.",
        "",
    ]


def _changes(rows: list[Row]) -> list[str]:
    lines = ["## Messages after a change and MP3 at 128 kbit/s", ""]
    if not rows:
        return [*lines, "Not measured in this run.", ""]
    lines += [
        f"All 64 bits right; per cent with 95 % Wilson intervals. "
        f"Wrong messages: {sum(r['wrong'] for r in rows)} of {len(rows)}.",
        "",
        "| change | clips | " + " | ".join(f"{seconds} s" for seconds in LENGTHS_S) + " |",
        "|---|---:|" + "---:|" * len(LENGTHS_S),
    ]
    for name in dict.fromkeys(row["change"] for row in rows):
        some = [[r["right"] for r in rows if (r["change"], r["seconds"]) == (name, s)] for s in LENGTHS_S]
        cells = []
        for right in some:
            low, high = wilson(sum(right), len(right))
            cells.append(f"{100 * np.mean(right):.0f} ({100 * low:.0f}-{100 * high:.0f})")
        lines.append(f"| {name} | {len(some[0])} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--runs", type=Path, default=Path("runs/watermark-search"))
    parser.add_argument("--looks", type=int, default=20_000, help="looks at unmarked music")
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), help="which share of them, of how many")
    parser.add_argument(
        "--only", nargs="*", choices=("changes", "unmarked"), help="some parts; none: the page"
    )
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.runs.mkdir(parents=True, exist_ok=True)
    card = model.shipped().card
    assert card is not None
    recordings = list(read_manifest(args.data))
    run = Run(args.runs / f"{card.sha256[:12]}.jsonl")
    if args.only is None or "changes" in args.only:
        finished = {row["host"] for row in run.rows("change")}
        for host in [r for r in recordings if r.is_34s_test][::EVERY]:
            if host.path.name not in finished:
                run.append(list(detection(host)))
    if args.only is None or "unmarked" in args.only:
        music = [r for r in recordings if r.kind != "voices"]
        false_alarms(music, card.sha256[:12], args.looks, tuple(args.part))
    PAGE.write_text(page(run), "utf-8")


if __name__ == "__main__":
    main()
