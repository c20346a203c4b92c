"""Marks that are asked for by their message: where reading fails, in averages, in unmarked music.

Writes `docs/benchmarks/watermark-by-name.md`.

    python -m lab.evaluation.watermark.by_name [--data FOLDER]
"""

import argparse
import zlib
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.errors import EncodeError
from core.resample import resample
from lab.datasets import Recording, read_manifest
from lab.evaluation.watermark.robustness import key_of
from lab.metrics import upper_bound, wilson
from lab.sound.attacks import CATALOGUE, Attack
from lab.sound.transforms import AttackError
from provenance.watermark import Known, WatermarkKey, detect, embed, model, sync
from provenance.watermark.chips import expected
from provenance.watermark.grid import RATE
from provenance.watermark.receiver import planes, views

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks" / "watermark-by-name.md"
LABEL = key_of("one label, many recipients")
WEAK = ("white_10db", "pink_10db", "mp3_32", "aac_32", "opus_32", "telephone", "reverb", "codec_chain")
LENGTHS_S = (30, 10, 5, 3)
SIZES = (2, 4, 8, 16, 32)
STRANGERS = 100
"""Recipients who are asked for although their copy is not in the average."""
LENGTH_S = 30
WINDOW_S = 10
EVERY = 6
"""Every which host is attacked."""

Row = dict[str, Any]


def mid(recording: Recording) -> Tensor:
    """Thirty seconds of the mid at the mark's rate, [1, T]."""
    clip = recording.load()
    wav = resample(clip.wav.mean(0, keepdim=True), clip.sample_rate, RATE)
    return wav[:, : LENGTH_S * RATE]


def messages(recording: Recording, purpose: str) -> Iterator[bytes]:
    """Messages without end, the same in every run."""
    name = zlib.crc32(recording.path.name.encode())
    return (np.random.default_rng([name, zlib.crc32(purpose.encode()), n]).bytes(8) for n in count())


def asked(some: Sequence[bytes]) -> list[Known]:
    """What asks for messages in audio that plays as it was marked."""
    return [Known(1.0, 1.0, message=message) for message in some]


def hidden(host: Recording) -> Iterator[Row]:
    """One mark behind each attack: read, and asked for."""
    wav, message = mid(host), next(messages(host, "hidden"))
    marked = embed(wav, RATE, message, LABEL)
    rng = np.random.default_rng(zlib.crc32(host.path.name.encode()))
    for attack in attacks():
        try:
            received = attack.apply(marked, RATE, rng)
        except (AttackError, EncodeError):  # a codec that destroys a clip tells nothing about the mark
            continue
        offset = float(rng.random())
        for seconds in LENGTHS_S:
            start = int(offset * max(0, received.shape[-1] - seconds * RATE))
            excerpt = received[:, start : start + seconds * RATE]
            read = detect(excerpt, RATE, LABEL)
            heard = detect(excerpt, RATE, LABEL, known=asked([message]))
            yield {
                "attack": attack.name,
                "seconds": seconds,
                "read": read.message == message,
                "heard": heard.message == message,
            }


def attacks() -> tuple[Attack, ...]:
    """Those after which messages are lost most often."""
    every = {attack.name: attack for attack in CATALOGUE}
    return tuple(every[name] for name in WEAK)


def averaged(host: Recording) -> Iterator[Row]:
    """Averages of copies, with those asked for whose copy is in it, and `STRANGERS` whose copy is not."""
    wav = mid(host)
    recipients = list(islice(messages(host, "recipients"), max(SIZES)))
    strangers = list(islice(messages(host, "strangers"), STRANGERS))
    total, done = torch.zeros_like(wav), 0
    for size in SIZES:
        for message in recipients[done:size]:
            total = total + embed(wav, RATE, message, LABEL)
        done = size
        mix = total / size
        found = detect(mix, RATE, LABEL, known=asked([*strangers, *recipients[:size]]))
        named = {mark.message for mark in found.marks}
        blind = detect(mix, RATE, LABEL)
        yield {
            "size": size,
            "present blind": blind.present,
            "read": blind.message in recipients[:size],
            "present": found.present,
            "named": len(named & set(recipients[:size])),
            "wrong": len(named & set(strangers)),
        }


