"""Vocals found where nobody sings.

    python -m lab.evaluation.voice.instrumentals RESULTS --data ../shared/data

Cuts of about ten seconds of the collection's human music. Sources that were declared instrumental when vocal
activity was trained, jazz, rendered scores and music of games hold no voice; a few sources hold songs, some
of their cuts without vocals. `RESULTS` is docs/benchmarks/voice-enrolled.json, whose entries are made again.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from detector.voice.activity import VocalActivity
from detector.voice.frontend import mono
from lab.datasets import Recording, read_manifest
from lab.training.voice.activity import INSTRUMENTAL, UNSEEN_INSTRUMENTAL

SONGS = (
    "ultrastar-songs", "musdb18-excerpts-anyaccomp", "everythingisfree-cc0", "airgen-demo", "carnatic-sep",
    "stepmania-songs", "demucs-test",
)  # fmt: skip
CUT_S = 10


def cuts(data: Path) -> tuple[list[Recording], list[Recording]]:
    """Instrumentals and songs, of the cuts of about ten seconds."""
    rows = [
        r for r in read_manifest(data) if r.kind == "human_music" and r.use != "avoid" and r.duration_s < 30
    ]
    known = INSTRUMENTAL + UNSEEN_INSTRUMENTAL
    silent = [r for r in rows if r.source in known or r.source.startswith("game")]
    return silent, [r for r in rows if r.source in SONGS]


def heard(row: Recording, activity: VocalActivity) -> tuple[bool, bool]:
    """Whether vocals are found as shipped, and were when one window was enough."""
    sound = row.load()
    wav: Tensor = mono(sound.wav[:, : CUT_S * sound.sample_rate], sound.sample_rate)
    found = activity.find(wav)
    return bool(found.voiced.any()), bool((found.probability > 0.5).any())


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the entries."""
    parser = argparse.ArgumentParser(description="count instrumentals in which vocals are found")
    parser.add_argument("results", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    activity, results = VocalActivity.load(), json.loads(options.results.read_text())
    for name, rows in zip(("instrumentals", "songs"), cuts(options.data), strict=True):
        found = [heard(row, activity) for row in rows]
        results[name] = {
            when: [sum(pair[place] for pair in found), len(found)]
            for place, when in enumerate(("now", "before"))
        }
        fresh = [now for (now, _), row in zip(found, rows, strict=True) if row.source not in INSTRUMENTAL]
        results[name]["unseen"] = [sum(fresh), len(fresh)]
    options.results.write_text(json.dumps(results, indent=1) + "\n")
    print(results["instrumentals"], results["songs"])


if __name__ == "__main__":
    main()
