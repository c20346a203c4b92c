"""Ten seconds of either class in one form, so that rate, length, width and band tell nothing of the class."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.clip import Clip, Source
from core.decode import decode
from core.downmix import downmix
from core.resample import resample
from detector.music.adapters.confounds import levelled
from lab.datasets import Recording, fold_of
from lab.training.diffusion.colour import coloured
from lab.training.music.__main__ import suspect
from lab.training.music.copies import Route, few_of_each, route, sent

RATE = 16_000
LENGTH_S = 10.0
LEAST_S = 7.0
LEVEL_DB = -20.0
HEADROOM_DB = 12.0
"""Below the levels of a delivery: at those, full scale holds back what has high peaks, and level tells it."""
OF_EACH = 1
QUIETEST_RMS = 1e-3
"""Below it an excerpt is silent and tells nothing."""


@dataclass(frozen=True)
class Excerpt:
    """Ten seconds of music.

    Attributes:
        name: of the file.
        group: collection or generator.
        synthetic: whether a model played it.
        wav: mono at `RATE`, [1, T].
    """

    name: str
    group: str
    synthetic: bool
    wav: Tensor


def narrowed(wav: Tensor, sample_rate: int) -> Tensor | None:
    """Audio, [C, T], in the common form, [1, T]; None where it is too short or silent.

    The low-pass is the one that ends what the diffusion model plays.
    """
    mono = resample(downmix(wav.float())[None], sample_rate, RATE)[:, : round(LENGTH_S * RATE)]
    if mono.shape[-1] < round(LEAST_S * RATE) or float(mono.square().mean().sqrt()) < QUIETEST_RMS:
        return None
    return levelled(coloured(mono, torch.ones(2)), LEVEL_DB)


def read(paths: Sequence[Path], group: str) -> list[Excerpt]:
    """What a model played, from its files."""
    found = []
    for path in paths:
        clip = decode(path)
        wav = narrowed(clip.wav, clip.sample_rate)
        if wav is not None:
            found.append(Excerpt(path.name, group, True, wav))
    return found


def of(recordings: Sequence[Recording]) -> list[Excerpt]:
    """Recordings of the manifest, without what is too short or silent."""
    found = []
    for recording in recordings:
        clip = recording.load()
        wav = narrowed(clip.wav, clip.sample_rate)
        if wav is not None:
            group = recording.generator if recording.synthetic else recording.source
            name = f"{recording.path.parent.name}/{recording.path.name}"
            found.append(Excerpt(name, group, bool(recording.synthetic), wav))
    return found


def people(recordings: Sequence[Recording], most: int = OF_EACH) -> tuple[Recording, ...]:
    """A few recordings of people of each collection, suspect pages left out."""
    usable = [r for r in recordings if r.kind == "human_music" and r.label == "human" and r.use != "avoid"]
    return few_of_each([r for r in usable if not suspect(r)], most)


def untouched(excerpt: Excerpt) -> Clip:
    """An excerpt as it is, at one level."""
    return clip_of(levelled(excerpt.wav, LEVEL_DB - HEADROOM_DB), RATE, excerpt.name)


def re_encoded(excerpt: Excerpt, number: int = 0) -> Clip:
    """A random delivery by the same law for both classes: speed, rate, level, codec.

    Args:
        excerpt: of either class.
        number: of the delivery; the same one is the same on every machine.
    """
    wav, rate = sent(excerpt.wav, RATE, _way(excerpt, number))
    return clip_of(wav, rate, excerpt.name)


def _way(excerpt: Excerpt, number: int) -> Route:
    seed = fold_of(f"{excerpt.name}:{number}", 2**62)
    way = route(RATE, (RATE,), np.random.default_rng(seed), synthetic=True)
    return replace(way, level_db=way.level_db - HEADROOM_DB)


def clip_of(wav: Tensor, rate: int, name: str) -> Clip:
    """Audio as the detector takes it."""
    return Clip(wav, rate, Source(name, "", 0, "", ""))
