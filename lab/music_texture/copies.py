"""Copies at another pitch or tempo, for the rule of decision 0225: what is judged, and its plane."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.clip import Clip
from core.downmix import downmix
from core.files import replacing
from lab.datasets import Recording
from lab.music_texture.planes import FRAMES, Plane, fitted, path_of, plane
from lab.training.music.copies import few_of_each, retimed, rng_for
from lab.training.music.listed import excerpt

CACHE = Path("runs/music/copies")
DELIVERIES = ("pitched-wsola_-2", "paced-atempo_0.90")
OF_EACH, NATIVE_OF_GENERATOR = 1, 8
"""Recordings of a generator or collection that are copied; of a generator that are judged as published."""


def copied(recording: Recording, delivery: str, cache: Path = CACHE) -> Clip:
    """Ten seconds at another pitch or tempo, mono; the copy's plane is kept in the cache."""
    clip = excerpt(recording)
    kind, _, amount = delivery.partition("_")
    change, _, tool = kind.partition("-")
    wav = retimed(clip.wav, clip.sample_rate, change, tool, float(amount), rng_for(recording, delivery))
    path = path_of(recording, cache / delivery)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part, part.open("wb") as file:
        np.savez(file, plane=fitted(plane(downmix(wav), clip.sample_rate), FRAMES))
    return replace(clip, wav=wav)


def plane_of(recording: Recording, delivery: str, cache: Path = CACHE) -> Plane | None:
    """The plane that `copied` kept, [BANDS, FRAMES]; None where it was never made."""
    path = path_of(recording, cache / delivery)
    if not path.exists():
        return None
    with np.load(path) as kept:
        return np.asarray(kept["plane"], np.float16)


def to_copy(recordings: Sequence[Recording]) -> tuple[Recording, ...]:
    """The recordings whose copies are judged."""
    return few_of_each(recordings, OF_EACH)


def to_judge(recordings: Sequence[Recording]) -> tuple[Recording, ...]:
    """The recordings that are judged as published."""
    generated = few_of_each([r for r in recordings if r.synthetic], NATIVE_OF_GENERATOR)
    return (*generated, *(r for r in recordings if not r.synthetic))
