"""What the voice check costs, and its section of the page.

python -m lab.evaluation.voice.speed docs/benchmarks/voice-speed.json --data ../shared/data
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from core.clip import Clip, Source
from core.decode import decode
from detector.voice import VoiceDetector, VoicePrint
from detector.voice.encoder import Ge2eEncoder
from detector.voice.frontend import SAMPLE_RATE, mono
from detector.voice.voiceprint import read_all
from lab.evaluation.voice.enrolled import ARTISTS
from lab.evaluation.voice.held_out_page import inserted
from lab.training.voice.clips import voices

TITLE = "## Speed"
_ROUNDS = 3
LONG_S = 180


def voice(data: Path, seconds: int) -> Tensor:
    """People one after the other, so much of it at 16 kHz, [T]."""
    files = [one.file for one in voices(data / "manifest.csv") if one.open and not one.synthetic]
    parts: list[Tensor] = []
    for file in files:
        sound = decode(data / file)
        parts.append(mono(sound.wav, sound.sample_rate))
        if sum(part.numel() for part in parts) >= seconds * SAMPLE_RATE:
            break
    whole = torch.cat(parts)
    return whole.repeat(-(-seconds * SAMPLE_RATE // whole.numel()))[: seconds * SAMPLE_RATE]


def took_s(what: Callable[[], object], rounds: int = _ROUNDS) -> float:
    """Seconds of processor time, the least of some rounds: other work can only add to it."""
    found = []
    for _ in range(rounds):
        started = time.process_time()
        what()
        found.append(time.process_time() - started)
    return min(found)


def prints(artists: int) -> dict[str, VoicePrint]:
    """So many voice prints, drawn."""
    generator = torch.Generator().manual_seed(0)
    rows = functional.normalize(torch.rand(artists, Ge2eEncoder.dimension, generator=generator), dim=1)
    return {str(number): VoicePrint(row[None], Ge2eEncoder.name, 20.0) for number, row in enumerate(rows)}


def measured(wav: Tensor, artists: int = ARTISTS) -> dict[str, Any]:
    """Seconds of processor time and times real time of each case, and milliseconds to read voice prints.

    Args:
        wav: voice throughout, [T] at 16 kHz, three minutes.
        artists: voice prints that are read.
    """
    detector, one = VoiceDetector.load(), prints(1)
    third = wav.clone()
    third[len(third) // 3 :] = 0.0
    cases = (
        ("30 s, voice throughout", wav[: 30 * SAMPLE_RATE]),
        ("three minutes, voice throughout", wav),
        ("three minutes, a third of it voice", third),
    )
    told = {}
    for name, part in cases:
        clip = Clip(part[None], SAMPLE_RATE, Source("voice", "0" * 64, 0, "wav", "pcm_s16le"))
        detector.score(clip, one)
        spent = took_s(lambda clip=clip: detector.score(clip, one))  # type: ignore[misc]
        told[name] = {"seconds": round(spent, 1), "times": round(len(part) / SAMPLE_RATE / spent)}
    stored = {name: known.to_bytes() for name, known in prints(artists).items()}
    reading = round(1000 * took_s(lambda: read_all(stored)))
    return {"cases": told, "artists": artists, "reading_ms": reading}


def section(found: Mapping[str, Any]) -> str:
    """Write the section.

    Args:
        found: what `measured` tells.
    """
    lines = [
        TITLE,
        "",
        "Written by `python -m lab.evaluation.voice.speed docs/benchmarks/voice-speed.json`; do not edit. "
        f"Processor time of one thread, the least of {_ROUNDS} rounds, one artist compared; decoding is not "
        "in it. Other work on the machine adds to it. Wanted: 60 times real time on two cores.",
        "",
        "| recording | processor time | times real time |",
        "|---|---|---|",
        *(f"| {name} | {row['seconds']:.1f} s | {row['times']} |" for name, row in found["cases"].items()),
        "",
        f"To read {found['artists']:,} stored voice prints before a search: {found['reading_ms']} ms, once "
        "an audit.",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write results and section."""
    parser = argparse.ArgumentParser(description="measure what the voice check costs")
    parser.add_argument("results", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--page", type=Path, default=Path("docs/benchmarks/voice.md"))
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    found = measured(voice(options.data, LONG_S))
    options.results.write_text(json.dumps(found, indent=1) + "\n")
    options.page.write_text(inserted(options.page.read_text(), section(found)))


if __name__ == "__main__":
    main()
