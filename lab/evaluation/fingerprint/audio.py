"""Fingerprints that the benchmark asks about, kept between runs.

Attacking and extracting takes many times longer than searching, so both are done once and the fingerprints
kept in a folder, under the digest of the code that made them. A run that is broken off goes on where it was.
"""

import base64
import hashlib
import inspect
import json
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from core.errors import TrackmarkError
from core.files import write_whole
from core.resample import resample
from lab.datasets import Recording
from lab.evaluation.fingerprint import chromaprint
from lab.sound import attacks, stretch, transforms
from lab.sound.attacks import CATALOGUE, Attack, mix_with
from provenance.fingerprint import Fingerprint, peaks, triplets
from provenance.fingerprint.extract import extract

LONG_S, SHORT_S = 10.0, 5.0
SKIPPED = {"mono_downmix", "polarity"}
"""Left out: the fingerprint averages the channels and sees power only, so these are the clean case by
construction."""


@dataclass(frozen=True)
class Asked:
    """One piece of audio, extracted.

    Attributes:
        name: file that it was cut from.
        attack: what was done to it (`none`: nothing).
        tempo: how much faster it plays.
        seconds: its length.
        mixed: file of the other track that is in it, or empty.
        cpu_s: time that extraction took.
        fingerprint: what the index is asked.
        words: the same audio's Chromaprint, [W] uint32.
    """

    name: str
    attack: str
    tempo: float
    seconds: float
    mixed: str
    cpu_s: float
    fingerprint: Fingerprint
    words: chromaprint.WordArray


class Store:
    """Extracted audio in one file per recording and kind."""

    def __init__(self, folder: Path) -> None:
        modules = [inspect.getsource(m) for m in (peaks, attacks, transforms, stretch, chromaprint)]
        sources = [*modules, inspect.getsource(triplets.form)]
        sources.append(inspect.getsource(inspect.getmodule(extract) or extract))
        digest = hashlib.sha256("\0".join(sources).encode()).hexdigest()[:12]
        self._folder = folder / digest
        self._folder.mkdir(parents=True, exist_ok=True)

    def get(self, name: str, make: Callable[[], Iterable[Asked]]) -> list[Asked]:
        """What is kept under a name, made first where it is missing."""
        path = self._folder / f"{name}.jsonl"
        if not path.exists():
            write_whole(path, "".join(json.dumps(_to_json(a)) + "\n" for a in make()).encode())
        return [_from_json(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def _to_json(asked: Asked) -> dict[str, Any]:
    kept = base64.b64encode(asked.fingerprint.to_bytes()).decode()
    return {**vars(asked), "fingerprint": kept, "words": asked.words.tolist()}


def _from_json(row: dict[str, Any]) -> Asked:
    fingerprint = Fingerprint.from_bytes(base64.b64decode(row["fingerprint"]))
    return Asked(**{**row, "fingerprint": fingerprint, "words": np.array(row["words"], np.uint32)})


def whole(recording: Recording, most_s: float | None = None) -> Iterator[Asked]:
    """The recording itself, or its beginning."""
    clip = recording.load()
    wav = clip.wav if most_s is None else clip.wav[:, : round(most_s * clip.sample_rate)]
    yield _asked(recording, "none", 1.0, "", wav, clip.sample_rate)


def excerpt(recording: Recording, seconds: float) -> tuple[Tensor, int] | None:
    """A cut at an offset drawn from the file's name, and its rate; None where it is too short or silent."""
    clip = recording.load()
    rate, wanted = clip.sample_rate, round(seconds * clip.sample_rate)
    if clip.wav.shape[-1] <= wanted or float(clip.wav.abs().max()) < 1e-3:
        return None
    start = int(_seed(recording.path.name).integers(0, clip.wav.shape[-1] - wanted))
    return clip.wav[:, start : start + wanted], rate


def short(recording: Recording) -> Iterator[Asked]:
    """A clean excerpt of 5 s."""
    cut = excerpt(recording, SHORT_S)
    if cut is not None:
        yield _asked(recording, "none, 5 s", 1.0, "", *cut)


def attacked(recording: Recording, other: Recording) -> Iterator[Asked]:
    """An excerpt of 10 s, clean and under every attack that applies; `other` is what it is mixed with."""
    cut = excerpt(recording, LONG_S)
    if cut is None:
        return
    wav, rate = cut
    yield _asked(recording, "none", 1.0, "", wav, rate)
    for attack in _attacks(other, rate):
        if not attack.applies_to(wav):
            continue
        try:
            changed = attack.apply(wav, rate, _seed(recording.path.name, attack.name))
        except TrackmarkError as error:
            print(f"{recording.path.name}: {error}")
            continue
        mixed = other.path.name if attack.family == "mix" else ""
        yield _asked(recording, attack.name, attack.tempo, mixed, changed, rate)


def _attacks(other: Recording, rate: int) -> Sequence[Attack]:
    clip = other.load()
    music = resample(clip.wav, clip.sample_rate, rate)
    return [*(a for a in CATALOGUE if a.name not in SKIPPED), mix_with(music)]


def _asked(recording: Recording, attack: str, tempo: float, mixed: str, wav: Tensor, rate: int) -> Asked:
    begin = time.process_time()
    fingerprint = extract(wav, rate)
    cpu_s = time.process_time() - begin
    words = chromaprint.calculate(wav, rate)
    return Asked(recording.path.name, attack, tempo, wav.shape[-1] / rate, mixed, cpu_s, fingerprint, words)


def _seed(*parts: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32("/".join(parts).encode()))
