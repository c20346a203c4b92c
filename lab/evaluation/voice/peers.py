"""Published peers beside the shipped score and verifier, on the same held-out clips.

    python -m lab.evaluation.voice.peers MORE docs/benchmarks/voice-held-out.json \\
        --aasist CHECKOUT --resemblyzer PACKAGES --of-a-page 4 --named 12

`CHECKOUT` holds the published code, configurations and weights of AASIST (Jung et al., ICASSP 2022; MIT),
`PACKAGES` the unpacked Resemblyzer 0.1.4 (Apache-2.0) and what it needs. Neither is a dependency; nothing
of them is kept here. What they say of a clip is kept in a git-ignored folder, so that the run can be stopped
at any time; `RESULTS` gets their figures as its entry `peers`, for `lab.evaluation.voice.held_out` to write.
"""

import argparse
import importlib
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.files import replacing
from detector.voice.encoder import Ge2eEncoder
from detector.voice.enrolment import FILES_ALIKE
from detector.voice.frontend import SAMPLE_RATE
from detector.voice.identity import Identity, centre
from detector.voice.quality import SpeechQuality
from detector.voice.synthesis import SyntheticVoice, measure
from lab.evaluation.voice.held_out import Scores, measures
from lab.metrics import auc, eer
from lab.training.voice.listed import (
    CHOOSING_PAGES,
    MANY,
    TEST_PAGES,
    TRAINING,
    Listed,
    chosen,
    listed,
    samples_of,
)
from lab.training.voice.listening import may_judge

KEPT = Path("runs/voice/peers")
OURS, NETWORKS = "Trackmark", ("AASIST-L", "AASIST")
HEARD = 64_600
"""Samples that AASIST hears, as in its own evaluation: the start, and a shorter clip over again."""
Heard = Callable[[Tensor], list[float]]
"""What somebody makes of a voice, [T] at 16 kHz: a score, higher if synthetic, or a direction."""


def judged(clips: list[Listed], of_a_page: int) -> list[Listed]:
    """The clips that judge; of each page and class at most so many, its systems or people in turn."""
    own = chosen([clip for clip in clips if clip.page in TEST_PAGES | CHOOSING_PAGES], *MANY)
    others = chosen([clip for clip in clips if clip.page not in TEST_PAGES | CHOOSING_PAGES], *TRAINING)
    page, system, person = (
        np.array([getattr(clip, name) for clip in own]) for name in ("page", "system", "person")
    )
    may = may_judge(page, system, person, [clip.system for clip in others])
    turns: Counter[tuple[str, bool, str]] = Counter()
    placed = []
    for clip in (clip for clip, judges in zip(own, may, strict=True) if judges):
        who = (clip.page, clip.synthetic, clip.system if clip.synthetic else clip.person)
        placed.append((clip, turns[who]))
        turns[who] += 1
    taken: Counter[tuple[str, bool]] = Counter()
    found = []
    for clip, _ in sorted(placed, key=lambda pair: pair[1]):
        taken[clip.page, clip.synthetic] += 1
        if taken[clip.page, clip.synthetic] <= of_a_page:
            found.append(clip)
    return found


def ours() -> Heard:
    """The shipped score."""
    voice, quality = SyntheticVoice.load(), SpeechQuality.load()

    def heard(wav: Tensor) -> list[float]:
        return voice.llr(voice.scores(measure(quality, wav[None]))).double().tolist()

    return heard


