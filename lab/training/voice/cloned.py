"""Comparisons of clips with enrolled artists: who counts as what.

An artist is enrolled from up to six recordings, of whatever page, that are not heard in the trial.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from detector.voice.encoder import Ge2eEncoder
from detector.voice.identity import Identity, centre
from lab.training.voice.listed import Listed
from lab.training.voice.measured import Measured

ENROLLED_FROM = 6
KINDS = ("clone of X", "other synthetic", "genuine X", "other human")
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trials:
    """Comparisons of clips with enrolled artists.

    Attributes:
        kind: one of `KINDS`, [N].
        page: of the clip, [N].
        artist: with whom it is compared, [N].
        sung: [N] bool.
        similarity: to the artist, in standard deviations, [N].
        llr_syn: natural, before its bound, [N].
    """

    kind: npt.NDArray[np.str_]
    page: npt.NDArray[np.str_]
    artist: npt.NDArray[np.str_]
    sung: npt.NDArray[np.bool_]
    similarity: Scores
    llr_syn: Scores


def enrolments(clips: list[Listed], people: set[str], encoder: Ge2eEncoder) -> dict[str, Tensor]:
    """Centres of each person's recordings, [n, D], the first six in the list's fixed order."""
    found: defaultdict[str, list[Tensor]] = defaultdict(list)
    for clip in clips:
        if not clip.synthetic and clip.person in people and len(found[clip.person]) < ENROLLED_FROM + 1:
            found[clip.person].append(centre(encoder.embed(clip.wav())))
    return {who: torch.stack(rows) for who, rows in found.items()}


def trials(rows: Measured, enrolled: dict[str, Tensor], llr_syn: Scores) -> Trials:
    """Every clip with every artist; an artist's own recording is compared with a print of the others."""
    identity, names = Identity.load(Ge2eEncoder.name), sorted(enrolled)
    heard = torch.tensor(rows.voice)
    whole = identity.gallery(torch.stack([centre(enrolled[name][:ENROLLED_FROM]) for name in names]))
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for number, person in enumerate(rows.person.tolist()):
        similar = identity.similarities(whole, heard[number]).tolist()
        for place, name in enumerate(names):
            same, value = name == person, similar[place]
            if same and not rows.synthetic[number]:
                others = enrolled[name][(enrolled[name] @ heard[number]) < 0.995][:ENROLLED_FROM]
                if len(others) == 0:
                    continue
                value = identity.similarity(centre(others), heard[number])
            kind = KINDS[2 * (not rows.synthetic[number]) + (not same)]
            about = {"kind": kind, "page": rows.page[number], "artist": name, "sung": rows.sung[number]}
            for key, item in about.items():
                found[key].append(item)
            found["similarity"].append(value)
            found["llr_syn"].append(llr_syn[number])
    return Trials(**{name: np.array(values) for name, values in found.items()})
