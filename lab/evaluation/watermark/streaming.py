"""How near a stream's mark comes to the file's: python -m lab.evaluation.watermark.streaming."""

import argparse
import math
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.encode import recode
from lab.datasets import Recording, data_root, read_manifest
from provenance.watermark import Stream, WatermarkKey, detect, embed
from provenance.watermark.grid import COLUMNS_PER_S
from provenance.watermark.streaming import AHEAD_COLUMNS, BEHIND_COLUMNS, STEP_COLUMNS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks" / "watermark-stream.md"
KEY = WatermarkKey(bytes(range(32)))
MESSAGE = b"12345678"
CHUNK, RATE = 4096, 44_100
BIT_RATE = 96_000


@dataclass(frozen=True)
class Row:
    """One recording, marked as a file and as a stream.

    Attributes:
        nearness_db: energy of the file's mark over energy of the difference between the two.
        louder_db: the stream's mark against the file's.
        evidence: logarithm of the stream's p-value over that of the file's.
        read: whether the message is read from the stream, and from an MP3 of it.
        busy: processor time for a second of audio, of the stream and of the file.
    """

    nearness_db: float
    louder_db: float
    evidence: float
    read: tuple[bool, bool]
    busy: tuple[float, float]


def streamed(wav: Tensor, sample_rate: int) -> Tensor:
    """Audio marked as it comes, in chunks of `CHUNK` samples."""
    stream = Stream(sample_rate, MESSAGE, KEY)
    parts = [stream.push(chunk) for chunk in torch.split(wav, CHUNK, -1)]
    return torch.cat([*parts, stream.close()], -1)


def measure(recording: Recording) -> Row:
    """One recording."""
    clip = recording.load()
    wav, rate = clip.wav[:2], clip.sample_rate
    started = time.process_time()
    file = embed(wav, rate, MESSAGE, KEY)
    between = time.process_time()
    stream = streamed(wav, rate)
    busy = (time.process_time() - between) / clip.duration_s, (between - started) / clip.duration_s
    mark = (file - wav).square().sum()
    found, other = detect(file, rate, KEY), detect(stream, rate, KEY)
    copy = recode(stream, rate, codec="mp3", bit_rate=BIT_RATE)
    return Row(
        float(10 * torch.log10(mark / (stream - file).square().sum())),
        float(10 * torch.log10((stream - wav).square().sum() / mark)),
        math.log(other.p_value) / math.log(found.p_value),
        (other.message == MESSAGE, detect(copy, rate, KEY).message == MESSAGE),
        busy,
    )


def page(rows: Sequence[Row]) -> str:
    """The page."""

    def spread(values: Iterable[float], form: str) -> str:
        low, middle, high = (f"{value:{form}}" for value in np.percentile(list(values), (0, 50, 100)))
        return f"{middle} | {low} to {high}"

    count = len(rows)
    read, kept = (sum(row.read[k] for row in rows) for k in (0, 1))
    busy = [statistics.median(row.busy[k] for row in rows) for k in (0, 1)]
    delay_s = (STEP_COLUMNS + AHEAD_COLUMNS) / COLUMNS_PER_S
    ahead_s, behind_s = AHEAD_COLUMNS / COLUMNS_PER_S, BEHIND_COLUMNS / COLUMNS_PER_S
    return f"""# A stream's mark against the file's

Written by `python -m lab.evaluation.watermark.streaming`; do not edit. {count} recordings of human music, no
two of one collection before all had their turn, each marked once as a whole file (`embed`) and once in chunks
of {CHUNK} samples (`Stream`), with the same key and message.

**Delay**: {delay_s:.2f} s, the same for every sample, whatever the chunks
(`tests/provenance/watermark/test_streaming.py` counts samples). Chips and their places are the same by
construction; only the level of a passage is judged by {ahead_s:.2f} s of what follows and {behind_s:.2f} s
of what went before, instead of 5.28 s both ways.

| | median | least to most |
|---|---|---|
| what differs lies below the file's mark, dB | {spread((row.nearness_db for row in rows), ".1f")} |
| the stream's mark is louder, dB | {spread((row.louder_db for row in rows), "+.2f")} |
| logarithm of its p-value over the file's | {spread((row.evidence for row in rows), ".3f")} |

The message is read from {read} of {count} streams, and from {kept} of {count} MP3s of them at
{BIT_RATE // 1000} kbit/s. Processor time for a second of audio, one thread, median: {busy[0]:.3f} s as
a stream, {busy[1]:.3f} s as a file.
"""


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--recordings", type=int, default=16)
    parser.add_argument("--page", type=Path, default=PAGE)
    given = parser.parse_args()
    torch.set_num_threads(1)
    embed(0.1 * torch.randn(1, 3 * RATE), RATE, MESSAGE, KEY)  # loads what the first use loads
    human = [
        one
        for one in read_manifest(data_root(given.data))
        if one.label == "human" and one.kind == "human_music" and one.use != "avoid" and one.duration_s >= 9
    ]
    turns: dict[str, int] = {}
    ranked = []
    for one in human:
        turns[one.source] = turns.get(one.source, 0) + 1
        ranked.append((turns[one.source], one.source, one))
    chosen = [one for _turn, _source, one in sorted(ranked, key=lambda each: each[:2])[: given.recordings]]
    given.page.write_text(page([measure(one) for one in chosen]), encoding="utf-8")


if __name__ == "__main__":
    main()
