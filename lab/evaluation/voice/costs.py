"""What the told ratio costs in bits, by condition, on the held-out clips.

    python -m lab.evaluation.voice.costs MORE docs/benchmarks/voice-held-out.json --data ../shared/data

The same clips as those of `lab.evaluation.voice.peers`, heard as published, in speech and in singing apart,
over music and through codecs, with the calibration that ships. What is said of a clip is kept in the
git-ignored folder of the peers, so that the run can be stopped at any time; `RESULTS` gets the figures as its
entry `costs`, for `lab.evaluation.voice.held_out` to write.
"""

import argparse
import json
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from detector.voice.synthesis import SyntheticVoice
from lab.evaluation.voice.held_out import Scores, measures
from lab.evaluation.voice.peers import KEPT, OURS, judged, ours, told
from lab.training.voice import conditions
from lab.training.voice.listed import Listed, listed

PLAIN = "as published"
HEARD_IN = ("over music, 10 dB", "over music, 0 dB", "MP3 at 64 kbit/s", "Opus at 32 kbit/s")
FIGURES = ("cllr", "min_cllr", "auc", "eer", "human_above_even", "synthetic_above_even")


def carried(name: str, backing: list[Tensor], clip: Listed) -> Tensor:
    """A clip under a condition, [T] at 16 kHz."""
    return conditions.under(name, clip.wav(), clip.seed(), backing)


def row(clips: list[Listed], llr: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Figures of so many clips' ratios, natural and before their bound, and how many they are."""
    page, synthetic = np.array([clip.page for clip in clips]), np.array([clip.synthetic for clip in clips])
    most = SyntheticVoice.most_llr
    found = measures(Scores(page, synthetic, llr, np.clip(llr, -most, most)))
    return {"clips": [int(synthetic.sum()), int((~synthetic).sum())]} | {
        name: found[name] for name in FIGURES
    }


def costs(clips: list[Listed], folder: Path, backing: list[Tensor], names: Sequence[str]) -> dict[str, Any]:
    """By condition; speech and singing are told apart as published."""
    heard = ours()
    plain = told(OURS, heard, clips, folder)[:, 0]
    sung = np.array([clip.sung for clip in clips])
    found = {PLAIN: row(clips, plain)}
    for name, here in (("speech", ~sung), ("singing", sung)):
        found[name] = row([clip for clip, own in zip(clips, here, strict=True) if own], plain[here])
    for name in names:
        values = told(
            f"{OURS} {name.replace('/', '-')}", heard, clips, folder, partial(carried, name, backing)
        )
        found[name] = row(clips, values[:, 0])
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(description="measure what the told ratio costs by condition")
    parser.add_argument("more", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--of-a-page", type=int, default=1000, help="clips heard of a page and class")
    parser.add_argument("--conditions", nargs="*", default=HEARD_IN)
    parser.add_argument("--kept", type=Path, default=KEPT)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    clips = judged(listed(options.more), options.of_a_page)
    backing = conditions.backings(options.data)
    found = costs(clips, options.kept, backing, options.conditions)
    entry = {"measured": time.strftime("%Y-%m-%d"), "of_a_page": options.of_a_page, "conditions": found}
    results = json.loads(options.results.read_text()) | {"costs": entry}
    options.results.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(entry, indent=1))


if __name__ == "__main__":
    main()
