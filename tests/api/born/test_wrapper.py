"""Two lines around a generator, and what it may return."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from api.born import Rendering, born_tagged
from api.registry.registry import Registry
from api.settings import Settings
from core.decode import decode
from core.encode import encode
from core.errors import EncodeError, InvalidSamples, TrackmarkError, UnreadableScore, UnsupportedAudio
from core.limits import DEFAULT_LIMITS
from provenance import watermark
from provenance.tag import Tagged
from tests import scores
from tests.signals import music

SONG = music(4.0, 22_050, 5)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path_factory.mktemp("home")))
    yield opened
    opened.close()


def found_in(path: Path, store: Registry) -> str:
    heard = decode(path, DEFAULT_LIMITS)
    message = watermark.detect(heard.wav, heard.sample_rate, store.keys.watermark()).message
    return message.hex() if message else "nothing"


@pytest.mark.parametrize(
    "samples",
    [SONG, SONG.double().numpy(), SONG[0], (SONG[:1] * 32767).round().short(), SONG[0].tolist()],
    ids=["tensor", "numpy", "mono", "16 bits", "list"],
)
def test_samples_of_every_kind_are_tagged(tmp_path: Path, store: Registry, samples: Any) -> None:
    compose = born_tagged(
        lambda prompt, seed=0: (samples, 22_050),
        owner="A Label",
        generator="Acme/Composer 2.1",
        into=tmp_path / "new" / "folder",
        title=lambda prompt, seed=0: f"{prompt} {seed}",
        registry=store,
    )
    done = compose("calm piano", seed=7)
    assert isinstance(done, Tagged) and done.path.parent == tmp_path / "new" / "folder"
    assert found_in(done.path, store) == done.record_id
    record = store.records.verified(done.record_id).state.record
    assert (record.asset.title, record.ai_involvement.overall) == ("calm piano 7", "All")
    assert record.generation is not None and record.provenance_of_claim.basis == "generated_here"
    assert (record.generation.provider, record.generation.system) == ("Acme", "Composer")


def test_a_file_keeps_its_name_and_format_and_a_rendering_its_score(tmp_path: Path, store: Registry) -> None:
    encode(SONG, 22_050, tmp_path / "Nocturne.mp3", codec="mp3", bit_rate=192_000)
    (tmp_path / "Nocturne.mid").write_bytes(scores.midi(scores.tune()))
    compose = born_tagged(
        lambda: Rendering(tmp_path / "Nocturne.mp3", (tmp_path / "Nocturne.mid",)),
        owner="A Label",
        generator="MuseNet",
        into=tmp_path / "tagged",
        registry=store,
    )
    done = compose()
    assert done.path == tmp_path / "tagged" / "Nocturne.mp3"
    assert found_in(done.path, store) == done.record_id
    record = store.records.verified(done.record_id).state.record
    assert record.asset.title == "Nocturne"
    assert [one.relation for one in record.ingredients] == ["score"]
    with pytest.raises(EncodeError, match="exists already"):
        compose()


@pytest.mark.parametrize(
    ("made", "error"),
    [
        ((torch.full((1, 9000), float("nan")), 8000), InvalidSamples),
        ((torch.zeros(2, 2, 2), 8000), UnsupportedAudio),
        ((np.zeros((9000, 2)), 8000), UnsupportedAudio),
        ((torch.zeros(1, 9000, dtype=torch.uint8), 8000), UnsupportedAudio),
        ((torch.zeros(1, 9000), 0), UnsupportedAudio),
        ((torch.zeros(1, 9000), 8000.5), UnsupportedAudio),
        (None, UnsupportedAudio),
        ((object(), 8000), UnsupportedAudio),
        (Rendering((SONG, 22_050), ("none.mid",)), UnreadableScore),
    ],
)
def test_what_is_no_audio_is_refused_and_nothing_registered(
    tmp_path: Path, store: Registry, made: Any, error: type[TrackmarkError]
) -> None:
    before = len(store.records.page(limit=500))
    compose = born_tagged(lambda: made, owner="O", generator="G", into=tmp_path / "out", registry=store)
    with pytest.raises(error):
        compose()
    assert len(store.records.page(limit=500)) == before
    assert not list(tmp_path.glob("out/*"))


def test_a_format_that_cannot_be_written_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(EncodeError):
        born_tagged(lambda: "a.wav", owner="O", generator="G", into=tmp_path, suffix=".xyz")
