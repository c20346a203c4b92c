"""The larger list of voices: which of its recordings are measured, balanced by page, system and person.

The list (`more.csv` of the collection) names public snapshots; its own script extracts them and writes
`more_local.csv` beside the files. Half of all clones there are of one page, so every page gives a bounded
number of each system and of each person.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.decode import decode
from detector.voice.frontend import SAMPLE_RATE, mono
from lab.training.voice.clips import SYNTHETIC_LABELS

LONGEST_S = 5
LEAST_S = 1.0
OF_A_PERSON = 6
MANY, TRAINING = (6, 40), (8, 100)
"""Clips of a system, and recordings, of a page that judges and of one that trains."""
TEST_PAGES = frozenset(
    {
        "bigvgan-demo", "comosvc-demo", "freevc-demo", "gtsinger-demo", "musdb-vocals-anyaccomp",
        "neucosvc-demo", "neuralsvb-demo", "rave-demo", "starganv2vc-demo", "vqmivc-demo",
        "whispervits-singers",
    }
)  # fmt: skip
CHOOSING_PAGES = frozenset({"autovc-demo", "clamtts-demo", "stylettsvc-demo"})
SUNG_PAGES = frozenset(
    {
        "comosvc-demo", "ddsp-sing-vocoders", "gtsinger-demo", "mir1k", "musdb-vocals-anyaccomp",
        "neucosvc-demo", "neuralsvb-demo", "opencpop-demo", "visinger-demos", "whispervits-singers",
    }
)  # fmt: skip
VOICE_ON_THE_RIGHT = frozenset({"mir1k"})
"""Karaoke pages: the accompaniment is on the left."""


@dataclass(frozen=True)
class Listed:
    """One recording of the list.

    Attributes:
        path: the extracted file.
        page: demo page or corpus; the unit that is left out.
        system: what made it; empty for recordings.
        person: whose voice it is or imitates, the same name on every page; empty where unknown.
        synthetic: made by a vocoder, codec, synthesiser or conversion.
        sung: of a page of singing.
        open: the licence lets shipped weights be trained on it.
    """

    path: Path
    page: str
    system: str
    person: str
    synthetic: bool
    sung: bool
    open: bool

    def seed(self) -> int:
        """A number of its own, the same wherever the files lie."""
        return int(sha256("/".join(self.path.parts[-2:]).encode()).hexdigest()[:8], 16)

    def wav(self) -> Tensor:
        """Its first 5 s at 16 kHz and one level, [T]."""
        sound = decode(self.path)
        heard = sound.wav[-1:] if self.page in VOICE_ON_THE_RIGHT else sound.wav
        return mono(heard[:, : LONGEST_S * sound.sample_rate], sound.sample_rate)


def listed(folder: Path) -> list[Listed]:
    """All voices under `folder`, in a fixed random order of pages' people.

    Args:
        folder: holds `more_local.csv`.
    """
    with (folder / "more_local.csv").open(newline="", encoding="utf-8") as lines:
        rows = [r for r in csv.DictReader(lines) if r["kind"] == "voices" and r["use"] != "avoid"]
    found = [_row(folder, row) for row in rows if float(row["duration_s"]) >= LEAST_S]
    return sorted(found, key=lambda clip: (clip.page, sha256(clip.person.encode()).hexdigest(), clip.seed()))


def _row(folder: Path, row: dict[str, str]) -> Listed:
    synthetic = row["label"] in SYNTHETIC_LABELS
    sung = row["source"] in SUNG_PAGES and row["identity"] != "ljspeech"
    system = row["system"] if synthetic else ""
    place = folder / row["file"]
    return Listed(place, row["source"], system, row["identity"], synthetic, sung, row["use"] == "open")


def chosen(clips: list[Listed], of_a_system: int, of_a_page: int) -> list[Listed]:
    """A balanced part: of each page at most so many of a system, of a person and of all recordings."""
    taken: Counter[tuple[str, str, str]] = Counter()
    found = []
    for clip in clips:
        if clip.synthetic:
            limits = {(clip.page, "system", clip.system): of_a_system}
        else:
            person = clip.person or str(clip.path)
            limits = {(clip.page, "person", person): OF_A_PERSON, (clip.page, "all", ""): of_a_page}
        if all(taken[key] < limit for key, limit in limits.items()):
            taken.update(limits.keys())
            found.append(clip)
    return found


def samples_of(wav: Tensor) -> npt.NDArray[np.float32]:
    """As numpy wants it, at least half a second."""
    least = SAMPLE_RATE // 2
    return torch.nn.functional.pad(wav, (0, max(0, least - wav.numel()))).numpy()
