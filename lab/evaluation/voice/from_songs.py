"""Enrolment from finished songs, and from half a minute of a voice alone.

    python -m lab.evaluation.voice.from_songs MORE RESULTS --data ../shared/data

Everybody on the list with six recordings is enrolled from four of them, laid over instrumental music, and
compared with two others without. Everybody with 40 s is enrolled from recordings of 30 s together, and
compared with 10 s of others. `RESULTS` is docs/benchmarks/voice-enrolled.json, whose entries are made again.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from detector.voice.encoder import Ge2eEncoder
from detector.voice.frontend import SAMPLE_RATE
from detector.voice.identity import Identity, centre
from lab.metrics import eer
from lab.training.voice import conditions
from lab.training.voice.listed import Listed, listed

ENROLLED, HEARD = 4, 2
ENROLLED_S, HEARD_S = 30.0, 10.0
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


def parted(wavs: Iterable[Tensor]) -> tuple[list[Tensor], list[Tensor]] | None:
    """A voice's first recordings of `ENROLLED_S` together and the next of `HEARD_S`; None if it has less."""
    parts: list[list[Tensor]] = []
    rest = iter(wavs)
    for wanted_s in (ENROLLED_S, HEARD_S):
        some, had = list[Tensor](), 0
        while had < wanted_s * SAMPLE_RATE:
            wav = next(rest, None)
            if wav is None:
                return None
            some.append(wav)
            had += wav.numel()
        parts.append(some)
    return parts[0], parts[1]


def half_minutes(clips: list[Listed], encoder: Ge2eEncoder) -> dict[str, list[float]]:
    """EER where 30 s are enrolled and 10 s heard, and of how many people, in speech and in singing."""
    found: defaultdict[tuple[bool, str], list[Listed]] = defaultdict(list)
    for clip in clips:
        if not clip.synthetic and clip.person:
            found[clip.sung, clip.person].append(clip)
    told: dict[str, list[float]] = {}
    for kind, wanted in (("speech", False), ("singing", True)):
        voices = (
            parted(one.wav() for one in own) for (sung, _), own in sorted(found.items()) if sung is wanted
        )
        pairs = [
            [centre(torch.cat([encoder.embed(w) for w in part])) for part in voice]
            for voice in voices
            if voice
        ]
        prints, heard = (torch.stack(side) for side in zip(*pairs, strict=True))
        told[kind] = [round(error(prints, heard), 4), len(pairs)]
    return told


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
    results["half_a_minute_enrolled"] = half_minutes(listed(options.more), encoder)
    options.results.write_text(json.dumps(results, indent=1) + "\n")
    print(found, results["enrolment_people"], results["half_a_minute_enrolled"])


if __name__ == "__main__":
    main()
