"""Enrolment from finished songs.

    python -m lab.evaluation.voice.from_songs MORE RESULTS --data ../shared/data

Everybody on the list with six recordings is enrolled from four of them, laid over instrumental music, and
compared with two others without. `RESULTS` is docs/benchmarks/voice-enrolled.json, whose entry is made again.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from detector.voice.encoder import Ge2eEncoder
from detector.voice.identity import Identity, centre
from lab.metrics import eer
from lab.training.voice import conditions
from lab.training.voice.listed import Listed, listed

ENROLLED, HEARD = 4, 2
LEVELS: dict[str, float | None] = {"alone": None, "10 dB": 10.0, "5 dB": 5.0, "0 dB": 0.0}


def singers(clips: list[Listed]) -> dict[str, list[Listed]]:
    """The first recordings of everybody who has enough."""
    found: defaultdict[str, list[Listed]] = defaultdict(list)
    for clip in clips:
        if not clip.synthetic and clip.person:
            found[clip.person].append(clip)
    wanted = ENROLLED + HEARD
    return {who: own[:wanted] for who, own in sorted(found.items()) if len(own) >= wanted}


def embedded(
    clips: list[Listed], encoder: Ge2eEncoder, ratio_db: float | None, under: list[Tensor]
) -> Tensor:
    """Centre of recordings, over music where a ratio is given, [D]."""
    rows = []
    for clip in clips:
        wav = clip.wav()
        if ratio_db is not None:
            rng = np.random.default_rng(clip.seed())
            wav = conditions.over_music(wav, rng, under, ratio_db=ratio_db)
        rows.append(encoder.embed(wav))
    return centre(torch.cat(rows))


def error(prints: Tensor, heard: Tensor) -> float:
    """EER of every print with every voice, [N, D] each in the same order of people."""
    identity = Identity.load(Ge2eEncoder.name)
    gallery = identity.gallery(prints)
    table = torch.stack([identity.similarities(gallery, voice) for voice in heard])
    own = torch.eye(len(prints), dtype=torch.bool)
    return eer(table[own].numpy(), table[~own].numpy())


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the entry."""
    parser = argparse.ArgumentParser(description="measure enrolment from voices over music")
    parser.add_argument("more", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    encoder, known = Ge2eEncoder.load(), singers(listed(options.more))
    under = conditions.backings(options.data)
    sung = torch.tensor([own[0].sung for own in known.values()])
    heard = torch.stack([embedded(own[ENROLLED:], encoder, None, under) for own in known.values()])
    found = {}
    for name, ratio in LEVELS.items():
        prints = torch.stack([embedded(own[:ENROLLED], encoder, ratio, under) for own in known.values()])
        found[name] = [round(error(prints, heard), 4), round(error(prints[sung], heard[sung]), 4)]
    results = json.loads(options.results.read_text())
    results["enrolment_over_music"], results["enrolment_people"] = found, [len(sung), int(sung.sum())]
    options.results.write_text(json.dumps(results, indent=1) + "\n")
    print(found, results["enrolment_people"])


if __name__ == "__main__":
    main()
