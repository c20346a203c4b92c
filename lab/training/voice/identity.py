"""Build the verifier's cohort and fit its two calibrations.

    python -m lab.training.voice.identity --data ../shared/data

The cohort is one centre per speaker of the open recordings. The two calibrations have two numbers
each; they are fitted on trials between all recordings of the collection (few open speakers are heard
twice), with every speaker weighing the same, so that the much-recorded ones do not decide.
"""

import argparse
import itertools
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from core.cards import Card, write
from detector.voice import identity
from detector.voice.encoder import Ge2eEncoder
from detector.voice.identity import Identity, centre
from lab.training.voice.clips import CACHE, Samples, Voice, samples, voices

Floats = npt.NDArray[np.float64]
EMBEDDINGS = CACHE.with_name("embeddings.npz")


@dataclass(frozen=True)
class Trial:
    """A comparison of one human recording with one other clip.

    Attributes:
        enrolled: the human recording.
        heard: the clip compared with it.
        same: same speaker, or a clone of that speaker.
        similarity: adaptively normalised, neither speaker being in the cohort.
    """

    enrolled: Voice
    heard: Voice
    same: bool
    similarity: float


def centres(clips: list[Voice], audio: dict[str, Samples], cache: Path = EMBEDDINGS) -> dict[str, Tensor]:
    """Embed every clip (kept in a git-ignored cache), one centre per file."""
    if not cache.exists():
        encoder = Ge2eEncoder.load()
        found = {clip.file: encoder.embed(torch.from_numpy(audio[clip.file])).numpy() for clip in clips}
        np.savez(cache, **found)  # type: ignore[arg-type]  # numpy's stub takes the keywords for flags
    with np.load(cache) as stored:
        return {name: centre(torch.from_numpy(stored[name])) for name in stored.files}


def cohort_of(clips: list[Voice], embedded: dict[str, Tensor]) -> dict[str, Tensor]:
    """One centre per speaker of the open human recordings."""
    by_speaker: dict[str, list[Tensor]] = {}
    for clip in clips:
        if clip.open and not clip.synthetic and clip.speaker:
            by_speaker.setdefault(clip.speaker, []).append(embedded[clip.file])
    return {speaker: centre(torch.stack(rows)) for speaker, rows in by_speaker.items()}


def trials(
    clips: list[Voice],
    embedded: dict[str, Tensor],
    cohort: dict[str, Tensor],
    *,
    cloned: bool,
    share: float = 0.1,
) -> list[Trial]:
    """Compare recordings with recordings, or with clones.

    Args:
        clips: the collection's voices.
        embedded: centre per file.
        cohort: centre per cohort speaker.
        cloned: heard clips are clones of a named speaker rather than recordings.
        share: of the different-speaker pairs that is kept (drawn with a fixed seed).
    """
    rng = np.random.default_rng(5)
    humans = [clip for clip in clips if not clip.synthetic and clip.speaker]
    heard = [clip for clip in clips if clip.clone]
    pairs = itertools.product(humans, heard) if cloned else itertools.combinations(humans, 2)
    found = []
    flat = torch.tensor([1.0, 0.0])
    for one, other in pairs:
        same = one.speaker == other.speaker
        if not same and rng.random() > share:
            continue
        others = torch.stack([row for who, row in cohort.items() if who not in (one.speaker, other.speaker)])
        verifier = Identity(others, flat, flat, Ge2eEncoder.name)
        found.append(Trial(one, other, same, verifier.similarity(embedded[one.file], embedded[other.file])))
    return found


def calibrate(rows: list[Trial]) -> tuple[float, float]:
    """Slope and offset to natural log-likelihood ratios, by weighted logistic regression.

    Same-speaker and different-speaker trials weigh the same in total, and so does every speaker
    within the same-speaker trials.
    """
    counts: dict[tuple[bool, str], int] = {}
    for row in rows:
        key = (row.same, row.heard.speaker)
        counts[key] = counts.get(key, 0) + 1
    weights = np.array([1 / counts[(row.same, row.heard.speaker)] for row in rows])
    target = np.array([row.same for row in rows])
    for side in (True, False):
        weights[target == side] /= weights[target == side].sum()
    model = LogisticRegression(C=1e4)
    model.fit(np.array([[row.similarity] for row in rows]), target, sample_weight=weights * len(rows))
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def main() -> None:
    """Fit on the collection and write cohort, calibration and card."""
    parser = argparse.ArgumentParser(description="build the speaker verifier's cohort and calibration")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--commit", default="uncommitted")
    options = parser.parse_args()
    torch.set_num_threads(1)
    clips = voices(options.data / "manifest.csv")
    embedded = centres(clips, samples(options.data))
    cohort = cohort_of(clips, embedded)
    genuine = calibrate(trials(clips, embedded, cohort, cloned=False))
    imitation = calibrate(trials(clips, embedded, cohort, cloned=True))
    card = Card(
        name="voice-identity",
        version="1",
        file="",
        sha256="",
        licence="CC-BY-4.0",
        data=f"cohort: {len(cohort)} speakers of open recordings (LibriSpeech CC-BY-4.0, TSP BSD-like, "
        "LJSpeech public domain, Freesound CC0/CC-BY, MIT demo pages); calibration: four numbers fitted on "
        "trials that include research-only demo pages",
        commit=options.commit,
        trained_at=time.strftime("%Y-%m-%d"),
        config={"encoder": Ge2eEncoder.name, "cohort_speakers": len(cohort)},
        notes="Clips of at most 5 s on both sides; mostly speech.",
    )
    tensors = {
        "cohort": torch.stack(list(cohort.values())),
        "genuine": torch.tensor(genuine),
        "imitation": torch.tensor(imitation),
    }
    print(genuine, imitation, write(card, tensors, Path(identity.__file__).with_name("identity.toml")))


if __name__ == "__main__":
    main()