def aasist(checkout: Path, name: str) -> Heard:
    """A published network: its code, configuration and weights from a checkout."""
    sys.path.insert(0, str(checkout))
    told = json.loads((checkout / "config" / f"{name}.conf").read_text())["model_config"]
    network = importlib.import_module("models.AASIST").Model(told)
    weights = torch.load(
        checkout / "models" / "weights" / f"{name}.pth", map_location="cpu", weights_only=True
    )
    network.load_state_dict(weights, strict=True)
    network.eval()

    def heard(wav: Tensor) -> list[float]:
        longer = wav.repeat(-(-HEARD // wav.numel()))[:HEARD]
        synthetic, human = network(longer[None])[1][0].double().tolist()
        return [synthetic - human]

    return heard


def resemblyzer(packages: Path) -> Heard:
    """The published speaker encoder behind its own front end."""
    sys.path.append(str(packages))
    package = importlib.import_module("resemblyzer")
    encoder = package.VoiceEncoder("cpu", verbose=False)

    def heard(wav: Tensor) -> list[float]:
        prepared = package.preprocess_wav(wav.numpy(), source_sr=SAMPLE_RATE)
        found: list[float] = encoder.embed_utterance(prepared).astype(float).tolist()
        return found

    return heard


def ours_embedded() -> Heard:
    """The verifier's encoder as the product feeds it."""
    encoder = Ge2eEncoder.load()

    def heard(wav: Tensor) -> list[float]:
        return centre(encoder.embed(wav)).double().tolist()

    return heard


def told(
    name: str,
    heard: Heard,
    clips: list[Listed],
    folder: Path,
    changed: Callable[[Listed], Tensor] = lambda clip: clip.wav(),
) -> npt.NDArray[np.float64]:
    """What somebody says of every clip as `changed` makes it, [N, D]; kept under the name after each."""
    place = folder / f"{name}.json"
    kept: dict[str, list[float]] = json.loads(place.read_text()) if place.exists() else {}
    folder.mkdir(parents=True, exist_ok=True)
    for clip in clips:
        key = "/".join(clip.path.parts[-2:])
        if key not in kept:
            with torch.inference_mode():
                kept[key] = heard(torch.from_numpy(samples_of(changed(clip))))
            with replacing(place) as part:
                part.write_text(json.dumps(kept))
    return np.array([kept["/".join(clip.path.parts[-2:])] for clip in clips])


def verified(directions: dict[str, npt.NDArray[np.float64]], people: list[str]) -> dict[str, Any]:
    """Every recording against every other one: is it the same person?"""
    known = np.array(people)
    same = known[:, None] == known
    pairs = np.triu(np.ones_like(same), 1).astype(bool) & (known != "")[:, None] & (known != "")
    identity = Identity.load(Ge2eEncoder.name)
    rows = torch.tensor(directions[OURS], dtype=torch.float32)
    gallery = identity.gallery(rows)
    values = {
        OURS: torch.stack([identity.similarities(gallery, row) for row in rows]).double().numpy(),
        "Resemblyzer": directions["Resemblyzer"] @ directions["Resemblyzer"].T,
    }
    found = {
        name: {
            "auc": round(auc(value[pairs & same], value[pairs & ~same]), 3),
            "eer": round(eer(value[pairs & same], value[pairs & ~same]), 3),
        }
        for name, value in values.items()
    }
    return {"same": int((pairs & same).sum()), "other": int((pairs & ~same).sum()), "verifiers": found}


def refused(
    rows: npt.NDArray[np.float64], people: list[str], sung: npt.NDArray[np.bool_]
) -> dict[str, dict[str, list[int]]]:
    """Of every two recordings: how many enrolment takes for two people's, and all; spoken and sung apart.

    Args:
        rows: the verifier's directions, [N, D].
        people: whose they are, [N].
        sung: [N].
    """
    known = np.array(people)
    own = rows - Identity.load(Ge2eEncoder.name).common.double().numpy()
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    apart = own @ own.T < FILES_ALIKE
    pairs = np.triu(np.ones_like(apart), 1).astype(bool) & (known != "")[:, None] & (known != "")
    same, found = known[:, None] == known, {}
    for name, both in (("speech", ~sung[:, None] & ~sung), ("singing", sung[:, None] & sung)):
        found[name] = {
            whose: [int((apart & here & both & pairs).sum()), int((here & both & pairs).sum())]
            for whose, here in (("one", same), ("two", ~same))
        }
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(description="measure published peers on the held-out clips")
    parser.add_argument("more", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--aasist", type=Path, required=True)
    parser.add_argument("--resemblyzer", type=Path, required=True)
    parser.add_argument("--of-a-page", type=int, default=1000, help="clips scored of a page and class")
    parser.add_argument("--named", type=int, default=1000, help="recordings of a page that are verified")
    parser.add_argument("--kept", type=Path, default=KEPT)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    every = listed(options.more)
    clips = judged(every, options.of_a_page)
    people = [clip for clip in judged(every, options.named) if not clip.synthetic and clip.person]
    page, synthetic = np.array([clip.page for clip in clips]), np.array([clip.synthetic for clip in clips])
    scorers: dict[str, Callable[[], Heard]] = {
        OURS: ours,
        **{name: partial(aasist, options.aasist, name) for name in NETWORKS},
    }
    scores = {}
    for name, loaded in scorers.items():
        values = told(name, loaded(), clips, options.kept)[:, 0]
        scores[name] = measures(Scores(page, synthetic, values, values))
    embedders: dict[str, Callable[[], Heard]] = {
        OURS: ours_embedded,
        "Resemblyzer": partial(resemblyzer, options.resemblyzer),
    }
    directions = {n: told(f"{n} voice", load(), people, options.kept) for n, load in embedders.items()}
    peers = {
        "measured": time.strftime("%Y-%m-%d"),
        "of_a_page": options.of_a_page,
        "named": len(people),
        "named_of_a_page": options.named,
        "clips": [int(synthetic.sum()), int((~synthetic).sum())],
        "pages": sorted(set(page.tolist())),
        "scores": scores,
        "identity": verified(directions, [clip.person for clip in people]),
        "two_files": refused(
            directions[OURS], [clip.person for clip in people], np.array([clip.sung for clip in people])
        ),
    }
    results = json.loads(options.results.read_text()) | {"peers": peers}
    options.results.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(peers, indent=1))


if __name__ == "__main__":
    main()
