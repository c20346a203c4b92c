"""Tracks that are marked while they are made: what leaves, what is registered, what of an input is kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from core.decode import decode
from core.encode import encode
from core.errors import EncodeError, GenerationError, RecordError, UnreadableAudio
from core.limits import DEFAULT_LIMITS
from provenance.birth import Born, generate_tagged
from provenance.credentials import read_credentials
from provenance.declaration import Declaration
from provenance.fingerprint import Match
from provenance.generate import Order, Steps
from provenance.records.record import OwnershipRecord
from provenance.tag import tag
from provenance.watermark import WatermarkKey, detect
from tests.provenance.masters import mp3
from tests.provenance.test_tag import IDENTITY, Ledger
from tests.signals import music

RATE = 16_000
KEY = WatermarkKey.generate()


@dataclass
class Keyed(Ledger):
    """A registry in memory with a watermark key."""

    def watermark_key(self) -> WatermarkKey:
        return KEY

    @property
    def record(self) -> OwnershipRecord:
        return self.registered[-1][0]


@dataclass
class Jukebox:
    """A generator that plays a song in pieces of a second, and breaks down where it is told to."""

    breaks_after_s: int | None = None
    name: str = "facebook/jukebox"
    sample_rate: int = RATE
    channels: int = 1
    weights_sha256: str | None = "ab" * 32
    licence: str | None = "CC-BY-NC-4.0"
    orders: list[Order] = field(default_factory=list)

    def stream(self, order: Order, seed: int, progress: Steps | None = None) -> Iterator[Tensor]:
        self.orders.append(order)
        done_s = 0 if order.beginning is None else round(order.beginning.duration_s)
        song = music(order.seconds, RATE, seed)[:1]
        for second in range(done_s, round(order.seconds)):
            if second == self.breaks_after_s:
                raise GenerationError("the jukebox broke down")
            yield song[:, second * RATE : (second + 1) * RATE]


def born(out: Path, ledger: Keyed, jukebox: Jukebox, seconds: float = 6.0, **options: Any) -> Born:
    order = Order("a secret prompt", seconds=seconds, seed=5)
    return generate_tagged(order, out, title="T", owner="O", ledger=ledger, generator=jukebox, **options)


def messages(wav: Tensor, sample_rate: int = RATE) -> list[str]:
    return [mark.message.hex() for mark in detect(wav, sample_rate, KEY).marks]


def test_what_a_listener_is_handed_is_what_is_registered(tmp_path: Path) -> None:
    ledger, heard = Keyed(), list[Tensor]()
    jukebox = Jukebox()
    done = born(tmp_path / "out.wav", ledger, jukebox, listener=lambda wav, _rate: heard.append(wav))
    file = decode(tmp_path / "out.wav", DEFAULT_LIMITS)
    assert torch.allclose(torch.cat(heard, -1), file.wav, atol=2**-22), "no second pass"
    assert len(heard) > 5
    assert messages(torch.cat(heard, -1)) == [done.tagged.record_id] == [ledger.record.record_id]
    assert not torch.equal(file.wav, music(6.0, RATE, 5)[:1])


def test_the_record_holds_commitments_the_model_and_its_licence(tmp_path: Path) -> None:
    ledger = Keyed()
    done = born(tmp_path / "out.flac", ledger, Jukebox())
    made = ledger.record.generation
    assert made is not None
    assert (made.model_sha256, made.model_licence, made.provider) == ("ab" * 32, "CC-BY-NC-4.0", "Meta")
    assert made.prompt_commitment is not None and done.openings.prompt.opens(made.prompt_commitment)
    assert made.seed_commitment is not None and done.openings.seed.opens(made.seed_commitment)
    assert (done.openings.prompt.text, done.openings.seed.text) == ("a secret prompt", "5")
    assert not done.openings.prompt.opens(made.seed_commitment)
    assert b"secret" not in ledger.record.to_payload()
    assert ledger.record.ai_involvement.overall == "All"


def test_a_maker_that_breaks_down_leaves_registered_what_was_handed_on(tmp_path: Path) -> None:
    ledger, heard = Keyed(), list[Tensor]()
    with pytest.raises(GenerationError, match="broke down"):
        born(tmp_path / "out.wav", ledger, Jukebox(4), listener=lambda wav, _rate: heard.append(wav))
    assert ledger.record.asset.duration_ms == 4000
    assert messages(torch.cat(heard, -1)) == [ledger.record.record_id]


@pytest.mark.parametrize("listened", [False, True])
def test_what_nobody_heard_is_not_registered(tmp_path: Path, listened: bool) -> None:
    ledger, heard = Keyed(), list[Tensor]()
    options: dict[str, Any] = {"listener": lambda wav, _rate: heard.append(wav)} if listened else {}
    with pytest.raises(GenerationError, match="broke down"):
        born(tmp_path / "out.wav", ledger, Jukebox(1 if listened else 4), **options)
    assert not ledger.registered and not heard and not list(tmp_path.iterdir())


def test_nothing_is_made_where_it_could_not_be_registered(tmp_path: Path) -> None:
    jukebox = Jukebox()
    (tmp_path / "there.wav").write_bytes(b"la la la" * 99)
    with pytest.raises(EncodeError, match="exists already"):
        born(tmp_path / "there.wav", Keyed(), jukebox)
    with pytest.raises(EncodeError, match="end its name"):
        born(tmp_path / "out.xyz", Keyed(), jukebox)
    with pytest.raises(RecordError):
        generate_tagged(
            Order("", seconds=3.0), tmp_path / "o.wav", title="", owner="O", ledger=Keyed(), generator=jukebox
        )
    with pytest.raises(UnreadableAudio):
        born(tmp_path / "out.wav", Keyed(), jukebox, melody=tmp_path / "there.wav")
    assert not jukebox.orders


def tagged_input(folder: Path, ledger: Keyed) -> Path:
    """Four seconds that carry a mark, a record and credentials."""
    encode(music(4.0, RATE, 9)[:1], RATE, folder / "plain.wav", codec="wav")
    tag(folder / "plain.wav", folder / "input.wav", Declaration("I", "O", ai="none"), ledger=ledger)
    return folder / "input.wav"


def test_a_marked_beginning_is_kept_as_it_is_and_named(tmp_path: Path) -> None:
    ledger = Keyed()
    beginning = tagged_input(tmp_path, ledger)
    earlier = ledger.record.record_id
    done = born(tmp_path / "out.wav", ledger, Jukebox(), 12.0, beginning=beginning)
    before, file = decode(beginning, DEFAULT_LIMITS), decode(tmp_path / "out.wav", DEFAULT_LIMITS)
    assert torch.equal(file.wav[:, : 4 * RATE], before.wav), "the input and its mark are untouched"
    assert messages(file.wav[:, : 4 * RATE]) == [earlier]
    assert messages(file.wav[:, 4 * RATE :]) == [done.tagged.record_id]
    record = ledger.record
    (ingredient,) = record.ingredients
    assert (ingredient.relation, ingredient.format, ingredient.record_id) == ("continued", "wav", earlier)
    assert ingredient.sha256 == before.source.sha256 and ingredient.signer is not None
    assert record.ai_involvement.overall == "Partly"
    assert [(span.start_ms, span.end_ms) for span in record.marks[0].segments] == [(4000, 12_000)]
    credentials = read_credentials(tmp_path / "out.wav", [IDENTITY.trust_anchor])
    assert credentials.valid and credentials.record_id == record.record_id
    assert beginning.name.encode() not in record.to_payload()


def test_an_unmarked_beginning_is_marked_with_the_rest(tmp_path: Path) -> None:
    encode(music(3.0, 44_100, 9), 44_100, tmp_path / "plain.mp3", codec="mp3", bit_rate=192_000)
    ledger, jukebox = Keyed(), Jukebox()
    done = born(tmp_path / "out.wav", ledger, jukebox, beginning=tmp_path / "plain.mp3")
    (order,) = jukebox.orders
    assert order.beginning is not None
    assert (order.beginning.sample_rate, len(order.beginning.wav)) == (RATE, 1), "as the model takes it"
    file = decode(tmp_path / "out.wav", DEFAULT_LIMITS)
    assert messages(file.wav[:, : 3 * RATE]) == [done.tagged.record_id]
    assert ledger.record.ingredients[0].record_id is None and not ledger.record.marks[0].segments


def test_what_is_not_kept_of_a_beginning_is_named(tmp_path: Path) -> None:
    encode(1.5 * music(3.0, 44_100, 9), 44_100, tmp_path / "in.wav", codec="wav", bits=-32)
    loud = born(tmp_path / "loud.wav", Keyed(), Jukebox(), beginning=tmp_path / "in.wav").tagged.warnings
    assert [text for text in loud if "tags" in text] == [], "it says nothing of itself"
    told = " ".join(loud)
    for lost in ("from 44100 to 16000 Hz", "2 channels become 1", "peaks are cut"):
        assert lost in told
    done = born(tmp_path / "out.wav", Keyed(), Jukebox(), beginning=mp3(tmp_path)).tagged
    assert "tags, cover" in " ".join(done.warnings)
    alone = born(tmp_path / "alone.wav", Keyed(), Jukebox()).tagged
    assert alone.warnings == ()


def test_a_melody_is_named_and_nothing_of_its_sound_is_in_the_output(tmp_path: Path) -> None:
    ledger, jukebox = Keyed(), Jukebox()
    melody = tagged_input(tmp_path, ledger)
    earlier = ledger.record.record_id
    born(tmp_path / "out.mp3", ledger, jukebox, melody=melody)
    assert jukebox.orders[0].melody is not None
    (ingredient,) = ledger.record.ingredients
    assert (ingredient.relation, ingredient.record_id) == ("melody", earlier)
    assert ledger.record.ai_involvement.overall == "All"


@pytest.mark.parametrize(("score", "named"), [(0.9, "ab" * 8), (0.2, None)])
def test_a_beginning_that_is_registered_without_a_mark_is_named_by_its_sound(
    tmp_path: Path, score: float, named: str | None
) -> None:
    encode(music(3.0, 44_100, 9), 44_100, tmp_path / "plain.wav", codec="wav")
    heard = Match("ab" * 8, score, 0.0, 1.0, 1.0, 3.0 * score, 50, 1e-9)
    ledger = Keyed(matches=[heard])
    born(tmp_path / "out.wav", ledger, Jukebox(), beginning=tmp_path / "plain.wav")
    assert ledger.record.ingredients[0].record_id == named