def unmarked(recordings: Sequence[Recording], windows: int, keys: int) -> Iterator[float]:
    """p-values of messages that are asked for in unmarked music, `keys` fresh keys for each window."""
    long = [recording for recording in recordings if recording.duration_s >= WINDOW_S]
    for number in range(windows):
        turn, recording = divmod(number, len(long))[0], long[number % len(long)]
        clip = recording.load()
        rng = np.random.default_rng([turn, zlib.crc32(recording.path.name.encode()), 7])
        length = min(clip.wav.shape[-1], WINDOW_S * clip.sample_rate)
        start = int(rng.random() * (clip.wav.shape[-1] - length + 1))
        with torch.no_grad():
            seen = views(clip.wav[:, start : start + length], clip.sample_rate)
            plane = planes(seen, model.shipped())[-1]
        for _ in range(keys):
            pattern = expected(WatermarkKey(rng.bytes(32)), rng.bytes(8))
            places, searched = sync.search(plane, pattern, keep=1)
            yield places[0].p_value(searched)


def page(weak: Sequence[Row], copies: Sequence[Row], chance: Sequence[float], windows: int) -> str:
    """The page, in Markdown."""
    card = model.shipped().card
    assert card is not None
    values = np.array(chance)
    false = int((values < 1e-6).sum())
    shares = ", ".join(f"{np.mean(values <= level):.4f} at {level:g}" for level in (0.1, 0.01, 0.001))
    lines = [
        "# Watermark: asked for by name, measured",
        "",
        "Written by `python -m lab.evaluation.watermark.by_name`; do not edit. "
        f"Weights `{card.sha256[:12]}`, version {card.version}.",
        "",
        "A message is *read* where all 64 bits and the keyed check are right, and *heard* where it was asked "
        "for and its cells agree with a p-value below 1e-6 "
        "([decision 7](../decisions/0007-a-mark-is-heard-by-its-name.md)). Per cent, 95 % Wilson intervals; "
        "the quick search in both.",
        "",
        "## Where reading fails",
        "",
        "| change | clips | " + " | ".join(f"{s} s read | {s} s heard" for s in LENGTHS_S) + " |",
        "|---|---:|" + "---:|---:|" * len(LENGTHS_S),
    ]
    for name in dict.fromkeys(row["attack"] for row in weak):
        cells = []
        for seconds in LENGTHS_S:
            rows = [row for row in weak if (row["attack"], row["seconds"]) == (name, seconds)]
            cells += [_share(sum(row[kind] for row in rows), len(rows)) for kind in ("read", "heard")]
        lines.append(f"| {name} | {len(rows)} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "## Copies of several recipients, averaged",
        "",
        f"{LENGTH_S} s of a track. *Named* are recipients whose copy is in the average; wrongly named are "
        f"those of {STRANGERS} others who are asked for each time.",
        "",
        "| copies | tracks | present, read only | present | recipients named | wrongly named |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for size in SIZES:
        rows = [row for row in copies if row["size"] == size]
        lines.append(
            f"| {size} | {len(rows)} | {_share(sum(row['present blind'] for row in rows), len(rows))}"
            f" | {_share(sum(row['present'] for row in rows), len(rows))}"
            f" | {_share(sum(row['named'] for row in rows), size * len(rows))}"
            f" | {sum(row['wrong'] for row in rows)} of {STRANGERS * len(rows)} |"
        )
    lines += [
        "",
        "## False alarms",
        "",
        f"{false} of {len(values):,} messages asked for in {WINDOW_S} s of unmarked human or AI music, with "
        f"fresh keys in {windows:,} windows, were heard; upper bound {upper_bound(false, len(values)):.6f} "
        f"(95 %, Clopper-Pearson). Smallest p-value {values.min():.2g}. Share at or below a level, which "
        f"must not exceed the level: {shares}.",
    ]
    return "\n".join(lines) + "\n"


def _share(found: int, count: int) -> str:
    low, high = wilson(found, count)
    return f"{100 * found / count:.0f} ({100 * low:.0f}-{100 * high:.0f})"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--windows", type=int, default=2000)
    args = parser.parse_args()
    torch.set_num_threads(1)
    recordings = list(read_manifest(args.data))
    hosts = [recording for recording in recordings if recording.is_34s_test][::EVERY]
    weak = [row for host in hosts for row in hidden(host)]
    print(f"{len(weak)} rows of marks behind changes", flush=True)
    copies = [row for host in hosts for row in averaged(host)]
    print(f"{len(copies)} averages", flush=True)
    chance = list(unmarked([r for r in recordings if r.kind != "voices"], args.windows, keys=10))
    PAGE.write_text(page(weak, copies, chance, args.windows), "utf-8")


if __name__ == "__main__":
    main()
