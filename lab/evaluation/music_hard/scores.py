"""Scores of hard negatives and lab decoders, computed once and kept under `runs/`.

A copy is reduced to what the verdict and its guards see, so that a guard can be judged without the audio.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import TrackmarkError
from core.files import replacing
from detector.music import guards, spectra
from detector.music.detector import LOWEST_BAND_HZ
from detector.music.features import best_scores, comb_vector, measure
from detector.music.groups import group_of
from lab.datasets import Recording
from lab.sound import renderings
from lab.sound.exact_clocks import SOUNDS, rng_of
from lab.sound.treatments import TREATMENTS
from lab.training.decoders.__main__ import PLANS, load, path_of
from lab.training.music.__main__ import suspect
from lab.training.music.copies import MOST_S

CACHE = Path("runs/music-hard-2")
SEEDS = 3
CHAINS = {"transposed": renderings.transposed, "interpolated": renderings.interpolated}
PHASES = {"griffin-lim": renderings.phases_found, "guessed-phase": renderings.guessed_phase}
COLUMNS = ("vector", "lines", "flutter", "spacings", "bank")
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Copy:
    """One copy to be scored.

    Attributes:
        role: `sound`, `treatment`, `decoder`, `untouched` (ten seconds) or `whole` (all of it, untouched).
        kind: its name among those of the role.
        recording: the human or generated original; None for synthesised sounds.
        seed: number of a synthesised sound.
    """

    role: str
    kind: str
    recording: Recording | None
    seed: int = 0

    @property
    def path(self) -> Path:
        """Where its scores are kept."""
        name = self.recording.path.stem if self.recording is not None else str(self.seed)
        source = self.recording.source if self.recording is not None else "made"
        place = "".join(c if c.isalnum() else "_" for c in self.kind)
        return CACHE / self.role / place / source / f"{name}.npz"

    def audio(self) -> tuple[Tensor, int]:
        """Render it: [C, T] and its rate in Hz."""
        if self.recording is None:
            return next(s for s in SOUNDS if s.name == self.kind).render(self.seed)
        clip = self.recording.load()
        if self.role == "whole":
            return clip.wav, clip.sample_rate
        wav, rate = clip.wav[:2, : round(MOST_S * clip.sample_rate)], clip.sample_rate
        if self.role == "untouched":
            return wav, rate
        rng = rng_of(self.kind, f"{self.recording.source}/{self.recording.path.stem}")
        if self.role == "treatment":
            return next(t for t in TREATMENTS if t.name == self.kind).apply(wav, rate, rng), rate
        mono = wav.mean(0, keepdim=True)
        if self.kind in PLANS:
            return load(self.kind).apply_to(mono, rate), rate
        rendered = (CHAINS | PHASES)[self.kind](mono.numpy()[0], rate, rng)
        return torch.from_numpy(rendered)[None], rate


@dataclass(frozen=True)
class Scores:
    """What the verdict sees of a copy.

    Attributes:
        vector: `comb_vector`, [F]; empty where nothing could be measured.
        lines: share of power on the teeth of the combs that the scores come from, [K].
        flutter: share of the power's movement there, [K].
        spacings: of these combs, in Hz, [K].
        bank: 1 where a filter bank would leave its comb, else 0, [1].
        group: of its p-value.
    """

    vector: Vector
    lines: Vector
    flutter: Vector
    spacings: Vector
    bank: Vector
    group: str


def scores_of(wav: Tensor, sample_rate: int) -> Scores:
    """Measure a copy as the detector does."""
    nothing = np.zeros(0)
    whole, parts = spectra.survey(wav, sample_rate)
    if not whole.loud or whole.band_hz < LOWEST_BAND_HZ:
        return Scores(nothing, nothing, nothing, nothing, nothing, "")
    combs = measure(whole)
    stretches = [best_scores(measure(part, combs)) for part in parts if part.loud]
    spacings = guards.candidates(combs)
    found = guards.shares(wav, sample_rate, spacings)
    group = group_of(whole.band_hz, wav.shape[-1] / sample_rate)
    vector = comb_vector(combs, stretches)
    bank = np.array([float(guards.filter_bank(combs))])
    return Scores(vector, found.lines, found.flutter, np.array(spacings), bank, group)


def cached(copy: Copy) -> Scores:
    """Scores of a copy, computed unless they are there."""
    if not copy.path.exists():
        found = scores_of(*copy.audio())
        copy.path.parent.mkdir(parents=True, exist_ok=True)
        columns = {key: getattr(found, key) for key in COLUMNS}
        with replacing(copy.path) as part, part.open("wb") as file:
            np.savez(file, group=np.array(found.group), **columns)
    with np.load(copy.path) as stored:
        row = {key: np.asarray(stored[key], np.float64) for key in COLUMNS}
        return Scores(**row, group=str(stored["group"]))


def originals(recordings: Sequence[Recording]) -> tuple[Recording, ...]:
    """One human recording of each collection, ten seconds or more where there is one."""
    chosen: dict[str, Recording] = {}
    for recording in recordings:
        if recording.label == "human" and not suspect(recording):
            kept = chosen.setdefault(recording.source, recording)
            if kept.duration_s < 9.5 <= recording.duration_s:
                chosen[recording.source] = recording
    return tuple(chosen.values())


def drawn(recordings: Sequence[Recording], kind: str) -> list[Recording]:
    """The same recordings in an order of the kind's own: a few of each kind still see every collection."""
    return sorted(recordings, key=lambda r: hashlib.sha256(f"{kind}/{r.source}".encode()).digest())


def copies(recordings: Sequence[Recording], most: int) -> Iterator[Copy]:
    """Synthesised sounds, decoders' renderings and treated music; the latter in rounds, one of each kind.

    Args:
        recordings: of the manifest.
        most: human recordings per kind.
    """
    human = originals(recordings)
    yield from (Copy("sound", s.name, None, seed) for seed in range(SEEDS) for s in SOUNDS)
    trained = [name for name in PLANS if path_of(name).exists()]
    kinds = [("decoder", name) for name in (*CHAINS, *PHASES, *trained)]
    kinds += [("treatment", t.name) for t in TREATMENTS]
    yield from (Copy("untouched", "untouched", r) for r in human)
    orders = {kind: drawn(human, kind[1]) for kind in kinds}
    for number in range(min(most, len(human))):
        for kind in kinds:
            yield Copy(*kind, orders[kind][number])


def fill(chosen: Iterable[Copy]) -> dict[Copy, Scores]:
    """Scores of all copies; those that cannot be made are named and left out."""
    scored = {}
    for copy in chosen:
        try:
            scored[copy] = cached(copy)
        except (TrackmarkError, ValueError) as error:
            print(f"{copy.path}: {error}", flush=True)
    return scored
