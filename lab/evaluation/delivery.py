"""The same audio in another delivery: do score and decision stay?

Every recording is decoded once and delivered as 24-bit WAV, FLAC, MP3 at 320 kbit/s and AAC at 128 kbit/s by
real encoders; both detectors judge every copy. The drift is against the WAV. Where a decision differs, the
page says of every copy what the detector heard in it.

Run with: python -m lab.evaluation.delivery DATA [--every N]
"""

import argparse
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from core.codecs import Codec
from core.decode import decode
from core.encode import encode
from detector.music import MusicDetector
from detector.voice import VoiceDetector
from lab.datasets import Recording, data_root, read_manifest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "delivery.md"
DELIVERIES: dict[str, tuple[Codec, str, int | None]] = {
    "WAV, 24 bit": ("wav", "wav", None),
    "FLAC, 24 bit": ("flac", "flac", None),
    "MP3, 320 kbit/s": ("mp3", "mp3", 320_000),
    "AAC, 128 kbit/s": ("aac", "m4a", 128_000),
}
PEAK = 0.5
"""Copies are levelled to this peak first, so that no encoder clips."""
SHORTEST_S = 5.0


@dataclass(frozen=True)
class Answer:
    """What one detector says of one copy.

    Attributes:
        llr: log10 likelihood ratio; NaN where it was not measured.
        p_value: likewise.
        verdict: of the music detector; for a voice `synthetic` above an even score, `human` below, `none`.
        heard: the comb that stands out most, in words; empty for a voice.
    """

    llr: float
    p_value: float
    verdict: str
    heard: str = ""


@dataclass(frozen=True)
class Delivered:
    """What is said of all copies of a recording, by delivery; `name` is its file's."""

    name: str
    answers: dict[str, Answer]


def music(detector: MusicDetector, path: Path) -> Answer:
    """The music detector's answer."""
    found = detector.score(decode(path))
    llr, p = (math.nan if value is None else value for value in (found.llr, found.p_value))
    combs = [e.data for e in found.evidence if e.kind == "comb"]
    heard = [f"{c['z']:.1f} in the {c['signal']} at {c['spacing_hz']:.2f} Hz" for c in combs]
    return Answer(
        llr, p, found.verdict if found.llr is not None else "none", heard[0] if heard else "none stands out"
    )


def voice(detector: VoiceDetector, path: Path) -> Answer:
    """The voice detector's answer."""
    found = detector.score(decode(path), {})
    if found.synthetic_llr is None:
        return Answer(math.nan, math.nan, "none")
    return Answer(found.synthetic_llr, math.nan, "synthetic" if found.synthetic_llr > 0 else "human")


def copies(recording: Recording, folder: Path) -> Iterator[tuple[str, Path]]:
    """The deliveries of a recording, by name."""
    clip = recording.load()
    wav = clip.wav[:2] * (PEAK / max(1e-6, float(clip.wav.abs().max())))
    for name, (codec, suffix, bit_rate) in DELIVERIES.items():
        path = folder / f"copy.{suffix}"
        encode(wav, clip.sample_rate, path, codec=codec, bit_rate=bit_rate, bits=24)
        yield name, path


def table(title: str, recordings: Sequence[Delivered]) -> list[str]:
    """Drift of every delivery against the first, in Markdown."""
    first = next(iter(DELIVERIES))
    answers = [recording.answers for recording in recordings]
    lines = [
        f"## {title}, {len(answers)} recordings",
        "",
        "| delivery | same decision | turned round | median drift of the log10 ratio | largest |",
        "|---|---:|---:|---:|---:|",
    ]
    for name in DELIVERIES:
        pairs = [(a[first], a[name]) for a in answers if name in a]
        drift = sorted(abs(a.llr - b.llr) for a, b in pairs if not math.isnan(a.llr + b.llr)) or [math.nan]
        same = sum(a.verdict == b.verdict for a, b in pairs)
        opposite = ({"synthetic", "no_trace"}, {"synthetic", "human"})
        turned = sum({a.verdict, b.verdict} in opposite for a, b in pairs)
        lines.append(
            f"| {name} | {same} of {len(pairs)} | {turned} | {drift[len(drift) // 2]:.3f} | {drift[-1]:.2f} |"
        )
    return [*lines, "", *differing(recordings)]


def differing(recordings: Sequence[Delivered]) -> list[str]:
    """The recordings whose decision is not that of the first delivery in every one, in Markdown."""
    changed = [r for r in recordings if len({a.verdict for a in r.answers.values()}) > 1]
    if not changed:
        return []
    lines = ["| where it differs | delivery | decision | log10 ratio | comb |", "|---|---|---|---:|---|"]
    for recording in changed:
        for name, answer in recording.answers.items():
            lines.append(
                f"| {recording.name} | {name} | {answer.verdict} | {answer.llr:.2f} | {answer.heard} |"
            )
    return [*lines, ""]


def page(root: Path | None, every: int) -> str:
    """Measure and tell, in Markdown."""
    torch.set_num_threads(1)
    ear, listener = MusicDetector.load(), VoiceDetector.load()
    usable = [r for r in read_manifest(root) if r.use != "avoid"]
    sets = {
        "Human music": [r for r in usable if r.kind == "human_music" and r.duration_s >= SHORTEST_S],
        "Generated music": [r for r in usable if r.label == "ai" and r.duration_s >= SHORTEST_S],
        "Voices": [r for r in usable if r.kind == "voices"],
    }
    lines = [
        "# The same audio in another delivery",
        "",
        f"Generated by `python -m lab.evaluation.delivery DATA --every {every}`; do not edit. One in {every}"
        " recordings, delivered by real encoders, each copy against the WAV. *Turned round* counts"
        " `synthetic` against `no_trace`, or a voice above an even score against one below it.",
        "",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for title, recordings in sets.items():
            answers = []
            for recording in recordings[::every]:
                told = {
                    name: voice(listener, path) if title == "Voices" else music(ear, path)
                    for name, path in copies(recording, Path(folder))
                }
                answers.append(Delivered(recording.path.name, told))
            lines += table(title, answers)
            print("\n".join(lines), flush=True)
    return "\n".join(lines)


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--every", type=int, default=10)
    args = parser.parse_args()
    PAGE.write_text(page(data_root(args.data), args.every))


if __name__ == "__main__":
    main()
