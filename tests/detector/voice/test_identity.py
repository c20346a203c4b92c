"""Search among enrolled voices: one pass, and the same answer as one comparison at a time."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from detector.voice import VoicePrint
from detector.voice.detector import MOST_TOLD
from detector.voice.encoder import Ge2eEncoder
from detector.voice.identity import Identity
from tests.detector.voice.made_up import ADA, clip, fake


def directions(count: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return functional.normalize(torch.rand(count, 256, generator=generator), dim=1)


def plainly(identity: Identity, enrolled: Tensor, heard: Tensor) -> float:
    """Adaptive symmetric normalisation as its definition says."""
    total = 0.0
    for side in (enrolled, heard):
        against = identity.cohort @ side
        against = against[against < 0.995]
        nearest = against.topk(min(30, len(against))).values
        total += (float(enrolled @ heard) - float(nearest.mean())) / max(1e-3, float(nearest.std()))
    return total / 2


def test_one_pass_answers_as_the_definition_for_each() -> None:
    identity = Identity.load(Ge2eEncoder.name)
    enrolled, (heard,) = torch.cat([directions(50), identity.cohort[:3]]), directions(1, seed=1)
    found = identity.similarities(identity.gallery(enrolled), heard)
    assert found.tolist() == pytest.approx([plainly(identity, row, heard) for row in enrolled], rel=1e-3)
    assert identity.similarity(enrolled[7], heard) == pytest.approx(float(found[7]), rel=1e-4)


def test_of_many_artists_the_most_alike_are_told_and_all_are_paid_for() -> None:
    detector = fake()
    ada = detector.enrol([clip(ADA)])
    others = functional.normalize(torch.rand(400, 4, generator=torch.Generator().manual_seed(2)), dim=1)
    prints = {f"X{n}": VoicePrint(row[None], ada.encoder, 12.0) for n, row in enumerate(others)}
    found = detector.score(clip(ADA), {**prints, "Ada": ada})
    assert found.artists_compared == 401 and len(found.artists) == MOST_TOLD
    alone = detector.score(clip(ADA), {"Ada": ada}).artists[0]
    (told,) = [artist for artist in found.artists if artist.name == "Ada"]
    assert told.similarity == pytest.approx(alone.similarity, rel=1e-4) and told.llr < alone.llr
    assert (
        min(a.similarity for a in found.artists)
        >= torch.tensor(
            [detector.identity.similarity(row, detector.encoder.embed(ADA[0])[0]) for row in others]
        )
        .sort(descending=True)
        .values[MOST_TOLD - 1]
        - 1e-3
    )
