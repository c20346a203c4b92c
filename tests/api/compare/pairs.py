"""Two songs and a copy of one, decoded out of files that only name them."""

from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import torch

from api.audit.engines import Engines
from core.clip import Clip, Source
from core.errors import UnreadableAudio
from core.limits import Limits
from provenance.fingerprint import extract
from tests import fakes
from tests.api import serving
from tests.provenance.fingerprint.test_index import played_faster
from tests.signals import music, noise

RATE = 11_025
SONG, COPY, OTHER, SILENCE, BAD = b"song", b"copy", b"other", b"silence", b"bad"
SPEED, FROM_S, TO_S, LEAD_S = 1.06, 6.0, 18.0, 3.0
"""The copy: that part of the song, played so much faster, behind so much noise."""


@cache
def heard(content: bytes) -> torch.Tensor:
    """What is in a file."""
    if content == SILENCE:
        return torch.zeros(2, 5 * RATE)
    song = music(24.0, RATE, seed=301 if content == OTHER else 300)
    if content != COPY:
        return song
    part = played_faster(song[:, int(FROM_S * RATE) : int(TO_S * RATE)], SPEED)
    return torch.cat([noise(LEAD_S, RATE, 1, channels=2), part], dim=-1)


class Decoder(serving.Decoder):
    """Knows the files above; of others it hears what servers in tests hear."""

    def decode(self, path: Path, limits: Limits) -> Clip:
        content = path.read_bytes()
        if content not in (SONG, COPY, OTHER, SILENCE, BAD):
            return super().decode(path, limits)
        if content == BAD:
            raise UnreadableAudio(f"{path.name}: not audio")
        source = Source(path.name, sha256(content).hexdigest(), len(content), "wav", "pcm_s16le")
        return Clip(heard(content), RATE, source)


def engines() -> Engines:
    """Real fingerprints of them; no mark is found, unless a test says so."""
    return replace(
        serving.ENGINES,
        decoder=Decoder(),
        printer=SimpleNamespace(extract=extract),
        marker=fakes.Part(fakes.unmarked()),
    )
