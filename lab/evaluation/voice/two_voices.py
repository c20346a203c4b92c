"""Whether two people in an enrolment are noticed: `python -m lab.evaluation.voice.two_voices MORE RESULTS`.

Recordings of a half of the people with four and more on the list, drawn at random. The limits of
`detector.voice.enrolment` were set on a half in another draw, and the statistics chosen on both, so some who
judge here were seen before. `RESULTS` is docs/benchmarks/voice-enrolled.json, whose entry is made again.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.clip import Clip, Source
from detector.voice import enrolment
from detector.voice.encoder import Ge2eEncoder
from detector.voice.errors import EnrolmentError
from detector.voice.identity import Identity
from lab.training.voice.listed import Listed, listed

OF_A_PERSON, LEAST_STRETCHES, ROUNDS = 6, 2, 3
People = dict[str, list[Tensor]]
Drawn = tuple[list[Tensor], list[Tensor]]


def people(clips: list[Listed], encoder: Ge2eEncoder) -> People:
    """Embeddings of the recordings, [n, D] each, of everybody who has four."""
    found: defaultdict[str, list[Tensor]] = defaultdict(list)
    for clip in clips:
        if not clip.synthetic and clip.person and len(found[clip.person]) < OF_A_PERSON:
            rows = encoder.embed(clip.wav())
            if len(rows) >= LEAST_STRETCHES:
                found[clip.person].append(rows)
    return {who: rows for who, rows in found.items() if len(rows) >= 4}


def half(known: People) -> list[str]:
    """Who judges; drawn with a fixed seed."""
    names = sorted(known)
    np.random.default_rng(0).shuffle(names)
    return names[1::2]


def drawn(known: People, names: list[str]) -> list[Drawn]:
    """Four recordings of somebody and two of another, with a fixed seed."""
    rng, found = np.random.default_rng(2), []
    for who in names:
        for _ in range(ROUNDS):
            some = [known[who][n] for n in rng.permutation(len(known[who]))[:4]]
            other = names[int(rng.integers(len(names)))]
            if other != who:
                found.append((some, [known[other][n] for n in rng.permutation(len(known[other]))[:2]]))
    return found


def in_one_file(rows: list[Tensor], common: Tensor) -> bool:
    """Whether one file of these recordings is refused."""
    return enrolment.two_voices(torch.cat(rows), common)


def in_two_files(one: list[Tensor], other: list[Tensor], common: Tensor) -> bool:
    """Whether two files are refused."""
    clip = Clip(torch.zeros(1, 1), 16000, Source("file", "0" * 64, 0, "wav", "pcm_s16le"))
    try:
        enrolment.one_person([clip, clip], [torch.cat(one), torch.cat(other)], common)
    except EnrolmentError:
        return True
    return False


def measured(known: People, names: list[str], common: Tensor) -> dict[str, list[int]]:
    """How many enrolments are refused, and how many there were."""
    every = drawn(known, names)
    ways = {
        "one person: one file": [in_one_file(a, common) for a, _ in every],
        "one person: two files": [in_two_files(a[:2], a[2:], common) for a, _ in every],
        "two people: one file, one after the other": [in_one_file([*a[:2], *b], common) for a, b in every],
        "two people: one file, in turn": [in_one_file([a[0], b[0], a[1], b[1]], common) for a, b in every],
        "two people: one file, a quarter another's": [in_one_file([*a[:3], b[0]], common) for a, b in every],
        "two people: two files": [in_two_files(a[:2], b, common) for a, b in every],
    }
    return {way: [sum(refused), len(refused)] for way, refused in ways.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the entry."""
    parser = argparse.ArgumentParser(description="count enrolments of two people that are refused")
    parser.add_argument("more", type=Path)
    parser.add_argument("results", type=Path)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    known = people(listed(options.more), Ge2eEncoder.load())
    results = json.loads(options.results.read_text())
    judging = half(known)
    results["two_voices"] = measured(known, judging, Identity.load(Ge2eEncoder.name).common)
    results["two_voices_people"] = len(judging)
    options.results.write_text(json.dumps(results, indent=1) + "\n")
    print(results["two_voices"])


if __name__ == "__main__":
    main()
